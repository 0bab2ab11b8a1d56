"""Turns of a loop: the values that they give the names of its target, and those that its body binds."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from offramp.dags.dag_values import DagValue, Parts, Plain
from offramp.dags.graph import Result, Task
from offramp.dags.state import State
from offramp.python.values import Constant, Items, Table

# Values with more parts are not followed.
_MOST_PARTS = 1000


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
    known = state.constant(node) or state.turn_value(node) or _literal(state, node, {})
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
        known = _literal(state, node, {})
    if known is not None:
        state.environment.bind_turn(name, known.value)
    return known is not None


def _parts_of(value: DagValue) -> Sequence[DagValue]:
    if isinstance(value, Parts):
        return value.values
    if isinstance(value, Plain) and isinstance(value.node, ast.Tuple | ast.List):
        return [Plain(element) for element in value.node.elts]
    return ()


def _literal(state: State, node: ast.expr, seen: dict[ast.expr, int]) -> Constant | None:
    """A dict, list or tuple of constants, as one; None when not known.

    ``seen`` counts the parts of those that are part of it, which names may repeat without end.
    """
    value = state.module.values.single(node)
    if isinstance(value, Items) and value.complete:
        parts = _parts(state, value.nodes, node, seen)
        return Constant(parts) if parts is not None else None
    if isinstance(value, Table) and value.complete and None not in value.entries.values():
        parts = _parts(state, [inner for inner in value.entries.values() if inner is not None], node, seen)
        return Constant(dict(zip(value.entries, parts, strict=True))) if parts is not None else None
    return None


def _parts(state: State, nodes: Sequence[ast.expr], whole: ast.expr, seen: dict[ast.expr, int]) -> list[object] | None:
    found: list[object] = []
    size = 1
    for node in nodes:
        known = state.constant(node) or _literal(state, node, seen)
        size += seen.get(node, 1)
        if known is None or size > _MOST_PARTS:
            return None
        found.append(known.value)
    seen[whole] = size
    return found
