"""The Code Quality report against what GitLab documents: https://docs.gitlab.com/ci/testing/code_quality/."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from offramp.model import FileResult, Finding
from offramp.output.layouts.gitlab import report as gitlab

from .conftest import ODD, TEXT, finding, outcome

pytestmark = pytest.mark.usefixtures("repository")

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer"}, "end": {"type": "integer"}},
                    },
                },
            },
        },
    },
}


def report(*findings: Finding, text: str = TEXT, path: str = ODD) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads("".join(gitlab(outcome(*findings, text=text, path=path))))
    jsonschema.validate(items, SCHEMA)
    return items


def test_nothing_found_is_an_empty_report() -> None:
    assert "".join(gitlab(outcome())) == "[]\n"


def test_a_finding() -> None:
    (item,) = report(finding(TEXT, "Op"))
    assert item.pop("fingerprint")
    assert item == {
        "description": "OFR101 message",
        "check_name": "OFR101",
        "severity": "major",
        "location": {"path": ODD, "lines": {"begin": 2, "end": 2}},
    }


def test_fingerprints_differ_within_a_run_and_outlive_moved_lines() -> None:
    text = "Op(1)\nOp(1)\nimport airflow\n"
    twice = finding(text, "Op(1)")
    third = finding(text, "airflow", "OFR301")
    before = [item["fingerprint"] for item in report(twice, twice, third, text=text)]
    moved = "# a comment\n\n" + text
    after = report(*[finding(moved, "Op(1)")] * 2, finding(moved, "airflow", "OFR301"), text=moved)
    assert len(set(before)) == 3
    assert [item["fingerprint"] for item in after] == before
    assert before[0] not in {item["fingerprint"] for item in report(twice, text=text, path="other.py")}


def test_a_file_outside_of_the_repository_keeps_its_absolute_path() -> None:
    (item,) = report(finding("Op\n", "Op"), text="Op\n", path="/elsewhere/a.py")
    assert item["location"]["path"] == "/elsewhere/a.py"


def test_results_of_several_files_stay_apart() -> None:
    results = [FileResult(name, (finding("Op\n", "Op"),), b"Op\n") for name in ("a.py", "b.py")]
    items = json.loads("".join(gitlab(outcome()._replace(found=results))))
    assert [item["location"]["path"] for item in items] == ["a.py", "b.py"]
    assert items[0]["fingerprint"] != items[1]["fingerprint"]
