"""The same files give the same text, however Python hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Several reasons at one place, in whose order a set of them was once printed.
DAG = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None, catchup=False) as dag:
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)

    from elsewhere import watcher

    list(dag.tasks) >> watcher()
"""


def test_every_run_prints_the_same(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG, encoding="utf-8")
    texts = set()
    for seed in range(6):
        done = subprocess.run(
            [sys.executable, "-m", "offramp", "check", "--isolated", "--output-format", "json", "dag.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        texts.add(done.stdout)
    assert len(texts) == 1
