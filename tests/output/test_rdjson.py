"""The Reviewdog Diagnostic Format as its protocol buffers define it; suggestions are applied as by a reviewer's click.

The definition: https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from offramp.editing.edits import apply
from offramp.model import Applicability, Finding
from offramp.output.layouts.rdjson import report as rdjson

from .conftest import ODD, TEXT, conversion, finding, outcome, safe_fix

pytestmark = pytest.mark.usefixtures("repository")

POSITION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
}
RANGE = {
    "type": "object",
    "required": ["start"],
    "additionalProperties": False,
    "properties": {"start": POSITION, "end": POSITION},
}
SOURCE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"name": {"type": "string"}, "url": {"type": "string"}},
}
SEVERITY = {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]}
SCHEMA = {
    "type": "object",
    "required": ["diagnostics"],
    "additionalProperties": False,
    "properties": {
        "source": SOURCE,
        "severity": SEVERITY,
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message", "location"],
                "additionalProperties": False,
                "properties": {
                    "message": {"type": "string"},
                    "location": {
                        "type": "object",
                        "required": ["path"],
                        "additionalProperties": False,
                        "properties": {"path": {"type": "string"}, "range": RANGE},
                    },
                    "severity": SEVERITY,
                    "source": SOURCE,
                    "code": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"value": {"type": "string"}, "url": {"type": "string"}},
                    },
                    "suggestions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["range", "text"],
                            "additionalProperties": False,
                            "properties": {"range": RANGE, "text": {"type": "string"}},
                        },
                    },
                },
            },
        },
    },
}


def diagnostics(*findings: Finding, text: str = TEXT) -> list[dict[str, Any]]:
    report = json.loads("".join(rdjson(outcome(*findings, text=text))))
    jsonschema.validate(report, SCHEMA)
    assert report["source"]["name"] == "offramp"
    found: list[dict[str, Any]] = report["diagnostics"]
    return found


def accepted(text: str, suggestion: dict[str, Any]) -> str:
    """The text after a click on the suggestion: lines and columns count from 1, columns in bytes."""
    lines = text.encode().splitlines(keepends=True)

    def offset(position: dict[str, int]) -> int:
        return sum(map(len, lines[: position["line"] - 1])) + position["column"] - 1

    start, end = offset(suggestion["range"]["start"]), offset(suggestion["range"]["end"])
    inserted: str = suggestion["text"]
    return text.encode()[:start].decode() + inserted + text.encode()[end:].decode()


def test_columns_are_bytes() -> None:
    (item,) = diagnostics(finding(TEXT, "Op"))
    assert item == {
        "message": "message",
        "location": {"path": ODD, "range": {"start": {"line": 2, "column": 14}, "end": {"line": 2, "column": 16}}},
        "severity": "ERROR",
        "code": {"value": "OFR101", "url": "https://offramp.readthedocs.io/rules/OFR101/"},
    }


def test_a_safe_fix_is_one_suggestion_with_the_files_line_ends() -> None:
    (item,) = diagnostics(finding(TEXT, "Op", fix=safe_fix(TEXT)))
    (suggestion,) = item["suggestions"]
    assert accepted(TEXT, suggestion) == "é = 1\r\nx = '𐐀' + Po([\r\n    y])\r\n"


def test_a_suggestion_does_what_the_fix_does() -> None:
    text = TEXT.replace("\r\n", "\n")
    fix = safe_fix(text)
    (item,) = diagnostics(finding(text, "Op", fix=fix), text=text)
    assert accepted(text, item["suggestions"][0]).encode() == apply(text.encode(), fix.edits)


def test_other_fixes_are_no_suggestions() -> None:
    unsafe = safe_fix(TEXT)._replace(applicability=Applicability.UNSAFE)
    shown = safe_fix(TEXT)._replace(applicability=Applicability.DISPLAY_ONLY)
    for fix in (unsafe, shown, conversion(TEXT)):
        (item,) = diagnostics(finding(TEXT, "Op", fix=fix))
        assert "suggestions" not in item


def test_nothing_found_is_an_empty_list() -> None:
    assert diagnostics() == []
