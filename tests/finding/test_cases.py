"""The Markdown cases: each block of code is a file, and its trailing comments name what is found on a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from offramp.finding.bans import Bans
from offramp.finding.detect import find
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Source
from offramp.reading.versions import find_versions
from offramp.settings import load

_CASE = re.compile(r"^## (?P<title>.+?)\n(?P<prose>.*?)^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"# (OFR\d{3}(?: OFR\d{3})*)$")
_SELECTED = re.compile(r"Selected: ((?:OFR\d{3}[, ]*)+)")
_PROVIDER = re.compile(r"Provider: (\S+)")


def _cases() -> Iterator[object]:
    for path in sorted((Path(__file__).parent / "cases").glob("*.md")):
        for case in _CASE.finditer(path.read_text("utf-8")):
            yield pytest.param(case["prose"], case["code"], id=f"{path.stem}: {case['title']}")


@pytest.mark.parametrize(("prose", "code"), list(_cases()))
def test_findings_are_those_marked(prose: str, code: str) -> None:
    rulebook = load_rulebook([], pytest.fail)
    selected = _SELECTED.search(prose)
    provider = _PROVIDER.search(prose)
    codes = {rule.code for rule in rulebook.rules.values() if rule.default}
    if selected:
        codes |= set(re.findall(r"OFR\d{3}", selected[1]))
    overrides = {"dbt-cloud-provider-version": provider[1]} if provider else {}
    versions = find_versions(load("/", overrides, isolated=True))
    source = Source("case.py", code.encode())
    found = sorted(
        (source.positions.row(finding.span.start), finding.code)
        for finding in find(source, rulebook, frozenset(codes), versions, Bans())
    )
    marked = sorted(
        (row, marked_code)
        for row, line in enumerate(code.splitlines(), 1)
        if (mark := _MARK.search(line))
        for marked_code in mark[1].split()
    )
    assert found == marked
