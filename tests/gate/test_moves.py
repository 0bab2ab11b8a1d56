"""Moved files: with a baseline and against a revision, in real repositories and without a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.conftest import Repo
from offramp.finding.baseline import Entry, entries_of
from offramp.finding.moves import moved
from offramp.model import FileResult, Finding, Span

DAG = "from airflow import DAG\n"
ELT = DAG + "from airflow.operators.python import PythonOperator\nfrom airflow.models import Variable\n"
BASH = "from airflow.operators.bash import BashOperator\n"
MOVED = "offramp: moved with what was accepted: {} -> {}\n"
STANDS = "offramp: offramp-baseline.json: {} under the old name; `offramp gate --update` writes the new one\n"


@pytest.fixture(params=["baseline", "base", "both"])
def moving(repo: Repo, request: pytest.FixtureRequest) -> tuple[Repo, list[str]]:
    """A repository with accepted findings, and the options to compare with them."""
    repo.write({"dags/a.py": ELT, "dags/b.py": DAG + BASH, "dags/c.py": DAG + BASH, "lib/clean.py": "import os\n"})
    if request.param != "base":
        repo.gate("--accept-new")
    repo.commit()
    return repo, ["--base", "HEAD"] if request.param != "baseline" else []


def has_baseline(repo: Repo) -> bool:
    return (repo.root / "offramp-baseline.json").exists()


def test_a_moved_file_passes_and_says_so(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    repo.git("mv", "dags/a.py", "dags/z.py")
    done = repo.gate("--strict", *options)
    assert (done.code, done.findings) == (0, [])
    if has_baseline(repo):
        assert done.err == MOVED.format("dags/a.py", "dags/z.py") + STANDS.format("1 moved file stands")


def test_updating_carries_the_entries(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    if not has_baseline(repo):
        pytest.skip("there is no baseline")
    before = {line.replace("dags/a.py", "lib/deep/z.py") for line in repo.baseline}
    (repo.root / "lib/deep").mkdir()
    repo.git("mv", "dags/a.py", "lib/deep/z.py")
    assert repo.gate("--update", *options).code == 0
    assert set(repo.baseline) == before
    done = repo.gate("--strict")
    assert (done.code, done.err) == (0, "")


def test_named_files_alone_tell_a_move_too(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    repo.git("mv", "dags/a.py", "lib/a.py")
    assert repo.gate(*options, "lib/a.py").code == 0
    assert repo.gate(*options, "lib").code == 0


def test_what_was_never_there_was_not_moved(tmp_path: Path) -> None:
    whole = Repo(tmp_path / "whole")
    whole.write({"dags/a.py": DAG, "teams/b.py": ELT})
    whole.gate("--accept-new")
    part = Repo(tmp_path / "part")
    text = (whole.root / "offramp-baseline.json").read_text()
    # A copy of one folder, in an image for instance, has no history that could tell.
    part.write({"offramp-baseline.json": text, "dags/a.py": DAG, "dags/fresh.py": ELT})
    assert len(part.gate("dags").findings) == 3
    assert part.gate("dags", "teams").code == 2
    (part.root / "teams").mkdir()
    assert part.gate(".").code == 0


def test_a_moved_folder(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    repo.git("mv", "dags", "pipelines")
    done = repo.gate("--strict", *options)
    assert done.code == 0
    if has_baseline(repo):
        pairs = ((f"dags/{name}.py", f"pipelines/{name}.py") for name in "abc")
        assert done.err == "".join(MOVED.format(*pair) for pair in pairs) + STANDS.format("3 moved files stand")
        assert repo.gate("--update", *options).code == 0
        assert repo.gate("--strict").code == 0


@pytest.mark.parametrize("name", ["lib/a.py", "lib/other.py"])
def test_a_move_with_edits_is_a_move_and_what_it_adds_is_new(moving: tuple[Repo, list[str]], name: str) -> None:
    repo, options = moving
    repo.git("mv", "dags/a.py", name)
    repo.write({name: f"import json\n\n\n{ELT.replace('import DAG', 'import DAG as Graph')}{BASH}VALUE = 1\n"})
    assert repo.gate(*options).findings == [f"{name}:7:36: OFR301"]
    repo.write({name: ELT[: ELT.rindex("from")]})
    done = repo.gate(*options)
    assert done.code == 0
    if has_baseline(repo):
        assert f"gone from {name}: OFR301 airflow.models.Variable" in done.err
        assert repo.gate("--strict", *options).code == 1


def test_of_equal_files_only_what_is_gone_was_moved(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    repo.git("mv", "dags/b.py", "lib/b.py")
    repo.write({"lib/b2.py": DAG + BASH})
    assert [line.partition(":")[0] for line in repo.gate(*options).findings] == ["lib/b2.py"] * 2


def test_a_copy_is_new(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    repo.write({"lib/a.py": ELT})
    assert len(repo.gate(*options).findings) == 3
    # It is still one when both are changed, and what the first has lost is no move.
    repo.write({"dags/a.py": "import os\n"})
    assert len(repo.gate(*options).findings) == 3


def test_another_dag_in_place_of_a_deleted_one_is_new(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    (repo.root / "dags/a.py").unlink()
    other = "".join(f"from airflow.providers.x import m{number}\n" for number in range(3))
    repo.write({"lib/fresh.py": other + DAG})
    assert len(repo.gate(*options).findings) == 4


def test_what_was_put_into_an_old_file_is_new_against_a_revision(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    (repo.root / "dags/a.py").unlink()
    repo.write({"lib/clean.py": ELT})
    # Without a revision nobody can say that lib/clean.py was there.
    assert repo.gate(*options).code == (1 if options else 0)


def test_a_moved_manifest(moving: tuple[Repo, list[str]]) -> None:
    repo, options = moving
    repo.write({"requirements.txt": "apache-airflow\npandas\n"})
    if has_baseline(repo):
        repo.gate("--accept-new")
    repo.commit()
    (repo.root / "requirements").mkdir()
    repo.git("mv", "requirements.txt", "requirements/base.txt")
    assert repo.gate(*options).code == 0


def test_accepting_what_is_new_carries_entries_too(repo: Repo) -> None:
    repo.write({"dags/a.py": ELT})
    repo.gate("--accept-new")
    repo.git("add", "-A")
    repo.git("mv", "dags/a.py", "dags/z.py")
    repo.write({"dags/z.py": ELT + BASH})
    done = repo.gate("--accept-new")
    assert done.err == (
        "offramp: offramp-baseline.json: 1 new finding accepted\nofframp: offramp-baseline.json: 1 moved file renamed\n"
    )
    assert repo.gate("--strict").code == 0
    assert len(repo.baseline) == 4
    assert not any("dags/a.py" in line for line in repo.baseline)


# Without a run.
PATHS = st.sampled_from([f"{folder}/{name}.py" for folder in "xy" for name in "abc"])
FILES = st.dictionaries(PATHS, st.lists(st.sampled_from("DPVB"), min_size=1, max_size=4), max_size=5)


def result(path: str, names: list[str]) -> tuple[str, FileResult]:
    place = Span(0, 0)
    return path, FileResult(path, tuple(Finding("OFR301", place, place, "", name) for name in names))


def moves(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, str]:
    accepted = {entry for item in before.items() for entry in entries_of(item[0], result(*item)[1].findings)}
    found = [result(*item) for item in after.items()]
    return moved(found, accepted, {"OFR301"}, lambda _path: True, lambda path: path not in after)


@given(FILES, FILES)
def test_a_move_leads_from_what_is_gone_to_what_is_new_once(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    found = moves(before, after)
    assert set(found) <= before.keys() - after.keys()
    assert set(found.values()) <= after.keys() - before.keys()
    assert len(set(found.values())) == len(found)


@given(FILES)
def test_a_folder_that_moves_keeps_its_names(before: dict[str, list[str]]) -> None:
    after = {f"new/{path}": names for path, names in before.items()}
    found = moves(before, after)
    assert len(found) == len(before)
    assert all(before[old] == after[new] or sorted(before[old]) == sorted(after[new]) for old, new in found.items())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"x/a.py": "D", "x/b.py": "D"}, {"y/b.py": "D", "y/a.py": "D"}, {"x/a.py": "y/a.py", "x/b.py": "y/b.py"}),
        ({"x/a.py": "DPV", "x/b.py": "DP"}, {"y/a.py": "DP"}, {"x/b.py": "y/a.py"}),
        ({"x/a.py": "DPV", "x/b.py": "DPB"}, {"y/a.py": "DPBB"}, {"x/a.py": "y/a.py"}),
        ({"x/a.py": "DPV", "x/b.py": "DPB"}, {"y/c.py": "DPBB"}, {"x/b.py": "y/c.py"}),
        ({"x/a.py": "DDDD"}, {"y/a.py": "D"}, {}),
        ({"x/a.py": "DDDD"}, {"y/a.py": "DD"}, {"x/a.py": "y/a.py"}),
        ({"x/a.py": "D"}, {"x/a.py": "D", "y/a.py": "D"}, {}),
    ],
)
def test_the_likest_file_was_moved(before: dict[str, str], after: dict[str, str], expected: dict[str, str]) -> None:
    one, other = ({path: list(names) for path, names in files.items()} for files in (before, after))
    assert moves(one, other) == expected


def test_thousands_of_moved_files() -> None:
    before = {f"x/{number}.py": ["D", "P", f"job{number // 2}"] for number in range(3000)}
    after = {f"y/{number}.py": ["D", "P", f"job{number // 2}", "B"] for number in range(3000)}
    assert moves(before, after) == {f"x/{number}.py": f"y/{number}.py" for number in range(3000)}


def test_entries_are_compared_by_what_they_say() -> None:
    entries = {Entry("a.py", "OFR302", "D")}
    assert moved([result("b.py", ["D"])], entries, {"OFR301", "OFR302"}, bool, bool) == {}
    # What this run does not look for says nothing of a file.
    entries = {Entry("a.py", "OFR301", "D"), Entry("a.py", "OFR302", "X"), Entry("a.py", "OFR302", "Y")}
    assert moved([result("b.py", ["D"])], entries, {"OFR301", "OFR302"}, bool, bool) == {}
    assert moved([result("b.py", ["D"])], entries, {"OFR301"}, bool, bool) == {"a.py": "b.py"}
