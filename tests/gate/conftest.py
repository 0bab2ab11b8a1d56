"""Real git repositories and real runs of the installed ``offramp`` command."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")
LEFT_OUT = ("CI", "FORCE_COLOR", "NO_COLOR", "OFFRAMP_DEBUG", "PYTHONWARNINGS")


class Done(NamedTuple):
    """What a run of the gate gave."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[str]:
        """The findings' lines in the concise layout, up to the message."""
        return [line.partition(" `")[0] for line in self.out.splitlines()[:-1]]

    @property
    def summary(self) -> str:
        return self.out.splitlines()[-1]


class Repo:
    """A git repository to run the gate in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        settings = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.com",
        }
        self.environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT} | settings

    def write(self, files: Mapping[str, str]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def commit(self, message: str = "change") -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def gate(self, *arguments: str, cwd: str = ".", env: Mapping[str, str] | None = None) -> Done:
        done = subprocess.run(
            [COMMAND, "gate", "--output-format=concise", *arguments],
            cwd=self.root / cwd,
            env={**self.environment, **(env or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def baseline(self) -> list[str]:
        """The entries' lines of the baseline, in order of their paths."""
        return sorted(filter(None, (self.root / "offramp-baseline.json").read_text("utf-8").splitlines()[1:-1]))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch ``main``."""
    made = Repo(tmp_path / "repo")
    made.git("init", "-q", "-b", "main")
    return made
