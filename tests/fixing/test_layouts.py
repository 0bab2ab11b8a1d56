"""Every fix does the same to the same code, however it is laid out, loses no comment and does what was announced."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_cases import Case, without_refusals

from fixing import flows, layouts
from fixing.test_prefect_fixes import CASES, context_of
from offramp.engine import Context, check_bytes, fix_bytes
from offramp.knowledge.note_format import fenced_blocks
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions
from offramp.settings import load

Layout = Callable[[str], str]

RULEBOOK = load_rulebook([], pytest.fail)
_MARK = re.compile(r"  # OFR\d{3}.*$", re.MULTILINE)
EXAMPLES = [
    pytest.param(_MARK.sub("", code), id=note.code)
    for note in RULEBOOK.notes.values()
    if note.code and note.code < "OFR3"
    for code in fenced_blocks(note.fields["example/before"])
]
DAGS = Path(__file__).parent.parent / "equivalence" / "fixtures" / "both"
MIXED = layouts.LAYOUTS[-1]


@pytest.mark.parametrize("layout", layouts.LAYOUTS, ids=layouts.NAMES)
@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_is_fixed_the_same_in_any_layout(code: str, layout: Layout) -> None:
    settings = load("/", {}, isolated=True)
    codes = frozenset(rule.code for rule in RULEBOOK.rules.values() if rule.code < "OFR3")
    _check(code, layout, Context(settings, RULEBOOK, codes, find_versions(settings)))


@pytest.mark.parametrize("layout", [layouts.trailing_comments, MIXED], ids=["trailing comments", "all of it"])
@pytest.mark.parametrize("case", CASES)
def test_a_trap_is_fixed_the_same_in_any_layout(case: Case, layout: Layout, tmp_path: Path) -> None:
    _check(without_refusals(case.code), layout, context_of(case, tmp_path), str(tmp_path / "case.py"))


@pytest.mark.parametrize("layout", [layouts.leading_commas, MIXED], ids=["leading commas", "all of it"])
@pytest.mark.parametrize(
    "dag",
    ["commented", "dag_argument", "edges_outside", "loop_over_tuples", "run_by_hand", "tasks_in_dicts", "two_dags"],
)
def test_a_dag_is_converted_the_same_in_any_layout(dag: str, layout: Layout) -> None:
    _check((DAGS / f"{dag}.py").read_text("utf-8"), layout, flows.context("2.10.5", "4.0.0"))


def _check(code: str, layout: Layout, context: Context, path: str = "case.py") -> None:
    """What is announced is done, as with the code as it was; every comment is kept, and nothing is left to do."""
    plain, other = code.encode(), layout(code).encode()
    assert ast.dump(ast.parse(other)) == ast.dump(ast.parse(plain))
    safe, more = check_bytes(path, other, context, named=True, fixes=True).fixable
    for unsafe in (False, True):
        wanted = fix_bytes(path, plain, context, unsafe=unsafe, named=True)
        fixed = fix_bytes(path, other, context, unsafe=unsafe, named=True)
        assert fixed.problem == ""
        assert fixed.gone == (safe + more if unsafe else safe)
        if wanted.new_text is None:
            assert fixed.new_text is None
            continue
        assert fixed.new_text is not None, [finding.refusals for finding in fixed.findings]
        assert ast.dump(ast.parse(fixed.new_text)) == ast.dump(ast.parse(wanted.new_text))
        assert not layouts.comments(other.decode()) - layouts.comments(fixed.new_text.decode())
        assert fix_bytes(path, fixed.new_text, context, unsafe=unsafe, named=True).new_text is None
