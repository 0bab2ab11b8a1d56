"""Arguments that fixes add to calls of prefect-dbt."""

from __future__ import annotations

import ast

from offramp.editing.insertions import Insertions

# Airflow's 7 days, as an argument of the function and of the block.
AIRFLOWS_WAIT = "max_wait_seconds=604800"
AIRFLOWS_TIMEOUT = "timeout_seconds=604800"


def add_arguments(insertions: Insertions, call: ast.Call, *texts: str, wider: int = 0) -> None:
    """Add keyword arguments at the end of a call; ``wider`` are the columns by which other edits make it longer.

    A call that is all that its statement does gets one argument a line where it gets too long.
    """
    arguments = insertions.arguments(call)
    insertions.change(arguments.added(*texts, wider=wider if _outermost(insertions, call) else None))


def _outermost(insertions: Insertions, call: ast.Call) -> bool:
    """Return whether a call is all that its statement has on its right side."""
    parents = insertions.names.parents
    outer = parents[call]
    while isinstance(outer, ast.Await | ast.Attribute) or (isinstance(outer, ast.Call) and outer.func is not call):
        if isinstance(outer, ast.Call) and (outer.args or outer.keywords):
            return False
        outer = parents[outer]
    return isinstance(outer, ast.stmt)
