"""Runs the installed ``offramp`` command as its users do."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")

DAG = """\
from datetime import datetime
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
"""
DAG_PLACE = "6:11: OFR101"

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of this process without what would change colours, debugging or writing."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "NO_COLOR", "FORCE_COLOR", "OFFRAMP_DEBUG", "PYTHONWARNINGS")
    }


@pytest.fixture
def offramp(tmp_path: Path, environment: dict[str, str]) -> Run:
    """``offramp(*arguments, input=…, env=…)`` in an empty directory; never a traceback."""

    def run(*arguments: str | bytes, cwd: Path = tmp_path, env: dict[str, str] | None = None, **more: Any) -> Done:
        done: Done = subprocess.run(
            [COMMAND, *arguments],
            cwd=cwd,
            env={**environment, **(env or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
            **more,
        )
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        return done

    return run


@pytest.fixture(scope="session", autouse=True)
def _hears_interrupts() -> None:
    """A job that a shell starts in the background is deaf to interrupts, and so is every process that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
