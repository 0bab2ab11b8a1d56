"""Collects small edits of one file that may meet at the same place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from offramp.editing.bracketed import Bracketed, call_arguments
from offramp.editing.imports import import_edits
from offramp.editing.layout import comments_in
from offramp.editing.text import expression_text
from offramp.finding.operators import Module
from offramp.model import Applicability, Blocked, Edit, Fix, Span
from offramp.reading.source import Source

_STEP = "    "


class Insertions:
    """The texts that are put around expressions and after statements, each thing once; ``edits`` makes edits of it."""

    def __init__(self, module: Module, source: Source) -> None:
        self.module = module
        self.source = source
        self.names = module.names
        self.imports: set[tuple[str, str]] = set()
        self._around: dict[ast.AST, tuple[str, str]] = {}
        self._replaced: dict[Span, str] = {}
        self._lines: dict[tuple[int, int], list[str]] = {}

    def around(self, node: ast.AST, before: str, after: str = "") -> None:
        """Put text before and after an expression or statement."""
        self._refuse_in_string(node)
        self._around[node] = (before, after)

    def before_statement(self, node: ast.expr, text: str) -> None:
        """Put text before the statement that only is, or awaits, an expression, parentheses around it included."""
        self.around(self.names.statement(node), text)

    def change(self, edits: Iterable[Edit]) -> None:
        """Take edits over."""
        for edit in edits:
            self.replace(edit.span, edit.text)

    def arguments(self, call: ast.Call) -> Bracketed:
        """The arguments of a call, to be taken out of it and put in; raises Blocked where they cannot be."""
        self._refuse_in_string(call)
        arguments = call_arguments(self.source, call)
        if arguments is None:
            raise Blocked("has a generator expression without parentheses of its own", call)
        return arguments

    def give(self, call: ast.Call, name: str, text: str) -> None:
        """Give a call an argument by its name, in place of what it is given so."""
        written = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
        if written is not None:
            self.replace_node(written, text)
        else:
            self.change(self.arguments(call).added(f"{name}={text}", wider=0))

    def run_checked(self, call: ast.Call, *added: str) -> None:
        """Make a call that starts a program one of ``subprocess.run`` that raises when it fails."""
        if any(binding.target != "subprocess" for binding in self.names.lookup("subprocess", call)):
            raise Blocked("`subprocess` means something else here", call)
        self.imports.add(("", "subprocess"))
        self.replace_node(call.func, "subprocess.run")
        self.change(self.arguments(call).added(*added, "check=True", wider=0))

    def replace(self, span: Span, text: str) -> None:
        """Put text in the place of a span; texts for one place follow each other."""
        self._replaced[span] = self._replaced.get(span, "") + text if span.start == span.end else text

    def replace_node(self, node: ast.expr, text: str) -> None:
        """Put text in the place of an expression."""
        self._refuse_in_string(node)
        self.replace(self.source.positions.span(node), text)

    def await_(self, node: ast.expr) -> None:
        """Await what an expression gives, in parentheses where more is asked of it."""
        head = self.heads(node)
        self.around(node, "(await " if head else "await ", ")" if head else "")

    def heads(self, node: ast.expr) -> bool:
        """Return whether an attribute, item or call of an expression is taken, which binds closer than ``await``."""
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

    def replace_statement(self, statement: ast.stmt, lines: list[str]) -> None:
        """Put statements in the place of one that shares no line; its comments go above them."""
        row, column = self._own_lines(statement)
        span = self.source.positions.span(statement)
        written = "\n".join(lines)
        self.before(statement, [text for text in comments_in(self.source, span) if text not in written])
        self.replace(span, f"\n{self._indent(row, column)}".join(lines))

    def free_name(self, node: ast.AST, wanted: Sequence[str]) -> str:
        """A name that nothing in the function or module around a node uses; raises Blocked where all are taken."""
        function = self.names.enclosing_function(node)
        taken = self.names.words(function) if function is not None else frozenset()
        for name in wanted:
            if name not in taken and name not in self.names.module.bindings:
                return name
        raise Blocked("no name is free for what the call gives", node)

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

    def fix(self, title: str, applicability: Applicability, reason: str = "", reveals: Sequence[str] = ()) -> Fix:
        """The fix that all this makes; raises Blocked where an import cannot be added."""
        body = self._merged()
        importing: list[Edit] = []
        if self.imports:
            needed = frozenset(self.imports)
            importing = import_edits(self.module, self.source, body, needed, leaves_airflow=False)
        edits = tuple(sorted([*body, *importing], key=lambda edit: edit.span))
        return Fix(
            title,
            edits,
            applicability,
            reason,
            reveals=tuple(reveals),
            needs=tuple(sorted(self.imports)),
            importing=tuple(importing),
        )

    def _merged(self) -> list[Edit]:
        """The edits; what is inserted where a replaced span begins goes into that edit."""
        closing: dict[int, str] = {}
        opening: dict[int, str] = {}
        spans = {node: self.source.positions.span(node) for node in self._around}
        # What ends later, or begins earlier, stands further out.
        for node, span in sorted(spans.items(), key=lambda item: (-item[1].end, item[1].start)):
            before, after = self._around[node]
            opening[span.start] = opening.get(span.start, "") + before
            closing[span.end] = after + closing.get(span.end, "")
        placed = {span: [text] for span, text in self._replaced.items()}
        for offset, text in closing.items():
            placed.setdefault(Span(offset, offset), []).insert(0, text)
        for offset, text in opening.items():
            placed.setdefault(Span(offset, offset), []).append(text)
        for offset, text in self._rows():
            placed.setdefault(Span(offset, offset), []).insert(0, text)
        edits: list[Edit] = []
        for span in sorted(placed):
            text = "".join(placed[span])
            last = edits[-1] if edits else None
            if last is not None and last.span.start == last.span.end == span.start:
                edits[-1] = Edit(span, last.text + text)
            elif text or span.end > span.start:
                edits.append(Edit(span, text))
        return edits

    def _rows(self) -> Iterator[tuple[int, str]]:
        """The statements that are put in, by the offset of the row before which they stand."""
        positions = self.source.positions
        for (row, column), lines in self._lines.items():
            past = row > positions.rows()
            # The block's own indentation, tabs and all, stands before the statement.
            indent = self._indent(row, column)
            body = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
            if past and not self.source.utf8.endswith((b"\n", b"\r")):
                body = "\n" + body.rstrip("\n")
            yield len(self.source.utf8) if past else positions.offset(row, 0), body

    def _indent(self, row: int, column: int) -> str:
        for near in (row, row - 1, *range(row - 2, 0, -1)):
            line = self.source.positions.line(near)
            if line[:column] and not line[:column].strip() and line[column : column + 1].strip():
                return line[:column]
        return " " * column


def continued(lines: list[str]) -> list[str]:
    """Lines of one step deeper."""
    return [_STEP + line for line in lines]
