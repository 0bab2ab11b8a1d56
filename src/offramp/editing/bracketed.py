r"""Takes items out of brackets and puts them in: the arguments of a call, the elements of a list.

Between two items stand nothing but blanks, line ends (also behind ``\``), comments, parentheses of the items and one
comma, so these tokens are all that has to be read; every comment stays where it speaks. May import ``reading``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from offramp.editing.layout import comments_in
from offramp.editing.text import INDENT, WIDTH
from offramp.model import Edit, Span
from offramp.python.nodes import walk
from offramp.reading.source import Source
from offramp.record import NamedTuple

_TOKEN = r"[ \t\f]+|\\?(?:\r\n|\n|\r)|#[^\r\n]*|[(),]"
_LINE_END = r"\\?(?:\r\n|\n|\r)"
_GONE = "\0"


class Item(NamedTuple):
    """One item with its parentheses, and the offset of the comma behind it; None where there is none."""

    start: int
    end: int
    comma: int | None


class Bracketed:
    """The items between two brackets as they are laid out; ``begin`` and ``end`` are the offsets inside of these."""

    def __init__(self, source: Source, nodes: Sequence[ast.AST], begin: int, end: int) -> None:
        self._source = source
        self._utf8 = source.utf8
        self.begin = begin
        self.end = end
        self.items = self._laid_out(sorted(source.positions.span(node) for node in nodes))

    def _laid_out(self, spans: Sequence[Span]) -> list[Item]:
        items = []
        start = self._opened(self.begin, spans[0].start) if spans else self.begin
        for span, after in pairwise((*spans, Span(self.end, self.end))):
            comma = next((at for at, token in self._tokens(span.end, after.start) if token == b","), None)
            closed = after.start if comma is None else comma
            ends = [at + 1 for at, token in self._tokens(span.end, closed) if token == b")"]
            items.append(Item(start, max(ends, default=span.end), comma))
            start = self._opened(closed, after.start)
        return items

    def _opened(self, begin: int, start: int) -> int:
        return next((at for at, token in self._tokens(begin, start) if token == b"("), start)

    def _tokens(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        for token in _tokens(self._utf8, start, end):
            yield token.start(), token[0]

    # -- out -------------------------------------------------------------------------

    def removed(self, node: ast.AST) -> Edit:
        """The edit that takes an item out, with one comma and the line that it leaves empty; comments stay."""
        index = self._index(node)
        item = self.items[index]
        last = index == len(self.items) - 1
        stop = self.end if last else self.items[index + 1].start
        previous = self.items[index - 1] if index else None
        if item.comma is not None:
            start = self.begin if previous is None or previous.comma is None else previous.comma + 1
            before, behind = [Span(start, item.start)], [Span(item.end, item.comma), Span(item.comma + 1, stop)]
        elif previous is not None and previous.comma is not None:
            start = previous.end
            before = [Span(start, previous.comma), Span(previous.comma + 1, item.start)]
            behind = [Span(item.end, stop)]
        else:
            start = self.begin
            before, behind = [Span(start, item.start)], [Span(item.end, stop)]
        inside = "".join(f"{one}\n" for one in comments_in(self._source, Span(item.start, item.end)))
        texts = [*map(self._source.segment, before), inside, *map(self._source.segment, behind)]
        if any("#" in text for text in texts):
            return Edit(Span(start, stop), _with_comments(texts))
        if len(self.items) == 1:
            left = ""
        elif last:
            left = texts[-1]
        else:
            breaks = not re.search(_LINE_END, texts[0]) and re.search(_LINE_END, texts[-1])
            left = texts[-1] if breaks and index else texts[0]
        return Edit(Span(start, stop), re.sub(_LINE_END, _plain, left))

    def _index(self, node: ast.AST) -> int:
        start = self._source.positions.span(node).start
        return next(index for index, item in enumerate(self.items) if item.start <= start < item.end)

    # -- in --------------------------------------------------------------------------

    def added(self, *texts: str, wider: int | None = None) -> list[Edit]:
        """The edits that put items at the end, each on a line of its own where the last has one.

        What stands on one line that gets too long becomes one item a line where ``wider`` is a number: the columns
        by which other edits lengthen it.
        """
        text = ", ".join(texts)
        if not self.items:
            return [self._alone(text)]
        last = self.items[-1]
        behind = last.end if last.comma is None else last.comma + 1
        remark = self._remark(behind)
        indent = self._indent(last)
        if indent is None and remark is None:
            if wider is not None and self._is_too_long(len(text) + 2 + wider):
                return self._one_a_line(texts)
            if last.comma is not None and self._source.utf8[last.end : last.comma].strip():
                return [Edit(Span(behind, behind), f" {text}")]
            return [Edit(Span(last.end, last.end), f", {text}")]
        if indent is None:
            indent = next((found for item in self.items if (found := self._indent(item)) is not None), None)
        if indent is None:
            indent = self._outer(self.begin) + INDENT
        place = behind if remark is None else remark
        line = ",".join(f"\n{indent}{text}" for text in texts)
        if last.comma is not None:
            return [Edit(Span(place, place), f"{line},")]
        if place == last.end:
            return [Edit(Span(place, place), f",{line}")]
        return [Edit(Span(last.end, last.end), ","), Edit(Span(place, place), line)]

    def _alone(self, text: str) -> Edit:
        outer = self._outer(self.end)
        row = self._source.positions.offset(self._source.positions.row(self.end), 0)
        if row > self.begin and not self._utf8[row : self.end].strip():
            return Edit(Span(row, self.end), f"{outer}{INDENT}{text},\n{outer}")
        return Edit(Span(self.end, self.end), text)

    def _remark(self, behind: int) -> int | None:
        """The end of a comment that stands on the same line; None without one."""
        for at, token in self._tokens(behind, self.end):
            if token.startswith(b"#"):
                return at + len(token)
            if re.fullmatch(_LINE_END, token.decode()):
                break
        return None

    def _indent(self, item: Item) -> str | None:
        """The blanks before an item that begins its line; None for others."""
        row = self._source.positions.offset(self._source.positions.row(item.start), 0)
        before = self._utf8[row : item.start].decode()
        return None if before.strip() else before

    def _outer(self, offset: int) -> str:
        line = self._source.positions.line(self._source.positions.row(offset))
        return line[: len(line) - len(line.lstrip())]

    def _is_too_long(self, more: int) -> bool:
        """Return whether all items stand on one line, which would be longer than lines are."""
        positions = self._source.positions
        row = positions.row(self.items[0].start)
        return row == positions.row(self.items[-1].end) and len(positions.line(row)) + more > WIDTH

    def _one_a_line(self, texts: Sequence[str]) -> list[Edit]:
        first, last = self.items[0], self.items[-1]
        indent = self._indent(first)
        outer = self._outer(self.begin)
        inner = f"\n{outer + INDENT if indent is None else indent}"
        new = f",{inner}".join(("", *texts))
        edits = [Edit(Span(before.end, after.start), f",{inner}") for before, after in pairwise(self.items)]
        if indent is not None:
            comma = "," if last.comma is None else ""
            return [*edits, Edit(Span(last.end, last.end), new + comma)]
        opened = Edit(Span(self.begin, first.start), inner)
        return [opened, *edits, Edit(Span(last.end, self.end), f"{new},\n{outer}")]


def call_arguments(source: Source, call: ast.Call) -> Bracketed | None:
    """The arguments of a call; None where its parentheses are those of a generator expression, which takes no comma."""
    end = source.positions.span(call).end - 1
    if any(source.positions.span(argument).end > end for argument in call.args):
        return None
    # Parentheses around what is called are closed before those of the call are opened.
    after = source.positions.span(call.func).end
    begin = next(token.end() for token in _tokens(source.utf8, after, len(source.utf8)) if token[0] == b"(")
    return Bracketed(source, [*call.args, *call.keywords], begin, end)


def list_elements(source: Source, node: ast.List) -> Bracketed:
    """The elements of a list."""
    span = source.positions.span(node)
    return Bracketed(source, node.elts, span.start + 1, span.end - 1)


def does_more(value: ast.expr) -> bool:
    """Return whether an expression does something besides having a value, so that it cannot be left out."""
    acting = ast.NamedExpr | ast.Call | ast.Await | ast.Yield | ast.YieldFrom
    return any(isinstance(part, acting) for part in walk(value))


def comments_between(source: Source, start: int, end: int) -> bool:
    """Return whether a comment stands in a stretch between tokens."""
    return any(token[0].startswith(b"#") for token in _tokens(source.utf8, start, end))


def _tokens(utf8: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
    # `re` keeps what it has compiled, and most runs need none of it.
    return re.compile(_TOKEN.encode()).finditer(utf8, start, end)


def _plain(_end: re.Match[str]) -> str:
    return "\n"


def _with_comments(texts: Sequence[str]) -> str:
    """Return what is left where things went from between some texts: every comment, no line that got empty."""
    lines = [""]
    for token in re.findall(f"{_TOKEN}|{_GONE}", _GONE.join(texts)):
        if re.fullmatch(_LINE_END, token):
            lines.append("")
        else:
            lines[-1] += token
    left = []
    for number, line in enumerate(lines):
        code = line.replace(_GONE, "")
        comment = code.strip()
        blanks = line[: len(line) - len(line.lstrip(" \t\f"))]
        if number == len(lines) - 1:
            left.append(blanks)
        elif comment:
            left.append(code.rstrip(" \t\f") if _GONE not in line else f"{blanks if number else '  '}{comment}")
        elif number == 0 or _GONE not in line:
            left.append("")
    return "\n".join(left)
