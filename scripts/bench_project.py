"""Measure ``offramp check`` of one DAG that uses a wrapper, and of all, in projects of modules that import each other.

``python scripts/bench_project.py [MODULES ...]`` makes a project of each size (100, 1,000, 2,000 and 10,000 unless
told). The DAG imports the wrapper through another module, and a module that leads to all others of the project, a
hundred of which are a circle: what is reached is read, and only that is parsed which an operator can come from.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from bench_tree import measure

SIZES = (100, 1_000, 2_000, 10_000)
# Modules of a project, and the seconds and MB that one DAG of it may take on two cores.
BUDGET = (2_000, 0.3, 300)
CIRCLE = 100

WRAPPER = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


class Nightly(DbtCloudRunJobOperator):
    def __init__(self, **kwargs):
        super().__init__(dbt_cloud_conn_id="nightly", **kwargs)
"""
DAG = """\
from datetime import datetime

from airflow import DAG
from company.operators import Nightly
from include.tables_0 import names

with DAG("nightly", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
    for name in names():
        Nightly(task_id=name, job_id=1)
"""
MODULE = """\
\"\"\"Tables {i}.\"\"\"
import json
import os

from include.tables_{next} import path
from include.tables_{second} import names as others


def path(name):
    return os.path.join("tables", json.dumps(name))


def names():
    return ["table_{i}", *others()]
"""


def main() -> None:
    """Make the projects and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    over = False
    for modules in args.modules:
        with tempfile.TemporaryDirectory() as temporary:
            root = Path(temporary)
            make(root, modules)
            one = [measure(root, 1, "dags/nightly.py") for _ in range(args.runs + 1)][1:]
            every = measure(root, 2)
        seconds = statistics.median(wall for wall, _, _ in one)
        memory = max(most for _, _, most in one)
        print(f"{modules} modules: one DAG {seconds:.2f} s and {memory} MB, all {every[0]:.2f} s and {every[2]} MB")
        over |= modules == BUDGET[0] and (seconds > BUDGET[1] or memory > BUDGET[2])
    if over:
        sys.exit(f"more than {BUDGET[1]} s or {BUDGET[2]} MB for one DAG of {BUDGET[0]} modules")


def make(root: Path, modules: int) -> None:
    """Write a project of that many modules."""
    for name in (".git", "dags", "plugins/company", "include"):
        (root / name).mkdir(parents=True)
    (root / "plugins/company/__init__.py").touch()
    (root / "plugins/company/nightly.py").write_text(WRAPPER)
    (root / "plugins/company/operators.py").write_text("from .nightly import Nightly\n")
    (root / "dags/nightly.py").write_text(DAG)
    for i in range(modules):
        circle = i - i % CIRCLE
        names = {"next": min(circle + (i + 1) % CIRCLE, modules - 1), "second": min(i + 1, modules - 1)}
        (root / f"include/tables_{i}.py").write_text(MODULE.format(i=i, **names))


if __name__ == "__main__":
    main()
