"""Assignments in DAG code: to names, several at once, to entries of dicts and to attributes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from offramp.dags.containers import hold_tasks, set_entry
from offramp.dags.dag_values import DagValue, Plain, is_dag_part
from offramp.dags.graph import Dag, Result, Task
from offramp.dags.state import State
from offramp.finding.configurations import is_configuration

_NOT_FOLLOWED = "is code in the DAG that is not followed"
_DOCUMENTATION = frozenset({"doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"})


def assign(state: State, target: ast.expr, value: DagValue, statement: ast.stmt) -> None:
    """Assign a value to a target."""
    _TARGETS.get(type(target), _other)(state, target, value, statement)


def _name(state: State, target: ast.Name, value: DagValue, statement: ast.stmt) -> None:
    if isinstance(value, Plain):
        _plain(state, target.id, value, statement)
        return
    if isinstance(value, Dag):
        value.name = value.name or target.id
    task = value.task if isinstance(value, Result) else value
    if isinstance(task, Task) and target.id not in task.names:
        task.names.append(target.id)
    hold_tasks(state, target)
    state.environment.bind(target.id, value)


def _plain(state: State, name: str, value: Plain, statement: ast.stmt) -> None:
    """Assign a plain value to a name: kept with the DAG's block, or differing from turn to turn."""
    environment = state.environment
    if state.in_branch:
        environment.unbind(name)
        state.record.drop_kept(name)
        from offramp.dags.turns import bind_in_turn

        bind_in_turn(state, name, value.node)
        return
    if state.dag is None and state.touched:
        state.block("keeps tasks in a way that is not followed", statement)
    environment.forget(name)
    if isinstance(value.node, ast.Constant) and value.node.value is None:
        environment.bind(name, value)
    elif state.dag is not None and len(state.module.names.place(statement)[0].bindings.get(name, ())) > 1:
        known = state.constant(value.node)
        if known is not None:
            environment.bind_turn(name, known.value)
    if state.dag is not None and not is_configuration(state.module.values, value.node):
        state.record.keep(name, statement)


def _several(state: State, target: ast.Tuple | ast.List, value: DagValue, statement: ast.stmt) -> None:
    if not isinstance(value, list) or len(value) != len(target.elts):
        _other(state, target, value, statement)
        return
    for element, part in zip(target.elts, value, strict=True):
        assign(state, element, part, statement)


def _attribute(state: State, target: ast.Attribute, value: DagValue, statement: ast.stmt) -> None:
    if not isinstance(target.value, ast.Name):
        _other(state, target, value, statement)
        return
    owner = state.environment.get(target.value.id)
    if isinstance(owner, Task | Dag) and target.attr in _DOCUMENTATION:
        state.touch()
    elif is_dag_part(owner) and not isinstance(owner, Result):
        state.block(f"sets `{target.attr}` of a task or DAG after it is made", statement)
    elif not isinstance(value, Plain) or state.builds:
        state.block(_NOT_FOLLOWED, statement)


def _entry(state: State, target: ast.Subscript, value: DagValue, statement: ast.stmt) -> None:
    if isinstance(value, Task | Result):
        set_entry(state, target, value)
    else:
        _other(state, target, value, statement)


def _other(state: State, _target: ast.expr, value: DagValue, statement: ast.stmt) -> None:
    if not isinstance(value, Plain) or state.mentions_dag(statement):
        state.block("keeps tasks in a way that is not followed", statement)
    elif state.builds:
        state.block(_NOT_FOLLOWED, statement)


_TARGETS: dict[type[ast.expr], Callable[[State, Any, DagValue, ast.stmt], None]] = {
    ast.Attribute: _attribute,
    ast.List: _several,
    ast.Name: _name,
    ast.Subscript: _entry,
    ast.Tuple: _several,
}
