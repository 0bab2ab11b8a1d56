"""Findings as a GitLab Code Quality report; may import reading and model."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.output.json_objects import json_array
from offramp.output.locations import Located, identity, located
from offramp.output.outcome import Outcome
from offramp.reading.discover import printable


def report(outcome: Outcome) -> Iterator[str]:
    """A JSON array with one object per finding; fingerprints stay the same when lines move."""
    yield from json_array(map(_finding, located(outcome.found)))
    yield "\n"


def _finding(item: Located) -> dict[str, object]:
    place = item.place
    return {
        "description": f"{item.finding.code} {item.message}",
        "check_name": item.finding.code,
        "fingerprint": identity(item.entry),
        "severity": "major",
        "location": {"path": printable(item.path), "lines": {"begin": place.row, "end": place.end_row}},
    }
