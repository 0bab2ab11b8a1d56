"""Findings as log commands of Azure Pipelines; see the package for the interface."""

from __future__ import annotations

import os
from collections.abc import Iterator

from offramp.output.locations import located
from offramp.output.log_commands import escaped
from offramp.output.outcome import Outcome

# `%` comes first: the others' replacements hold one.
_MESSAGE = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_MESSAGE, "]": "%5D", ";": "%3B"}


def report(outcome: Outcome) -> Iterator[str]:
    """One ``##vso[task.logissue]`` line for each problem and finding; paths are absolute."""
    for problem in outcome.problems:
        yield _command({"type": "error"}, problem)
    for item in located(outcome.found):
        place = item.place
        properties: dict[str, str | int] = {
            "type": "error",
            "sourcepath": item.file if item.file == "-" else os.path.abspath(item.file),
            "linenumber": place.row,
            "columnnumber": place.column,
            "code": item.finding.code,
        }
        yield _command(properties, item.message)


def _command(properties: dict[str, str | int], message: str) -> str:
    written = "".join(f"{name}={escaped(str(value), _PROPERTY)};" for name, value in properties.items())
    return f"##vso[task.logissue {written}]{escaped(message, _MESSAGE)}\n"
