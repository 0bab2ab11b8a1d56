"""Edits that put lines in the place of whole statements of a module, with blank lines around them."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.model import Blocked, Edit, Span
from offramp.reading.source import Source


class StatementEdits:
    """Collects the edits of a file; each looks at those before it."""

    def __init__(self, module: Module, source: Source) -> None:
        self._module = module
        self._source = source
        self.edits: list[Edit] = []

    def replace(self, statement: ast.stmt, lines: list[str]) -> None:
        """Put lines in place of a statement, or nothing. Raises Blocked for one that shares its line."""
        positions, text = self._source.positions, self._source.utf8
        decorators = getattr(statement, "decorator_list", ())
        start = positions.offset(min([statement.lineno, *(one.lineno for one in decorators)]), 0)
        end_row = statement.end_lineno or statement.lineno
        following = any(other.lineno == end_row and other is not statement for other in self._module.tree.body)
        if following or statement.col_offset:
            raise Blocked("shares its line with another statement", statement)
        end = positions.offset(end_row + 1, 0) if end_row < positions.rows() else len(text)
        if lines:
            self._put(Span(start, end), lines)
        else:
            self._remove(Span(start, end))

    def _put(self, span: Span, lines: list[str]) -> None:
        positions, old = self._source.positions, self._source.utf8
        text = "\n".join(lines) + ("\n" if span.end < len(old) or old.endswith(b"\n") else "")
        start = span.start
        before, gap = self._before(start)
        first = next((line for line in lines if not line.startswith("#")), "")
        compound = first.startswith(("@", "def ", "async def "))
        if compound and before and gap < 3 and not _last_line_is_comment(before):
            text = "\n" * (3 - gap) + text
        elif not compound and before and gap > 2:
            start = positions.offset(positions.row(len(before)) + 2, 0)
            # Nothing but blank lines and removed statements stands between.
            gone = [edit for edit in self.edits if not edit.text and edit.span.end > start]
            start = min([start, *(edit.span.start for edit in gone)])
            self.edits = [edit for edit in self.edits if edit not in gone]
        self.edits.append(Edit(Span(start, span.end), text))

    def _remove(self, span: Span) -> None:
        """Take lines away: of the blank lines before and after them, the larger number stays."""
        positions, text = self._source.positions, self._source.utf8
        start, row_end = span
        end = row_end
        while end < len(text) and text[end : end + 1] in (b"\n", b"\r"):
            end += 1
        if end == len(text):
            row = positions.row(len(text[:start].rstrip()))
            start, row_end = min(start, positions.offset(row + 1, 0)), end
        before = text[:start]
        blank = before[len(before.rstrip()) :].count(b"\n") - 1
        self.edits.append(Edit(Span(start, end), "\n" * (text[row_end:end].count(b"\n") - max(blank, 0))))

    def append(self, lines: list[str]) -> None:
        """Put lines at the end of the file."""
        end = len(self._source.utf8)
        body = "\n".join(lines)
        touching = next((edit for edit in self.edits if edit.span.end == end), None)
        if touching is not None:
            self.edits.remove(touching)
            self.edits.append(Edit(touching.span, f"{touching.text.rstrip()}\n\n\n{body}\n"))
        else:
            tail = "" if self._source.utf8.endswith(b"\n") else "\n"
            self.edits.append(Edit(Span(end, end), f"{tail}\n\n{body}\n"))

    def _before(self, offset: int) -> tuple[bytes, int]:
        """The text that stays before an offset, without blank lines at its end, and the line ends after it."""
        text = self._source.utf8
        gap = 0
        while True:
            removed = next((edit for edit in self.edits if not edit.text and edit.span.end == offset), None)
            if removed is not None:
                offset = removed.span.start
            elif text[offset - 1 : offset] in (b"\n", b"\r", b" ", b"\t"):
                offset -= 1
                gap += text[offset : offset + 1] == b"\n"
            else:
                return text[:offset], gap


def spaced(lines: list[str]) -> list[str]:
    """No more than two blank lines in a row, and those between a value and the function after it."""
    found: list[str] = []
    for line in lines:
        before = found[-1] if found else ""
        if line.startswith(("@", "def ", "async def ")) and before and before[0] not in "@#) ":
            found += ["", ""]
        found.append(line)
    return [line for index, line in enumerate(found) if line or any(found[max(0, index - 2) : index]) or index < 2]


def _last_line_is_comment(before: bytes) -> bool:
    return before.rpartition(b"\n")[2].lstrip().startswith(b"#")
