"""Constants as the turns of a loop over literals make them."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.finding.values import Constant, Table


def fold(module: Module, node: ast.AST, loop: dict[str, object]) -> Constant | None:
    """The constant that an expression is, given the loop variables' values; None when not known."""
    if not loop or not any(isinstance(inner, ast.Name) and inner.id in loop for inner in ast.walk(node)):
        value = module.values.single(node)
        return value if isinstance(value, Constant) else None
    if isinstance(node, ast.Name):
        return Constant(loop[node.id])
    if isinstance(node, ast.JoinedStr):
        parts = []
        for piece in node.values:
            if isinstance(piece, ast.FormattedValue):
                if piece.conversion != -1 or piece.format_spec is not None:
                    return None
                inner = fold(module, piece.value, loop)
            else:
                inner = fold(module, piece, loop)
            if inner is None:
                return None
            parts.append(str(inner.value))
        return Constant("".join(parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = fold(module, node.left, loop), fold(module, node.right, loop)
        if left is not None and right is not None:
            one, other = left.value, right.value
            if isinstance(one, str) and isinstance(other, str):
                return Constant(one + other)
            if isinstance(one, int) and isinstance(other, int):
                return Constant(one + other)
        return None
    if isinstance(node, ast.Subscript):
        key = fold(module, node.slice, loop)
        table = module.values.single(node.value)
        if isinstance(node.value, ast.Name) and node.value.id in loop:
            return None
        if key is not None and isinstance(table, Table) and isinstance(key.value, str) and table.complete:
            entry = table.entries.get(key.value)
            return fold(module, entry, {}) if entry is not None else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        owner = fold(module, node.func.value, loop)
        if owner is not None and isinstance(owner.value, str) and node.func.attr in ("lower", "upper", "strip"):
            return Constant(getattr(owner.value, node.func.attr)())
    return None
