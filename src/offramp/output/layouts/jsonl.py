"""Findings as lines of JSON; see the package for the interface."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.escapes import as_json
from offramp.output.json_objects import finding_objects
from offramp.output.outcome import Outcome


def report(outcome: Outcome) -> Iterator[str]:
    """The objects of the layout ``json``, each on a line of its own."""
    for item in finding_objects(outcome.found, outcome.rules):
        yield f"{as_json(item)}\n"
