"""Methods of tasks, task functions, DAGs, and of lists and dicts of tasks."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from offramp.dags.containers import add_to_list, append_first
from offramp.dags.dag_values import UNFOLLOWED, DagValue, Group, Plain, TaskFunction
from offramp.dags.edges import connect
from offramp.dags.graph import Dag, Result, Task
from offramp.dags.state import State

# Methods by which a DAG runs.
_RUNNING = ("test", "cli")


def call_method(state: State, call: ast.Call, function: ast.Attribute) -> DagValue:
    """Follow the call of a method of what is a matter of DAGs; None for all others."""
    for follow in _METHODS:
        value = follow(state, call, function)
        if value is not None:
            return value
    return None


def _mapping(state: State, call: ast.Call, function: ast.Attribute) -> DagValue:
    if function.attr not in ("expand", "expand_kwargs", "partial"):
        return None
    from offramp.dags.task_functions import expand

    mapped = expand(state, call, function.value) if function.attr == "expand" else None
    if mapped is not None:
        return mapped
    makes_tasks = isinstance(state.environment.of(function.value), TaskFunction)
    if not makes_tasks and call not in state.callees.uses and not state.callees.section(function.value):
        return None
    state.record.see(call)
    state.touch()
    state.block("is a mapped task in a form that is not followed", call)
    return UNFOLLOWED


def _of_name(state: State, call: ast.Call, function: ast.Attribute) -> DagValue:
    owner = function.value
    if not isinstance(owner, ast.Name):
        return None
    value = state.environment.get(owner.id)
    follow = _OF_NAMES.get(type(value))
    return follow(state, call, owner, function.attr, value) if follow is not None else None


def _of_dict(state: State, call: ast.Call, _owner: ast.Name, method: str, tasks: dict[object, DagValue]) -> DagValue:
    if method != "values" or call.args or call.keywords:
        return None
    state.touch()
    return list(tasks.values())


def _of_list(state: State, call: ast.Call, _owner: ast.Name, method: str, tasks: list[DagValue]) -> DagValue:
    return add_to_list(state, tasks, call, method) if method in ("append", "extend") else None


def _of_plain(state: State, call: ast.Call, owner: ast.Name, method: str, _value: Plain | None) -> DagValue:
    return append_first(state, owner, call) if method == "append" and call.args else None


def _of_task_function(state: State, call: ast.Call, owner: ast.Name, method: str, function: TaskFunction) -> DagValue:
    if method == "override":
        from offramp.dags.task_functions import override

        return override(state, function, call)
    state.block(f"`{owner.id}.{method}` is not followed", call)
    return UNFOLLOWED


def _stream(state: State, call: ast.Call, function: ast.Attribute) -> DagValue:
    """Follow ``set_upstream`` and ``set_downstream``."""
    if function.attr not in ("set_upstream", "set_downstream"):
        return None
    owner = state.evaluate(function.value)
    others = [state.evaluate(argument) for argument in call.args]
    others += [state.evaluate(keyword.value) for keyword in call.keywords if keyword.arg == "task_or_task_list"]
    if len(others) != 1:
        return None
    connect(state, *((owner, others[0]) if function.attr == "set_downstream" else (others[0], owner)), call)
    return UNFOLLOWED


def _of_call(state: State, call: ast.Call, function: ast.Attribute) -> DagValue:
    if not isinstance(function.value, ast.Call) or state.callees.section(function):
        return None
    value = state.evaluate(function.value)
    if isinstance(value, TaskFunction):
        state.block("is not followed", call)
        return UNFOLLOWED
    return _of_value(state, call, function.attr, value)


def _of_named(state: State, call: ast.Call, function: ast.Attribute) -> DagValue:
    value = state.environment.of(function.value)
    if isinstance(value, Dag) and function.attr in _RUNNING:
        state.touch()
    return _of_value(state, call, function.attr, value)


def _of_value(state: State, call: ast.Call, method: str, value: DagValue) -> DagValue:
    if not isinstance(value, Task | Dag | Group | Result):
        return None
    if not isinstance(value, Dag) or method not in _RUNNING:
        state.block(f"calls `{method}` of a task or DAG", call)
    return UNFOLLOWED


# In the order in which they are tried.
_METHODS: tuple[Callable[[State, ast.Call, ast.Attribute], DagValue], ...] = (
    _mapping,
    _of_name,
    _stream,
    _of_call,
    _of_named,
)
_OF_NAMES: dict[type, Callable[[State, ast.Call, ast.Name, str, Any], DagValue]] = {
    TaskFunction: _of_task_function,
    Plain: _of_plain,
    dict: _of_dict,
    list: _of_list,
    type(None): _of_plain,
}
