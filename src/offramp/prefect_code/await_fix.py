"""Fixes that await a coroutine, each for all that it takes along, and what may show once something runs."""

from __future__ import annotations

import ast
from collections.abc import Collection

from offramp.editing.planning import Planning
from offramp.knowledge.prefect_dbt_calls import JOB, JOB_RUN, TRIGGER, WAIT
from offramp.model import Applicability, Blocked, Fix
from offramp.prefect_code.awaiting import Awaiting, handed_on, usable
from offramp.prefect_code.call_places import known_target
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.prefect_code.job_block import write_job_block
from offramp.python.names import FunctionNode

_NEVER_AWAITED = ("dbt-call-not-awaited", "returned-coroutine")
# What is known of a run only once it is awaited: that nothing waits for it, or looks how it ended.
_REVEALED = {
    TRIGGER: "fire-and-forget-trigger",
    f"{JOB}.trigger": "fire-and-forget-trigger",
    WAIT: "wait-result-ignored",
    f"{JOB_RUN}.wait_for_completion": "wait-result-ignored",
}
_ON_TWO = "it runs on Prefect 2 as it is; the async form was seen to do the same on Prefect 3"


class AwaitFixes:
    """The fixes of one file's coroutines that nobody awaits."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._prefect = prefect_of(planning.module, planning.versions)
        self._awaiting: dict[FunctionNode, tuple[Fix, frozenset[ast.Call]]] = {}

    def plan(self, call: ast.Call, reason: str) -> Fix:
        """Await what a call gives, or run the job block where that cannot be; raises Blocked."""
        target = self._prefect.target(call.func)
        awaited = isinstance(self._prefect.names.parents.get(call), ast.Await)
        if target is None or awaited or not self._prefect.is_coroutine(call, target):
            handed_on(self._prefect, call)
            return self._awaited(call, reason)
        if self._prefect.runs_on_two(call, target):
            reason = _ON_TWO
        usable(self._prefect, call)
        try:
            return self._awaited(call, reason)
        except Blocked as blocked:
            block = self._job_block(call, reason)
            if block is None:
                raise blocked from None
            return block

    def _awaited(self, call: ast.Call, reason: str) -> Fix:
        function = self._prefect.names.enclosing_function(call)
        if isinstance(function, FunctionNode) and function in self._awaiting:
            known, calls = self._awaiting[function]
            if call in calls:
                # The first call that makes a function async takes all others in it along.
                return known._replace(reason=reason)
        insertions = self._planning.insertions()
        awaiting = Awaiting(self._prefect, insertions, self._planning.learned(*_NEVER_AWAITED))
        awaiting.start(call)
        for function in awaiting.asynchronous:
            self._only_here(function)
        names = ", ".join(f"`{function.name}`" for function in awaiting.asynchronous)
        title = f"Await it, and make {names} async" if names else "Await it"
        if not awaiting.asynchronous and self._prefect.names.enclosing_function(call) is None:
            title = "Run it with `asyncio.run`"
        revealed = revealed_by(self._planning, self._prefect, awaiting.awaited)
        fix = insertions.fix(title, Applicability.UNSAFE, reason, revealed)
        self._awaiting.update(dict.fromkeys(awaiting.asynchronous, (fix, frozenset(awaiting.awaited))))
        return fix

    def _only_here(self, function: FunctionNode) -> None:
        project = self._planning.project
        importer = project.importing(self._planning.source.path) if project is not None else None
        if importer is not None:
            raise Blocked(f"{importer} imports this file, and may call `{function.name}`", function)

    def _job_block(self, call: ast.Call, reason: str) -> Fix | None:
        insertions = self._planning.insertions()
        title = f"Run `{JOB}`, which needs no `await` here"
        try:
            differences = write_job_block(self._prefect, insertions, call, known_target(self._prefect, call))
            revealed = revealed_by(self._planning, self._prefect, [call])
            return insertions.fix(title, Applicability.UNSAFE, "; ".join([reason, *differences]), revealed)
        except Blocked:
            return None


def revealed_by(planning: Planning, prefect: Prefect, calls: Collection[ast.Call]) -> tuple[str, ...]:
    """The codes of what may show once these calls run: what became of their runs, and what is asked of them."""
    found = [name for call in calls if (name := _revealed(prefect, call))]
    submitted = [call for call in calls if _form(prefect, call) in ("submit", "map")]
    found += ["future-not-resolved"] * len(submitted)
    if prefect.two:
        found += ["wrong-call-form"] * len(submitted)
    made = set(calls)
    for call in prefect.names.calls:
        if isinstance(call.func, ast.Attribute) and prefect.producer(call.func.value)[0] in made:
            made.add(call)
            found += [*_NEVER_AWAITED, *filter(None, [_revealed(prefect, call)])]
    return planning.codes(*found)


def _revealed(prefect: Prefect, call: ast.Call) -> str:
    """The rule that may have a finding on a call once it runs; empty for none."""
    target = prefect.target(call.func)
    return _REVEALED.get(target.callable.name, "") if target is not None else ""


def _form(prefect: Prefect, call: ast.Call) -> str:
    target = prefect.target(call.func)
    return target.form if target is not None else ""
