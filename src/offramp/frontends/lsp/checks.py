"""Checks one text, with what the last one that could be parsed had; see the package for the layer rule."""

from __future__ import annotations

from bisect import bisect_left

from offramp.engine import check_bytes
from offramp.frontends.lsp.documents import Checked, Text
from offramp.frontends.lsp.folders import Folders
from offramp.model import FileResult, Finding, Span
from offramp.output.outcome import CANNOT_PARSE
from offramp.reading.source import readable
from offramp.record import NamedTuple


class Good(NamedTuple):
    """The last text of a document that could be parsed, and what was found in it."""

    raw: bytes
    findings: tuple[Finding, ...]


def check(text: Text, folders: Folders, good: Good | None) -> Checked:
    """Check a text; one that configuration leaves out has no findings."""
    context = folders.context(text.path)
    if folders.excluded(text.path):
        return Checked(text, context, FileResult(text.path, ()))
    result = check_bytes(text.path, text.raw, context)
    kept = carried(good, text.raw) if good is not None and is_broken(result) else ()
    accepted = folders.accepted(result._replace(findings=(*kept, *result.findings)))
    return Checked(text, context, result, kept, accepted)


def is_broken(result: FileResult) -> bool:
    """Return whether the text could not be parsed."""
    return any(finding.code == CANNOT_PARSE for finding in result.findings)


def carried(good: Good, raw: bytes) -> tuple[Finding, ...]:
    """The findings of an earlier text where they stand now; those in what was changed since are left out."""
    old, new = readable(good.raw), readable(raw)
    shortest = min(len(old), len(new))
    head = bisect_left(range(1, shortest + 1), True, key=lambda size: old[:size] != new[:size])
    tail = bisect_left(range(1, shortest - head + 1), True, key=lambda size: old[-size:] != new[-size:])
    grown = len(new) - len(old)

    def now(span: Span) -> Span | None:
        if span.end <= head:
            return span
        return Span(span.start + grown, span.end + grown) if span.start >= len(old) - tail else None

    kept = []
    for finding in good.findings:
        span, statement = now(finding.span), now(finding.statement)
        if span is not None:
            related = [one._replace(span=place) for one in finding.related if (place := now(one.span)) is not None]
            kept.append(finding._replace(span=span, statement=statement or span, related=tuple(related)))
    return tuple(kept)
