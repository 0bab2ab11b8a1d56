"""Repositories whose work tree has less or more than their own files: submodules, sparse checkouts, work trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.conftest import Repo

DAG = "from airflow import DAG\n"
LOCAL = ("-c", "protocol.file.allow=always")
ZERO = "No new findings (0 known, 0 files checked)."


def bare(place: Path) -> Repo:
    made = Repo(place)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def shared(tmp_path: Path) -> Repo:
    """A repository to be a submodule, with a nested submodule of its own."""
    deep = bare(tmp_path / "deep")
    deep.write({"deep.py": DAG})
    deep.commit()
    made = bare(tmp_path / "shared")
    made.write({"lib.py": DAG + "import os\n" * 20, "clean.py": "import os\n"})
    made.git(*LOCAL, "submodule", "add", "-q", str(deep.root), "deep")
    made.commit()
    return made


@pytest.fixture
def outer(repo: Repo, shared: Repo) -> Repo:
    """A repository with the submodule ``libs/shared``, committed."""
    repo.write({"dags/a.py": DAG})
    repo.git(*LOCAL, "submodule", "add", "-q", str(shared.root), "libs/shared")
    repo.git(*LOCAL, "submodule", "update", "-q", "--init", "--recursive")
    repo.commit()
    return repo


def test_an_unchanged_submodule_is_as_it_was(outer: Repo) -> None:
    done = outer.gate("--base", "HEAD")
    assert (done.code, done.out, done.err) == (0, f"{ZERO}\n", "")
    outer.write({"dags/a.py": DAG + "import airflow\n"})
    assert outer.gate("--base", "HEAD").findings == ["dags/a.py:2:8: OFR301"]
    assert outer.gate("--base", "HEAD", "libs").code == 0
    assert outer.gate("--base", "HEAD", "libs/shared/lib.py").code == 0


def test_what_a_new_commit_of_a_submodule_brings_is_new(outer: Repo, shared: Repo) -> None:
    shared.write({"clean.py": "import airflow.models\n", "more.py": DAG})
    shared.git("mv", "lib.py", "library.py")
    shared.commit()
    outer.git(*LOCAL, "-C", "libs/shared", "pull", "-q", "origin", "main")
    expected = ["libs/shared/clean.py:1:8: OFR301", "libs/shared/more.py:1:21: OFR301"]
    assert outer.gate("--base", "HEAD").findings == expected
    outer.commit()
    assert outer.gate("--base", "HEAD~1").findings == expected
    assert outer.gate("--base", "HEAD").code == 0


def test_changes_in_a_submodule_that_are_not_committed_are_new(outer: Repo) -> None:
    outer.write({"libs/shared/deep/deep.py": DAG + "import airflow\n", "libs/shared/untracked.py": DAG})
    assert outer.gate("--base", "HEAD").findings == [
        "libs/shared/deep/deep.py:2:8: OFR301",
        "libs/shared/untracked.py:1:21: OFR301",
    ]


def test_a_submodule_that_is_added_is_new(outer: Repo) -> None:
    outer.git("checkout", "-q", "--orphan", "before")
    outer.git("rm", "-rq", "--cached", ".")
    outer.git("add", "dags")
    outer.git("commit", "-q", "-m", "before")
    outer.git("checkout", "-q", "-f", "-b", "after")
    outer.git("checkout", "main", "--", ".gitmodules", "libs/shared")
    outer.git("submodule", "update", "-q", "--init")
    found = outer.gate("--base", "before").findings
    assert "libs/shared/lib.py:1:21: OFR301" in found
    assert not any(line.startswith("dags") for line in found)


def test_a_submodule_that_is_moved_is_as_it_was(outer: Repo) -> None:
    outer.git("mv", "libs/shared", "common")
    assert outer.gate("--base", "HEAD").code == 0
    outer.commit()
    outer.write({"common/lib.py": DAG * 2})
    assert outer.gate("--base", "HEAD~1").findings == ["common/lib.py:2:21: OFR301"]


def test_a_submodule_without_its_old_commit_is_explained(outer: Repo, shared: Repo, tmp_path: Path) -> None:
    shared.write({"clean.py": "import sys\n"})
    shared.commit()
    outer.git(*LOCAL, "-C", "libs/shared", "pull", "-q", "origin", "main")
    outer.commit()
    clone = Repo(tmp_path / "clone")
    clone.git("clone", "-q", f"file://{outer.root}", ".")
    clone.git("config", "submodule.libs/shared.url", f"file://{shared.root}")
    clone.git(*LOCAL, "submodule", "update", "-q", "--init", "--depth=1")
    done = clone.gate("--base", "HEAD~1")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("offramp: --base: the submodule libs/shared was at commit ")
    assert "`git -C libs/shared fetch --unshallow`" in done.err
    clone.git(*LOCAL, "-C", "libs/shared", "fetch", "-q", "--unshallow")
    assert clone.gate("--base", "HEAD~1").code == 0


def test_entries_of_a_submodule_that_is_not_checked_out_are_not_gone(outer: Repo, tmp_path: Path) -> None:
    outer.gate("--accept-new")
    outer.commit()
    entries = outer.baseline
    clone = Repo(tmp_path / "clone")
    clone.git("clone", "-q", f"file://{outer.root}", ".")
    for options in (["--strict"], ["--update"], ["--base", "HEAD", "--strict"]):
        assert clone.gate(*options).code == 0
    assert clone.baseline == entries
    (clone.root / "dags/a.py").rename(clone.root / "dags/a.txt")
    clone.write({"dags/b.py": "import os\n"})
    assert clone.gate("--strict", "dags").code == 1
    # In one that is checked out, what is not there is gone.
    (outer.root / "libs/shared/lib.py").unlink()
    assert outer.gate("--strict").code == 1
    assert outer.gate("--update").code == 0
    assert len(outer.baseline) == len(entries) - 1


@pytest.fixture
def wide(repo: Repo) -> Repo:
    """A repository with a baseline of files in several folders."""
    repo.write({"dags/a.py": DAG, "dags/deep/b.py": DAG, "teams/x/c.py": DAG, "teams/y/d.py": DAG, "top.py": DAG})
    repo.gate("--accept-new")
    repo.commit()
    return repo


SPARSE = {
    "cone": ["--cone", "dags"],
    "no cone": ["--no-cone", "/dags/", "/offramp-baseline.json"],
    "sparse index": ["--cone", "--sparse-index", "dags"],
}


@pytest.mark.parametrize("kind", SPARSE)
def test_what_a_sparse_checkout_leaves_out_is_not_gone(wide: Repo, kind: str) -> None:
    wide.git("sparse-checkout", "set", *SPARSE[kind])
    assert not (wide.root / "teams").exists()
    entries = wide.baseline
    for options in (["--strict"], ["--update"], ["--strict", "--base", "HEAD"]):
        done = wide.gate(*options)
        assert (done.code, "gone" in done.err) == (0, False)
    assert wide.baseline == entries
    (wide.root / "dags/a.py").unlink()
    done = wide.gate("--strict")
    assert done.code == 1
    assert "1 entry has no finding any more" in done.err
    assert wide.gate("--update").code == 0
    assert len(wide.baseline) == len(entries) - 1


@pytest.mark.parametrize("kind", SPARSE)
def test_against_a_revision_what_a_sparse_checkout_leaves_out_is_as_it_was(wide: Repo, kind: str) -> None:
    wide.git("rm", "-q", "--cached", "offramp-baseline.json")
    (wide.root / "offramp-baseline.json").unlink()
    wide.write({"teams/y/d.py": "import os\n"})
    wide.commit()
    wide.git("sparse-checkout", "set", *SPARSE[kind])
    wide.write({"dags/a.py": DAG * 2})
    assert wide.gate("--base", "HEAD~1").findings == ["dags/a.py:2:21: OFR301"]
    counted = wide.gate("--base", "HEAD~1", "--statistics").out
    assert counted.splitlines()[-1].split() == ["total", "3" if kind == "no cone" else "4", "1", "0"]
    # A file that is written all the same counts as it stands.
    wide.write({"teams/x/c.py": DAG * 3, "teams/x/new.py": DAG})
    assert wide.gate("--base", "HEAD~1").findings == [
        "dags/a.py:2:21: OFR301",
        "teams/x/c.py:2:21: OFR301",
        "teams/x/c.py:3:21: OFR301",
        "teams/x/new.py:1:21: OFR301",
    ]


def test_a_baseline_outside_of_a_sparse_checkout_is_not_missing(wide: Repo) -> None:
    wide.git("sparse-checkout", "set", "--no-cone", "/dags/")
    for options in ([], ["--accept-new"], ["--base", "HEAD"]):
        done = wide.gate(*options)
        assert (done.code, done.err) == (
            2,
            (
                f"offramp: {wide.root}/offramp-baseline.json: the baseline is outside of this sparse checkout;"
                " `git sparse-checkout add` it\n"
            ),
        )


def test_the_entries_outside_of_a_sparse_checkout_are_nobodys_old_place(wide: Repo) -> None:
    wide.git("sparse-checkout", "set", "dags")
    wide.write({"dags/copy.py": DAG})
    assert wide.gate().findings == ["dags/copy.py:1:21: OFR301"]


def test_where_git_cannot_say_what_is_left_out_nothing_is_judged(wide: Repo) -> None:
    wide.git("sparse-checkout", "set", "dags")
    done = wide.gate("--update", env={"PATH": "/nonexistent"})
    assert (done.code, done.err) == (
        2,
        "offramp: a repository with a sparse checkout or submodules needs git, which is not installed\n",
    )
    assert len(wide.baseline) == 5


@pytest.mark.parametrize("options", [[], ["--base", "HEAD"]])
def test_linked_work_trees(wide: Repo, tmp_path: Path, options: list[str]) -> None:
    wide.git("worktree", "add", "-q", str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    assert other.gate("--strict", *options).code == 0
    other.git("sparse-checkout", "set", "teams/x")
    assert other.gate("--strict", *options).code == 0
    other.write({"teams/x/c.py": DAG * 2, "teams/x/new.py": DAG})
    assert other.gate("--strict", *options).findings == ["teams/x/c.py:2:21: OFR301", "teams/x/new.py:1:21: OFR301"]
    assert wide.gate("--strict", *options).code == 0


def test_a_split_index(wide: Repo) -> None:
    wide.git("update-index", "--split-index")
    wide.write({"more.py": "import os\n"})
    wide.git("add", "more.py")
    wide.write({"top.py": DAG * 2})
    assert wide.gate("--base", "HEAD").findings == ["top.py:2:21: OFR301"]


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    made = Repo(tmp_path / "sha256")
    made.git("init", "-q", "--object-format=sha256")
    made.write({"a.py": DAG, "b.py": DAG + "import os\n" * 9})
    made.commit()
    made.git("mv", "b.py", "c.py")
    made.write({"a.py": DAG * 2})
    assert made.gate("--base", "HEAD").findings == ["a.py:2:21: OFR301"]


def test_paths_are_read_as_they_are_whatever_git_prints(repo: Repo) -> None:
    repo.git("config", "core.quotePath", "true")
    repo.write({"données/é.py": DAG + "import os\n" * 9, 'a "b".py': DAG})
    repo.commit()
    repo.git("mv", "données", "daten")
    assert repo.gate("--base", "HEAD").summary == "No new findings (1 known, 1 file checked)."


def test_a_name_that_changes_its_case(repo: Repo) -> None:
    repo.write({"dags/Daily.py": DAG})
    repo.gate("--accept-new")
    repo.commit()
    repo.git("mv", "dags/Daily.py", "dags/daily.py")
    assert repo.gate("--base", "HEAD").code == 0
    assert repo.gate().code == 0
    assert repo.gate("--update").code == 0
    assert repo.baseline == [',{"path": "dags/daily.py", "code": "OFR301", "name": "airflow.DAG"}']


CONVERSIONS = {
    "autocrlf": ("", ["core.autocrlf", "true"]),
    "eol attribute": ("* text eol=crlf\n", []),
    "ident": ("* ident\n", []),
    "filter": ("* filter=upper\n", ["filter.upper.clean", "tr a-z A-Z"]),
    "required filter": ("* filter=lfs\n", ["filter.lfs.required", "true"]),
}


@pytest.mark.parametrize("kind", CONVERSIONS)
def test_files_that_git_converts_are_as_they_were(repo: Repo, kind: str) -> None:
    attributes, config = CONVERSIONS[kind]
    repo.write({"a.py": DAG + "# $Id$\n", "b.py": DAG, ".gitattributes": attributes})
    repo.commit()
    if config:
        repo.git("config", *config)
    for name in ("a.py", "b.py"):
        (repo.root / name).unlink()
    repo.git("-c", "filter.lfs.required=false", "checkout", "--", "a.py", "b.py")
    assert repo.gate("--base", "HEAD").summary == ZERO
    # Touched, so that git has to look into them.
    for name in ("a.py", "b.py"):
        text = (repo.root / name).read_bytes()
        (repo.root / name).unlink()
        (repo.root / name).write_bytes(text)
    assert repo.gate("--base", "HEAD").summary == ZERO
    with (repo.root / "a.py").open("ab") as file:
        file.write(b"import airflow\r\n" if kind in ("autocrlf", "eol attribute") else b"import airflow\n")
    assert repo.gate("--base", "HEAD").findings == ["a.py:3:8: OFR301"]


def test_what_a_filter_wrote_is_compared_as_it_stands(repo: Repo) -> None:
    repo.write({"a.py": DAG + "# version\n", ".gitattributes": "*.py filter=version\n"})
    repo.commit()
    repo.git("config", "filter.version.smudge", "sed 's/version/version 5/'")
    (repo.root / "a.py").unlink()
    repo.git("checkout", "--", "a.py")
    assert "version 5" in (repo.root / "a.py").read_text()
    assert repo.gate("--base", "HEAD").code == 0
    repo.write({"a.py": DAG + "# version 5\n\n"})
    assert repo.gate("--base", "HEAD").summary == "No new findings (1 known, 1 file checked)."
    repo.write({"a.py": DAG * 2 + "# version 5\n"})
    assert repo.gate("--base", "HEAD").findings == ["a.py:2:21: OFR301"]


def test_a_partial_clone_that_has_what_is_compared(repo: Repo, tmp_path: Path) -> None:
    repo.write({"a.py": DAG, "b.py": DAG + "import os\n" * 30, "c.py": "import os\n"})
    repo.commit()
    repo.git("rm", "-q", "b.py")
    repo.write({"a.py": DAG * 2, "b2.py": DAG + "import os\n" * 31})
    repo.commit()
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = Repo(tmp_path / "clone")
    clone.git("clone", "-q", "--filter=blob:none", f"file://{repo.root}", ".")
    assert clone.gate("--base", "HEAD").code == 0
    done = clone.gate("--base", "HEAD~1")
    assert (done.code, done.err.count("\n")) == (2, 1)
    command = done.err.partition("; in a partial clone, `")[2].partition("` fetches")[0]
    clone.git(*command.split()[1:])
    assert clone.gate("--base", "HEAD~1").findings == ["a.py:2:21: OFR301"]
