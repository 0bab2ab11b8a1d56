"""What the tests of the hooks and of CI share: a clone of this checkout, and the tools that use it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (
    ".pre-commit-hooks.yaml",
    "LICENSE",
    "README.md",
    "action.yml",
    "hatch_build.py",
    "pyproject.toml",
    "rules",
    "src",
)


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, cwd=directory, env=environment(), capture_output=True, text=True, check=True).stdout


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what git, CI or pytest would make of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") and name != "CI"}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, **more}


@pytest.fixture(scope="session")
def tools() -> Path:
    """The directory of the commands pre-commit and check-jsonschema, in an environment of their own."""
    directory = ROOT / ".cache" / f"pre-commit-python{sys.version_info.major}.{sys.version_info.minor}"
    directory.parent.mkdir(exist_ok=True)
    uv = [sys.executable, "-m", "uv"]
    with open(f"{directory}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other pytest processes need the same environment
        subprocess.run([*uv, "venv", "-q", "--allow-existing", "-p", sys.executable, directory], check=True)
        subprocess.run(
            [*uv, "pip", "install", "-q", "-p", directory, "pre-commit>=4", "check-jsonschema>=0.30"], check=True
        )
    return directory / "bin"


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what this checkout ships, committed."""
    clone = tmp_path_factory.mktemp("offramp")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, clone / name)
    git(clone, "init", "-q")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "all")
    return clone
