"""Arguments of DAGs, groups and tasks: those that are given, and those that ``default_args`` give."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.dags.graph import Argument, Dag
from offramp.dags.state import State
from offramp.python.values import UNKNOWN, Given, Table


def given_arguments(state: State, given: Mapping[str, Given], place: str, node: ast.expr) -> dict[str, Argument]:
    """The arguments of a call as they are here; those that are not known are blockers, which name the ``place``."""
    return {
        name: state.argument(known, value.origin)
        for name, value in given.items()
        if (known := known_node(state, name, value, place, node)) is not None
    }


def known_node(state: State, name: str, given: Given, place: str, node: ast.expr) -> ast.expr | None:
    """The expression of an argument; None, and a blocker at the call that is given it, when it is not known."""
    if given.node is None:
        state.block(f"`{name}` {place} is not known here", node)
    return given.node


def add_defaults(state: State, given: Given, into: dict[str, Argument]) -> bool:
    """Lay what ``default_args`` give over what others gave; False when not all is known."""
    table = given.values[0] if len(given.values) == 1 else UNKNOWN
    if not isinstance(table, Table):
        return given.constant is not None and not given.constant.value
    for name, node in table.entries.items():
        if node is None:
            return False
        into[name] = state.argument(node, "default_args")
    return table.complete


def inherited(state: State, dag: Dag, own: Mapping[str, Given]) -> dict[str, Argument]:
    """The arguments that the ``default_args`` of a DAG, the groups and a task's own call give a task."""
    found: dict[str, Argument] = {}
    if "default_args" in dag.arguments:
        node = dag.arguments["default_args"].node
        if not add_defaults(state, Given(node, state.module.values.evaluate(node), "keyword"), found):
            state.block("`default_args` of the DAG are not known here", node)
        # Airflow makes them the DAG's own, and takes them out (2.10 and 3.3).
        found.pop("params", None)
    if state.groups:
        found.update(state.groups[-1].defaults)
    if "default_args" in own and not add_defaults(state, own["default_args"], found):
        state.block("`default_args` of this task are not known here", own["default_args"].node or dag.maker)
    return found


def check_lasting(state: State, name: str, node: ast.expr) -> None:
    """Block what is changed when it is given already: Airflow keeps the object itself, not a copy (2.10, 3.3)."""
    changed = state.module.values.changed_later(node)
    if changed is not None:
        row = state.module.names.statement(changed).lineno
        state.block(f"{name} is changed afterwards (line {row}), which Airflow sees as well", node)
