"""A plugin of dbt-duckdb: what dbt's nodes did goes into the journal, in whatever process dbt runs."""

# The adapter is not there where mypy runs.
# mypy: disable-error-code="import-not-found,misc"

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin


def record(nodes: str) -> str:
    """Write the nodes of one dbt command into the journal, and the task that ran it where Airflow tells."""
    line = {"nodes": nodes.split(", ") if nodes else [], "task": os.environ.get("AIRFLOW_CTX_TASK_ID")}
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(json.dumps(line) + "\n")
    return nodes


def first_time(what: str) -> bool:
    """Whether nobody has asked for this in this copy of the project."""
    asked = Path(os.environ["JAFFLE"], f"asked for {what}")
    before = asked.exists()
    asked.touch()
    return not before


class Plugin(BasePlugin):
    """Functions for the project's SQL."""

    def configure_connection(self, conn: Any) -> None:
        for function, given in ((record, ["VARCHAR"]), (first_time, ["VARCHAR"])):
            conn.create_function(
                function.__name__,
                function,
                given,
                "BOOLEAN" if function is first_time else "VARCHAR",
                side_effects=True,
            )
