"""Measure ``offramp check`` over trees of files, which must take time in proportion to their number.

``python scripts/bench_tree.py [FILES ...]`` makes a tree of each size (10,000 unless told) of which
five in a hundred files are DAGs that can be converted, fifteen other DAGs, three DAGs that wait for others.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

OFFRAMP = str(Path(sysconfig.get_path("scripts")) / "offramp")
# For a tree of that many files on two cores: seconds and MB.
BUDGET = (10_000, 5.0, 300)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

CONVERTED = '''\
"""Pipeline {i}."""
from datetime import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

from common.settings_{part} import OWNER

with DAG(dag_id="pipeline_{i}", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False) as dag:
    DbtCloudRunJobOperator(task_id="run_dbt", job_id={i}, check_interval=30, timeout=3600)
'''
OTHER = '''\
"""Pipeline {i}."""
import logging
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

from common.settings_{part} import OWNER

log = logging.getLogger(__name__)
DEFAULTS = {{"owner": OWNER, "retries": 2, "retry_delay": timedelta(minutes=5)}}


def extract(**context):
    rows = context["ti"].xcom_pull(task_ids="fetch")
    log.info("extracted %s rows for %s", len(rows or ()), "pipeline_{i}")
    return rows


with DAG(dag_id="pipeline_{i}", schedule="@daily", start_date=datetime(2024, 1, 1), default_args=DEFAULTS) as dag:
    fetch = BashOperator(task_id="fetch", bash_command="echo {{{{ ds }}}}")
    load = PythonOperator(task_id="extract", python_callable=extract)
    fetch >> load
'''
WAITING = '''\
"""Pipeline {i}."""
from datetime import datetime

from airflow import DAG
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sensors.external_task import ExternalTaskSensor

with DAG(dag_id="pipeline_{i}", schedule="@daily", start_date=datetime(2024, 1, 1)) as dag:
    for name in ("a_{i}", "b_{i}"):
        wait = ExternalTaskSensor(task_id=f"wait_{{name}}", external_dag_id=f"source_{{name}}")
        wait >> TriggerDagRunOperator(task_id=f"next_{{name}}", trigger_dag_id="sink_{i}")
'''
PLAIN = '''\
"""Tables {i}."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass

TABLES = ["orders_{i}", "customers_{i}", "payments_{i}"]


@dataclass
class Table:
    name: str
    columns: tuple[str, ...] = ()


''' + "\n\n".join(
    f'''\
def step_{number}(rows):
    """Step {number}."""
    result = []
    for row in rows:
        if row.get("kind") == "{number}" and os.environ.get("MODE") != "dry":
            result.append(dict(id=row["id"], payload=json.dumps(row), n={number}))
    return result
'''
    for number in range(12)
)


def main() -> None:
    """Make the trees and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=int, default=[BUDGET[0]])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    over = False
    for files in args.files:
        with tempfile.TemporaryDirectory() as temporary:
            make(Path(temporary), files)
            measured = [measure(Path(temporary), args.jobs) for _ in range(args.runs + 1)][1:]
        seconds = statistics.median(wall for wall, _, _ in measured)
        processor = statistics.median(used for _, used, _ in measured)
        most = max(memory for _, _, memory in measured)
        print(f"{files} files: {seconds:.2f} s, {processor:.2f} s of processor time, {most} MB at most")
        over |= files == BUDGET[0] and (seconds > BUDGET[1] or most > BUDGET[2])
    if over:
        sys.exit(f"more than {BUDGET[1]} s or {BUDGET[2]} MB for {BUDGET[0]} files")


def make(root: Path, files: int) -> None:
    """Write a tree of that many files."""
    (root / "common").mkdir()
    for part in range(100):
        (root / "common" / f"settings_{part}.py").write_text('OWNER = "team"\n')
    for i in range(files):
        part = i % 100
        text = CONVERTED if part < 5 else OTHER if part < 20 else WAITING if part < 23 else PLAIN
        folder = root / ("dags" if part < 23 else "lib") / f"part_{part}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module_{i}.py").write_text(text.format(i=i, part=part))


def measure(root: Path, jobs: int, path: str = ".") -> tuple[float, float, int]:
    """Seconds, seconds of processor time, and MB of the largest process, of one check of a path in a tree."""
    start = time.perf_counter()
    command = [OFFRAMP, "check", "--isolated", "--jobs", str(jobs), path]
    running = subprocess.Popen(command, cwd=root, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(running.pid, 0)
    elapsed = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{' '.join(command)} failed")
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
