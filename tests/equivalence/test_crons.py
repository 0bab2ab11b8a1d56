"""The cron expressions that a flow gets as they are start the same runs with both Airflows and with Prefect."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from equivalence.environments import python

CRONS = json.loads((Path(__file__).parents[1] / "fixtures" / "crons.json").read_text(encoding="utf-8"))["alike"]
AIRFLOW = """
import json, sys
import pendulum
from airflow.timetables._cron import CronMixin

found = {}
for text in json.load(sys.stdin):
    cron, moment, runs = CronMixin(text, "UTC"), pendulum.datetime(2026, 1, 1, 0, 30), []
    for _ in range(40):
        moment = cron._get_next(moment)
        runs.append(moment.strftime("%Y-%m-%dT%H:%M"))
    found[text] = runs
print("\\n" + json.dumps(found))
"""
PREFECT = """
import asyncio, json, sys
from datetime import datetime, timezone
from prefect.server.schemas.schedules import CronSchedule

async def runs(text):
    begin = datetime(2026, 1, 1, 0, 30, 1, tzinfo=timezone.utc)
    dates = await CronSchedule(cron=text, timezone="UTC").get_dates(40, begin)
    return [date.strftime("%Y-%m-%dT%H:%M") for date in dates]

print("\\n" + json.dumps({text: asyncio.run(runs(text)) for text in json.load(sys.stdin)}))
"""


@pytest.mark.equivalence
def test_all_start_the_same_runs(tmp_path: Path) -> None:
    flow = _runs("prefect3", PREFECT, tmp_path)
    assert list(flow) == CRONS
    assert {len(runs) for runs in flow.values()} == {40}
    assert _runs("airflow2", AIRFLOW, tmp_path) == flow
    assert _runs("airflow3", AIRFLOW, tmp_path) == flow


def _runs(environment: str, program: str, home: Path) -> dict[str, list[str]]:
    done: Any = subprocess.run(
        [python(environment), "-c", program],
        input=json.dumps(CRONS),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AIRFLOW_HOME": str(home / "airflow"), "PREFECT_HOME": str(home / "prefect")},
    )
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found
