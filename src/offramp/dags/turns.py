"""Turns of a loop: the values that they give the names of its target, and those that its body binds."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from offramp.dags.dag_values import DagValue, Parts, Plain
from offramp.dags.graph import Result, Task
from offramp.dags.state import State
from offramp.python.operations import NotKnown
from offramp.python.values import Constant


def bind_target(state: State, target: ast.expr, value: DagValue) -> bool:
    """Give the names of a loop's target what a turn gives them; False when that is not known."""
    if isinstance(target, ast.Name):
        return _bind_name(state, target.id, value)
    if not isinstance(target, ast.Tuple | ast.List):
        return False
    parts = _parts_of(value)
    return len(parts) == len(target.elts) and all(
        bind_target(state, element, part) for element, part in zip(target.elts, parts, strict=True)
    )


def bind_in_turn(state: State, name: str, node: ast.expr) -> None:
    """Let a name that a loop's body binds to a plain value have it until the next turn."""
    known = state.constant(node) or state.turn_value(node) or _literal(state, node)
    if known is None:
        state.block(f"`{name}` differs from one turn of the loop to the next and is not known here", node)
    else:
        state.environment.bind_turn(name, known.value)


def _bind_name(state: State, name: str, value: DagValue) -> bool:
    if isinstance(value, Plain):
        return _bind_plain(state, name, value.node)
    if isinstance(value, Constant):
        state.environment.bind_turn(name, value.value)
        return True
    if isinstance(value, Task | Result):
        state.environment.bind(name, value)
        return True
    return False


def _bind_plain(state: State, name: str, node: ast.expr) -> bool:
    """Give a name an element of a list in the text, which may make a task."""
    known = state.constant(node)
    if known is None:
        made = state.evaluate(node)
        if not isinstance(made, Plain):
            state.environment.bind(name, made)
            return True
        known = _literal(state, node)
    if known is not None:
        state.environment.bind_turn(name, known.value)
    return known is not None


def _parts_of(value: DagValue) -> Sequence[DagValue]:
    if isinstance(value, Parts):
        return value.values
    if isinstance(value, Plain) and isinstance(value.node, ast.Tuple | ast.List):
        return [Plain(element) for element in value.node.elts]
    if isinstance(value, Constant) and isinstance(value.value, list | tuple):
        return [Constant(part) for part in value.value]
    return ()


def _literal(state: State, node: ast.expr) -> Constant | None:
    """A dict, list or tuple of constants, as one; None when not known."""
    try:
        value = state.module.values.computed(node, state.turn(node))
    except NotKnown:
        return None
    return Constant(value) if isinstance(value, dict | list | tuple) else None
