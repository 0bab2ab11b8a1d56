"""How long a flow waits: Airflow looks at a run, gives up past its limit, and looks again after an interval.

So it looks once more at or after its limit. prefect-dbt's functions look while the pauses they made add up to no more
than their limit, its block raises past the limit whatever it has just seen: each is told a limit that gives as many
looks that count. ``tests/equivalence/test_limits.py`` shows it with the libraries.
"""

from __future__ import annotations

import re

import pytest

from fixing.flows import fixed
from offramp.model import FileResult

_IMPORTS = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor
from datetime import datetime, timedelta

SHORT, EVERY = 20, 60
HOUR = timedelta(hours=1)
"""
_OPERATOR = 'DbtCloudRunJobOperator(task_id="a", job_id=1{})'
_SENSOR = 'DbtCloudJobRunSensor(task_id="a", run_id=5{})'


def _converted(call: str, arguments: str, pattern: str = "") -> FileResult:
    given = f", {arguments}" if arguments else ""
    return fixed(f'{_IMPORTS}\nwith DAG("d", schedule=None):\n    {call.format(given)}\n', "3.0.6", pattern=pattern)


def _written(result: FileResult, *names: str) -> tuple[str, ...]:
    assert result.new_text is not None, [one.reason for finding in result.findings for one in finding.refusals]
    text = result.new_text.decode()
    return tuple(match[1] if (match := re.search(rf"\b{name}=(.+?),?$", text, re.MULTILINE)) else "" for name in names)


@pytest.mark.parametrize(
    ("arguments", "limit", "interval"),
    [
        ("", "604800", "60"),
        ("timeout=20", "60", "60"),
        ("timeout=SHORT, check_interval=EVERY", "60", "EVERY"),
        ("timeout=59", "60", "60"),
        ("timeout=60", "60", "60"),
        ("timeout=EVERY", "EVERY", "60"),
        ("timeout=61", "120", "60"),
        ("timeout=0", "0", "60"),
        ("timeout=-100", "0", "60"),
        ("timeout=3600, check_interval=7", "3605", "7"),
        ("timeout=0.5, check_interval=1", "1", "1"),
        ("timeout=20.5, check_interval=20.0", "40", "20"),
        ("timeout=40.0, check_interval=20", "40", "20"),
        ("timeout=int(HOUR.total_seconds()), check_interval=HOUR.total_seconds()", "3600", "3600"),
        ("timeout=int(timedelta(seconds=61.5).total_seconds())", "120", "60"),
    ],
)
def test_the_function_is_told_whole_intervals(arguments: str, limit: str, interval: str) -> None:
    result = _converted(_OPERATOR, arguments)
    assert _written(result, "max_wait_seconds", "poll_frequency_seconds") == (limit, interval)


@pytest.mark.parametrize(
    ("arguments", "limit", "interval"),
    [
        ("", "604800", "60"),
        ("timeout=59940", "60000", "60"),
        ("timeout=60000", "60000", "60"),
        ("timeout=1000 * EVERY", "1000 * EVERY", "60"),
        ("timeout=20", "80", "60"),
        ("timeout=SHORT, check_interval=EVERY", "80", "EVERY"),
        ("timeout=60", "120", "60"),
        ("timeout=61", "121", "60"),
        ("timeout=0", "60", "60"),
        ("timeout=-100", "60", "60"),
        ("timeout=20.5, check_interval=20", "41", "20"),
    ],
)
def test_the_block_is_told_one_interval_more(arguments: str, limit: str, interval: str) -> None:
    result = _converted(_OPERATOR, arguments, "job-block")
    assert _written(result, "timeout_seconds", "interval_seconds") == (limit, interval)


@pytest.mark.parametrize(
    ("arguments", "limit", "interval"),
    [
        ("", "604800", "60"),
        ("timeout=20, poke_interval=60", "60", "60"),
        ("timeout=HOUR, poke_interval=timedelta(minutes=7)", "3780", "420"),
        ("timeout=HOUR", "3600", "60"),
        ("timeout=20, mode='reschedule'", "60", "60"),
        ("deferrable=True", "604800", "5"),
        ("timeout=12, deferrable=True", "15", "5"),
    ],
)
def test_a_sensor_is_told_whole_intervals(arguments: str, limit: str, interval: str) -> None:
    result = _converted(_SENSOR, arguments)
    assert _written(result, "max_wait_seconds", "poll_frequency_seconds") == (limit, interval)


@pytest.mark.parametrize("pattern", ["", "job-block"])
@pytest.mark.parametrize(
    ("call", "arguments", "reason"),
    [
        (_OPERATOR, "check_interval=0", "never gives up"),
        (_OPERATOR, "check_interval=0.0, timeout=5", "never gives up"),
        (_SENSOR, "poke_interval=0", "never gives up"),
        (_SENSOR, "poke_interval=timedelta(0), timeout=5", "never gives up"),
        (_OPERATOR, "check_interval=0.5", "not a whole number"),
        (_SENSOR, "poke_interval=2.5", "not a whole number"),
        (_SENSOR, "poke_interval=timedelta(milliseconds=1500)", "not a whole number"),
        (_OPERATOR, "timeout=1e400", "not known"),
    ],
)
def test_what_prefect_dbt_cannot_be_told_is_refused(call: str, arguments: str, reason: str, pattern: str) -> None:
    result = _converted(call, arguments, pattern)
    assert result.new_text is None
    assert [reason in one.reason for finding in result.findings for one in finding.refusals] == [True]


@pytest.mark.parametrize(
    ("call", "arguments", "unsafe"),
    [
        (_OPERATOR, "timeout=119, deferrable=True", True),
        (_OPERATOR, "timeout=120, deferrable=True", False),
        (_OPERATOR, "timeout=119", False),
        (_OPERATOR, "timeout=119, deferrable=False", False),
        (_SENSOR, "timeout=9, deferrable=True", True),
        (_SENSOR, "timeout=10, deferrable=True", False),
        (_SENSOR, "timeout=9, poke_interval=5", False),
    ],
)
def test_a_deferred_task_with_little_time_is_no_safe_fix(call: str, arguments: str, *, unsafe: bool) -> None:
    result = _converted(call, arguments)
    reasons = [finding.fix.reason for finding in result.fixed if finding.fix is not None]
    assert ["looks twice at once" in reason for reason in reasons] == [unsafe]


@pytest.mark.parametrize(
    ("pattern", "arguments", "unsafe"),
    [
        ("", 'timeout=20, additional_run_config={"timeout_seconds_override": 60}', False),
        ("", 'timeout=20, additional_run_config={"timeout_seconds_override": 61}', True),
        ("job-block", 'timeout=20, additional_run_config={"timeout_seconds_override": 6000}', False),
    ],
)
def test_what_lifts_the_limit_of_the_function(pattern: str, arguments: str, *, unsafe: bool) -> None:
    result = _converted(_OPERATOR, arguments, pattern)
    reasons = [finding.fix.reason for finding in result.fixed if finding.fix is not None]
    assert ["lifts prefect-dbt's limit" in reason for reason in reasons] == [unsafe]
