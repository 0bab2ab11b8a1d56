"""Constants as the turns of a loop over literals make them."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.python.computing import reads
from offramp.python.operations import NotKnown
from offramp.python.values import Constant


def fold(module: Module, node: ast.AST, loop: dict[str, object]) -> Constant | None:
    """The constant that an expression is, given the loop variables' values; None when not known."""
    known = _computed(module, node, loop)
    # Of a whole dict or list nobody has looked whether it holds templates.
    return known if known is not None and not isinstance(known.value, dict | list | tuple | set | range) else None


def turn_value(module: Module, node: ast.expr, loop: dict[str, object]) -> Constant | None:
    """The value of an expression that reads a loop's variables, dicts, lists and tuples included."""
    if not loop or not reads(node, loop):
        return None
    known = _computed(module, node, loop)
    return known if known is not None and not isinstance(known.value, set) else None


def _computed(module: Module, node: ast.AST, loop: dict[str, object]) -> Constant | None:
    try:
        return Constant(module.values.computed(node, loop))
    except NotKnown:
        return None
