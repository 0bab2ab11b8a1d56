"""Places of calls whose run is waited for or looked at by lines that are put in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from offramp.knowledge.prefect_dbt_calls import FORMS
from offramp.model import Blocked
from offramp.prefect_code.context import ASYNC, SYNC, Prefect, Target

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions


def known_target(prefect: Prefect, call: ast.Call, forms: tuple[str, ...] = ("call", *FORMS)) -> Target:
    """Return what makes a run or a future; Blocked where a helper of the file hands it on."""
    target = prefect.target(call.func)
    if target is None or target.form not in forms or (target.function is not None and target.form == "call"):
        raise Blocked(f"`{prefect.named(call)}` hands it on, to other calls too", call)
    return target


def alone(prefect: Prefect, call: ast.Call) -> bool:
    """Return whether a call, or awaiting it, is all that its statement does."""
    parent = prefect.names.parents.get(call)
    if isinstance(parent, ast.Await):
        parent = prefect.names.parents.get(parent)
    return isinstance(parent, ast.Expr)


def called(prefect: Prefect, call: ast.Call, text: str) -> str:
    """A method call that goes by its surroundings, as a line there."""
    contexts = prefect.contexts(call)
    if contexts == {ASYNC}:
        return f"await {text}"
    if contexts & {ASYNC} or not contexts <= {SYNC, "module"}:
        raise Blocked("whether this runs in a sync or an async flow is not known", call)
    return text


def held(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """The name that holds what a call gives; it gets one where it stands alone."""
    parent: ast.AST | None = prefect.names.parents.get(call)
    if isinstance(parent, ast.Await):
        parent = prefect.names.parents.get(parent)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0].id
    if not isinstance(parent, ast.Expr):
        raise Blocked("stands inside a larger expression", call)
    name = insertions.free_name(call, ("run", "dbt_run", "dbt_cloud_run"))
    insertions.before_statement(call, f"{name} = ")
    return name
