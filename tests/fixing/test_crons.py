"""Which cron expressions a flow gets as they are; ``tests/equivalence/test_crons.py`` asks Airflow and Prefect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixing.flows import fixed

CRONS = json.loads((Path(__file__).parents[1] / "fixtures" / "crons.json").read_text(encoding="utf-8"))
_DAG = """
from datetime import datetime
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
with DAG("d", schedule="{cron}", start_date=datetime(2024, 1, 1), catchup=False):
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""


@pytest.mark.parametrize("cron", CRONS["alike"])
def test_what_all_read_alike_is_written(cron: str) -> None:
    text = fixed(_DAG.format(cron=cron), "3.3").new_text
    written = {"@WEEKLY": "0 0 * * 0"}.get(cron, cron)
    assert text is not None
    assert f'schedule=Cron("{written}", timezone="UTC")' in text.decode()


@pytest.mark.parametrize("cron", CRONS["other"])
def test_what_one_of_them_reads_otherwise_or_not_is_refused(cron: str) -> None:
    result = fixed(_DAG.format(cron=cron), "3.3")
    assert result.new_text is None
    reasons = {refusal.reason for finding in result.findings for refusal in finding.refusals}
    assert "is a cron expression that Prefect may read otherwise" in reasons


def test_hours_over_midnight_are_hours_of_a_clock_change() -> None:
    dag = _DAG.format(cron="30 22-2 * * *").replace("datetime(2024, 1, 1)", "START")
    start = 'import pendulum\nSTART = pendulum.datetime(2024, 1, 1, tz="Europe/Berlin")\n'
    [fix] = [finding.fix for finding in fixed(start + dag, "3.3").fixed]
    assert fix is not None
    assert "when its clocks change" in fix.reason
