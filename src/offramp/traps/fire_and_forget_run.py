"""OFR201: operators that do not wait, and whose run nothing else waits for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.operators import Module, Use
from offramp.finding.task_places import full_task_id
from offramp.finding.trap import File, Trap
from offramp.finding.triggers import (
    check_made_here,
    forgotten,
    helper_triggers,
    helper_waits,
    run_flow,
    trigger_slots,
    triggers,
)

if TYPE_CHECKING:
    from offramp.dags.graph import Task
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("operator", "task", "job_id")
_MOST_LISTED = 3
_EARLY = "starts when the run is triggered, not when it has ended"


def find(file: File) -> Iterator[Trap]:
    """Trigger operators that do not wait, and whose run id reaches nothing that could."""
    module = file.module
    quiet = [(use, found) for use in triggers(module) if (found := forgotten(module, use))]
    after = _tasks_after(module) if quiet else {}
    for use, found in quiet:
        ids = {full_task_id(one.module, one.use) for one in found}
        tasks = [task for task, ups in after.get(use.callee, {}).items() if None in ids or ids & ups]
        slots = [trigger_slots(one.use) for one in found]
        yield Trap(
            use.callee,
            {name: _listed([one[name] for one in slots]) for name in SLOTS},
            use.made,
            tuple((task.node, f"`{task.id}` {_EARLY}") for task in tasks),
            learned=use,
        )
    for one in helper_triggers(module):
        if helper_waits(one) is False and not run_flow(module).waited(one.use):
            yield Trap(one.use.callee, trigger_slots(one.use), one.use.made, learned=one.use, elsewhere=one.told)


def fix(planning: Planning, use: Use) -> Fix:
    """Wait for the run."""
    from offramp.editing.arguments import argument_to_change
    from offramp.model import Applicability, Edit, Fix

    check_made_here(planning.module, use)
    reason = "the DAG run then lasts as long as the dbt run, fails with it, and `retries` triggers it again"
    _, keyword = argument_to_change((use.made, use.call), "wait_for_termination", use.callee)
    edit = Edit(planning.source.positions.span(keyword.value), "True")
    return Fix("Wait for the run", (edit,), Applicability.UNSAFE, reason)


def _tasks_after(module: Module) -> dict[ast.expr, dict[Task, set[str]]]:
    """The tasks that come after operators, each with the ids of those before it, by the operator's class."""
    from offramp.dags.builder import build

    after: dict[ast.expr, dict[Task, set[str]]] = {}
    for dag in build(module).dags:
        for task in dag.tasks.values():
            for upstream in task.upstream:
                if upstream.use is not None:
                    after.setdefault(upstream.use.callee, {}).setdefault(task, set()).add(upstream.id)
    return after


def _listed(texts: list[str]) -> str:
    """Different texts as one, as people list them."""
    first = list(dict.fromkeys(texts))
    if len(first) > _MOST_LISTED:
        first = [*first[: _MOST_LISTED - 1], f"{len(first) - _MOST_LISTED + 1} others"]
    return " and ".join(part for part in (", ".join(first[:-1]), first[-1]) if part)
