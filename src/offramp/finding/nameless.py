"""Expressions without names, which mean the same in every module."""

from __future__ import annotations

import ast

from offramp.python.evaluation import Values
from offramp.python.values import UNKNOWN, Constant, Items, Table, Value

_DEEPEST = 6
_LONGEST = 200


def exported(values: Values, value: Value) -> Value:
    """A constant, list or dict of one module as others see it; unknown where not all of it is."""
    if isinstance(value, Constant):
        return value
    if isinstance(value, Items) and value.complete and len(value.nodes) <= _LONGEST:
        return value._replace(nodes=tuple(written(values, one) for one in value.nodes))
    if isinstance(value, Table) and value.complete and len(value.entries) <= _LONGEST:
        entries = {
            key: None if node is None or not _is_known(values, node) else written(values, node)
            for key, node in value.entries.items()
        }
        return Table(entries, complete=True)
    return UNKNOWN


def _is_known(values: Values, node: ast.expr) -> bool:
    return all(isinstance(one, Constant | Items | Table) for one in values.evaluate(node))


def without_names(values: Values, call: ast.Call) -> ast.Call:
    """A call of the same arguments, as far as they are known, that means the same in another module."""
    positional = [_starred(values, one) if isinstance(one, ast.Starred) else written(values, one) for one in call.args]
    keywords = [ast.keyword(one.arg, written(values, one.value)) for one in call.keywords]
    return ast.Call(_not_known(), positional, keywords)


def _starred(values: Values, node: ast.Starred) -> ast.Starred:
    return ast.Starred(written(values, node.value), ast.Load())


def written(values: Values, node: ast.expr, depth: int = 0) -> ast.expr:
    """An expression without names that has the values of another."""
    found = [_text_of(values, one, depth) for one in values.evaluate(node)]
    result = found[-1]
    for one in found[-2::-1]:
        # Which of them it is depends on something that is not known.
        result = ast.IfExp(_not_known(), one, result)
    return result


def _not_known() -> ast.expr:
    """An expression of which nothing is known."""
    return ast.Yield()


def _text_of(values: Values, value: Value, depth: int) -> ast.expr:
    if isinstance(value, Constant):
        return ast.Constant(value.value)  # type: ignore[arg-type]
    if depth < _DEEPEST and isinstance(value, Items) and value.complete and len(value.nodes) <= _LONGEST:
        parts = [written(values, one, depth + 1) for one in value.nodes]
        return ast.List(parts, ast.Load()) if value.ordered else ast.Set(parts)
    if depth < _DEEPEST and isinstance(value, Table) and value.complete and len(value.entries) <= _LONGEST:
        known = [_not_known() if one is None else written(values, one, depth + 1) for one in value.entries.values()]
        return ast.Dict([ast.Constant(key) for key in value.entries], known)
    return _not_known()
