"""Directories of DAGs, and real runs of the installed ``offramp migrate`` command on them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")
ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ("FORCE_COLOR", "NO_COLOR", "OFFRAMP_DEBUG", "PYTHONWARNINGS")


def dag(name: str, *, connection: str = "dbt_cloud", more: str = "", bash: str = "", start: str = "") -> str:
    """A DAG of one dbt Cloud job, which converts safely; with a ``bash`` command, tried again, only unsafely."""
    shell = f'    BashOperator(task_id="shell", bash_command="{bash}", retries=1) >> run\n' if bash else ""
    return (
        "from datetime import datetime\n\n"
        "from airflow import DAG\n"
        "from airflow.operators.bash import BashOperator\n"
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"
        f"{start}\n"
        f'with DAG("{name}", schedule="0 3 * * *", start_date=datetime(2024, 1, 1), catchup=False{more}):\n'
        f'    run = DbtCloudRunJobOperator(task_id="run", job_id=7, dbt_cloud_conn_id="{connection}")\n{shell}'
    )


REFUSED = dag("refused").replace("job_id=7", 'job_id=7, retries=1, retry_from_failure=True, trigger_rule="one_success"')


class Done(NamedTuple):
    """What a run of the command gave."""

    code: int
    out: str
    err: str


class Place:
    """A directory to write DAGs in and to migrate."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}

    def write(self, files: Mapping[str, str]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")

    def migrate(self, *arguments: str, **environment: str) -> Done:
        done = subprocess.run(
            [COMMAND, "migrate", *arguments],
            cwd=self.root,
            env={**self.environment, **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def files(self, directory: str) -> list[str]:
        base = self.root / directory
        return sorted(str(path.relative_to(base)) for path in base.rglob("*") if not path.is_dir())

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def state(self, directory: str) -> dict[str, tuple[str, int, int]]:
        """Hash, mode and time of change of every file."""
        return {
            str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode, path.stat().st_mtime_ns)
            for path in sorted((self.root / directory).rglob("*"))
            if path.is_file()
        }

    def connections(self, content: object) -> None:
        self.write({"connections.json": json.dumps(content)})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _hears_interrupts() -> None:
    """A job that a shell starts in the background is deaf to interrupts, and so is every process that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
