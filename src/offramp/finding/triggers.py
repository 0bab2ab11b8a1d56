"""Operators that trigger dbt runs: which wait, whose run is waited for elsewhere, and how messages name them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from offramp.finding.describe import argument_text, name_text, task_text
from offramp.finding.operators import WAIT, Module, Use
from offramp.finding.passes import Pass, pass_waits, passes, stands_in_one_loop, waits
from offramp.finding.run_flow import RunFlow


def triggers(module: Module) -> Iterator[Use]:
    """The calls of operators that start a run and can wait for it."""
    for use in module.uses:
        if use.role == "trigger" and use.call is not None and WAIT in module.rulebook.arguments(use.note):
            yield use


def trigger_slots(use: Use) -> dict[str, str]:
    """The operator, its task and its job, as messages name them."""
    return {"operator": name_text(use), "task": task_text(use), "job_id": argument_text(use, "job_id")}


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
