"""Arguments that hold others: an object that configures what is made, and a dict that each of its tasks gets."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.dags.graph import Argument
from offramp.dags.state import State
from offramp.finding.configurations import configuration
from offramp.model import ArgumentRow
from offramp.python.values import UNKNOWN, Constant, Given, Reference, Table, Value

# The targets of their rows. An object's arguments are named after both: `project_config.dbt_project_path`.
OBJECT, TASKS = "object", "tasks"


def unfolded(state: State, rows: Mapping[str, ArgumentRow], arguments: Mapping[str, Argument]) -> dict[str, Argument]:
    """The arguments with those that others hold in place of these; what is not known is a blocker."""
    found: dict[str, Argument] = {}
    for name, argument in arguments.items():
        target = rows[name].target if name in rows else ""
        if target in (OBJECT, TASKS):
            found |= _held(state, name, argument, target)
        else:
            found[name] = argument
    return found


def _held(state: State, name: str, argument: Argument, target: str) -> dict[str, Argument]:
    values = state.module.values
    value = state.module.values.single(argument.node) or UNKNOWN
    if value == Constant(None):
        return {}
    changed = values.altered(argument.node) or values.changed_later(argument.node) is not None
    given, prefix = None, ""
    if target == TASKS and isinstance(value, Table) and value.complete and None not in value.entries.values():
        given = {key: Given(node, (), "keyword") for key, node in value.entries.items()}
    elif target == OBJECT:
        made = configuration(values, name, value)
        given, prefix = (made.given, f"{name}.") if made is not None and made.complete else (None, "")
    if given is None or changed:
        state.block(f"`{name}` {_why_unknown(value, argument.node, changed=changed)}", argument.node)
        return {}
    return {
        f"{prefix}{key}": state.argument(one.node, one.origin) for key, one in given.items() if one.node is not None
    }


def _why_unknown(value: Value, node: ast.expr, *, changed: bool) -> str:
    if changed:
        return "may be changed after it is made, and is not known"
    if isinstance(value, Reference):
        return f"comes from another file, `{value.path.rpartition('.')[0]}`, and is not known here"
    return f"is not known here: `{ast.unparse(node)}`" if not isinstance(node, ast.Name) else "is not known here"
