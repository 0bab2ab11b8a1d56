"""The Markdown cases of fixes: what a trap on Prefect's side becomes, or why and where it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_cases import Case, cases, refusals, without_refusals

from offramp.engine import Context, check_bytes, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Applicability
from offramp.project.index import Project
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions
from offramp.settings import load

CASES = [pytest.param(case, id=case.name) for case in cases(Path(__file__).parent / "prefect_cases")]


@pytest.mark.parametrize("case", CASES)
def test_the_fix(case: Case, tmp_path: Path) -> None:
    context = context_of(case, tmp_path)
    raw = without_refusals(case.code).encode()
    path = str(tmp_path / "case.py")
    fixed = fix_bytes(path, raw, context, unsafe=True)
    assert fixed.problem == ""
    if len(case.blocks) > 1:
        assert fixed.new_text is not None
        assert fixed.new_text.decode() == case.preamble + case.blocks[1]
        assert fix_bytes(path, fixed.new_text, context, unsafe=True).new_text is None
        return
    assert fixed.new_text is None
    planned = check_bytes(path, raw, context, fixes=True)
    rows = Positions(raw)
    refused = {(rows.row(one.span.start), one.reason) for f in planned.findings for one in f.refusals if one.span}
    expected = refusals(case.code)
    assert expected
    assert {row for row, _ in refused} == {row for row, _ in expected}
    for row, words in expected:
        assert any(at == row and words in reason for at, reason in refused), refused


@pytest.mark.parametrize("case", CASES)
def test_only_what_no_request_can_tell_is_safe(case: Case, tmp_path: Path) -> None:
    raw = without_refusals(case.code).encode()
    for finding in check_bytes(str(tmp_path / "case.py"), raw, context_of(case, tmp_path), fixes=True).findings:
        if finding.fix is not None:
            assert (finding.fix.applicability is Applicability.SAFE) == (finding.code == "OFR217")
            assert bool(finding.fix.reason) == (finding.fix.applicability is Applicability.UNSAFE)


def context_of(case: Case, folder: Path) -> Context:
    rulebook = load_rulebook([], pytest.fail)
    settings = load("/", dict(case.versions), isolated=True)
    codes = {rule.code for rule in rulebook.rules.values() if rule.default and rule.code.startswith("OFR21")}
    context = Context(settings, rulebook, frozenset(codes | case.selected), find_versions(settings))
    others = []
    if "Imported" in case.settings:
        (folder / "other.py").write_text(f"from case import {case.settings['Imported']}\n", "utf-8")
        others.append(str(folder / "other.py"))
    context.project = Project([str(folder / "case.py"), *others])
    return context
