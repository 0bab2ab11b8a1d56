"""Operators that are found through other modules are made there, for the jobs that are said, by real Airflows."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from markdown_cases import cases, marks

from equivalence.environments import python

TREES = Path(__file__).resolve().parents[1] / "project" / "cases"
# Loads the DAG files of trees, each in a process of its own, and says at which of their lines operators are made.
PROGRAM = """
import inspect, json, os, sys, traceback, warnings
warnings.simplefilter("ignore")
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor
try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator

WATCHED = (DbtCloudRunJobOperator, DbtCloudJobRunSensor, BashOperator)

def loaded(tree, path):
    file = os.path.join(tree, path)
    sys.path[:0] = [os.path.dirname(file), *(os.path.join(tree, one) for one in ("", "dags", "plugins", "lib"))]
    rows = {}
    codes = {inspect.unwrap(kind.__init__).__code__ for kind in WATCHED}
    def note(frame, event, _given):
        if event == "return" and frame.f_code in codes:
            job = getattr(frame.f_locals["self"], "job_id", None)
            while frame is not None:
                if frame.f_code.co_filename == file:
                    rows.setdefault(frame.f_lineno, []).append(str(job))
                frame = frame.f_back
    sys.setprofile(note)
    failed = ""
    try:
        exec(compile(open(file).read(), file, "exec"), {"__name__": "dag_file", "__file__": file})
    except Exception:
        failed = traceback.format_exc()
    return [[row, jobs] for row, jobs in rows.items()], failed

for tree, path in json.load(sys.stdin):
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, json.dumps(loaded(tree, path)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        print("made", json.dumps([tree, path, *json.load(answer)]))
    os.wait()
"""


@pytest.mark.equivalence
@pytest.mark.parametrize("environment", ["airflow2", "airflow3"])
def test_operators_are_made_where_they_are_found(environment: str, tmp_path: Path) -> None:
    found: dict[tuple[str, str], dict[int, str]] = {}
    for number, case in enumerate(cases(TREES)):
        tree = tmp_path / str(number)
        for path, text in case.files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
            if path.startswith(("dags/", "jobs/")):
                found[str(tree), path] = {
                    mark.row: mark.words for mark in marks(text) if {"OFR101", "OFR102", "OFR121"} & {*mark.codes}
                }
    made = _made(environment, list(found), tmp_path)
    # Modules that import each other in a circle, and those that Airflow 3 has elsewhere, are read all the same.
    ran = [one for one in made if "ImportError" not in one[3] and "ModuleNotFoundError" not in one[3]]
    assert len(ran) > 12
    for tree, path, rows, failed in ran:
        assert not failed
        jobs = {row: {*made} for row, made in rows}
        for row, words in found[tree, path].items():
            assert row in jobs, (tree, path, row)
            said = re.search(r"job ((?:`[^`]+`(?: or )?)+)(?! \(not)", words)
            if said is not None:
                assert jobs[row] <= {*re.findall(r"`([^`]+)`", said[1])}, (tree, path, row)


def _made(environment: str, files: list[tuple[str, str]], home: Path) -> list[Any]:
    done = subprocess.run(
        [python(environment), "-c", PROGRAM],
        input=json.dumps(files),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AIRFLOW_HOME": str(home / "home"), "JOB": "1"},
    )
    return [json.loads(line.removeprefix("made ")) for line in done.stdout.splitlines() if line.startswith("made ")]
