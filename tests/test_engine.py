"""Many files give what each of them gives alone, in order, and each result as soon as it is there."""

from __future__ import annotations

from pathlib import Path

from offramp import settings
from offramp.engine import Context, check_files
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions

OPERATOR = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
DbtCloudRunJobOperator(task_id="run", job_id=1)
"""


def warn(sentence: str) -> None:
    raise AssertionError(sentence)


def context(folder: Path) -> Context:
    chosen = settings.load(str(folder), {})
    return Context(chosen, load_rulebook([], warn), frozenset({"OFR101"}), find_versions(chosen))


def test_a_result_comes_before_the_next_file_is_read(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text(OPERATOR)
    second.write_text("")
    results = check_files([str(first), str(second)], context(tmp_path), jobs=1)
    assert len(next(results).findings) == 1
    second.write_text(OPERATOR)
    assert len(next(results).findings) == 1
    assert next(results, None) is None


def test_processes_keep_the_order_and_lose_nothing(tmp_path: Path) -> None:
    paths = []
    for number in range(60):
        path = tmp_path / f"{number}.py"
        path.write_text("" if number % 3 else OPERATOR + "x = [1, 2, 3]\n" * 1_000)
        paths.append(str(path))
    results = list(check_files([*paths, str(tmp_path / "gone.py")], context(tmp_path), jobs=2))
    assert [result.path for result in results] == [*paths, str(tmp_path / "gone.py")]
    assert [len(result.findings) for result in results] == [1, 0, 0] * 20 + [0]
    assert results[-1].problem.endswith("gone.py: cannot read: No such file or directory")
