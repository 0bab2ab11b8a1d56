"""Constants as the turns of a loop over literals make them."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items, Table, compared

_LONGEST = 100_000


def fold(module: Module, node: ast.AST, loop: dict[str, object]) -> Constant | None:
    """The constant that an expression is, given the loop variables' values; None when not known."""
    if not loop or not any(isinstance(inner, ast.Name) and inner.id in loop for inner in walk(node)):
        value = module.values.single(node)
        return value if isinstance(value, Constant) else None
    if isinstance(node, ast.Name):
        # Of a whole dict or list nobody has looked whether it holds templates.
        return Constant(loop[node.id]) if not isinstance(loop[node.id], dict | list) else None
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
        return _text("".join(parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = fold(module, node.left, loop), fold(module, node.right, loop)
        if left is not None and right is not None:
            one, other = left.value, right.value
            if isinstance(one, str) and isinstance(other, str) and isinstance(node.op, ast.Add):
                return _text(one + other)
            if isinstance(one, int) and isinstance(other, int):
                return Constant(one + other if isinstance(node.op, ast.Add) else one - other)
        return None
    if isinstance(node, ast.IfExp | ast.Compare | ast.UnaryOp | ast.BoolOp):
        return _decided(module, node, loop)
    if isinstance(node, ast.Subscript):
        key = fold(module, node.slice, loop)
        table = module.values.single(node.value)
        held = _held(module, node.value, loop)
        if held is not None:
            return _entry(held, key)
        if key is not None and isinstance(table, Table) and isinstance(key.value, str) and table.complete:
            entry = table.entries.get(key.value)
            return fold(module, entry, {}) if entry is not None else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        held = _held(module, node.func.value, loop)
        given = [fold(module, argument, loop) for argument in node.args]
        if isinstance(held, dict) and not node.keywords and len(given) in (1, 2) and given[0] is not None:
            if given[0].value in held:
                return _entry(held, given[0])
            return given[1] if len(given) == 2 else Constant(None)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        owner = fold(module, node.func.value, loop)
        if owner is not None and isinstance(owner.value, str) and node.func.attr in ("lower", "upper", "strip"):
            return Constant(getattr(owner.value, node.func.attr)())
    return None


def _decided(
    module: Module, node: ast.IfExp | ast.Compare | ast.UnaryOp | ast.BoolOp, loop: dict[str, object]
) -> Constant | None:
    """What a condition, or an expression that depends on one, gives in one turn."""
    if isinstance(node, ast.IfExp):
        test = fold(module, node.test, loop)
        return fold(module, node.body if test.value else node.orelse, loop) if test is not None else None
    if isinstance(node, ast.UnaryOp):
        operand = fold(module, node.operand, loop)
        return Constant(not operand.value) if operand is not None and isinstance(node.op, ast.Not) else None
    if isinstance(node, ast.BoolOp):
        parts = [fold(module, value, loop) for value in node.values]
        known = [part for part in parts if part is not None]
        ends = (part for part in known if bool(part.value) is isinstance(node.op, ast.Or))
        return next(ends, known[-1]) if len(known) == len(parts) else None
    left, right = fold(module, node.left, loop), fold(module, node.comparators[0], loop)
    if left is None or len(node.ops) > 1:
        return None
    if right is not None:
        found = compared(left, node.ops[0], right)
        return found if isinstance(found, Constant) else None
    listed = module.values.single(node.comparators[0])
    if not isinstance(node.ops[0], ast.In | ast.NotIn) or not isinstance(listed, Items) or not listed.complete:
        return None
    elements = [fold(module, element, loop) for element in listed.nodes]
    return Constant((left in elements) is isinstance(node.ops[0], ast.In)) if None not in elements else None


def _text(text: str) -> Constant | None:
    """A text; None for one so long that a loop must have made it longer and longer."""
    return Constant(text) if len(text) <= _LONGEST else None


def turn_value(module: Module, node: ast.expr, loop: dict[str, object]) -> Constant | None:
    """What ``name["key"]`` or ``name.get("key")`` of a loop's variable is, dicts and lists included."""
    if isinstance(node, ast.Name) and node.id in loop:
        return Constant(loop[node.id])
    if isinstance(node, ast.Subscript) and (held := _held(module, node.value, loop)) is not None:
        key = fold(module, node.slice, loop)
        value = _at(held, key.value) if key is not None else held
        return Constant(value) if value is not held else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        held = _held(module, node.func.value, loop)
        key = fold(module, node.args[0], loop) if len(node.args) == 1 and not node.keywords else None
        return Constant(held.get(str(key.value))) if isinstance(held, dict) and key is not None else None
    return None


def _held(module: Module, node: ast.expr, loop: dict[str, object]) -> dict[str, object] | list[object] | None:
    """The dict or list of one turn that an expression is."""
    if isinstance(node, ast.Name) and node.id in loop:
        value = loop[node.id]
    elif isinstance(node, ast.Subscript) and (outer := _held(module, node.value, loop)) is not None:
        key = fold(module, node.slice, loop)
        value = _at(outer, key.value) if key is not None else None
    else:
        return None
    return value if isinstance(value, dict | list) else None


def _entry(held: dict[str, object] | list[object], key: Constant | None) -> Constant | None:
    value = _at(held, key.value) if key is not None else held
    return Constant(value) if not isinstance(value, dict | list) else None


def _at(held: dict[str, object] | list[object], key: object) -> object:
    """The entry under a key; the whole where there is none, which is no constant."""
    if isinstance(held, dict):
        return held.get(key, held) if isinstance(key, str) else held
    return held[key] if isinstance(key, int) and -len(held) <= key < len(held) else held
