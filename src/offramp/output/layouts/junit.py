"""Findings as a JUnit report: one suite per file, one failed case per finding; may import reading and model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from offramp.escapes import escaped
from offramp.output.locations import Located, located
from offramp.output.outcome import Outcome
from offramp.reading.discover import printable

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# `&` comes first: the others' replacements hold one.
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def report(outcome: Outcome) -> Iterator[str]:
    """An XML document; the suite ``offramp`` holds the run's problems, or one passed case."""
    problems = len(outcome.problems)
    failures = sum(len(result.findings) for result in outcome.found)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    counts = f'tests="{failures + max(problems, 1)}" failures="{failures}" errors="{problems}"'
    yield f'<testsuites name="offramp" {counts}>\n'
    yield f'  <testsuite name="offramp" tests="{max(problems, 1)}" failures="0" errors="{problems}">\n'
    if not problems:
        yield '    <testcase name="run" classname="offramp"/>\n'
    for number, problem in enumerate(outcome.problems, 1):
        yield f'    <testcase name="run {number}" classname="offramp"><error message={_quoted(problem)}/></testcase>\n'
    yield "  </testsuite>\n"
    for path, items in groupby(located(outcome.found), key=attrgetter("path")):
        cases = list(map(_case, items))
        name = _quoted(printable(path))
        yield f'  <testsuite name={name} tests="{len(cases)}" failures="{len(cases)}" errors="0">\n'
        yield from cases
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _case(item: Located) -> str:
    row, column, _, _ = item.place
    path, code = printable(item.path), item.finding.code
    # Without the line, so that a service sees the same case when lines move.
    name = f"{code} {item.entry.name}" + (f" ({item.entry.nth})" if item.entry.nth > 1 else "")
    text = _escaped(f"{path}:{row}:{column}: {code} {item.message}")
    return (
        f'    <testcase name={_quoted(name)} classname={_quoted(path)} file={_quoted(path)} line="{row}">\n'
        f'      <failure type="{code}" message={_quoted(item.message)}>{text}</failure>\n'
        "    </testcase>\n"
    )


def _escaped(text: str) -> str:
    text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    for character, reference in _REFERENCES.items():
        text = text.replace(character, reference)
    return escaped(text, lambda character: f"&#{ord(character)};")


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
