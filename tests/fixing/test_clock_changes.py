"""Crons in zones that change their clocks: which of them start other runs with Prefect than with Airflow.

The runs of CronTriggerTimetable (3.3.2) and CronDataIntervalTimetable (2.10.5) were compared with those of Prefect
3.8.8's CronSchedule, around the four changes of 2026 in Berlin and New York.
"""

from __future__ import annotations

import pytest

from fixing.flows import fixed
from offramp.model import Applicability

_DAG = """\
import pendulum
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

START = pendulum.datetime(2024, 1, 1, tz="{zone}")
with DAG("d", schedule="{cron}", start_date=START, catchup=False) as dag:
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""


@pytest.mark.parametrize(
    ("cron", "zone", "differs"),
    [
        ("0 * * * *", "Europe/Berlin", True),
        ("*/15 * * * *", "Europe/Berlin", True),
        ("30 2 * * *", "Europe/Berlin", True),
        ("0 */2 * * *", "Europe/Berlin", True),
        ("0 1-5 * * *", "Europe/Berlin", True),
        ("@hourly", "Europe/Berlin", True),
        ("30 1 * * *", "America/New_York", True),
        ("30 2 * * *", "America/New_York", True),
        ("0 3 * * *", "Europe/Berlin", False),
        ("0 6,18 * * *", "Europe/Berlin", False),
        ("0 */6 * * *", "Europe/Berlin", False),
        ("@daily", "Europe/Berlin", False),
        ("0 * * * *", "Asia/Kolkata", False),
        ("0 * * * *", "UTC", False),
        # Nothing is known of a zone that does not exist.
        ("0 6 * * *", "Europe/Nowhere", True),
    ],
)
def test_a_cron_in_a_changed_hour_is_unsafe(cron: str, zone: str, differs: bool) -> None:
    [fix] = [finding.fix for finding in fixed(_DAG.format(cron=cron, zone=zone), "3.3").fixed]
    assert fix is not None
    assert fix.applicability is (Applicability.UNSAFE if differs else Applicability.SAFE)
    assert ("when its clocks change" in fix.reason) is differs
