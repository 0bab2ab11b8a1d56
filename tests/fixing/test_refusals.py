"""The Markdown cases of conversions: what a DAG becomes, or why it does not, with the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_cases import Case, cases

from fixing.flows import fixed, graphs
from offramp.reading.source import Source

_REFUSED = re.compile(r"^refused: (?P<reason>.+) \(line (?P<row>\d+)\)$", re.MULTILINE)
_FLOW = re.compile(r"^flow: (?P<flow>.*)$", re.MULTILINE)
_DOUBT = re.compile(r"^(?:safe|unsafe: (?P<reason>.+))$", re.MULTILINE)
_TASK = re.compile(
    r"(?P<name>[^\s*?<]+)(?P<all_done>\?)?(?: \*(?P<retries>\d+)/(?P<delay>[\d.]+))?(?: < (?P<after>.+))?"
)


CASES = [pytest.param(case, id=case.name) for case in cases(Path(__file__).parent / "cases")]


@pytest.mark.parametrize("case", CASES)
def test_a_dag_is_converted_or_refused_as_the_case_says(case: Case) -> None:
    text, expected = case.code, case.after
    result = fixed(text, "3.0.6")
    assert not result.problem
    refused = [(match["reason"], int(match["row"])) for match in _REFUSED.finditer(expected)]
    flows = [_expected_flow(match["flow"]) for match in _FLOW.finditer(expected)]
    doubt = _DOUBT.search(expected)
    assert [bool(refused), bool(flows), bool(doubt)].count(True) == 1, "a case expects one of these"
    if doubt:
        reasons = {finding.fix.reason for finding in result.fixed if finding.fix is not None}
        assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
        assert all(doubt["reason"] in reason for reason in reasons) if doubt["reason"] else reasons == {""}, reasons
        return
    if flows:
        assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
        compile(result.new_text, "case", "exec", dont_inherit=True)
        assert list(_plain(result.new_text.decode())) == flows
        assert fixed(result.new_text, "3.0.6").new_text is None
        return
    assert result.new_text is None
    positions = Source("case.py", text.encode()).positions
    rows = case.preamble.count("\n")
    given = {
        (refusal.reason, positions.row(refusal.span.start) - rows)
        for finding in result.findings
        for refusal in finding.refusals
        if refusal.span is not None
    }
    for reason, row in refused:
        assert any(reason in other and row == place for other, place in given), given


def _expected_flow(text: str) -> dict[str, tuple[frozenset[str], int, float, bool]]:
    found = {}
    for part in text.split(", "):
        task = _TASK.fullmatch(part.strip())
        assert task is not None, part
        after = frozenset(task["after"].split(" + ")) if task["after"] else frozenset()
        found[task["name"]] = (after, int(task["retries"] or 0), float(task["delay"] or 0), bool(task["all_done"]))
    return found


def _plain(text: str) -> Iterator[dict[str, tuple[frozenset[str], int, float, bool]]]:
    for nodes in graphs(text).values():
        yield {name: (node.after, node.retries, node.delay, node.all_done) for name, node in nodes.items()}
