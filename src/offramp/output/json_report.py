"""Findings as JSON in the shape of ruff's, with offramp's refusals; imports reading and model only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from offramp.escapes import as_json
from offramp.model import FileResult, Finding, Fix, Refusal, Rule, Span
from offramp.output import rule_url, well_formed
from offramp.reading.discover import printable
from offramp.reading.source import Positions


def report(results: Iterable[FileResult], rules: Mapping[str, Rule]) -> str:
    """A JSON array with one object per finding; rows and columns from 1, columns in code points."""
    return as_json(list(_findings(results, rules)), indent=2, ascii_only=False)


def report_lines(results: Iterable[FileResult], rules: Mapping[str, Rule]) -> Iterator[str]:
    """The same objects, each on a line of its own."""
    for item in _findings(results, rules):
        yield f"{as_json(item)}\n"


def json_array(items: Iterable[object]) -> Iterator[str]:
    """The pieces of a JSON array, an item on each line, made one by one: there may be very many."""
    begin = "[\n"
    for item in items:
        yield begin + as_json(item)
        begin = ",\n"
    yield "\n]" if begin == ",\n" else "[]"


def statistics_report(statistics: Iterable[tuple[int, str, str]]) -> str:
    """A JSON array with the count, code and name of every rule found."""
    return as_json([{"code": code, "name": name, "count": count} for count, code, name in statistics], indent=2)


def _findings(results: Iterable[FileResult], rules: Mapping[str, Rule]) -> Iterator[dict[str, object]]:
    for result in results:
        filename = _filename(result.path)
        positions = Positions(result.text)
        for finding in result.findings:
            yield _finding(filename, finding, positions, rules[finding.code])


def _filename(path: str) -> str:
    if path == "-":
        return path
    # A name that is not UTF-8 would become a lone surrogate, which JSON readers refuse.
    return printable(os.path.abspath(path))


def _finding(filename: str, finding: Finding, positions: Positions, rule: Rule) -> dict[str, object]:
    return {
        "code": finding.code,
        "name": rule.name,
        "message": well_formed(finding.message),
        "filename": filename,
        "location": _location(finding.span.start, positions),
        "end_location": _location(finding.span.end, positions),
        "url": rule_url(finding.code),
        "fix": _fix(finding.fix, positions),
        "refusals": [_refusal(refusal, positions) for refusal in finding.refusals],
        "noqa_row": positions.row(finding.statement.end),
    }


def _location(offset: int, positions: Positions) -> dict[str, int]:
    row, column = positions.location(offset)
    return {"row": row, "column": column}


def _between(span: Span, positions: Positions) -> dict[str, dict[str, int]]:
    return {"location": _location(span.start, positions), "end_location": _location(span.end, positions)}


def _fix(fix: Fix | None, positions: Positions) -> dict[str, object] | None:
    if fix is None:
        return None
    return {
        "applicability": fix.applicability.value,
        "message": fix.title,
        "reason": fix.reason,
        "edits": [{"content": edit.text, **_between(edit.span, positions)} for edit in fix.edits],
    }


def _refusal(refusal: Refusal, positions: Positions) -> dict[str, object]:
    place = None if refusal.span is None else _between(refusal.span, positions)
    return {"reason": refusal.reason, "place": place}
