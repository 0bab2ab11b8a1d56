"""The Markdown cases of trees of files: each file by itself has the findings that are marked, whatever is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_cases import Case, cases, marks

from offramp.engine import Context, check_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

CASES = [pytest.param(case, id=case.name) for case in cases(Path(__file__).parent / "cases")]


@pytest.mark.parametrize("case", CASES)
def test_findings_are_those_marked(case: Case, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for path, text in case.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for path in case.files:
        if path.endswith(".py"):
            _check(tmp_path / path)


def _check(path: Path) -> None:
    rulebook = load_rulebook([], pytest.fail)
    settings = load(str(path), {})
    context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
    result = check_bytes(str(path), path.read_bytes(), context)
    assert not result.problem
    positions = Positions(result.text)
    expected = marks(path.read_text())
    found = sorted((positions.row(finding.span.start), finding.code) for finding in result.findings)
    assert found == sorted((mark.row, code) for mark in expected for code in mark.codes), path
    for mark in expected:
        said = [one.message for one in result.findings if positions.row(one.span.start) == mark.row]
        assert any(mark.words in message for message in said), said
