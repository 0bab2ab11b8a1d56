"""Calls of prefect-dbt whose coroutine nobody awaits, or that raise at once; finding layer.

Each detector takes the module and yields the place, and the slots of its message.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from offramp.finding.names import FunctionNode, expects_failure
from offramp.finding.operators import Module
from offramp.finding.prefect_context import ASYNC, SYNC, Prefect, Target
from offramp.finding.trap import Trap
from offramp.finding.value_paths import AWAITED, BREAKS, DROPPED, READ, UNSEEN, Paths
from offramp.finding.values import Reference
from offramp.knowledge.prefect_dbt_calls import (
    BY_CONTEXT,
    CLASSES,
    FLOW,
    PLAIN,
    RUN_ID,
    SYNC_FLOW,
    SYNC_TASK,
    TASK,
)
from offramp.reading.versions import Versions

RUN, HANDED_BACK = "run", "handed back"


@lru_cache(maxsize=1)
def prefect_of(module: Module, versions: Versions) -> Prefect:
    """What one module does with Prefect; kept while its rules run."""
    return Prefect(module, versions)


def dbt_call_not_awaited(module: Module, versions: Versions) -> Iterator[Trap]:
    """Coroutines with dbt work in them that are never awaited, so that nothing of it happens."""
    prefect = prefect_of(module, versions)
    never = [found for found in _coroutines(prefect) if found[1].callable.missing and found[2].never_started()]
    broken = {module.names.enclosing_function(call) for call, _, coroutine in never if BREAKS in coroutine.kinds()}
    for call, target, coroutine in never:
        missing = target.callable.missing
        ending = _ending(prefect, call, coroutine, fails=module.names.enclosing_function(call) in broken)
        consequence = f"it {missing}{ending}"
        if prefect.runs_on_two(call, target):
            consequence = f"it runs on Prefect 2 and stops running on Prefect 3, where it {missing}{ending}"
        yield Trap(call.func, {"call": target.name, "consequence": consequence}, call)


def returned_coroutine(module: Module, versions: Versions) -> Iterator[Trap]:
    """Coroutines that a flow returns, to be run only after the flow run has its final state."""
    prefect = prefect_of(module, versions)
    for call, target, coroutine in _coroutines(prefect):
        if target.callable.missing and coroutine.handed_back():
            consequence = "it runs only after the flow run is already Completed, which a failure does not change"
            if prefect.runs_on_two(call, target):
                consequence = f"it stops running inside the flow run on Prefect 3, where {consequence}"
            yield Trap(call.func, {"call": target.name, "consequence": consequence}, call)


def wrong_call_form(module: Module, versions: Versions) -> Iterator[Trap]:
    """Forms of calling that raise when they run."""
    prefect = prefect_of(module, versions)
    for call in module.names.calls:
        target = prefect.target(call.func)
        if target is None or expects_failure(module.names, call):
            continue
        consequence = (
            _submitted_flow(target)
            or _awaited_future(prefect, call, target)
            or _awaited_result(prefect, call, target)
            or _unloaded(prefect, call, target)
        )
        if consequence:
            yield Trap(call.func, {"call": target.name, "consequence": consequence}, call)
        elif target.callable.missing:
            yield from _asyncio_run(prefect, call, target)


class Coroutine(Paths):
    """Where a coroutine goes."""

    def handed_back(self) -> bool:
        """Whether a flow returns it un-awaited, and gets as far as that."""
        return HANDED_BACK in self.kinds() <= {DROPPED, READ, HANDED_BACK}

    def never_started(self) -> bool:
        """Whether nothing can await it."""
        return self.kinds() <= {DROPPED, READ, BREAKS, HANDED_BACK} and not self.handed_back()

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """A coroutine has none of a result's attributes, but may be driven by its own."""
        driven = node.attr in ("send", "throw", "close", "__await__")
        self.end(UNSEEN if level or driven else BREAKS, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Local functions are followed; tasks and blocks cannot use a coroutine."""
        target = self.prefect.target(call.func)
        value = self.prefect.values.single(call.func)
        if isinstance(value, Reference) and value.path == "asyncio.run":
            self.end(RUN, call, level)
        elif isinstance(value, Reference) and value.path == "asyncio.wait_for":
            # A coroutine itself, which runs the other one only once it is awaited (CPython 3.10 to 3.13).
            self.follow(call, level)
        elif keyword == "wait_for":
            self.end(READ, call, level)
        elif target is not None and target.function is not None and target.form in ("call", "fn", "submit"):
            self.to_parameter(call, target.function, node, level, keyword)
        elif target is not None or (isinstance(value, Reference) and value.path in CLASSES):
            self.end(BREAKS, call, level)
        else:
            self.end(UNSEEN, call, level)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """A flow run is over when what it returned is run; a task's value goes on where the task is called."""
        role = self.prefect.role(function)
        if role == "flow" and level == 0:
            self.end(HANDED_BACK, node, level)
        elif role in ("flow", "task") and not self._has_callers(function):
            self.end(DROPPED, node, level)
        else:
            self.to_callers(function, node, level)

    def _has_callers(self, function: ast.AST | None) -> bool:
        return isinstance(function, FunctionNode) and self.prefect.call_sites(function) != []


class _Future(Paths):
    """Where the future of a submitted task goes, to see whether it or its result is awaited."""

    def attribute(self, node: ast.Attribute, level: int) -> None:
        call = self.names.parents.get(node)
        outer = self.names.parents.get(call) if isinstance(call, ast.Call) and call.func is node else None
        if level == 0 and node.attr == "result" and isinstance(outer, ast.Await):
            self.end(AWAITED, outer, level)
        else:
            self.end(UNSEEN, node, level)


def _coroutines(prefect: Prefect) -> Iterator[tuple[ast.Call, Target, Coroutine]]:
    """The calls that give a coroutine, with where it goes; none of an object that is itself a coroutine."""
    for call in prefect.names.calls:
        target = prefect.target(call.func)
        if target is None or not (prefect.is_coroutine(call, target) or _coroutine_on_two(prefect, call, target)):
            continue
        if target.owner and isinstance(call.func, ast.Attribute) and prefect.pending(call.func.value):
            continue
        paths = Coroutine(prefect)
        paths.follow(call)
        yield call, target, paths


def _coroutine_on_two(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Whether submitting gives a coroutine: on Prefect 2, for an async task in an async flow."""
    submitted = target.form in ("submit", "map") and target.callable.kind == TASK
    return prefect.two and submitted and prefect.contexts(call) == {ASYNC}


def _ending(prefect: Prefect, call: ast.Call, coroutine: Coroutine, *, fails: bool) -> str:
    """How the run ends that a call is part of, as far as this is known; ``fails`` if another such call breaks it."""
    runs = prefect.runs(call)
    (run,) = runs if len(runs) == 1 else ("",)
    if not run:
        return ""
    if BREAKS in coroutine.kinds():
        return f"; the {run} run fails where the result is used"
    return "" if fails else f"; the {run} run ends Completed"


def _submitted_flow(target: Target) -> str:
    if target.form in ("submit", "map") and target.callable.kind in (FLOW, SYNC_FLOW) and target.callable.missing:
        return f"raises AttributeError: a flow has no `{target.form}`"
    return ""


def _awaited_future(prefect: Prefect, call: ast.Call, target: Target) -> str:
    if target.form not in ("submit", "map") or target.callable.kind not in (TASK, SYNC_TASK):
        return ""
    if not target.callable.missing and target.function is not None:
        return ""
    future = _Future(prefect)
    future.follow(call, 1 if target.form == "map" else 0)
    awaits = [end.node for end in future.ends if end.kind == AWAITED]
    if not awaits:
        return ""
    direct = any(isinstance(node, ast.Await) and node.value is call for node in awaits)
    what = "a future" if direct else "what it gave"
    consequence = f"starts, and then awaiting {what} raises TypeError"
    if prefect.two and target.callable.kind == TASK:
        return f"works on Prefect 2 and stops working on Prefect 3, where it {consequence}"
    return consequence


def _awaited_result(prefect: Prefect, call: ast.Call, target: Target) -> str:
    """``await`` of what is no coroutine on any version."""
    synchronous = (target.callable.kind == PLAIN and target.owner) or target.callable.name == RUN_ID
    if synchronous and target.form == "call" and isinstance(prefect.names.parents.get(call), ast.Await):
        return "runs, and then awaiting its result raises TypeError"
    return ""


def _unloaded(prefect: Prefect, call: ast.Call, target: Target) -> str:
    """An un-awaited ``load`` whose object is used."""
    if target.callable.missing or not target.callable.returns or not prefect.is_coroutine(call, target):
        return ""
    paths = Coroutine(prefect)
    paths.follow(call)
    if BREAKS in paths.kinds() <= {BREAKS, READ, DROPPED}:
        where = "in an async flow or task " if target.callable.kind == BY_CONTEXT else ""
        return f"gives a coroutine {where}that nobody awaits: using it as the block raises"
    return ""


def _asyncio_run(prefect: Prefect, call: ast.Call, target: Target) -> Iterator[Trap]:
    if not prefect.is_coroutine(call, target):
        return
    paths = Coroutine(prefect)
    paths.follow(call)
    for end in paths.ends:
        if end.kind != RUN or end.level or not isinstance(end.node, ast.Call):
            continue
        slots = {"call": "asyncio.run"}
        if prefect.in_running_loop(end.node) and not _loops_nest(prefect):
            slots["consequence"] = f"raises RuntimeError inside a running event loop, and {target.callable.missing}"
        elif _sync_flow_on_two(prefect, call, target):
            slots["consequence"] = "raises ValueError on Prefect 2, once the call has run and left no coroutine to it"
        else:
            continue
        yield Trap(end.node.func, slots, end.node)


def _loops_nest(prefect: Prefect) -> bool:
    """Whether the file patches asyncio so that loops may run inside loops."""
    applied = Reference("nest_asyncio.apply")
    return any(prefect.values.single(call.func) == applied for call in prefect.names.calls)


def _sync_flow_on_two(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Whether Prefect 2 has run the call already; a sync task does so only under a sync flow."""
    if not prefect.runs_on_two(call, target):
        return False
    function = prefect.names.enclosing_function(call)
    if prefect.role(function) != "task" or not isinstance(function, FunctionNode):
        return True
    sites = prefect.call_sites(function)
    return bool(sites) and all(prefect.contexts(site) == {SYNC} for site in sites or ())
