"""Runs the installed ``offramp`` command as its users do."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def offramp(tmp_path: Path) -> Run:
    """``offramp(*arguments, cwd=…)``, in an empty directory unless told otherwise; never a traceback."""

    def run(*arguments: str, cwd: Path = tmp_path) -> Done:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "OFFRAMP_DEBUG")
        }
        done = subprocess.run(
            [COMMAND, *arguments], cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        return done

    return run
