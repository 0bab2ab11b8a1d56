"""The comment that suppresses one finding."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.suppress import rows_of, suppressions
from offramp.model import Edit, Finding, Span
from offramp.reading.source import Source, SourceError


def noqa(source: Source, finding: Finding) -> Edit | None:
    """The edit that suppresses a finding by a comment; None where no line of it can take one.

    A comment that suppresses other codes there already takes this one too.
    """
    return next((edit for edit in _edits(source, finding) if _only_comments(source, edit)), None)


def _edits(source: Source, finding: Finding) -> Iterator[Edit]:
    rows = rows_of(source, finding)
    for comment in suppressions(source):
        if comment.row in rows and comment.codes:
            last = comment.codes[-1][1].end
            yield Edit(Span(last, last), f", {finding.code}")
    for row in rows:
        line = source.positions.line(row).encode("utf-8", "surrogatepass")
        begin = source.positions.offset(row, 0)
        yield Edit(Span(begin + len(line.rstrip()), begin + len(line)), f"  # noqa: {finding.code}")


def _only_comments(source: Source, edit: Edit) -> bool:
    """Return whether the code stays the same: a string, or a line that a backslash continues, takes no comment."""
    changed = source.utf8[: edit.span.start] + edit.text.encode() + source.utf8[edit.span.end :]
    try:
        after = Source(source.path, source.encoded(changed))
    except SourceError:
        return False
    return ast.dump(after.tree) == ast.dump(source.tree)
