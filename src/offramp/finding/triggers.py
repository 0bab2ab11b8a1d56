"""Operators that trigger dbt runs: which wait, whose run is waited for elsewhere, and how messages name them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from offramp.finding.describe import argument_text, name_text, task_text
from offramp.finding.helper_calls import HelperUse, helper_uses
from offramp.finding.operators import WAIT, Module, Use
from offramp.finding.passes import Pass, pass_waits, passes, stands_in_one_loop, waits
from offramp.model import Blocked
from offramp.python.names import ANY_ATTRIBUTE

if TYPE_CHECKING:
    from offramp.finding.run_flow import RunFlow


def triggers(module: Module) -> Iterator[Use]:
    """The calls of operators that start a run and can wait for it."""
    for use in module.uses:
        if use.role == "trigger" and use.call is not None and WAIT in module.rulebook.arguments(use.note):
            yield use


def helper_triggers(module: Module) -> Iterator[HelperUse]:
    """The same of operators that functions of other modules make and return, one for a call.

    There are none where the file sets whether they wait, or where other calls may see them: those of functions of other
    modules that are not understood.
    """
    if {WAIT, ANY_ATTRIBUTE} & module.names.stores.keys():
        return
    made: dict[ast.expr, list[HelperUse]] = {}
    for one in helper_uses(module):
        made.setdefault(one.use.callee, []).append(one)
    understood = {callee for callee, uses in made.items() if len(uses) == 1 and uses[0].is_result}
    others = module.others
    for call in module.names.calls:
        path = module.values.path(call.func)
        unseen = call.func not in understood and module.use_of(call) is None
        if unseen and path and others is not None and others.leads_into_project(path):
            return
    for callee, (one, *_) in made.items():
        if callee in understood and one.use.role == "trigger" and WAIT in module.rulebook.arguments(one.use.note):
            yield one._replace(use=one.use._replace(around=module.dags.surroundings(one.use.made)))


def helper_waits(one: HelperUse) -> bool | None:
    """Return whether an operator that a function makes waits for its run in all passes; None when it is not known."""
    return one.use.arguments.truth(WAIT, default=True)


def check_made_here(module: Module, use: Use) -> None:
    """Raise Blocked for an operator that a function of another module makes."""
    if use.derived is None and module.use_of(use.made) is None:
        raise Blocked("the operator is made by a function of another module, which other calls share", use.callee)


def trigger_slots(use: Use) -> dict[str, str]:
    """The operator, its task and its job, as messages name them."""
    return {"operator": name_text(use), "task": task_text(use), "job_id": argument_text(use, "job_id")}


@lru_cache(maxsize=1)
def run_flow(module: Module) -> RunFlow:
    """Return where the runs of a file go; kept for the file's fixes, which ask again."""
    from offramp.finding.run_flow import RunFlow  # files whose triggers all wait need none

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
