"""OFR212: coroutines that a flow returns, to be run only after the flow run has its final state."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.prefect_code.context import prefect_of
from offramp.prefect_code.coroutines import lost_coroutines

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "consequence")
HELP = "Await it in an `async def`, or run `DbtCloudJob` in a sync task"
_INSIDE = "it then runs inside the flow run, which fails with it"


def find(file: File) -> Iterator[Trap]:
    """The calls that make such a coroutine, or that hand it back."""
    prefect = prefect_of(file.module, file.versions)
    for lost in lost_coroutines(prefect):
        if lost.handed_back():
            consequence = "it runs only after the flow run is already Completed, which a failure does not change"
            if prefect.runs_on_two(lost.call, lost.target):
                consequence = f"it stops running inside the flow run on Prefect 3, where {consequence}"
            slots = {"call": lost.name(prefect), "consequence": consequence}
            yield Trap(lost.place.func, slots, lost.place, learned=lost.place)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Await it, with all that follows from it; where that cannot be, run the job block instead."""
    from offramp.prefect_code.await_fix import AwaitFixes

    return planning.shared(AwaitFixes).plan(call, _INSIDE)
