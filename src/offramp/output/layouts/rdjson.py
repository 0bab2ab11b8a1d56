"""Findings in the Reviewdog Diagnostic Format; may import reading and model."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.escapes import as_json
from offramp.model import Applicability, Fix, Span
from offramp.output import SITE, rule_url
from offramp.output.json_objects import json_array
from offramp.output.locations import Located, located
from offramp.output.outcome import Outcome
from offramp.reading.discover import printable
from offramp.reading.source import Positions, newline_of


def report(outcome: Outcome) -> Iterator[str]:
    """A JSON object; columns are bytes of UTF-8, as the format has them.

    A suggestion is what a reviewer's click applies: only safe fixes, whole, and none
    that takes a DAG out of Airflow.
    """
    result = {"source": {"name": "offramp", "url": SITE}, "severity": "ERROR", "diagnostics": []}
    opening, closing = as_json(result).rsplit("[]", 1)
    yield opening
    yield from json_array(map(_diagnostic, located(outcome.found)))
    yield f"{closing}\n"


def _diagnostic(item: Located) -> dict[str, object]:
    finding = item.finding
    diagnostic: dict[str, object] = {
        "message": item.message,
        "location": {"path": printable(item.path), "range": _range(finding.span, item.positions)},
        "severity": "ERROR",
        "code": {"value": finding.code, "url": rule_url(finding.code)},
    }
    fix = finding.fix
    if fix is not None and fix.applicability is Applicability.SAFE and fix.edits and not fix.flows:
        diagnostic["suggestions"] = [_suggestion(fix, item.positions)]
    return diagnostic


def _suggestion(fix: Fix, positions: Positions) -> dict[str, object]:
    """All edits as one, with the text between them: suggestions of one finding are accepted one by one."""
    edits = sorted(fix.edits, key=lambda edit: edit.span)
    newline = newline_of(positions.utf8)
    parts = []
    end = edits[0].span.start
    for edit in edits:
        parts += [positions.utf8[end : edit.span.start].decode(), edit.text.replace("\n", newline)]
        end = edit.span.end
    return {"range": _range(Span(edits[0].span.start, end), positions), "text": "".join(parts)}


def _range(span: Span, positions: Positions) -> dict[str, dict[str, int]]:
    return {"start": _position(span.start, positions), "end": _position(span.end, positions)}


def _position(offset: int, positions: Positions) -> dict[str, int]:
    row = positions.row(offset)
    return {"line": row, "column": offset - positions.offset(row, 0) + 1}
