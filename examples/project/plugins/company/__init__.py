"""What the DAGs of the company share."""

from company.operators import NightlyDbtJob

__all__ = ["NightlyDbtJob"]
