"""Objects of JSON for findings, in the shape of ruff's, with offramp's refusals; imports reading and model only."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from offramp.escapes import as_json
from offramp.model import FileResult, Finding, Fix, Refusal, Rule, Span
from offramp.output import rule_url, well_formed
from offramp.reading.discover import printable
from offramp.reading.source import Positions


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


def finding_objects(results: Iterable[FileResult], rules: Mapping[str, Rule]) -> Iterator[dict[str, object]]:
    """An object for each finding, in the shape of ruff's; rows and columns from 1, columns in code points."""
    for result in results:
        filename = _filename(result.path)
        positions = Positions(result.text)
        shared = _Shared()
        for finding in result.findings:
            yield _finding(filename, finding, positions, rules[finding.code], shared)


def _filename(path: str) -> str:
    if path == "-":
        return path
    # A name that is not UTF-8 would become a lone surrogate, which JSON readers refuse.
    return printable(os.path.abspath(path))


class _Shared:
    """The refusals that findings of one file have in common: the tasks of a DAG are converted together or not at all.

    The first finding lists them all. A thousand tasks that each listed the reasons of all would take gigabytes.
    """

    def __init__(self) -> None:
        # By the identity of the refusals, of which there may be thousands.
        self._first: dict[int, tuple[Finding, list[tuple[int, int]]]] = {}

    def of(self, finding: Finding) -> tuple[Sequence[Refusal], Finding | None]:
        """The refusals that a finding lists, and the finding that lists all of them where it does not itself."""
        refusals = finding.refusals
        if not refusals:
            return (), None
        known = self._first.get(id(refusals))
        if known is None:
            starts = [(one.span.start, at) for at, one in enumerate(refusals) if one.span is not None]
            self._first[id(refusals)] = finding, sorted(starts)
            return refusals, None
        first, starts = known
        start, end = finding.statement
        inside = starts[bisect_left(starts, (start, 0)) : bisect_left(starts, (end, 0))]
        return [refusals[at] for at in sorted(at for _, at in inside)], first


def _finding(filename: str, finding: Finding, positions: Positions, rule: Rule, shared: _Shared) -> dict[str, object]:
    refusals, first = shared.of(finding)
    return {
        "code": finding.code,
        "name": rule.name,
        "message": well_formed(finding.message),
        "filename": filename,
        "location": _location(finding.span.start, positions),
        "end_location": _location(finding.span.end, positions),
        "url": rule_url(finding.code),
        "fix": _fix(finding.fix, positions),
        "refusals": [_refusal(refusal, positions) for refusal in refusals],
        "refused_with": None
        if first is None
        else {"code": first.code, "location": _location(first.span.start, positions)},
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
