"""``offramp gate --base REF``: what a change adds, in real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gate.conftest import COMMAND, Repo

DAG = "from airflow import DAG\n"
BODY = "".join(f"value_{number} = {number}\n" for number in range(40))


@pytest.fixture
def changed(repo: Repo) -> Repo:
    """A repository with findings in its only commit."""
    repo.write({"dags/a.py": DAG + BODY, "dags/b.py": DAG + "import airflow\n", "lib/c.py": "import os\n"})
    repo.commit()
    return repo


def test_without_a_change_nothing_is_new(changed: Repo) -> None:
    done = changed.gate("--base", "HEAD")
    assert (done.code, done.out, done.err) == (0, "No new findings (0 known, 0 files checked).\n", "")


def test_committed_staged_unstaged_and_untracked_changes_count(changed: Repo) -> None:
    start = changed.git("rev-parse", "HEAD").strip()
    changed.write({"dags/a.py": DAG + BODY + "import airflow.committed\n"})
    changed.commit()
    changed.write({"lib/c.py": "import airflow.staged\n"})
    changed.git("add", "-A")
    changed.write(
        {"dags/b.py": DAG + "import airflow\nimport airflow.unstaged\n", "lib/new.py": "import airflow.untracked\n"}
    )
    assert changed.gate("--base", start).findings == [
        "dags/a.py:42:8: OFR301",
        "dags/b.py:3:8: OFR301",
        "lib/c.py:1:8: OFR301",
        "lib/new.py:1:8: OFR301",
    ]
    assert changed.gate("--base", "HEAD").findings == [
        "dags/b.py:3:8: OFR301",
        "lib/c.py:1:8: OFR301",
        "lib/new.py:1:8: OFR301",
    ]


def test_a_change_that_only_touches_old_findings_passes(changed: Repo) -> None:
    changed.write({"dags/b.py": "\n\nif True:\n    import airflow\n    from airflow import (\n        DAG,\n    )\n"})
    done = changed.gate("--base", "HEAD")
    assert (done.code, done.summary) == (0, "No new findings (2 known, 1 file checked).")


def test_a_swap_is_new(changed: Repo) -> None:
    changed.write({"dags/b.py": DAG + "import airflow.models\n"})
    assert changed.gate("--base", "HEAD").findings == ["dags/b.py:2:8: OFR301"]


@pytest.mark.parametrize("tracked", [True, False])
def test_renames_keep_their_findings(changed: Repo, tracked: bool) -> None:
    (changed.root / "flows").mkdir()
    if tracked:
        changed.git("mv", "dags/a.py", "flows/z.py")
    else:
        (changed.root / "dags/a.py").rename(changed.root / "flows/z.py")
    done = changed.gate("--base", "HEAD")
    assert (done.code, done.summary) == (0, "No new findings (1 known, 1 file checked).")
    changed.write({"flows/z.py": DAG + BODY + "import airflow.models\n"})
    assert changed.gate("--base", "HEAD").findings == ["flows/z.py:42:8: OFR301"]


def test_a_copy_is_new(changed: Repo) -> None:
    changed.write({"dags/copy.py": DAG + BODY})
    assert changed.gate("--base", "HEAD").findings == ["dags/copy.py:1:21: OFR301"]


def test_a_move_out_of_an_allowed_folder_is_new(changed: Repo) -> None:
    changed.write({"offramp.toml": '[gate]\nallow = {"dags/**" = ["airflow"]}\n'})
    changed.commit()
    changed.git("mv", "dags/a.py", "lib/a.py")
    assert changed.gate("--base", "HEAD").findings == ["lib/a.py:1:21: OFR301"]


def test_a_new_ban_makes_nothing_new(changed: Repo) -> None:
    changed.write({"dags/d.py": "import luigi\n"})
    changed.commit()
    changed.write({"offramp.toml": '[gate]\nextend-banned = ["luigi"]\n', "dags/d.py": "import luigi\nimport os\n"})
    assert changed.gate("--base", "HEAD").code == 0


def test_what_the_base_branch_removed_meanwhile_is_not_this_changes_doing(changed: Repo) -> None:
    changed.git("checkout", "-q", "-b", "feature")
    changed.write({"lib/c.py": "import sys\n"})
    changed.commit()
    changed.git("checkout", "-q", "main")
    changed.write({"dags/b.py": "import os\n"})
    changed.commit()
    changed.git("checkout", "-q", "feature")
    assert changed.gate("--base", "main").code == 0
    changed.write({"dags/b.py": DAG + "import airflow\nimport airflow.models\n"})
    assert changed.gate("--base", "main").findings == ["dags/b.py:3:8: OFR301"]


def test_a_file_that_could_not_be_parsed_before_has_no_old_findings(changed: Repo) -> None:
    changed.write({"dags/b.py": "import airflow (\n"})
    changed.commit()
    changed.write({"dags/b.py": "import airflow\n"})
    assert changed.gate("--base", "HEAD").findings == ["dags/b.py:1:8: OFR301"]


def test_manifests_are_compared_too(changed: Repo) -> None:
    changed.write({"requirements.txt": "apache-airflow==2.9\n"})
    changed.commit()
    changed.write({"requirements.txt": "pandas\napache-airflow==2.10\nairflow-dbt\n"})
    assert changed.gate("--base", "HEAD").findings == ["requirements.txt:3:1: OFR303"]


def test_partial_lists_and_subdirectories(changed: Repo) -> None:
    changed.write({"dags/a.py": "import airflow\n", "lib/c.py": "import airflow\n"})
    assert changed.gate("--base", "HEAD", "lib/c.py").findings == ["lib/c.py:1:8: OFR301"]
    assert changed.gate("--base", "HEAD", cwd="lib").findings == ["c.py:1:8: OFR301"]
    assert changed.gate("--base", "HEAD", "../dags", cwd="lib").findings == [f"{changed.root}/dags/a.py:1:8: OFR301"]


def test_ignored_files_that_are_named_are_new(changed: Repo) -> None:
    changed.write({".gitignore": "scratch.py\n", "scratch.py": DAG})
    assert changed.gate("--base", "HEAD").code == 0
    assert changed.gate("--base", "HEAD", "scratch.py").findings == ["scratch.py:1:21: OFR301"]


def test_odd_file_names(changed: Repo) -> None:
    names = ["a b.py", "tab\t.py", "line\nbreak.py", "étude.py", ":(glob)*.py", '"quoted".py', "-x.py"]
    changed.write(dict.fromkeys(names, DAG + BODY))
    assert changed.gate("--base", "HEAD").summary == "Found 7 new findings (0 known, 7 files checked)."
    changed.commit()
    changed.write(dict.fromkeys(names, DAG + BODY + "import os\n"))
    done = changed.gate("--base", "HEAD")
    assert (done.code, done.summary) == (0, "No new findings (7 known, 7 files checked).")


def test_a_link_and_a_file_that_replace_each_other(changed: Repo) -> None:
    (changed.root / "lib/link.py").symlink_to("../dags/a.py")
    changed.commit()
    (changed.root / "lib/link.py").unlink()
    changed.write({"lib/link.py": DAG})
    assert changed.gate("--base", "HEAD").findings == ["lib/link.py:1:21: OFR301"]


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_neither_the_work_tree_nor_the_repository_is_written(changed: Repo) -> None:
    changed.write({"lib/new.py": DAG, "lib/c.py": DAG})
    os.utime(changed.root / "dags/a.py")
    before = snapshot(changed.root)
    assert changed.gate("--base", "HEAD").code == 1
    assert snapshot(changed.root) == before


def test_a_shallow_clone_is_explained(changed: Repo, tmp_path: Path) -> None:
    changed.write({"dags/d.py": DAG})
    changed.commit()
    clone = Repo(tmp_path / "clone")
    clone.git("clone", "-q", "--depth=1", f"file://{changed.root}", ".")
    done = clone.gate("--base", "HEAD~1")
    assert (done.code, done.err) == (
        2,
        (
            "offramp: git knows no revision `HEAD~1`; this is a shallow clone, which has only the newest commits:"
            " `git fetch --unshallow`, or `fetch-depth: 0` in actions/checkout, brings the others\n"
        ),
    )
    changed.git("checkout", "-q", "-b", "other", "HEAD~1")
    changed.write({"dags/e.py": DAG})
    changed.commit()
    clone.git("fetch", "-q", "--depth=1", "origin", "other:other")
    done = clone.gate("--base", "other")
    assert done.code == 2
    assert done.err.startswith("offramp: the history of HEAD and of `other` has no commit in common; this is a shallow")
    clone.git("fetch", "-q", "--unshallow", "origin", "other", "main")
    assert clone.gate("--base", "other").findings == ["dags/d.py:1:21: OFR301"]


def test_outside_of_a_repository(tmp_path: Path) -> None:
    place = Repo(tmp_path / "plain")
    place.write({"a.py": DAG})
    environment = {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    done = place.gate("--base", "HEAD", env=environment)
    assert done.code == 2
    assert done.err.startswith("offramp: --base: git rev-parse: not a git repository")


def test_without_git(changed: Repo) -> None:
    done = changed.gate("--base", "HEAD", env={"PATH": "/nonexistent"})
    assert (done.code, done.err) == (2, "offramp: --base needs git, which is not installed\n")


def test_before_the_first_commit(repo: Repo) -> None:
    repo.write({"a.py": DAG})
    done = repo.gate("--base", "HEAD")
    assert (done.code, done.err) == (2, "offramp: git knows no revision `HEAD`\n")


def test_with_a_baseline_renamed_files_keep_their_entries(changed: Repo) -> None:
    changed.gate("--accept-new")
    changed.commit()
    changed.git("mv", "dags/a.py", "lib/z.py")
    done = changed.gate("--base", "HEAD")
    assert (done.code, done.err) == (
        0,
        (
            "offramp: moved with what was accepted: dags/a.py -> lib/z.py\n"
            "offramp: offramp-baseline.json: 1 moved file stands under the old name;"
            " `offramp gate --update` writes the new one\n"
        ),
    )
    done = changed.gate("--base", "HEAD", "--update")
    assert (done.code, done.err) == (
        0,
        "offramp: offramp-baseline.json: 0 entries removed\nofframp: offramp-baseline.json: 1 moved file renamed\n",
    )
    assert changed.baseline[-1] == ',{"path": "lib/z.py", "code": "OFR301", "name": "airflow.DAG"}'
    assert changed.gate("--strict").code == 0


def test_a_baseline_that_is_made_holds_everything(changed: Repo) -> None:
    changed.write({"lib/c.py": DAG})
    assert changed.gate("--base", "HEAD", "--accept-new").code == 0
    assert len(changed.baseline) == 4
    assert changed.gate().code == 0


def test_a_merge_that_is_not_resolved(changed: Repo) -> None:
    changed.git("checkout", "-q", "-b", "theirs")
    changed.write({"dags/b.py": DAG + "import airflow.theirs\n", "lib/theirs.py": DAG})
    changed.commit()
    changed.git("checkout", "-q", "main")
    changed.write({"dags/b.py": DAG + "import airflow.ours\n"})
    changed.commit()
    assert "CONFLICT" in changed.git("merge", "-q", "theirs", check=False)
    done = changed.gate("--base", "HEAD")
    assert done.code == 2
    assert done.findings == ["dags/b.py:2:1: OFR901 cannot parse: invalid syntax", "lib/theirs.py:1:21: OFR301"]
    changed.write({"dags/b.py": DAG + "import airflow.ours\nimport airflow.theirs\n"})
    assert changed.gate("--base", "HEAD").findings == ["dags/b.py:3:8: OFR301", "lib/theirs.py:1:21: OFR301"]


def test_what_the_index_says_beside_the_files(changed: Repo) -> None:
    changed.git("rm", "-q", "--cached", "dags/a.py")
    changed.write({"lib/intended.py": DAG, "dags/b.py": DAG + "import airflow\n"})
    changed.git("add", "--intent-to-add", "lib/intended.py")
    changed.git("update-index", "--assume-unchanged", "lib/c.py")
    assert changed.gate("--base", "HEAD").findings == ["lib/intended.py:1:21: OFR301"]


def test_a_file_and_a_folder_that_replace_each_other(changed: Repo) -> None:
    changed.write({"both": "", "x.py/inner.py": DAG + BODY})
    changed.commit()
    (changed.root / "x.py/inner.py").rename(changed.root / "y.py")
    (changed.root / "x.py").rmdir()
    (changed.root / "y.py").rename(changed.root / "x.py")
    (changed.root / "both").unlink()
    changed.write({"both/new.py": DAG})
    assert changed.gate("--base", "HEAD").findings == ["both/new.py:1:21: OFR301"]


@pytest.mark.parametrize("options", [["-a"], ["dags/b.py"], []])
def test_in_a_hook_of_git(changed: Repo, tmp_path: Path, options: list[str]) -> None:
    changed.git("worktree", "add", "-q", str(tmp_path / "linked"))
    (changed.root / ".git/hooks").mkdir(exist_ok=True)
    hook = changed.root / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {COMMAND} gate --base HEAD --output-format=concise 1>&2\n")
    hook.chmod(0o755)
    for place in (changed, Repo(tmp_path / "linked")):
        place.write({"dags/b.py": DAG + "import airflow\nimport airflow.more\n"})
        if not options:
            place.git("add", "-A")
        command = ["git", "commit", "-q", "-m", "x", *options]
        done = subprocess.run(
            command, cwd=place.root, env=place.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "dags/b.py:3:8: OFR301 " in done.stderr
        assert "Found 1 new finding (" in done.stderr


@pytest.mark.parametrize("name", ["with blank", "with:colon", "with\nbreak", '"quoted"', "é", "#x"])
def test_repositories_with_odd_names(tmp_path: Path, name: str) -> None:
    made = Repo(tmp_path / name)
    made.git("init", "-q")
    made.write({"a.py": DAG, "b.py": DAG + BODY})
    made.commit()
    shared = Repo(tmp_path / "shared")
    # git's own list of object stores is one of lines.
    shared.git("clone", "-q", *(["--shared"] if "\n" not in name else []), str(made.root), ".")
    for repo in (made, shared):
        repo.git("mv", "b.py", "c.py")
        repo.write({"a.py": DAG * 2})
        assert repo.gate("--base", "HEAD").findings == ["a.py:2:21: OFR301"]


def test_statistics_against_a_revision_count_the_whole_tree(changed: Repo) -> None:
    changed.write({"lib/c.py": DAG})
    (changed.root / "dags/a.py").unlink()
    assert changed.gate("--base", "HEAD", "--statistics").out == (
        "         total      new     gone\n"
        "dags         2        0        1\n"
        "lib          1        1        0\n"
        "\n"
        "total        3        1        1\n"
    )
