"""Values that a loop goes over, one after another, and whole numbers that are made of them."""

from __future__ import annotations

import ast
from collections.abc import Callable

from offramp.dags.dag_values import DagValue, Parts, Plain
from offramp.dags.state import State
from offramp.python.values import Constant, Items, Reference, Table

# Loops of one file that go on for longer are not followed.
MOST_TURNS = 2000


def iterable(state: State, node: ast.expr) -> list[DagValue] | None:
    """The values that a loop goes over, in order; None when not known."""
    is_place = isinstance(node, ast.Name | ast.Subscript)
    tasks = state.evaluate(node) if is_place and state.touches_tasks(node) else None
    if isinstance(tasks, list):
        return list(tasks)
    if isinstance(tasks, dict):
        return [Constant(key) for key in tasks]
    turn = state.turn_value(node)
    if turn is not None:
        return _flat(turn.value)
    called = _called(state, node) if isinstance(node, ast.Call) else None
    return called if called is not None else _listed(state, node)


def whole_number(state: State, node: ast.expr) -> int | None:
    """The whole number that an expression is, ``len`` of known things included; None when not known."""
    known = state.constant(node)
    if known is not None:
        return known.value if isinstance(known.value, int) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = whole_number(state, node.left), whole_number(state, node.right)
        if left is None or right is None:
            return None
        return left + right if isinstance(node.op, ast.Add) else left - right
    if isinstance(node, ast.Call) and len(node.args) == 1:
        measures = state.module.values.single(node.func) == Reference("builtins.len")
        values = iterable(state, node.args[0]) if measures else None
        return len(values) if values is not None else None
    return None


def _flat(value: object) -> list[DagValue] | None:
    """The values of a list, tuple or range, or the keys of a dict; None for everything else."""
    return [Constant(part) for part in value] if isinstance(value, list | tuple | dict | range) else None


def _listed(state: State, node: ast.expr) -> list[DagValue] | None:
    """The values of a list or tuple, or the keys of a dict, as known; None for sets, whose order is not."""
    value = state.module.values.single(node)
    if isinstance(value, Items) and value.complete and value.ordered:
        return [Plain(element) for element in value.nodes]
    if isinstance(value, Table) and value.complete:
        return [Constant(key) for key in value.entries]
    known = state.module.values.gone_over(node, state.turn(node))
    return _flat(known) if known is not None and len(known) <= MOST_TURNS else None


def _called(state: State, node: ast.Call) -> list[DagValue] | None:
    """The values that the call of a builtin, or of a dict's method, goes over."""
    callee = state.module.values.single(node.func)
    builtin = _BUILTINS.get(callee.path) if isinstance(callee, Reference) else None
    if builtin is not None:
        return builtin(state, node)
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in ("items", "values"):
        return _entries(state, function) if not node.args and not node.keywords else None
    return None


def _entries(state: State, function: ast.Attribute) -> list[DagValue] | None:
    """The entries that ``items()`` and ``values()`` go over."""
    owner = function.value
    entries = state.evaluate(owner) if state.touches_tasks(owner) else None
    table = state.module.values.single(owner)
    if entries is None and isinstance(table, Table) and table.complete:
        entries = {key: Plain(value) for key, value in table.entries.items() if value is not None}
    if not isinstance(entries, dict):
        return None
    pairs = function.attr == "items"
    return [Parts((Constant(key), value)) if pairs else value for key, value in entries.items()]


def _enumerated(state: State, node: ast.Call) -> list[DagValue] | None:
    if not node.args or len(node.args) + len(node.keywords) > 2:
        return None
    start = next((keyword.value for keyword in node.keywords if keyword.arg == "start"), None)
    start = node.args[1] if len(node.args) == 2 else start
    values = iterable(state, node.args[0])
    first = whole_number(state, start) if start is not None else 0
    if values is None or first is None:
        return None
    return [Parts((Constant(number), value)) for number, value in enumerate(values, first)]


def _ranged(state: State, node: ast.Call) -> list[DagValue] | None:
    if not 1 <= len(node.args) <= 3 or node.keywords:
        return None
    numbers = [whole_number(state, argument) for argument in node.args]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or 0 in known[2:]:
        return None
    counted = range(*known)
    return [Constant(number) for number in counted] if len(counted) <= MOST_TURNS else None


def _zipped(state: State, node: ast.Call) -> list[DagValue] | None:
    lists = _all_iterables(state, node)
    # As short as the shortest, here too.
    return [Parts(values) for values in zip(*lists, strict=False)] if lists else None


def _reversed(state: State, node: ast.Call) -> list[DagValue] | None:
    lists = _all_iterables(state, node)
    return lists[0][::-1] if len(lists) == 1 else None


def _all_iterables(state: State, node: ast.Call) -> list[list[DagValue]]:
    """The iterables that the arguments of a call are; none when one is not known."""
    if node.keywords:
        return []
    lists = [values for argument in node.args if (values := iterable(state, argument)) is not None]
    return lists if len(lists) == len(node.args) else []


_BUILTINS: dict[str, Callable[[State, ast.Call], list[DagValue] | None]] = {
    "builtins.enumerate": _enumerated,
    "builtins.range": _ranged,
    "builtins.reversed": _reversed,
    "builtins.zip": _zipped,
}
