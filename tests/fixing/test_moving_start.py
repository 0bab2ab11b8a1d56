"""A start_date that moves on with every parsing lets some schedules run and others not.

What Airflow does was seen by asking the timetables of 2.10.5 and 3.3.2 for the next run, with the start_date of that
moment, every few minutes of up to four months.
"""

from __future__ import annotations

import pytest

from fixing.flows import fixed

_DAG = """\
from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule={schedule!r}, start_date={start}, catchup=False) as dag:
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""
_TODAY, _NOW = 'pendulum.today("UTC")', 'pendulum.now("UTC")'
_BOTH, _NEW, _NONE = {"2.10", "3.3"}, {"3.3"}, set[str]()
_RUNS = [
    ("0 * * * *", f"{_TODAY}.subtract(days=1)", _BOTH),
    ("0 * * * *", f"{_TODAY}", _NEW),
    ("0 6 * * *", f"{_TODAY}.add(days=-1)", _BOTH),
    ("0 6 * * *", 'pendulum.yesterday("UTC")', _BOTH),
    ("0 6 * * *", f"{_TODAY}", _NEW),
    ("0 6 * * *", f"{_NOW}", _NONE),
    ("0 6 * * *", f"{_NOW}.subtract(days=1)", _NEW),
    ("0 6 * * *", f"{_NOW}.subtract(days=2)", _BOTH),
    ("0 6 * * 1", f"{_TODAY}.subtract(days=2)", _NEW),
    ("0 6 * * 1", f"{_TODAY}.subtract(days=7)", _BOTH),
    ("0 6 * * 1", f"{_TODAY} - timedelta(weeks=1)", _BOTH),
    ("0 0 1 * *", f"{_TODAY}.subtract(days=8)", _NEW),
    ("0 6 * * *", "datetime.now() - timedelta(days=1)", _NEW),
    ("0 6 * * *", "datetime.now() - timedelta(days=3)", _BOTH),
    # The machine's clock, taken for UTC, may be 14 hours ahead of it.
    ("0 6 * * *", "datetime.now() - timedelta(hours=6)", _NONE),
    (None, "datetime.now() - timedelta(days=1)", _BOTH),
    # Where the file is parsed again after the run was asked for, the task's start_date lies after the run.
    (None, "datetime.now()", _NONE),
]


@pytest.mark.parametrize(("schedule", "start", "runs"), _RUNS)
def test_only_a_schedule_that_runs_in_airflow_is_given_to_a_flow(
    schedule: str | None, start: str, runs: set[str]
) -> None:
    text = _DAG.format(schedule=schedule, start=start)
    assert {version for version in ("2.10", "3.3") if fixed(text, version).new_text is not None} == runs
