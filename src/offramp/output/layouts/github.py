"""Findings as log commands of GitHub Actions; see the package for the interface."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.output.locations import located
from offramp.output.log_commands import escaped
from offramp.output.outcome import Outcome

# `%` comes first: the others' replacements hold one.
_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_MESSAGE, ":": "%3A", ",": "%2C"}


def report(outcome: Outcome) -> Iterator[str]:
    """One ``::error`` line for each problem and finding; paths are relative to the repository."""
    for problem in outcome.problems:
        yield _command({"title": "offramp"}, problem)
    for item in located(outcome.found):
        place = item.place
        path = item.path
        properties: dict[str, str | int] = {
            "title": f"offramp ({item.finding.code})",
            "file": path,
            "line": place.row,
            "endLine": place.end_row,
            "col": place.column,
        }
        # GitHub takes columns for what stands on one line only.
        if place.end_row == place.row:
            properties["endColumn"] = place.end_column
        yield _command(properties, f"{path}:{place.row}:{place.column}: {item.finding.code} {item.message}")


def _command(properties: dict[str, str | int], message: str) -> str:
    written = ",".join(f"{name}={escaped(str(value), _PROPERTY)}" for name, value in properties.items())
    return f"::error {written}::{escaped(message, _MESSAGE)}\n"
