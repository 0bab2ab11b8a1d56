"""Findings as the log commands of GitHub Actions and Azure Pipelines; may import reading and model."""

from __future__ import annotations

import os
from collections.abc import Iterator

from offramp.escapes import visible
from offramp.output.locations import located
from offramp.output.outcome import Outcome

# `%` comes first: the others' replacements hold one.
_GITHUB_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_GITHUB_PROPERTY = {**_GITHUB_MESSAGE, ":": "%3A", ",": "%2C"}
_AZURE_MESSAGE = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_AZURE_PROPERTY = {**_AZURE_MESSAGE, "]": "%5D", ";": "%3B"}


def github(outcome: Outcome) -> Iterator[str]:
    """One ``::error`` line for each problem and finding; paths are relative to the repository."""
    for problem in outcome.problems:
        yield _github({"title": "offramp"}, problem)
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
        yield _github(properties, f"{path}:{place.row}:{place.column}: {item.finding.code} {item.message}")


def azure(outcome: Outcome) -> Iterator[str]:
    """One ``##vso[task.logissue]`` line for each problem and finding; paths are absolute."""
    for problem in outcome.problems:
        yield _azure({"type": "error"}, problem)
    for item in located(outcome.found):
        place = item.place
        properties: dict[str, str | int] = {
            "type": "error",
            "sourcepath": item.file if item.file == "-" else os.path.abspath(item.file),
            "linenumber": place.row,
            "columnnumber": place.column,
            "code": item.finding.code,
        }
        yield _azure(properties, item.message)


def _github(properties: dict[str, str | int], message: str) -> str:
    written = ",".join(f"{name}={_escaped(str(value), _GITHUB_PROPERTY)}" for name, value in properties.items())
    return f"::error {written}::{_escaped(message, _GITHUB_MESSAGE)}\n"


def _azure(properties: dict[str, str | int], message: str) -> str:
    written = "".join(f"{name}={_escaped(str(value), _AZURE_PROPERTY)};" for name, value in properties.items())
    return f"##vso[task.logissue {written}]{_escaped(message, _AZURE_MESSAGE)}\n"


def _escaped(text: str, replacements: dict[str, str]) -> str:
    text = visible(text, kept="\r\n")
    for character, replacement in replacements.items():
        text = text.replace(character, replacement)
    return text
