"""The same files give the same text, however Python hashes."""

from __future__ import annotations

from pathlib import Path

from .conftest import Run

# Several reasons at one place, in whose order a set of them was once printed.
DAG = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None, catchup=False) as dag:
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)

    from elsewhere import watcher

    list(dag.tasks) >> watcher()
"""


def test_every_run_prints_the_same(tmp_path: Path, offramp: Run) -> None:
    (tmp_path / "dag.py").write_text(DAG, encoding="utf-8")
    texts = [offramp("check", "dag.py", env={"PYTHONHASHSEED": str(seed)}).stdout for seed in range(6)]
    assert texts[0].count("(line 9)") == 4
    assert len(set(texts)) == 1
