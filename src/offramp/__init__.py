"""offramp: finds Airflow's dbt operators and says what they become on Prefect; imports nothing of offramp."""

__version__ = "0.1.0"
