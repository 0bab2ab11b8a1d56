"""Conditions in DAG code, decided where what they ask is known."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from offramp.dags.containers import begins_empty
from offramp.dags.dag_values import Group, Plain
from offramp.dags.graph import Result, Task
from offramp.dags.iterables import whole_number
from offramp.dags.state import State
from offramp.python.values import Constant

_ORDERS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def holds(state: State, node: ast.expr) -> bool | None:
    """Tell whether a condition holds at this point; None when not known."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = holds(state, node.operand)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        parts = [holds(state, value) for value in node.values]
        if None in parts:
            return None
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compares(_compared(state, node.left), node.ops[0], _compared(state, node.comparators[0]))
    return _is_true(state, node)


def _is_true(state: State, node: ast.expr) -> bool | None:
    """Tell whether a value is true; None when not known."""
    value = state.environment.of(node)
    if isinstance(value, list | dict):
        return bool(value)
    if isinstance(node, ast.Name) and value is None and begins_empty(state, node):
        return False
    known = _compared(state, node)
    if isinstance(known, Task) or isinstance(value, Group):
        # Neither operators nor results nor groups have a truth value of their own (2.10, 3.3).
        return True
    constant = known if known is not None else state.turn_value(node)
    return bool(constant.value) if constant is not None else None


def _compares(one: Task | Constant | None, comparison: ast.cmpop, other: Task | Constant | None) -> bool | None:
    """Tell whether a comparison of two tasks or constants holds; None when not known."""
    if one is None or other is None:
        return None
    if isinstance(comparison, ast.Is | ast.IsNot) and Constant(None) in (one, other):
        return (one == other) is isinstance(comparison, ast.Is)
    if isinstance(one, Task) or isinstance(other, Task):
        return None
    if isinstance(comparison, ast.Eq | ast.NotEq):
        return (one.value == other.value) is isinstance(comparison, ast.Eq)
    order = _ORDERS.get(type(comparison))
    if order is not None and isinstance(one.value, int) and isinstance(other.value, int):
        return order(one.value, other.value)
    return None


def _compared(state: State, node: ast.expr) -> Task | Constant | None:
    """The task or the constant that an expression in a condition is."""
    value = state.environment.of(node)
    if isinstance(value, Result):
        return value.task
    if isinstance(value, Task):
        return value
    known = state.constant(value.node if isinstance(value, Plain) else node)
    number = whole_number(state, node) if known is None else None
    return Constant(number) if number is not None else known
