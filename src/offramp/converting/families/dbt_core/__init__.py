"""dbt Core by Cosmos: its operators, and the groups and DAGs that it makes of a project."""

from __future__ import annotations

from offramp.converting.families.dbt_core.differences import DIFFERENCES
from offramp.converting.families.family import Family
from offramp.converting.recipes.body import Body, Job


def _dbt(job: Job) -> Body:
    # Files of other families do without.
    from offramp.converting.families.dbt_core.operators import dbt

    return dbt(job)


FAMILY = Family(
    recipes={"dbt": _dbt},
    results=(),
    choosing=(
        "emit_datasets",
        "install_deps",
        "execution_config.execution_mode",
        "execution_config.install_dbt_deps",
        "execution_config.test_indirect_selection",
        "project_config.install_dbt_deps",
        "render_config.emit_datasets",
        "render_config.should_detach_multiple_parents_tests",
        "render_config.test_behavior",
    ),
    names=dict.fromkeys(("PrefectDbtRunner", "PrefectDbtSettings", "run_command", "sys", "signal"), ""),
    differences=DIFFERENCES,
)
