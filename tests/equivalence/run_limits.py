"""Counts the looks at a run that count, inside an environment: ``python run_limits.py CASES``.

CASES is JSON: ``[{"kind", "limit", "interval"}, …]``. Each is tried with a run that is seen ended in the first look, in
the second, and so on; written to stdout as JSON is how many of these waits succeed. The clock moves where the
library pauses, 10 ms for each look and a little whenever it is read; no look asks dbt Cloud or Prefect's server.
"""

# The libraries are not there where mypy runs.
# mypy: disable-error-code="import-not-found,import-untyped,misc"

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

_MOST = 12
_ENDED, _RUNNING = 10, 3


class Clock:
    """A clock that somebody who sleeps moves on."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        for module, name, instead in (
            (time, "sleep", self.sleep),
            (time, "time", self.read),
            (time, "monotonic", self.read),
            (asyncio, "sleep", self.sleep_async),
        ):
            setattr(module, name, instead)

    def read(self) -> float:
        self.now += 1e-6
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.now += seconds

    async def sleep_async(self, seconds: float, result: Any = None) -> Any:
        self.sleep(seconds)
        return result


class Run:
    """A run that is seen to have ended after some looks at it."""

    def __init__(self, clock: Clock, unfinished: int) -> None:
        self.clock, self.unfinished = clock, unfinished

    def status(self, *_: Any, **__: Any) -> int:
        self.clock.now += 0.01
        self.unfinished -= 1
        return _RUNNING if self.unfinished >= 0 else _ENDED


def operator(run: Run, limit: float, interval: float) -> bool:
    """The wait of the operator, and of the hook."""
    from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook

    class Hook(DbtCloudHook):
        get_job_run_status = run.status

    return bool(Hook("dbt_cloud").wait_for_job_run_status(1, 42, check_interval=interval, timeout=limit))


def sensor(run: Run, limit: float, interval: float) -> bool:
    """The sensor in poke mode."""
    from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor

    class Hook:
        get_job_run_status = run.status

    class Sensor(DbtCloudJobRunSensor):
        hook = Hook()

    Sensor(task_id="wait", run_id=1, poke_interval=interval, timeout=limit).execute({})
    return True


def trigger(run: Run, limit: float, interval: float) -> bool:
    """A deferred wait: one look, then those of the triggerer."""
    from airflow.providers.dbt.cloud.triggers import dbt

    class Hook:
        def __init__(self, *_: Any, **__: Any) -> None:
            """No connection is asked for."""

        async def get_job_status(self, *_: Any) -> int:
            return run.status()

    end = time.time() + limit
    if run.status() == _ENDED:
        return True
    dbt.DbtCloudHook = Hook

    async def event() -> Any:
        waiting = dbt.DbtCloudRunJobTrigger("dbt_cloud", 1, end, interval, 42)
        return await anext(waiting.run())

    return bool(asyncio.run(event()).payload["status"] == "success")


def function(run: Run, limit: int, interval: int) -> bool:
    """What ``wait_for_dbt_cloud_job_run`` does, which the other function waits by."""
    from prefect.logging import disable_run_logger
    from prefect_dbt.cloud import runs

    async def look(**_: Any) -> dict[str, int]:
        return {"status": run.status()}

    runs.get_dbt_cloud_run_info = look
    with disable_run_logger():
        asyncio.run(runs.wait_for_dbt_cloud_job_run.fn(1, None, limit, interval))
    return True


def block(run: Run, limit: int, interval: int) -> bool:
    """The block's ``wait_for_completion``."""
    from prefect_dbt.cloud import DbtCloudCredentials, DbtCloudJob
    from prefect_dbt.cloud.jobs import DbtCloudJobRun

    class Started(DbtCloudJobRun):
        async def get_status_code(self) -> int:
            return run.status()

    credentials = DbtCloudCredentials(api_key="key", account_id=42)
    job = DbtCloudJob(dbt_cloud_credentials=credentials, job_id=1, timeout_seconds=limit, interval_seconds=interval)
    Started(1, job).wait_for_completion()
    return True


KINDS: dict[str, Callable[..., bool]] = {one.__name__: one for one in (operator, sensor, trigger, function, block)}


def looks(cases: list[dict[str, Any]]) -> Iterator[int]:
    clock = Clock()
    for case in cases:
        ended = 0
        for unfinished in range(_MOST):
            try:
                ended += KINDS[case["kind"]](Run(clock, unfinished), case["limit"], case["interval"])
            except Exception as error:
                print(type(error).__name__, error, file=sys.stderr)
        yield ended


if __name__ == "__main__":
    print("\n", json.dumps(list(looks(json.loads(sys.argv[1])))), sep="")
