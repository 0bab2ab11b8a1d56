"""Findings as an array of JSON; see the package for the interface."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.escapes import as_json
from offramp.output.json_objects import finding_objects
from offramp.output.outcome import Outcome


def report(outcome: Outcome) -> Iterator[str]:
    """The pieces of an array with one object per finding."""
    begin = "[\n  "
    for item in finding_objects(outcome.found, outcome.rules):
        # No string of JSON goes over lines.
        yield begin + as_json(item, indent=2, ascii_only=False).replace("\n", "\n  ")
        begin = ",\n  "
    yield "\n]\n" if begin == ",\n  " else "[]\n"
