"""The Markdown cases: what a DAG is converted to, or why it is not, with the line.

The first block of a file is put before every other one; lines are counted without it.
A case has a block of code and then either the lines ``refused: part of the reason
(line N)``, or ``flow: task, other < task`` for the graph of every flow, where ``task
*2/300`` has two retries 300 s apart and ``task?`` runs whatever its upstreams do, or
``safe`` or ``unsafe: part of the reason`` for what is converted with that reservation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixing.flows import fixed, graphs
from offramp.reading.source import Source

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CASE = re.compile(
    r"^## (?P<title>.+?)\n(?P<prose>.*?)^```python\n(?P<code>.*?)^```\n+(?P<expected>.*)", re.MULTILINE | re.DOTALL
)
_REFUSED = re.compile(r"^refused: (?P<reason>.+) \(line (?P<row>\d+)\)$", re.MULTILINE)
_FLOW = re.compile(r"^flow: (?P<flow>.*)$", re.MULTILINE)
_DOUBT = re.compile(r"^(?:safe|unsafe: (?P<reason>.+))$", re.MULTILINE)
_TASK = re.compile(
    r"(?P<name>[^\s*?<]+)(?P<all_done>\?)?(?: \*(?P<retries>\d+)/(?P<delay>[\d.]+))?(?: < (?P<after>.+))?"
)


def _cases() -> Iterator[object]:
    for path in sorted((Path(__file__).parent / "cases").glob("*.md")):
        preamble, *cases = re.split(r"^(?=## )", path.read_text("utf-8"), flags=re.MULTILINE)
        header = _BLOCK.search(preamble)
        for text in cases:
            case = _CASE.match(text)
            assert case is not None, text
            assert header is not None, path
            yield pytest.param(header[1], case["code"], case["expected"], id=f"{path.stem}: {case['title']}")


@pytest.mark.parametrize(("header", "code", "expected"), list(_cases()))
def test_a_dag_is_converted_or_refused_as_the_case_says(header: str, code: str, expected: str) -> None:
    text = header + code
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
    rows = header.count("\n")
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
