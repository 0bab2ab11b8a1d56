"""Work in several processes: in order, with their errors, and told where one of them is killed."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from offramp.processes import can_fork, in_processes

pytestmark = pytest.mark.skipif(not can_fork(), reason="there is one process only")


class Stopped(Exception):  # noqa: N818
    pass


def worked_out(item: int) -> str:
    if item == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if item == 17:
        sys.exit(3)
    if item > 1000:
        raise Stopped(f"no {item}")
    return str(os.getpid()) if item < 0 else f"{item}"


def lost(item: int, how: str) -> str:
    return f"{item} {how}"


@pytest.mark.parametrize("jobs", [1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 12, 100])
def test_results_come_in_order(jobs: int, count: int) -> None:
    assert list(in_processes(str, range(count), jobs, lost)) == list(map(str, range(count)))


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_only_the_item_that_kills_its_process_is_lost(jobs: int) -> None:
    results = list(in_processes(worked_out, range(30), jobs, lost))
    killed = "13 was killed by SIGKILL, as happens where memory runs out"
    assert results == [
        *map(str, range(13)),
        killed,
        "14",
        "15",
        "16",
        "17 ended with exit code 3",
        *map(str, range(18, 30)),
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_may_kill_its_process(jobs: int) -> None:
    assert len(list(in_processes(worked_out, [13] * 9, jobs, lost))) == 9


def test_an_error_is_raised_here_with_its_traceback_there() -> None:
    with pytest.raises(Stopped, match="no 1001") as raised:
        list(in_processes(worked_out, [1, 1001, 2], 2, lost))
    assert "in worked_out" in str(raised.value.__cause__)


def test_no_process_is_left_when_somebody_has_seen_enough() -> None:
    results = in_processes(worked_out, [-1] * 50, 3, lost)
    process = int(next(results))
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
