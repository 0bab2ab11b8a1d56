"""Values of other modules are written out before a DAG is converted: its flow is that of a DAG written by hand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from markdown_cases import Case, cases

from offramp.engine import Context, fix_bytes, project_around
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

CASES = [pytest.param(case, id=case.name) for case in cases(Path(__file__).parent / "written_out")]


@lru_cache
def rulebook() -> Rulebook:
    return load_rulebook([], pytest.fail)


def fixed(path: Path) -> FileResult:
    """A file of a tree after all fixes."""
    settings = load(str(path), {})
    enabled = enabled_codes(settings, rulebook().rules.values())
    context = Context(settings, rulebook(), enabled, find_versions(settings))
    context.project = project_around([str(path)], settings)
    result = fix_bytes(str(path), path.read_bytes(), context, unsafe=True)
    assert not result.problem
    return result


def flow_of(root: Path, files: dict[str, str], dag: str) -> str:
    """The flow of a DAG that is put into a tree of files."""
    (root / ".git").mkdir(parents=True)
    for path, text in {**files, "dags/nightly.py": dag}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    result = fixed(root / "dags" / "nightly.py")
    assert result.new_text is not None, [(one.message, one.refusals) for one in result.findings]
    assert result.findings == ()
    return result.new_text.decode()


@pytest.mark.parametrize("case", CASES)
def test_the_flow_is_that_of_the_dag_written_by_hand(case: Case, tmp_path: Path) -> None:
    files = dict(case.files)
    by_hand = files.pop("by_hand.py")
    dag = files.pop("dags/nightly.py")
    assert flow_of(tmp_path / "through", files, dag) == flow_of(tmp_path / "by_hand", files, by_hand)
