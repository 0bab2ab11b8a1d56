"""Measure the gate on a generated repository, beside ruff's TID251 on the same tree in one run.

``python scripts/bench_gate.py``: 20,000 Python files, 3,000 of them with Airflow, in a
git repository with a baseline of all findings.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(sysconfig.get_path("scripts"))
OFFRAMP = str(SCRIPTS / "offramp")
RUFF = str(SCRIPTS / "ruff")
# Not where the gate looks for one, so that --base compares with the revision.
BASELINE = "accepted.json"
CONFIG = """\
[lint.flake8-tidy-imports.banned-api]
"airflow".msg = "no"
"""
PLAIN = """\
import json
import logging
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass
class Record{number}:
    name: str
    value: int = {number}

    def dump(self) -> str:
        logger.info("dumping %s", self.name)
        return json.dumps({{"name": self.name, "value": self.value}})
"""
DAG = """\
from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.python import PythonOperator


def extract_{number}() -> str:
    return Variable.get("table_{number}")


with DAG("dag_{number}", schedule="@daily", start_date=datetime(2024, 1, 1)) as dag:
    PythonOperator(task_id="extract", python_callable=extract_{number})
"""


class Measured(NamedTuple):
    """Median seconds of wall-clock time, and peak megabytes of the biggest process."""

    seconds: float
    megabytes: float


def main() -> None:
    """Generate the tree, run every measurement in turn, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--airflow", type=int, default=3_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary)
        ten = generate(tree, args.files, args.airflow)
        ruff = [RUFF, "check", "--quiet", "--config", "ruff.toml", "--select", "TID251"]
        gate = [OFFRAMP, "gate", "-q"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "ruff TID251, uncached": [*ruff, "--no-cache"],
            "ruff TID251, cached": ruff,
            "ruff TID251, 10 files": [*ruff, "--no-cache", *ten],
            "full gate": [*gate, "--baseline", BASELINE],
            "gate, 10 files": [*gate, "--baseline", BASELINE, *ten],
            "gate --base, 50 files": [*gate, "--base", "HEAD"],
        }
        found = measure(commands, tree, args.runs)
    for name, measured in found.items():
        print(f"{name:<24} {measured.seconds * 1000:7.0f} ms {measured.megabytes:6.0f} MB")
    full, uncached = found["full gate"], found["ruff TID251, uncached"]
    print(f"full gate / ruff uncached: {full.seconds / uncached.seconds:.2f} (budget 4)")
    above = found["gate, 10 files"].seconds - found["python -c pass"].seconds
    print(f"10 files above the interpreter's start: {above * 1000:.0f} ms (budget 150)")
    print(f"most memory: {max(measured.megabytes for measured in found.values()):.0f} MB (budget 250)")


def generate(tree: Path, files: int, airflow: int) -> list[str]:
    """Write and commit the repository with its baseline, and change 50 files; ten of the files."""
    for number in range(files):
        is_dag = number * airflow // files != (number + 1) * airflow // files
        path = tree / f"team_{number % 40}" / f"part_{number % 7}" / f"m{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((DAG if is_dag else PLAIN).format(number=number))
    (tree / "ruff.toml").write_text(CONFIG)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    environment = without_ci()
    subprocess.run([*git, "init", "-q"], cwd=tree, check=True)
    subprocess.run(
        [OFFRAMP, "gate", "-q", "--baseline", BASELINE, "--accept-new"], cwd=tree, check=True, env=environment
    )
    for command in (["add", "-A"], ["commit", "-q", "-m", "everything"]):
        subprocess.run([*git, *command], cwd=tree, check=True)
    paths = sorted(tree.rglob("m*.py"))
    for path in paths[:: len(paths) // 50][:50]:
        path.write_text(path.read_text() + "\nDONE = True\n")
    return [str(path.relative_to(tree)) for path in paths[:: len(paths) // 10][:10]]


def measure(commands: dict[str, list[str]], tree: Path, runs: int) -> dict[str, Measured]:
    """Run all commands in turn, ``runs`` times after one round that fills caches."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    peaks = dict.fromkeys(commands, 0.0)
    for turn in range(runs + 1):
        for name, command in commands.items():
            seconds, megabytes = run(command, tree)
            if turn:
                times[name].append(seconds)
            peaks[name] = max(peaks[name], megabytes)
    return {name: Measured(statistics.median(times[name]), peaks[name]) for name in commands}


def run(command: list[str], tree: Path) -> tuple[float, float]:
    """Wall-clock seconds and peak megabytes of one command; what it prints goes nowhere."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=tree, env=without_ci(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command[:6])} ended with exit code {process.returncode}")
    return elapsed, peak(usage)


def peak(usage: resource.struct_rusage) -> float:
    """Megabytes of the biggest of a command's processes."""
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


def without_ci() -> dict[str, str]:
    """The environment of this process, but free to write the baseline."""
    return {name: value for name, value in os.environ.items() if name != "CI"}


if __name__ == "__main__":
    main()
