"""A repository whose configuration names programs of its own wherever git knows a place for one: none is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gate.conftest import Repo

DAG = "from airflow import DAG\n"
HOOKS = (
    "applypatch-msg pre-applypatch post-applypatch pre-commit prepare-commit-msg commit-msg post-commit pre-rebase "
    "post-checkout post-merge pre-push pre-receive update post-receive post-update push-to-checkout pre-auto-gc "
    "post-rewrite sendemail-validate fsmonitor-watchman post-index-change reference-transaction"
).split()
ATTRIBUTES = "* filter=hostile diff=hostile merge=hostile\n"


def canary(folder: Path, name: str) -> Path:
    """A program that leaves a file with its name."""
    program = folder / name
    program.write_text(f"#!/bin/sh\ntouch '{folder}/ran-{name}'\ncat\n")
    program.chmod(0o755)
    return program


def settings_of(folder: Path) -> str:
    """Configuration with a canary for everything that git runs."""

    def run(name: str) -> str:
        return str(canary(folder, name))

    hooks = "".join(f'[hook "{name}"]\n\tevent = {name}\n\tcommand = {run("configured-" + name)}\n' for name in HOOKS)
    return f"""
[core]
\thooksPath = {folder}/hooks
\tfsmonitor = {run("fsmonitor")}
\tpager = {run("pager")}
\teditor = {run("editor")}
\tsshCommand = {run("ssh")}
\taskPass = {run("askpass")}
\tgitProxy = {run("proxy")}
\talternateRefsCommand = {run("alternates")}
\tattributesFile = {folder}/attributes
[pager]
\tdiff = {run("pager-diff")}
[alias]
\tdiff = !{run("alias-diff")}
\trev-parse = !{run("alias-rev-parse")}
[filter "hostile"]
\tclean = {run("clean")}
\tsmudge = {run("smudge")}
\trequired = true
[filter "process"]
\tprocess = {run("process")}
\trequired = true
[diff]
\texternal = {run("diff-external")}
[diff "hostile"]
\tcommand = {run("diff-command")}
\ttextconv = {run("textconv")}
[merge "hostile"]
\tdriver = {run("merge-driver")}
[credential]
\thelper = !{run("credential")}
[gpg]
\tprogram = {run("gpg")}
[uploadpack]
\tpackObjectsHook = {run("pack-objects")}
[remote "origin"]
\turl = ext::{run("transport")} %S
\tuploadpack = {run("uploadpack")}
\tpromisor = true
\tpartialclonefilter = blob:none
[protocol "ext"]
\tallow = always
[protocol]
\tallow = always
{hooks}"""


def arm(repo: Repo, folder: Path) -> None:
    """Let git run canaries of ``folder`` for a repository, whatever it does."""
    (folder / "hooks").mkdir(parents=True)
    (folder / "attributes").write_text(ATTRIBUTES)
    directory = Path(repo.git("rev-parse", "--absolute-git-dir").strip())
    common = Path(repo.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    for name in HOOKS:
        for place in (folder / "hooks", common / "hooks"):
            place.mkdir(exist_ok=True)
            (place / name).write_text(f"#!/bin/sh\ntouch '{folder}/ran-hook-{name}'\n")
            (place / name).chmod(0o755)
    (common / "info").mkdir(exist_ok=True)
    (common / "info" / "attributes").write_text("*.pyi filter=process diff=hostile\n")
    (folder / "more").write_text(settings_of(folder))
    with (common / "config").open("a") as file:
        file.write(f"[include]\n\tpath = {folder}/more\n")
    if directory != common:
        (directory / "config.worktree").write_text(settings_of(folder))


def ran(folder: Path) -> list[str]:
    return sorted(path.name.removeprefix("ran-") for path in folder.glob("ran-*"))


@pytest.fixture
def hostile(repo: Repo) -> Repo:
    """Two commits and changes of every kind: committed, staged, not staged, untracked, moved, touched."""
    repo.write({".gitattributes": ATTRIBUTES, "dags/a.py": DAG, "dags/b.py": DAG + "import os\n" * 20, "t.pyi": DAG})
    repo.write({"c.py": "import os\n", "moved.py": DAG + "import sys\n" * 20})
    repo.commit()
    repo.write({"dags/a.py": DAG + "import airflow.committed\n"})
    repo.commit()
    repo.git("mv", "moved.py", "elsewhere.py")
    repo.write({"c.py": "import airflow.staged\n"})
    repo.git("add", "c.py")
    repo.write({"dags/b.py": DAG + "import os\n" * 20 + "import airflow.unstaged\n", "new.py": DAG, "new.pyi": DAG})
    os.utime(repo.root / "t.pyi")
    return repo


NEW = [
    "c.py:1:8: OFR301",
    "dags/a.py:2:8: OFR301",
    "dags/b.py:22:8: OFR301",
    "new.py:1:21: OFR301",
    "new.pyi:1:21: OFR301",
]


def test_nothing_of_the_repository_runs(hostile: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "canaries"
    arm(hostile, folder)
    assert hostile.gate("--base", "HEAD~1").findings == NEW
    assert hostile.gate("--base", "HEAD~1", "--statistics").code == 1
    assert hostile.gate("--accept-new").code == 0
    assert hostile.gate("--update", "--base", "HEAD~1").code == 0
    assert hostile.gate("--statistics").code == 0
    assert ran(folder) == []
    # The canaries work.
    hostile.git("status", check=False)
    assert ran(folder) != []


def test_nothing_runs_for_what_is_left_out(hostile: Repo, tmp_path: Path) -> None:
    hostile.git("add", "-A")
    hostile.commit()
    hostile.gate("--accept-new")
    hostile.git("sparse-checkout", "set", "dags")
    folder = tmp_path / "canaries"
    arm(hostile, folder)
    assert hostile.gate("--strict").code == 0
    assert hostile.gate("--base", "HEAD").code == 0
    assert ran(folder) == []


def test_nothing_is_fetched(repo: Repo, tmp_path: Path) -> None:
    repo.write({"a.py": DAG, "b.py": DAG + "import os\n" * 30})
    repo.commit()
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = Repo(tmp_path / "clone")
    clone.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.root}", ".")
    clone.write({"a.py": DAG + "import airflow\n", "b2.py": DAG + "import os\n" * 31})
    clone.git("read-tree", "HEAD")
    folder = tmp_path / "canaries"
    arm(clone, folder)
    done = clone.gate("--base", "HEAD")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    commit = clone.git("rev-parse", "HEAD").strip()
    assert done.err.endswith(f"; in a partial clone, `git diff --stat {commit}` fetches what is missing\n")
    assert ran(folder) == []


def test_nothing_of_a_submodule_runs(hostile: Repo, tmp_path: Path) -> None:
    hostile.git("add", "-A")
    hostile.commit()
    outer = Repo(tmp_path / "outer")
    outer.git("init", "-q")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(hostile.root), "sub")
    outer.commit()
    inner = Repo(outer.root / "sub")
    inner.write({"c.py": "import airflow.other\n"})
    folder = tmp_path / "canaries"
    arm(inner, folder)
    assert outer.gate("--base", "HEAD").findings == ["sub/c.py:1:8: OFR301"]
    assert ran(folder) == []
    inner.git("status", check=False)
    assert ran(folder) != []


def test_a_program_called_git_beside_the_code_is_not_git(hostile: Repo, tmp_path: Path) -> None:
    program = canary(tmp_path, "git")
    program.rename(hostile.root / "git")
    path = os.pathsep.join([".", "", os.environ["PATH"]])
    assert hostile.gate("--base", "HEAD~1", env={"PATH": path}).findings == NEW
    assert ran(tmp_path) == []
