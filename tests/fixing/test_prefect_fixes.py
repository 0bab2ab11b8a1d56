"""The Markdown cases: what a trap on Prefect's side becomes with `--fix --unsafe-fixes`, or why and where it stays.

A case of two blocks is before and after; one of one block stays as it is, and a line that ends in `# no: words` is the
place of a refusal with these words. The first block of a file, its preamble, stands before each of its cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from offramp.engine import Context, check_bytes, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Applicability
from offramp.project.index import Project
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions
from offramp.settings import load

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REFUSED = re.compile(r"  # no: (.+)$", re.MULTILINE)


def _cases() -> Iterator[object]:
    for path in sorted((Path(__file__).parent / "prefect_cases").glob("*.md")):
        start, *cases = re.split(r"^## ", path.read_text("utf-8"), flags=re.MULTILINE)
        preamble = "".join(_BLOCK.findall(start))
        for case in cases:
            title, _, text = case.partition("\n")
            blocks = [preamble + block for block in _BLOCK.findall(text)]
            yield pytest.param(text.partition("```")[0], blocks, id=f"{path.stem}: {title}")


CASES = list(_cases())


@pytest.mark.parametrize(("prose", "blocks"), CASES)
def test_the_fix(prose: str, blocks: list[str], tmp_path: Path) -> None:
    before, *after = blocks
    context = context_of(prose, tmp_path)
    raw = REFUSED.sub("", before).encode()
    path = str(tmp_path / "case.py")
    fixed = fix_bytes(path, raw, context, unsafe=True)
    assert fixed.problem == ""
    if after:
        assert fixed.new_text is not None
        assert fixed.new_text.decode() == after[0]
        assert fix_bytes(path, fixed.new_text, context, unsafe=True).new_text is None
        return
    assert fixed.new_text is None
    planned = check_bytes(path, raw, context, fixes=True)
    rows = Positions(raw)
    refusals = {(rows.row(one.span.start), one.reason) for f in planned.findings for one in f.refusals if one.span}
    marks = [(row, mark[1]) for row, line in enumerate(before.splitlines(), 1) if (mark := REFUSED.search(line))]
    assert marks
    assert {row for row, _ in refusals} == {row for row, _ in marks}
    for row, words in marks:
        assert any(at == row and words in reason for at, reason in refusals), refusals


@pytest.mark.parametrize(("prose", "blocks"), CASES)
def test_only_what_no_request_can_tell_is_safe(prose: str, blocks: list[str], tmp_path: Path) -> None:
    raw = REFUSED.sub("", blocks[0]).encode()
    for finding in check_bytes(str(tmp_path / "case.py"), raw, context_of(prose, tmp_path), fixes=True).findings:
        if finding.fix is not None:
            assert (finding.fix.applicability is Applicability.SAFE) == (finding.code == "OFR217")
            assert bool(finding.fix.reason) == (finding.fix.applicability is Applicability.UNSAFE)


def context_of(prose: str, folder: Path) -> Context:
    rulebook = load_rulebook([], pytest.fail)
    version = re.search(r"Prefect: (\S+)", prose)
    settings = load("/", {"prefect-version": version[1]} if version else {}, isolated=True)
    codes = {rule.code for rule in rulebook.rules.values() if rule.default and rule.code.startswith("OFR21")}
    codes |= set(re.findall(r"OFR\d{3}", prose))
    context = Context(settings, rulebook, frozenset(codes), find_versions(settings))
    others = []
    if "Imported elsewhere" in prose:
        (folder / "other.py").write_text("from case import nightly\n", "utf-8")
        others.append(str(folder / "other.py"))
    context.project = Project([str(folder / "case.py"), *others])
    return context
