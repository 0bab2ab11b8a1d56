"""Takes away the findings that a comment suppresses, and reports the comments that do not do what they say.

May import ``reading``, ``settings`` and ``model``.

A file that cannot be parsed has no comments that could be told from strings, so OFR901
is not suppressed by any, as in ruff; ``exclude`` and ``per-file-ignores`` are for that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from offramp.finding.comments import OUR_CODE, Comment, comments, marked, read
from offramp.finding.trap import trap_named
from offramp.model import Finding, Rule, Span
from offramp.reading.source import Source

UNUSED = "OFR902"


def suppress(
    source: Source,
    findings: Sequence[Finding],
    *,
    rules: Mapping[str, Rule],
    enabled: Collection[str],
    disable_noqa: bool = False,
) -> list[Finding]:
    """The findings that no comment suppresses, and OFR902 for unused and wrong codes, in order of place.

    ``# noqa``, ``# noqa: CODES``, ``# offramp: ignore`` and ``# offramp: ignore[CODES]``
    count on the first and last line of a finding's statement and on the line of its
    span; ``# flake8: noqa``, ``# flake8: noqa: CODES`` and ``# offramp: skip-file``
    count everywhere when they stand on a line of their own. An OFR code that is
    written out, ``enabled`` and suppresses nothing gives OFR902, where that is enabled
    too; so does one that no rule has, and a comment of a form that is none of these. With
    ``disable_noqa`` no comment counts.
    """
    reports = UNUSED in enabled
    if disable_noqa or not (findings or reports) or not _may_matter(source, findings, reports=reports):
        return list(findings)
    found = list(comments(source))
    if not found:
        return list(findings)
    if any(comment.row == 0 and comment.valid and not comment.codes for comment in found):
        return _reported(rules, trap_named("unused-suppression").faults(found, rules)) if reports else []
    kept = []
    used: set[Span] = set()
    for finding in findings:
        covering = _covering(source, finding, found)
        used.update(span for comment in covering for listed, span in comment.codes if finding.code.startswith(listed))
        if not covering:
            kept.append(finding)
    if reports:
        trap = trap_named("unused-suppression")
        active = frozenset(code for code in enabled if code != UNUSED)
        wrong = _reported(rules, [*trap.unused(found, used, active), *trap.faults(found, rules)])
        kept += [finding for finding in wrong if not _covering(source, finding, found, by_name=True)]
    return sorted(kept, key=lambda finding: (finding.span, finding.code))


def rows_of(source: Source, finding: Finding) -> tuple[int, ...]:
    """The rows on which a comment suppresses a finding: of its span, and where its statement ends and begins."""
    return _rows(source, finding.span, finding.statement)


def _rows(source: Source, span: Span, statement: Span) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(source.positions.row, (span.start, statement.end, statement.start))))


def ignored_with_reason(source: Source, code: str, span: Span, statement: Span) -> str:
    """The reason that ``# offramp: ignore[CODES] reason`` gives for a code, on a line where it suppresses a finding.

    The code has to be written out. Empty where no such comment stands there or none gives a reason: only a
    reason makes a decision of a suppression. ``span`` and ``statement`` are those of a finding.
    """
    reasons = _reasons(source)
    return next((reasons[row, code] for row in _rows(source, span, statement) if (row, code) in reasons), "")


@lru_cache(maxsize=1)
def _reasons(source: Source) -> dict[tuple[int, str], str]:
    """The reasons that comments give, by row and code; kept for the tasks of one file."""
    return {
        (comment.row, code): comment.reason
        for comment in suppressions(source)
        for code, _ in comment.codes
        if comment.reason
    }


def _may_matter(source: Source, findings: Sequence[Finding], *, reports: bool) -> bool:
    """Return whether what reads like a comment would change the findings; telling comments from strings is slow."""
    codes = {finding.code for finding in findings}
    rows: set[int] | None = None
    for row in sorted(marked(source)):
        line = source.positions.line(row)
        for sign in re.finditer("#", line):
            for comment in read(line[sign.start() :], row, alone=True):
                named = tuple(code for code, _ in comment.codes)
                if reports and (
                    comment.fault or (comment.own and named) or any(re.match(OUR_CODE, one) for one in named)
                ):
                    return True
                if not comment.valid or (named and not any(code.startswith(named) for code in codes)):
                    continue
                if rows is None:
                    rows = {row for finding in findings for row in rows_of(source, finding)}
                if row in rows or not comment.row:
                    return True
    return False


def _covering(source: Source, finding: Finding, found: Iterable[Comment], *, by_name: bool = False) -> list[Comment]:
    rows = {0, *rows_of(source, finding)}
    return [
        comment
        for comment in found
        if comment.row in rows and comment.covers(finding.code) and (comment.codes or not by_name)
    ]


def _reported(rules: Mapping[str, Rule], complaints: Iterable[tuple[Span, Comment, str]]) -> list[Finding]:
    """The findings on comments, each of which stands at a span and says a sentence."""
    messages = [(span, comment, rules[UNUSED].message.format(sentence=told)) for span, comment, told in complaints]
    return [
        Finding(UNUSED, span, comment.span, message, f"{crc32(message.encode()):08x}")
        for span, comment, message in messages
    ]


def suppressions(source: Source) -> Iterator[Comment]:
    """Every comment of a file that suppresses something."""
    return (comment for comment in comments(source) if comment.valid)
