"""Places of findings in the text: the statement around, without its body."""

from __future__ import annotations

import ast

from offramp.model import Span
from offramp.python.nodes import walk
from offramp.reading.source import Source


def header(source: Source, statement: ast.stmt, node: ast.AST) -> Span:
    """The span of a simple statement, or of a compound one without its body; of a decorator, itself."""
    span = source.positions.span(statement)
    for decorator in getattr(statement, "decorator_list", ()):
        outer = source.positions.span(decorator)
        if outer.start <= source.positions.span(node).start < outer.end:
            return outer
    body = getattr(statement, "body", None) or getattr(statement, "cases", None)
    if not isinstance(body, list):
        return span
    heads = [
        source.positions.span(part)
        for part in walk(statement)
        if isinstance(part, ast.expr | ast.alias) and source.positions.span(part).end <= _body_start(source, body[0])
    ]
    return Span(span.start, max([span.start, *(head.end for head in heads)]))


def _body_start(source: Source, first: ast.AST) -> int:
    first = getattr(first, "pattern", first)
    starts = [source.positions.span(part).start for part in (first, *getattr(first, "decorator_list", ()))]
    return min(starts)
