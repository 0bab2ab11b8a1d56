"""The JSON report: ruff's shape (which its own output is held to here too), with refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema

from offramp.model import Applicability, Edit, FileResult, Finding, Fix, Refusal, Rule, Span
from offramp.output.layouts.json import report
from offramp.output.outcome import Outcome

LOCATION = {
    "type": "object",
    "required": ["row", "column"],
    "properties": {"row": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}
# What a reader of ruff's report may rely on.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": [
            "code", "name", "message", "filename", "location", "end_location", "url", "fix", "noqa_row",
        ],
        "properties": {
            "code": {"type": "string"},
            "name": {"type": "string"},
            "message": {"type": "string"},
            "filename": {"type": "string"},
            "location": LOCATION,
            "end_location": LOCATION,
            "url": {"type": "string", "pattern": "^https://"},
            "noqa_row": {"type": "integer", "minimum": 1},
            "fix": {
                "anyOf": [
                    {"type": "null"},
                    {
                        "type": "object",
                        "required": ["applicability", "message", "edits"],
                        "properties": {
                            "applicability": {"enum": ["safe", "unsafe", "display-only"]},
                            "edits": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["content", "location", "end_location"],
                                    "properties": {"location": LOCATION, "end_location": LOCATION},
                                },
                            },
                        },
                    },
                ]
            },
        },
    },
}  # fmt: skip

RULES = {"OFR101": Rule("OFR101", "run-job", "stable", "0.1.0", True, "", "", "run-job")}


def objects(result: FileResult) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads("".join(report(Outcome([result], RULES, ""))))
    jsonschema.validate(loaded, SCHEMA)
    return loaded


def test_ruff_itself_keeps_to_the_schema(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("import os\nx = unknown\n")
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "--output-format", "json", str(source)],
        capture_output=True,
        check=False,
    )
    found = json.loads(run.stdout)
    assert [item["code"] for item in found] == ["F401", "F821"]
    jsonschema.validate(found, SCHEMA)


def test_places_are_rows_and_code_points_and_noqa_goes_to_the_last_line() -> None:
    text = "é = Op(\n    x,\n)\n"
    raw = text.encode()
    finding = Finding("OFR101", Span(5, 7), Span(0, len(raw) - 1), "message", "")
    (item,) = objects(FileResult("a.py", (finding,), raw))
    assert item["location"] == {"row": 1, "column": 5}
    assert item["end_location"] == {"row": 1, "column": 7}
    assert item["noqa_row"] == 3
    assert item["filename"] == os.path.abspath("a.py")
    assert (item["code"], item["name"], item["message"]) == ("OFR101", "run-job", "message")
    assert item["fix"] is None
    assert item["refusals"] == []


def test_a_fix_and_a_refusal_carry_their_reasons() -> None:
    fix = Fix("Wait for the run", (Edit(Span(0, 2), "Po"),), Applicability.UNSAFE, "the task then lasts longer")
    refusals = (Refusal("no note covers `X`", Span(3, 4)), Refusal("two DAGs"))
    raw = b"Op X\n"
    (item,) = objects(FileResult("a.py", (Finding("OFR101", Span(0, 2), Span(0, 4), "m", "", fix, refusals),), raw))
    assert item["fix"] == {
        "applicability": "unsafe",
        "message": "Wait for the run",
        "reason": "the task then lasts longer",
        "edits": [
            {"content": "Po", "location": {"row": 1, "column": 1}, "end_location": {"row": 1, "column": 3}},
        ],
    }
    assert item["refusals"] == [
        {
            "reason": "no note covers `X`",
            "place": {"location": {"row": 1, "column": 4}, "end_location": {"row": 1, "column": 5}},
        },
        {"reason": "two DAGs", "place": None},
    ]


def test_what_findings_share_is_listed_once_and_what_is_their_own_with_each() -> None:
    raw = b"A()\nB()\nC()\n"
    shared = (Refusal("all"), Refusal("b", Span(4, 5)), Refusal("other b", Span(5, 6)), Refusal("c", Span(8, 9)))
    findings = [Finding("OFR101", Span(at, at + 1), Span(at, at + 3), "m", "", None, shared) for at in (0, 4, 8)]
    alone = Finding("OFR101", Span(8, 9), Span(8, 11), "m", "", None, (Refusal("d", Span(8, 9)),))
    found = objects(FileResult("a.py", (*findings, alone), raw))
    assert [[one["reason"] for one in item["refusals"]] for item in found] == [
        ["all", "b", "other b", "c"],
        ["b", "other b"],
        ["c"],
        ["d"],
    ]
    first = {"code": "OFR101", "location": {"row": 1, "column": 1}}
    assert [item["refused_with"] for item in found] == [None, first, first, None]


def test_a_report_grows_with_its_findings() -> None:
    def length(count: int) -> int:
        raw = b"A()\n" * count
        shared = tuple(Refusal("why", Span(4 * at, 4 * at + 1)) for at in range(count))
        findings = [
            Finding("OFR101", one.span or Span(0, 0), one.span or Span(0, 0), "m", "", None, shared) for one in shared
        ]
        pieces = list(report(Outcome([FileResult("a.py", tuple(findings), raw)], RULES, "")))
        assert len(pieces) == count + 1
        return sum(map(len, pieces))

    assert length(400) < 2.2 * length(200)


def test_a_file_name_that_is_not_utf8_gives_json_that_any_reader_takes() -> None:
    finding = Finding("OFR101", Span(0, 1), Span(0, 1), "m", "")
    written = "".join(report(Outcome([FileResult("caf\udce9.py", (finding,), b"x\n")], RULES, "")))
    written.encode("utf-8")
    assert json.loads(written)[0]["filename"].endswith("caf\\xe9.py")


def test_stdin_keeps_its_dash() -> None:
    finding = Finding("OFR101", Span(0, 1), Span(0, 1), "m", "")
    assert objects(FileResult("-", (finding,), b"x\n"))[0]["filename"] == "-"
