"""The Airflow-side traps of waiting: runs that nobody waits for, and waits without effect.

Each detector takes the module and yields the place, and the slots of its message.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from offramp.finding.describe import argument_text, name_text, task_text
from offramp.finding.operators import WAIT, Module, Use
from offramp.finding.passes import Pass, pass_waits, passes, stands_in_one_loop, waits
from offramp.finding.task_places import full_task_id
from offramp.reading.versions import Versions
from offramp.traps.run_flow import RunFlow, run_sources
from offramp.traps.trap import Trap

if TYPE_CHECKING:
    from offramp.dags.graph import Task

_DEFERRABLE = "deferrable"
_MOST_LISTED = 3


def fire_and_forget_run(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Trigger operators that do not wait, and whose run id reaches nothing that could."""
    quiet = [(use, found) for use in _triggers(module) if (found := forgotten(module, use))]
    if not quiet:
        return
    from offramp.dags.builder import build

    after: dict[ast.expr, dict[Task, set[str]]] = {}
    for dag in build(module).dags:
        for task in dag.tasks.values():
            for upstream in task.upstream:
                if upstream.use is not None:
                    after.setdefault(upstream.use.callee, {}).setdefault(task, set()).add(upstream.id)
    early = "starts when the run is triggered, not when it has ended"
    for use, found in quiet:
        ids = {full_task_id(one.module, one.use) for one in found}
        tasks = [task for task, ups in after.get(use.callee, {}).items() if None in ids or ids & ups]
        yield _trap_of_passes(use, found)._replace(related=tuple((task.node, f"`{task.id}` {early}") for task in tasks))


@lru_cache(maxsize=1)
def run_flow(module: Module) -> RunFlow:
    """Return where the runs of a file go; kept for the file's fixes, which ask again."""
    return RunFlow(module)


def forgotten(module: Module, use: Use) -> list[Pass]:
    """The passes in which a trigger operator starts a run that nothing waits for."""
    if waits(module, use) is True:
        return []
    made = passes(module, use)
    # Behind a loop its names are those of the last turn.
    turns = len(made) > 1 and stands_in_one_loop(module, use)
    quiet = [(one, not turns or one is made[-1]) for one in made if pass_waits(one) is False]
    return [one for one, last in quiet if not run_flow(module).waited(use, one.use, last=last)]


def deferrable_without_wait(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Trigger operators that are asked to defer but not to wait, so that they never defer."""
    for use in _triggers(module):
        given = use.arguments.given.get(_DEFERRABLE)
        constant = given.constant if given is not None else None
        # The operator looks for exactly True (seen on providers 4.0.0 and 4.11.1).
        if constant is not None and constant.value is True and waits(module, use) is False:
            yield _trap(use)


def double_wait(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Sensors that wait for a run whose operator has waited already."""
    by_id: dict[tuple[ast.AST | None, str | None], list[Use]] = {}
    for use in _triggers(module):
        by_id.setdefault((_dag(module, use), full_task_id(module, use)), []).append(use)
    for sensor in module.uses:
        if sensor.role != "sensor" or sensor.call is None:
            continue
        if sensor.derived is not None and module.decides(sensor.derived):
            continue
        triggers: list[Use] = []
        for source in run_sources(module, sensor):
            triggers.extend([source] if isinstance(source, Use) else by_id.get((_dag(module, sensor), source), []))
        if len(triggers) == 1 and triggers[0].role == "trigger" and waits(module, triggers[0]) is True:
            slots = {**_trap(triggers[0]).slots, "sensor": name_text(sensor)}
            waited = (triggers[0].callee, "waits for the run itself, until it has ended")
            yield Trap(sensor.callee, slots, sensor.call, (waited,))


def _triggers(module: Module) -> Iterator[Use]:
    for use in module.uses:
        if use.role == "trigger" and use.call is not None and WAIT in module.rulebook.arguments(use.note):
            yield use


def _dag(module: Module, use: Use) -> ast.AST | None:
    """Return what makes the DAG of a use; where that is not seen, tasks of one function are taken to share theirs."""
    return use.around.dag or (None if use.around.known else module.names.enclosing_function(use.callee))


def _trap(use: Use) -> Trap:
    slots = {"operator": name_text(use), "task": task_text(use), "job_id": argument_text(use, "job_id")}
    return Trap(use.callee, slots, use.made)


def _trap_of_passes(use: Use, found: list[Pass]) -> Trap:
    """The trap of the passes of a loop, or calls of a function, that it is about."""
    slots = [_trap(one.use).slots for one in found]
    return Trap(use.callee, {name: _listed([one[name] for one in slots]) for name in slots[0]}, use.made)


def _listed(texts: list[str]) -> str:
    """Different texts as one, as people list them."""
    first = list(dict.fromkeys(texts))
    if len(first) > _MOST_LISTED:
        first = [*first[: _MOST_LISTED - 1], f"{len(first) - _MOST_LISTED + 1} others"]
    return " and ".join(part for part in (", ".join(first[:-1]), first[-1]) if part)
