"""Texts as literal parts and the expressions between them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from offramp.python.operations import LONGEST, MOST_PARTS
from offramp.python.values import UNKNOWN, Constant, Table, Value

if TYPE_CHECKING:
    from offramp.python.evaluation import Values

_CONVERSION = r"%(?:\((?P<key>[^)]*)\))?(?P<how>[^a-zA-Z%]*)(?P<kind>[a-zA-Z%])"
# A text in pieces: literal ones, and the expressions between them.
Parts = tuple[str | ast.AST, ...]


class Texts:
    """Says what the strings of one module are made of."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._names = values.names
        self._known: dict[ast.AST, Parts | None] = {}

    def parts(self, node: ast.AST) -> Parts | None:
        """A string expression as literal parts and the expressions between them; None for no string."""
        if node in self._known:
            return self._known[node]
        effort = self._values.effort
        if not effort.takes(node, effort.written):
            return None
        outer = effort.begin(node, effort.written)
        try:
            parts = self._parts(node)
        finally:
            effort.written.discard(node)
        if parts is not None and len(parts) > 1 and not _is_short(parts):
            parts = (node,)
        if effort.is_whole:
            self._known[node] = parts
        effort.end(outer)
        return parts

    def _parts(self, node: ast.AST) -> Parts | None:
        if isinstance(node, ast.Constant):
            return (node.value,) if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return self._inserted_text(node)
        if isinstance(node, ast.BinOp):
            return self._operated_text(node)
        if isinstance(node, ast.Call):
            function = node.func
            base = (
                self.parts(function.value)
                if isinstance(function, ast.Attribute) and function.attr == "format"
                else None
            )
            return None if base is None else self._format_call(base, node)
        return self._bound_text(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None

    def _inserted_text(self, node: ast.JoinedStr) -> Parts:
        parts: list[str | ast.AST] = []
        for piece in node.values:
            inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
            plain = not isinstance(piece, ast.FormattedValue) or (piece.conversion == -1 and not piece.format_spec)
            parts.extend((self._inserted(inner) if plain else None) or (inner,))
        return tuple(parts)

    def _operated_text(self, node: ast.BinOp) -> Parts | None:
        if not isinstance(node.op, ast.Add | ast.Mod):
            return None
        left = self.parts(node.left)
        if isinstance(node.op, ast.Mod):
            return None if left is None else self._formatted(left, node.right)
        right = self.parts(node.right)
        if left is None and right is None:
            return None
        return (*(left or (node.left,)), *(right or (node.right,)))

    def _inserted(self, node: ast.AST) -> Parts | None:
        text = self.parts(node)
        if text is not None:
            return text
        value = self._values.single(node)
        if isinstance(value, Constant) and isinstance(value.value, str | int) and not isinstance(value.value, bool):
            return (str(value.value),)
        return None

    def _formatted(self, parts: Parts, right: ast.expr) -> Parts | None:
        waiting = list(right.elts) if isinstance(right, ast.Tuple) else [right]
        table = self._values.single(right)
        result: list[str | ast.AST] = []
        for part in parts:
            if not isinstance(part, str):
                result.append(part)
                continue
            start = 0
            for match in re.finditer(_CONVERSION, part):
                result.append(part[start : match.start()])
                start = match.end()
                if match["kind"] == "%":
                    result.append("%")
                    continue
                inner: ast.expr | None
                if match["key"] is not None:
                    inner = table.entries.get(match["key"]) if isinstance(table, Table) else None
                elif waiting:
                    inner = waiting.pop(0)
                else:
                    return None
                plain = inner is not None and not match["how"] and match["kind"] in "sdi"
                result.extend((self._inserted(inner) if plain and inner else None) or (inner or right,))
            result.append(part[start:])
        return tuple(result)

    def _format_call(self, base: Parts, call: ast.Call) -> Parts | None:
        import string

        result: list[str | ast.AST] = []
        automatic = 0
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        for part in base:
            if not isinstance(part, str):
                result.append(part)
                continue
            try:
                fields = list(string.Formatter().parse(part))
            except ValueError:
                return None
            for literal, field, how, conversion in fields:
                result.append(literal)
                if field is None:
                    continue
                inner: ast.expr | None
                if field == "" or field.isdigit():
                    index = int(field) if field else automatic
                    automatic += field == ""
                    inner = call.args[index] if index < len(call.args) else None
                else:
                    inner = named.get(field)
                plain = inner is not None and not how and not conversion
                result.extend((self._inserted(inner) if plain and inner else None) or (inner or call,))
        return tuple(result)

    def _bound_text(self, node: ast.Name | ast.Attribute | ast.Subscript) -> Parts | None:
        """The parts of the text that a name is bound to, or the one that it is known to be."""
        bindings = self._names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].node is not None:
            text = None if self._values.changes_of_names.is_rebound(bindings[0], node) else self.parts(bindings[0].node)
            if text is not None:
                return text
        value = self._values.single(node)
        return (value.value,) if isinstance(value, Constant) and isinstance(value.value, str) else None


def joined(parts: Parts | None) -> Value:
    """The text of parts that are all literal."""
    if parts is None or not all(isinstance(part, str) for part in parts):
        return UNKNOWN
    return Constant("".join(part for part in parts if isinstance(part, str)))


def _is_short(parts: Parts) -> bool:
    return len(parts) <= MOST_PARTS and sum(len(part) for part in parts if isinstance(part, str)) <= LONGEST
