"""Collects small edits of one file that may meet at the same place; may import ``imports``."""

from __future__ import annotations

import ast
import re

from offramp.finding.operators import Module
from offramp.fixing.expressions import Blocked
from offramp.fixing.imports import import_edits
from offramp.fixing.text import expression_text
from offramp.model import Edit, Span
from offramp.reading.source import Source

_STEP = "    "


class Insertions:
    """What is put around expressions and after statements, each thing once; ``edits`` makes edits of it."""

    def __init__(self, module: Module, source: Source) -> None:
        self.module = module
        self.source = source
        self.names = module.names
        self.imports: set[tuple[str, str]] = set()
        self._around: dict[ast.AST, tuple[str, str]] = {}
        self._replaced: dict[Span, str] = {}
        self._lines: dict[tuple[int, int], list[str]] = {}

    def around(self, node: ast.expr, before: str, after: str = "") -> None:
        """Put text before and after an expression."""
        self._refuse_in_string(node)
        self._around[node] = (before, after)

    def replace(self, span: Span, text: str) -> None:
        """Put text in the place of a span."""
        self._replaced[span] = text

    def replace_node(self, node: ast.expr, text: str) -> None:
        """Put text in the place of an expression."""
        self._refuse_in_string(node)
        self.replace(self.source.positions.span(node), text)

    def await_(self, node: ast.expr) -> None:
        """Await what an expression gives, in parentheses where more is asked of it."""
        head = self.heads(node)
        self.around(node, "(await " if head else "await ", ")" if head else "")

    def heads(self, node: ast.expr) -> bool:
        """Whether an attribute, an item or a call of an expression is taken, which binds closer than ``await``."""
        parent = self.names.parents.get(node)
        taken = isinstance(parent, ast.Attribute | ast.Subscript) and parent.value is node
        return taken or (isinstance(parent, ast.Call) and parent.func is node)

    def run(self, node: ast.expr) -> None:
        """Run the coroutine of an expression with ``asyncio.run``."""
        if any(binding.target != "asyncio" for binding in self.names.lookup("asyncio", node)):
            raise Blocked("`asyncio` means something else here", node)
        self.imports.add(("", "asyncio"))
        self.around(node, "asyncio.run(", ")")

    def make_async(self, function: ast.FunctionDef) -> None:
        """Make a function an ``async def``."""
        start = self.source.positions.span(function).start
        self.replace(Span(start, start), "async ")

    def after(self, statement: ast.stmt, lines: list[str]) -> None:
        """Put statements after one, in its block."""
        _, column = self._own_lines(statement)
        row = statement.end_lineno or statement.lineno
        self._lines.setdefault((row + 1, column), []).extend(lines)

    def before(self, statement: ast.stmt, lines: list[str]) -> None:
        """Put statements before one, in its block."""
        first, column = self._own_lines(statement)
        self._lines.setdefault((first, column), []).extend(lines)

    def text(self, node: ast.AST) -> str:
        """The source of an expression."""
        return expression_text(self.source, node, one_line=False)

    def _own_lines(self, statement: ast.stmt) -> tuple[int, int]:
        """First row and column of a statement; raises Blocked where it shares a line with another."""
        positions = self.source.positions
        span = positions.span(statement)
        start = positions.offset(statement.lineno, 0)
        last = positions.line(statement.end_lineno or statement.lineno).encode()[statement.end_col_offset or 0 :]
        if self.source.utf8[start : span.start].strip() or not re.fullmatch(rb"\s*(#.*)?", last, re.DOTALL):
            raise Blocked("shares its line with another statement", statement)
        return statement.lineno, statement.col_offset

    def _refuse_in_string(self, node: ast.AST) -> None:
        # Before Python 3.12 the places inside an f-string are not known.
        if any(isinstance(outer, ast.JoinedStr) for outer in self.names.ancestors(node)):
            raise Blocked("stands inside an f-string", node)

    def edits(self) -> tuple[Edit, ...]:
        """The edits, with those of the imports; raises Blocked where an import cannot be added."""
        positions = self.source.positions
        at: dict[int, str] = {}
        closing: dict[int, str] = {}
        # What ends later starts further out.
        for node in sorted(self._around, key=lambda node: -positions.span(node).end):
            span = positions.span(node)
            before, after = self._around[node]
            at[span.start] = at.get(span.start, "") + before
            closing[span.end] = after + closing.get(span.end, "")
        replaced = dict(self._replaced)
        for offset, text in (*at.items(), *closing.items()):
            if text:
                place = Span(offset, offset)
                replaced[place] = replaced.get(place, "") + text
        for (row, column), lines in self._lines.items():
            past = row > positions.rows()
            offset = len(self.source.utf8) if past else positions.offset(row, 0)
            # The block's own indentation, tabs and all, stands before the statement.
            indent = self._indent(row, column)
            body = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
            if past and not self.source.utf8.endswith((b"\n", b"\r")):
                body = "\n" + body.rstrip("\n")
            replaced[Span(offset, offset)] = body
        edits = _merged(replaced)
        if self.imports:
            needed = frozenset(self.imports)
            edits += import_edits(self.module, self.source, edits, needed, leaves_airflow=False)
        return tuple(sorted(edits, key=lambda edit: edit.span))

    def _indent(self, row: int, column: int) -> str:
        for near in (row, row - 1, *range(row - 2, 0, -1)):
            line = self.source.positions.line(near)
            if line[:column] and not line[:column].strip() and line[column : column + 1].strip():
                return line[:column]
        return " " * column


def _merged(replaced: dict[Span, str]) -> list[Edit]:
    """The edits; what is inserted where a replaced span begins goes into that edit."""
    edits: list[Edit] = []
    for span in sorted(replaced):
        text = replaced[span]
        last = edits[-1] if edits else None
        if last is not None and last.span.start == last.span.end == span.start:
            edits[-1] = Edit(span, last.text + text)
        else:
            edits.append(Edit(span, text))
    return edits


def continued(lines: list[str]) -> list[str]:
    """Lines of one step deeper."""
    return [_STEP + line for line in lines]
