"""The Markdown cases of findings: what is found is what is marked, with the words that are marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_cases import Case, cases, marks

from offramp.detect import find
from offramp.finding.bans import Bans
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Source
from offramp.reading.versions import find_versions
from offramp.settings import load

CASES = [pytest.param(case, id=case.name) for case in cases(Path(__file__).parent / "cases")]


@pytest.mark.parametrize("case", CASES)
def test_findings_are_those_marked(case: Case) -> None:
    rulebook = load_rulebook([], pytest.fail)
    codes = {rule.code for rule in rulebook.rules.values() if rule.default} | case.selected
    versions = find_versions(load("/", dict(case.versions), isolated=True))
    source = Source("case.py", case.code.encode())
    findings = find(source, rulebook, frozenset(codes), versions, Bans())
    expected = marks(case.code)
    found = sorted((source.positions.row(finding.span.start), finding.code) for finding in findings)
    assert found == sorted((mark.row, code) for mark in expected for code in mark.codes)
    words = {mark.row: mark.words for mark in expected}
    for finding in findings:
        assert words[source.positions.row(finding.span.start)] in finding.message
