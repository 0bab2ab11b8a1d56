"""Tells what the expressions of a DAG's code give: tasks, groups, results, DAGs, lists of tasks, or plain values."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from offramp.dags.calls import call_value
from offramp.dags.dag_values import (
    UNFOLLOWED,
    DagValue,
    Group,
    Plain,
    TaskFunction,
    Unfollowed,
    is_dag_part,
)
from offramp.dags.edges import shift
from offramp.dags.graph import Result, Task
from offramp.dags.state import State
from offramp.python.nodes import walk


def evaluate(state: State, node: ast.expr) -> DagValue:
    """Evaluate an expression as running it would."""
    return _EXPRESSIONS.get(type(node), _other)(state, node)


def _name(state: State, node: ast.Name) -> DagValue:
    value = state.environment.get(node.id)
    if value is None:
        return Plain(node)
    if is_dag_part(value):
        state.touch()
    return value


def _binary(state: State, node: ast.BinOp) -> DagValue:
    if not isinstance(node.op, ast.RShift | ast.LShift):
        return _other(state, node)
    left, right = state.evaluate(node.left), state.evaluate(node.right)
    state.touch()
    return shift(state, left, right, node)


def _sequence(state: State, node: ast.List | ast.Tuple | ast.Set) -> DagValue:
    values = [state.evaluate(element) for element in node.elts]
    nested = any(isinstance(value, list | dict) for value in values)
    if nested or (isinstance(node, ast.Set) and state.touches_tasks(node)):
        state.block("keeps tasks in a list of lists or a set, which Airflow connects otherwise or not at all", node)
        return UNFOLLOWED
    if values and not any(isinstance(value, Plain) for value in values):
        return values
    if any(isinstance(value, Unfollowed) for value in values):
        return UNFOLLOWED
    if any(is_dag_part(value) for value in values):
        state.block("mixes tasks with other values", node)
        return UNFOLLOWED
    return Plain(node)


def _dict(state: State, node: ast.Dict) -> DagValue:
    if not state.touches_tasks(node) and not state.callees.makes_operator(node):
        return Plain(node)
    keys = [state.constant(key) if key is not None else None for key in node.keys]
    values = [state.evaluate(value) for value in node.values]
    if any(isinstance(value, Unfollowed) for value in values):
        return UNFOLLOWED
    if None in keys or not all(isinstance(value, Task | Result) for value in values):
        state.block("keeps tasks in a dict in a way that is not followed", node)
        return UNFOLLOWED
    return {key.value: value for key, value in zip(keys, values, strict=True) if key is not None}


def _attribute(state: State, node: ast.Attribute) -> DagValue:
    owner = state.evaluate(node.value)
    if isinstance(owner, Task):
        if node.attr == "output":
            return Result(owner, "return_value", node)
        state.block(f"takes `{node.attr}` of a task", node)
        return UNFOLLOWED
    if (is_dag_part(owner) or isinstance(owner, TaskFunction)) and node.attr not in ("append", "extend"):
        state.block(f"takes `{node.attr}` in a way that is not followed", node)
        return UNFOLLOWED
    return Plain(node)


def _subscript(state: State, node: ast.Subscript) -> DagValue:
    owner = state.evaluate(node.value)
    if isinstance(owner, Result):
        return _part_of_result(state, owner, node)
    if isinstance(owner, list) and isinstance(node.slice, ast.Slice):
        bounds = _bounds(state, node.slice)
        if bounds is not None:
            return owner[bounds]
    if isinstance(owner, list | dict):
        return _entry(state, owner, node)
    return Plain(node)


def _part_of_result(state: State, result: Result, node: ast.Subscript) -> DagValue:
    key = state.constant(node.slice)
    if key is not None and isinstance(key.value, str) and result.key == "return_value":
        return Result(result.task, key.value, node)
    state.block("takes a part of a task's result in a way that is not followed", node)
    return UNFOLLOWED


def _entry(state: State, owner: list[DagValue] | dict[object, DagValue], node: ast.Subscript) -> DagValue:
    key = state.constant(node.slice)
    entries: dict[object, DagValue]
    entries = owner if isinstance(owner, dict) else {place: owner[place] for place in range(-len(owner), len(owner))}
    if key is not None and key.value in entries:
        return entries[key.value]
    state.block("takes a task from a list or dict in a way that is not followed", node)
    return UNFOLLOWED


def _bounds(state: State, node: ast.Slice) -> slice | None:
    """The bounds of a slice; None when not all are known."""
    from offramp.dags.iterables import whole_number

    ends = (node.lower, node.upper, node.step)
    bounds = [whole_number(state, end) if end is not None else None for end in ends]
    known = all(end is None or bound is not None for end, bound in zip(ends, bounds, strict=True))
    return slice(*bounds) if known else None


def _comprehension(state: State, node: ast.ListComp) -> DagValue:
    from offramp.dags.loops import comprehension

    return comprehension(state, node)


def _other(state: State, node: ast.expr) -> DagValue:
    """A plain value, unless tasks are made or used in it."""
    if any(
        (isinstance(inner, ast.Call) and state.callees.operator_section(inner))
        or (isinstance(inner, ast.Name) and isinstance(state.environment.get(inner.id), Task | Group | list | dict))
        for inner in walk(node)
    ):
        state.block("makes or uses tasks in an expression that is not followed", node)
        return UNFOLLOWED
    return Plain(node)


_EXPRESSIONS: dict[type[ast.expr], Callable[[State, Any], DagValue]] = {
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.Call: call_value,
    ast.Dict: _dict,
    ast.List: _sequence,
    ast.ListComp: _comprehension,
    ast.Name: _name,
    ast.Set: _sequence,
    ast.Subscript: _subscript,
    ast.Tuple: _sequence,
}
