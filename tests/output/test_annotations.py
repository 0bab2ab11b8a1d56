"""Log commands for GitHub Actions and Azure Pipelines, taken apart as their runners do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from offramp.output.layouts.azure import report as azure
from offramp.output.layouts.github import report as github

from .conftest import ODD, finding, outcome

pytestmark = pytest.mark.usefixtures("repository")

# What the runners put back, in their order: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
# and https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Microsoft.VisualStudio.Services.Agent/Command.cs
GITHUB_MESSAGE = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
GITHUB_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
AZURE_MESSAGE = (("%0D", "\r"), ("%0A", "\n"), ("%AZP25", "%"))
AZURE_PROPERTY = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%"))

MESSAGES = [
    "plain",
    "100 % sure",
    "%0A is no line end",
    "a\r\nb",
    "a: b, c; d]",
    "%25",
    "é 𐐀",
]


def unescaped(text: str, replacements: tuple[tuple[str, str], ...]) -> str:
    for written, meant in replacements:
        text = text.replace(written, meant)
    return text


def read_github(line: str) -> tuple[dict[str, str], str]:
    match = re.fullmatch(r"::error (.*?)::(.*)\n", line)
    assert match
    properties = dict(item.split("=", 1) for item in match[1].split(","))
    return {name: unescaped(value, GITHUB_PROPERTY) for name, value in properties.items()}, unescaped(
        match[2], GITHUB_MESSAGE
    )


def read_azure(line: str) -> tuple[dict[str, str], str]:
    match = re.fullmatch(r"##vso\[task\.logissue ([^]]*)\](.*)\n", line)
    assert match
    properties = dict(item.split("=", 1) for item in match[1].split(";") if item)
    return {name: unescaped(value, AZURE_PROPERTY) for name, value in properties.items()}, unescaped(
        match[2], AZURE_MESSAGE
    )


def test_github_gets_a_place_in_code_points_and_a_path_from_the_root(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "below").mkdir()
    monkeypatch.chdir(repository / "below")
    text = "é = 1\r\nx = '𐐀' + Op(y)\r\n"
    (line,) = github(outcome(finding(text, "Op"), text=text))
    properties, message = read_github(line)
    assert properties == {
        "title": "offramp (OFR101)",
        "file": f"below/{ODD}",
        "line": "2",
        "endLine": "2",
        "col": "11",
        "endColumn": "13",
    }
    assert message == f"below/{ODD}:2:11: OFR101 message"


def test_github_gets_no_end_column_across_lines() -> None:
    (line,) = github(outcome(finding("f(\n)\n", "f(\n)"), text="f(\n)\n"))
    properties, _ = read_github(line)
    assert (properties["line"], properties["endLine"], "endColumn" in properties) == ("1", "2", False)


def test_azure_gets_an_absolute_path(repository: Path) -> None:
    (line,) = azure(outcome(finding("Op\n", "Op"), text="Op\n"))
    properties, message = read_azure(line)
    assert properties == {
        "type": "error",
        "sourcepath": str(repository / ODD),
        "linenumber": "1",
        "columnnumber": "1",
        "code": "OFR101",
    }
    assert message == "message"


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_is_one_line_and_comes_back(message: str) -> None:
    found = outcome(finding("Op\n", "Op", message=message), text="Op\n")
    (github_line,) = github(found)
    assert read_github(github_line)[1] == f"{ODD}:1:1: OFR101 {message}"
    (azure_line,) = azure(found)
    assert read_azure(azure_line)[1] == message


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("::error::x", ":\\x3aerror::x"),
        ("a ::add-mask::x", "a :\\x3aadd-mask::x"),
        ("##vso[x]", "#\\x23vso[x]"),
        ("a\x1b[1m\x9b\u202e", "a␛[1m\\x9b\\u202e"),
    ],
)
def test_what_a_service_or_a_terminal_would_act_on_is_shown(message: str, shown: str) -> None:
    found = outcome(finding("Op\n", "Op", message=message), text="Op\n")
    (github_line,) = github(found)
    assert read_github(github_line)[1] == f"{ODD}:1:1: OFR101 {shown}"
    (azure_line,) = azure(found)
    assert read_azure(azure_line)[1] == shown


@pytest.mark.parametrize(
    ("message", "for_github", "for_azure"),
    [
        ("50%", "50%25", "50%AZP25"),
        ("a\nb", "a%0Ab", "a%0Ab"),
        ("a\rb", "a%0Db", "a%0Db"),
        ("%0A", "%250A", "%AZP250A"),
        ("a: b, c]; d", "a: b, c]; d", "a: b, c]; d"),
    ],
)
def test_the_escapes_are_those_of_the_documentation(message: str, for_github: str, for_azure: str) -> None:
    found = outcome(problems=(message,))
    assert list(github(found)) == [f"::error title=offramp::{for_github}\n"]
    assert list(azure(found)) == [f"##vso[task.logissue type=error;]{for_azure}\n"]


def test_names_that_are_not_utf8_and_stdin() -> None:
    (line,) = github(outcome(finding("Op\n", "Op"), path=os.fsdecode(b"caf\xe9.py"), text="Op\n"))
    assert read_github(line)[0]["file"] == "caf\\xe9.py"
    (line,) = azure(outcome(finding("Op\n", "Op"), path="-", text="Op\n"))
    assert read_azure(line)[0]["sourcepath"] == "-"
