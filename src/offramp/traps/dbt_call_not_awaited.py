"""OFR211: coroutines with dbt work in them that are never awaited, so that nothing of it happens."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.prefect_code.coroutines import LEFT, TAKEN, Lost, lost_coroutines, run_of
from offramp.python.paths import BREAKS

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "consequence")
HELP = "Await it in an `async def`, or run `DbtCloudJob` in a sync task"
_STARTS = "what never ran until now then runs, and the run waits for it and fails with it"
_LEFT = (
    "nobody awaits the asyncio task that is to run it, which is cancelled at the end or fails unseen; "
    "the {run} run ends Completed"
)


def find(file: File) -> Iterator[Trap]:
    """The calls that make such a coroutine, or that are handed it and lose it."""
    prefect = prefect_of(file.module, file.versions)
    never = [lost for lost in lost_coroutines(prefect) if not lost.handed_back()]
    broken = {prefect.names.enclosing_function(lost.place) for lost in never if BREAKS in lost.kinds}
    for lost in never:
        fails = prefect.names.enclosing_function(lost.place) in broken
        consequence = _left(prefect, lost) or f"it {lost.target.callable.missing}{_ending(prefect, lost, fails=fails)}"
        if prefect.runs_on_two(lost.call, lost.target):
            consequence = f"it runs on Prefect 2 and stops running on Prefect 3, where {consequence}"
        slots = {"call": lost.name(prefect), "consequence": consequence}
        yield Trap(lost.place.func, slots, lost.place, learned=lost.place)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Await it, with all that follows from it; where that cannot be, run the job block instead."""
    from offramp.prefect_code.await_fix import AwaitFixes

    return planning.shared(AwaitFixes).plan(call, _STARTS)


def _left(prefect: Prefect, lost: Lost) -> str:
    run = run_of(prefect, lost)
    return _LEFT.format(run=run) if run and LEFT in lost.kinds else ""


def _ending(prefect: Prefect, lost: Lost, *, fails: bool) -> str:
    """Return how the run of a call ends, as far as this is known; ``fails`` if another such call breaks it."""
    run = run_of(prefect, lost)
    if not run or TAKEN in lost.kinds:
        return ""
    if BREAKS in lost.kinds:
        return f"; the {run} run fails where the result is used"
    return "" if fails else f"; the {run} run ends Completed"
