"""Finds where the shell text of a literal begins in the source."""

from __future__ import annotations

import ast
import re

from offramp.finding.operators import Module
from offramp.finding.written_texts import texts_of
from offramp.model import Blocked, Span
from offramp.reading.source import Source
from offramp.record import NamedTuple

_TRIPLE = "'''"
_OPENING = re.compile(r"[A-Za-z]{0,2}(\"\"\"|'''|\"|')")
_FIRST_LINE = re.compile(r"(?:\\(?:\r\n?|\n))?(?:\r\n?|\n)?([ \t]*)")


class Beginning(NamedTuple):
    """The beginning of a text: its offset, the separator of a command put there, the text as far as it is known."""

    offset: int
    separator: str
    text: str


def beginning(module: Module, source: Source, node: ast.expr) -> Beginning:
    """Find the beginning of an expression's text; raises Blocked where that is not written in one place."""
    text = texts_of(module.values, node)[0]
    literal = _literal(module, node)
    span = source.positions.span(literal)
    written = source.utf8[span.start : span.end].decode()
    opening = _OPENING.match(written)
    if opening is None:
        raise Blocked("is no literal that could be changed", node)
    if text.lstrip()[:1] in {"#", ""}:
        raise Blocked("begins with a comment; put the option below it", node)
    offset = span.start + len(opening[0].encode())
    first = _FIRST_LINE.match(written, opening.end()) if len(opening[1]) == len(_TRIPLE) else None
    if first is not None and first[0] != first[1]:
        return Beginning(offset + len(first[0].encode()), f"\n{first[1]}", text)
    return Beginning(offset, "; ", text)


def ending(module: Module, source: Source, node: ast.expr, sign: str) -> tuple[str, Span]:
    """The text of an expression without the sign that it ends with, and where that stands with the blanks before it.

    Raises Blocked where the text does not end so, or is not written in one place.
    """
    text = texts_of(module.values, node)[0].rstrip()
    literal = _literal(module, node)
    span = source.positions.span(literal)
    written = source.utf8[span.start : span.end].decode()
    closing = re.search(rf"[ \t]*{re.escape(sign)}(\s*)(?:\"\"\"|\'\'\'|\"|\')$", written)
    before = text.removesuffix(sign)
    if closing is None or before == text or before.endswith(sign) or literal is not node:
        raise Blocked(f"does not end with `{sign}` here", node)
    start = span.start + len(written[: closing.start()].encode())
    return before.rstrip(), Span(start, span.start + len(written[: closing.start(1)].encode()))


def _literal(module: Module, node: ast.expr, *, named: bool = True) -> ast.expr:
    """The literal that an expression is, or the one that its name stands for and nothing else uses."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _literal(module, node.left, named=named)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "strip"}:
        return _literal(module, node.func.value, named=named)
    bindings = module.names.lookup(node.id, node) if isinstance(node, ast.Name) and named else []
    if len(bindings) == 1 and bindings[0].kind == "value" and isinstance(bindings[0].node, ast.expr):
        if len(module.names.uses(bindings[0])) > 1:
            raise Blocked("is used by others too", node)
        return _literal(module, bindings[0].node, named=False)
    raise Blocked("is not written as one text here", node)
