"""The facts about Airflow that reading a file needs; knowledge layer."""

from __future__ import annotations

from offramp.knowledge.airflow_names import COMPATIBILITY, current_name
from offramp.python.libraries import Libraries


def _stands_for(path: str) -> str:
    """The path of Airflow's own that a name of its compatibility modules hands on."""
    return current_name(path) if path.startswith(COMPATIBILITY) else path


_AIRFLOW = frozenset({"airflow", "astronomer"})
AIRFLOW = Libraries(
    stands_for=_stands_for,
    importers={
        "airflow.sdk.module_loading.import_string": ("dotted_path",),
        "airflow.utils.module_loading.import_string": ("dotted_path",),
    },
    kept_arguments=frozenset({"task_id"}),
    # The string of an operator's XCom is a template that gives the XCom itself (Airflow 2.10, 3.3).
    own_texts=frozenset({"output"}),
    mapping="expand",
    runners=_AIRFLOW | {"prefect", "prefect_dbt"},
    deferring=_AIRFLOW,
    immediate=frozenset({"dag", "task_group"}),
    harmless=_AIRFLOW | {"cosmos", "prefect", "prefect_dbt", "prefect_shell"},
)
