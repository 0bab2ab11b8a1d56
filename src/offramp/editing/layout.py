"""Moves text without changing what it says: comments that go along, and code that loses its indentation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from offramp.model import Edit, Span
from offramp.reading.source import Source
from offramp.record import NamedTuple

_PRAGMA = r"(?i)#\s*(?:noqa|type:|pylint:|fmt:|pyright:|offramp:|isort:|ruff:|flake8:|OFR\d)"


class _Comment(NamedTuple):
    row: int
    text: str


class Comments:
    """The comments of a file; each is handed out once, pragmas never, as they speak of the line they stand on.

    Tokenizing is slow and done only where a line that is asked for has a ``#`` at all.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._given: set[int] = set()

    @cached_property
    def _comments(self) -> list[_Comment]:
        import tokenize  # slow to load

        tokens = self._source.tokens
        return [_Comment(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]

    @cached_property
    def _code_rows(self) -> set[int]:
        import tokenize  # slow to load

        layout = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT}
        rows = (range(one.start[0], one.end[0] + 1) for one in self._source.tokens if one.type not in layout)
        return {row for several in rows for row in several}

    def before(self, statement: ast.stmt) -> list[str]:
        """The comments on lines of their own directly above a statement."""
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
        row = first - 1
        while row > 0 and not self._source.positions.line(row).strip():
            row -= 1
        if not _marked(self._source, range(row, first)):
            return []
        above = []
        row = first - 1
        while row > 0 and row not in self._code_rows:
            above.append(row)
            row -= 1
        return self._take(above)

    def of(self, statement: ast.stmt) -> list[str]:
        """The comments above a statement and in it."""
        last = statement.end_lineno or statement.lineno
        return [*self.before(statement), *self._take(range(statement.lineno, last + 1))]

    def keep(self, statement: ast.stmt) -> None:
        """Leave the comments in a statement where they are, since its text moves whole."""
        self._given.update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))

    def left(self, statements: Iterable[ast.stmt]) -> list[str]:
        """Return what is left in some statements."""
        rows: list[int] = []
        for statement in statements:
            first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
            rows.extend(range(first, (statement.end_lineno or statement.lineno) + 1))
        return self._take(rows)

    def within(self, statement: ast.stmt) -> list[str]:
        """The comments on the lines of a statement."""
        return self._take(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))

    def inside(self, node: ast.expr) -> list[str]:
        """The comments in an expression of several lines, but for the one behind its last."""
        return self._take(range(node.lineno, node.end_lineno or node.lineno))

    def _take(self, rows: Iterable[int]) -> list[str]:
        wanted = _marked(self._source, rows)
        if not wanted:
            return []
        taken = [
            comment
            for comment in self._comments
            if comment.row in wanted and comment.row not in self._given and not is_pragma(comment.text)
        ]
        self._given.update(comment.row for comment in taken)
        return [comment.text for comment in taken]


def comments_on(source: Source, statement: ast.AST) -> dict[int, str]:
    """The comments on the rows of a node that are not pragmas, by row."""
    rows = range(statement.lineno, statement.end_lineno + 1)  # type: ignore[attr-defined]
    if not _marked(source, rows):
        return {}
    import tokenize  # slow to load

    return {
        token.start[0]: token.string
        for token in source.tokens
        if token.type == tokenize.COMMENT and token.start[0] in rows and not is_pragma(token.string)
    }


def is_pragma(comment: str) -> bool:
    """Return whether a comment tells a tool what to do with its line."""
    return re.match(_PRAGMA, comment) is not None


def comments_in(source: Source, span: Span | None = None) -> list[str]:
    """The comments in a file or a span of it, pragmas among them, in order."""
    if span is None:
        span = Span(0, len(source.utf8))
    if "#" not in source.segment(span):
        return []
    import tokenize  # slow to load

    found = []
    for token in source.tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            at = source.positions.offset(row, len(token.line[:column].encode("utf-8", "surrogatepass")))
            if span.start <= at < span.end:
                found.append(token.string)
    return found


def _marked(source: Source, rows: Iterable[int]) -> set[int]:
    """The rows among some that have a ``#``, in a string or as a comment."""
    return {row for row in rows if "#" in source.positions.line(row)}


def dedented(source: Source, statement: ast.stmt, decorator: str | None, edits: Sequence[Edit] = ()) -> list[str]:
    """The lines of a statement at column 0, with ``edits`` made that add none; ``decorator`` stands in for its own.

    Lines inside a string that spans several stay as they are: they are its value.
    """
    first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
    if decorator is not None:
        first = statement.lineno
    last = statement.end_lineno or statement.lineno
    inside = _string_rows(source)
    lines = [] if decorator is None else decorator.split("\n")
    for row, text in _edited(source, first, last, edits):
        indent = text[: statement.col_offset]
        outside = text[statement.col_offset :] if not indent.strip() else text.lstrip()
        lines.append(text if row in inside else outside)
    return lines


def _edited(source: Source, first: int, last: int, edits: Sequence[Edit]) -> Iterator[tuple[int, str]]:
    """The rows of a range and what they read after the edits; an edit's rows become its first one."""
    positions = source.positions
    joined: set[int] = set()
    texts = {row: positions.line(row) for row in range(first, last + 1)}
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        start, end = positions.row(edit.span.start), positions.row(edit.span.end)
        before = source.utf8[positions.offset(start, 0) : edit.span.start].decode()
        cut = len(source.utf8[positions.offset(end, 0) : edit.span.end].decode())
        texts[start] = before + edit.text + texts[end][cut:]
        joined.update(range(start + 1, end + 1))
    for row, text in texts.items():
        if row not in joined:
            yield row, text


def _string_rows(source: Source) -> set[int]:
    import tokenize  # slow to load

    rows: set[int] = set()
    starts: list[int] = []
    for token in source.tokens:
        name = tokenize.tok_name[token.type]
        if token.type == tokenize.STRING:
            rows.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name in ("FSTRING_START", "TSTRING_START"):
            starts.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            rows.update(range(starts.pop() + 1, token.end[0] + 1))
    return rows
