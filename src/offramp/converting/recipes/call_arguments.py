"""Sets one argument of a call of prefect-dbt."""

from __future__ import annotations

import ast

from offramp.converting.recipes.job_block import POSITIONAL
from offramp.editing.bracketed import does_more
from offramp.editing.insertions import Insertions
from offramp.knowledge.prefect_dbt_calls import TRIGGER_AND_WAIT
from offramp.model import Blocked
from offramp.traps.prefect_context import Prefect, Target

# Airflow's 7 days, as an argument of the function and of the block.
AIRFLOWS_WAIT = "max_wait_seconds=604800"
AIRFLOWS_TIMEOUT = "timeout_seconds=604800"
_ATTEMPTS = "retry_filtered_models_attempts"


def no_attempts(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Turn off retries that are never sent; returns the title. Raises Blocked."""
    title = f"Set `{_ATTEMPTS}=0`"
    arguments = prefect.values.arguments(call, POSITIONAL[TRIGGER_AND_WAIT])
    given = arguments.given.get(_ATTEMPTS)
    if given is None:
        if not arguments.complete:
            raise Blocked("not all arguments are seen in this call", call)
        add_arguments(insertions, call, f"{_ATTEMPTS}=0")
    elif given.node is not None and does_more(given.node):
        raise Blocked(f"`{_ATTEMPTS}` is an expression that does something else as well", given.node)
    elif given.node in (*call.args, *(keyword.value for keyword in call.keywords)) and given.node is not None:
        insertions.replace_node(given.node, "0")
    else:
        raise Blocked(f"`{_ATTEMPTS}` is not given in this call", call)
    return title


def longer_wait(insertions: Insertions, call: ast.Call, target: Target | None) -> str:
    """Wait as long as Airflow does; returns the title. Raises Blocked."""
    argument = AIRFLOWS_WAIT if target is not None else AIRFLOWS_TIMEOUT
    add_arguments(insertions, call, argument)
    return f"Set `{argument}`, as in Airflow"


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
