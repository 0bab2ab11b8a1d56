"""Takes away the findings that a comment suppresses, and reports the comments that suppress nothing.

May import ``reading``, ``settings`` and ``model``.

A file that cannot be parsed has no comments that could be told from strings, so OFR901
is not suppressed by any, as in ruff; ``exclude`` and ``per-file-ignores`` are for that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from offramp.model import Finding, Rule, Span
from offramp.reading.source import Source
from offramp.record import NamedTuple

UNUSED = "OFR902"

_CODE = r"[A-Z]+[0-9]+"
# Patterns are compiled when first used: few files have a comment that they are for.
_MARKS = (b"noqa", b"offramp")
_MARKED = rb"(?i)#[^\r\n]*(?:noqa|offramp)"
# What stands after the codes is the reason. As for flake8, something else than codes after the colon makes
# it a `noqa` for everything, and a code stands for all that begin with it.
_NOQA = rf"(?i)#\s*noqa(?:\s*:\s*(?P<codes>{_CODE}(?:[,\s]*{_CODE})*))?"
_IGNORE = r"(?i)#\s*offramp:\s*ignore(?:\[(?P<codes>[^\]]*)\]|(?![\w\[-]))"
_WHOLE_FILE = (
    rf"(?i)#\s*flake8\s*[:=]\s*noqa(?:\s*:\s*(?P<codes>{_CODE}(?:[,\s]*{_CODE})*))?"
    r"|#\s*offramp:\s*skip-file(?![\w-])"
)


# Where another comment begins behind a reason, and what may set the reason off from the codes.
_NEXT_COMMENT = r"(?:^|\s)#\s*(?=[A-Za-z])"
_SET_OFF = " \t:;,.-\u2013\u2014"


class Comment(NamedTuple):
    """One suppression; ``row`` 0 stands for the whole file, no ``codes`` for every code; else each has its span.

    ``reason`` is what ``# offramp: ignore[CODES]`` says after its codes; in other forms it means nothing.
    """

    row: int
    span: Span
    codes: tuple[tuple[str, Span], ...]
    reason: str = ""

    def covers(self, code: str) -> bool:
        """Whether it suppresses findings of a rule."""
        return not self.codes or any(code.startswith(listed) for listed, _ in self.codes)


def suppress(
    source: Source,
    findings: Sequence[Finding],
    *,
    rules: Mapping[str, Rule],
    enabled: Collection[str],
    disable_noqa: bool = False,
) -> list[Finding]:
    """The findings that no comment suppresses, and OFR902 for unused codes, in order of place.

    ``# noqa``, ``# noqa: CODES``, ``# offramp: ignore`` and ``# offramp: ignore[CODES]``
    count on the first and last line of a finding's statement and on the line of its
    span; ``# flake8: noqa``, ``# flake8: noqa: CODES`` and ``# offramp: skip-file``
    count everywhere when they stand on a line of their own. An OFR code that is
    written out, ``enabled`` and suppresses nothing gives OFR902, where that is enabled
    too. With ``disable_noqa`` no comment counts.
    """
    reports = UNUSED in enabled and b"OFR" in source.utf8
    if disable_noqa or not (findings or reports) or not _may_matter(source, findings, reports=reports):
        return list(findings)
    comments = list(suppressions(source))
    if not comments:
        return list(findings)
    if any(comment.row == 0 and not comment.codes for comment in comments):
        return []
    kept = []
    used: set[Span] = set()
    for finding in findings:
        covering = _covering(source, finding, comments)
        used.update(span for comment in covering for listed, span in comment.codes if finding.code.startswith(listed))
        if not covering:
            kept.append(finding)
    if reports:
        unused = _unused(comments, used, rules[UNUSED], enabled)
        kept += [finding for finding in unused if not _covering(source, finding, comments, by_name=True)]
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
    """Whether something that reads like a comment would change the findings; telling comments from strings is slow."""
    codes = {finding.code for finding in findings}
    rows: set[int] | None = None
    for row in sorted(_marked(source)):
        line = source.positions.line(row)
        for sign in re.finditer("#", line):
            for pattern in (_NOQA, _IGNORE, _WHOLE_FILE):
                match = re.compile(pattern).match(line, sign.start())
                if match is None:
                    continue
                listed = match.groupdict().get("codes")
                if listed is not None and reports and "OFR" in listed:
                    return True
                if listed is not None and not any(
                    code.startswith(tuple(re.split(r"[,\s]+", listed))) for code in codes
                ):
                    continue
                if rows is None:
                    rows = {row for finding in findings for row in rows_of(source, finding)}
                if row in rows or pattern is _WHOLE_FILE:
                    return True
    return False


def _marked(source: Source) -> set[int]:
    """The rows that have what reads like the mark of a comment."""
    lower = source.utf8.lower()
    if not any(mark in lower for mark in _MARKS):
        return set()
    return {source.positions.row(match.start()) for match in re.finditer(_MARKED, source.utf8)}


def _covering(source: Source, finding: Finding, comments: Iterable[Comment], *, by_name: bool = False) -> list[Comment]:
    rows = {0, *rows_of(source, finding)}
    return [
        comment
        for comment in comments
        if comment.row in rows and comment.covers(finding.code) and (comment.codes or not by_name)
    ]


def _unused(
    comments: Iterable[Comment], used: Collection[Span], rule: Rule, enabled: Collection[str]
) -> Iterator[Finding]:
    for comment in comments:
        for code, span in comment.codes:
            if code in enabled and code != UNUSED and re.fullmatch("OFR[0-9]{3}", code) and span not in used:
                message = rule.message.format(codes=code)
                yield Finding(UNUSED, span, comment.span, message, f"{crc32(message.encode()):08x}")


def suppressions(source: Source) -> Iterator[Comment]:
    """Every comment of a file that suppresses something."""
    for row, column, comment, alone in _comments(source):
        start = source.positions.offset(row, column)

        def span(first: int, last: int, start: int = start, comment: str = comment) -> Span:
            return Span(start + len(comment[:first].encode()), start + len(comment[:last].encode()))

        found = [(0, match)] if alone and (match := re.match(_WHOLE_FILE, comment)) else []
        found += [(row, match) for pattern in (_NOQA, _IGNORE) for match in re.finditer(pattern, comment)]
        for where, match in found:
            listed = match.groupdict().get("codes")
            codes: tuple[tuple[str, Span], ...] = ()
            if listed is not None:
                first = match.start("codes")
                codes = tuple(
                    (code[0], span(first + code.start(), first + code.end()))
                    for code in re.finditer(r"[^,\s]+", listed)
                )
                if not codes:
                    continue
            reason = ""
            if codes and match.re.pattern == _IGNORE:
                reason = re.split(_NEXT_COMMENT, comment[match.end() :])[0].lstrip(_SET_OFF).rstrip()
            yield Comment(where, span(match.start(), match.end()), codes, reason)


def _comments(source: Source) -> Iterator[tuple[int, int, str, bool]]:
    """Row, byte column, text, and whether nothing else stands on the line, of each comment with a mark.

    Strings are told from comments by the tokenizer, which is imported only here.
    """
    marked = _marked(source)
    if not marked:
        return
    import tokenize

    last = max(marked)
    lines = (source.positions.line(row) + "\n" for row in range(1, source.positions.rows() + 1))
    try:
        for token in tokenize.generate_tokens(lambda: next(lines, "")):
            row, column = token.start
            if token.type == tokenize.COMMENT and row in marked:
                before = source.positions.line(row)[:column]
                yield row, len(before.encode()), token.string, not before.strip()
            if row > last:
                return
    except (tokenize.TokenError, SyntaxError):
        # CPython parsed this text: where only its tokenizer module stumbles, the comments so far count.
        return
