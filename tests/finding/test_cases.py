"""The Markdown cases: each block of code is a file, and its trailing comments name what is found on a line.

After the codes a comment may go on with words that stand in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from offramp.detect import find
from offramp.finding.bans import Bans
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Source
from offramp.reading.versions import find_versions
from offramp.settings import load

_CASE = re.compile(r"^## (?P<title>.+?)\n(?P<prose>.*?)^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"# (?P<codes>OFR\d{3}(?: OFR\d{3})*)(?: (?P<message>[^#]+))?$")
_SELECTED = re.compile(r"Selected: ((?:OFR\d{3}[, ]*)+)")
_VERSIONS = {
    "dbt-cloud-provider-version": re.compile(r"Provider: (\S+)"),
    "prefect-version": re.compile(r"Prefect: (\S+)"),
}


def _cases() -> Iterator[object]:
    for path in sorted((Path(__file__).parent / "cases").glob("*.md")):
        for case in _CASE.finditer(path.read_text("utf-8")):
            yield pytest.param(case["prose"], case["code"], id=f"{path.stem}: {case['title']}")


@pytest.mark.parametrize(("prose", "code"), list(_cases()))
def test_findings_are_those_marked(prose: str, code: str) -> None:
    rulebook = load_rulebook([], pytest.fail)
    selected = _SELECTED.search(prose)
    codes = {rule.code for rule in rulebook.rules.values() if rule.default}
    if selected:
        codes |= set(re.findall(r"OFR\d{3}", selected[1]))
    overrides = {setting: given[1] for setting, version in _VERSIONS.items() if (given := version.search(prose))}
    versions = find_versions(load("/", overrides, isolated=True))
    source = Source("case.py", code.encode())
    findings = find(source, rulebook, frozenset(codes), versions, Bans())
    marks = {row: mark for row, line in enumerate(code.splitlines(), 1) if (mark := _MARK.search(line))}
    found = sorted((source.positions.row(finding.span.start), finding.code) for finding in findings)
    assert found == sorted((row, marked) for row, mark in marks.items() for marked in mark["codes"].split())
    for finding in findings:
        words = marks[source.positions.row(finding.span.start)]["message"]
        assert not words or words in finding.message
