"""Measure offramp against its speed budget: ratios of medians, all taken in one run, alternating.

``python scripts/bench.py [TREE]``: TREE is an installed ``airflow`` package; without
it, Airflow with its dbt Cloud provider is installed into a temporary environment.
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

SCRIPTS = Path(sysconfig.get_path("scripts"))
OFFRAMP = str(SCRIPTS / "offramp")
RUFF = str(SCRIPTS / "ruff")
# An installed package has its compiled modules; a checkout must be allowed to write them.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PACKAGES = ["apache-airflow", "apache-airflow-providers-dbt-cloud"]

DAG_HEAD = """\
from datetime import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("bench", schedule="@daily", start_date=datetime(2024, 1, 1), default_args={"dbt_cloud_conn_id": "dbt"}):
"""
DAG_TASK = """\
    run_{n} = DbtCloudRunJobOperator(
        task_id="run_{n}",
        job_id={n},
        check_interval=30,
        timeout=3600,
    )
"""


def main() -> None:
    """Run the three measurements and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=11)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        dag = place / "dag.py"
        dag.write_text(dag_of_lines(100))
        python = [sys.executable, "-c", "import argparse, ast"]
        tree = (args.tree or install(place / "environment")).resolve()
        os.chdir(place)  # the manifests of the project at hand would be read for its versions
        report("one DAG of 100 lines", [OFFRAMP, "check", "--isolated", str(dag)], python, 2.5, args.runs)
        print(f"{tree}: {sum(1 for _ in tree.rglob('*.py'))} Python files")
        ruff = [RUFF, "check", "--isolated", "--no-cache", "--preview", "--select", "AIR", str(tree)]
        check = [OFFRAMP, "check", "--isolated", str(tree)]
        report("the tree, default rules", check, ruff, 1.5, args.runs)
        report("the tree, OFR301", [*check, "--select", "OFR301"], ruff, 6, args.runs)


def dag_of_lines(lines: int) -> str:
    """A DAG file of exactly that many lines."""
    text = DAG_HEAD
    number = 0
    while text.count("\n") + 6 <= lines:
        text += DAG_TASK.format(n=number)
        number += 1
    return text + "# the end\n" * (lines - text.count("\n"))


def install(environment: Path) -> Path:
    """Install Airflow into a new environment and return the directory of its package."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "-p", sys.executable, environment], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "-p", environment, *PACKAGES], check=True)
    return next(environment.glob("lib/python*/site-packages/airflow"))


def report(what: str, ours: list[str], theirs: list[str], budget: float, runs: int) -> None:
    """Time both commands in turn and print the ratio of their medians."""
    times: tuple[list[float], list[float]] = ([], [])
    for command in (ours, theirs):
        seconds(command)  # fills the caches of the operating system and offramp's compiled notes
    for _ in range(runs):
        times[0].append(seconds(ours))
        times[1].append(seconds(theirs))
    mine, other = (statistics.median(series) for series in times)
    print(f"{what}: {mine * 1000:.0f} ms / {other * 1000:.0f} ms = {mine / other:.2f} (budget {budget})")


def seconds(command: list[str]) -> float:
    """Wall-clock seconds that a command takes; its findings go nowhere."""
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT, check=False)
    elapsed = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with exit code {done.returncode}:\n{done.stderr.decode()}")
    return elapsed


if __name__ == "__main__":
    main()
