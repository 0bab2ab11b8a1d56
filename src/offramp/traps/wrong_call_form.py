"""OFR218: forms of calling that raise when they run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.knowledge.prefect_dbt_calls import BY_CONTEXT, FLOW, PLAIN, RUN_ID, SYNC_FLOW, SYNC_TASK, TASK
from offramp.model import Blocked, Span
from offramp.prefect_code.context import SYNC, Prefect, Target, prefect_of
from offramp.prefect_code.coroutines import RUN, Coroutine
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.names import FunctionNode, expects_failure
from offramp.python.paths import AWAITED, BREAKS, DROPPED, READ, UNSEEN
from offramp.python.values import Reference

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "consequence")
HELP = "Await the flow, or put it into a task of your own and submit that"
_GOES_ON = "the run, which fails here until now, then goes on"
# The keyword with what stands between it and an operand on the same logical line.
_AWAIT = re.compile(rb"await(?:[ \t\f]|\\(?:\r\n|\n|\r))*")


def find(file: File) -> Iterator[Trap]:
    """The calls in such a form, or the calls of ``asyncio.run`` around them."""
    prefect = prefect_of(file.module, file.versions)
    for call in prefect.names.calls:
        target = prefect.target(call.func)
        if target is None or expects_failure(prefect.names, call):
            continue
        consequence = (
            _submitted_flow(target)
            or _awaited_future(prefect, call, target)
            or _awaited_result(prefect, call, target)
            or _unloaded(prefect, call, target)
        )
        if consequence:
            yield Trap(call.func, {"call": target.name, "consequence": consequence}, call, learned=call)
        elif target.callable.missing:
            yield from _asyncio_run(prefect, call, target)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Write the one form that runs."""
    from offramp.model import Applicability
    from offramp.prefect_code.await_fix import revealed_by

    prefect = prefect_of(planning.module, planning.versions)
    insertions = planning.insertions()
    title = _right_form(prefect, insertions, call)
    # What `asyncio.run` runs is its argument.
    run = [call, *(argument for argument in call.args if isinstance(argument, ast.Call))]
    return insertions.fix(title, Applicability.UNSAFE, _GOES_ON, revealed_by(planning, prefect, run))


class _Future(PrefectPaths):
    """The places where the future of a submitted task goes, to see whether it or its result is awaited."""

    def attribute(self, node: ast.Attribute, level: int) -> None:
        call = self.names.parents.get(node)
        outer = self.names.parents.get(call) if isinstance(call, ast.Call) and call.func is node else None
        if level == 0 and node.attr == "result" and isinstance(outer, ast.Await):
            self.end(AWAITED, outer, level)
        else:
            self.end(UNSEEN, node, level)


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
    """``await`` of what is not a coroutine on any version."""
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
        yield Trap(end.node.func, slots, end.node, learned=end.node)


def _loops_nest(prefect: Prefect) -> bool:
    """Return whether the file patches asyncio so that loops may run inside loops."""
    applied = Reference("nest_asyncio.apply")
    return any(prefect.values.single(call.func) == applied for call in prefect.names.calls)


def _sync_flow_on_two(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Return whether Prefect 2 has run the call already; a sync task does so only under a sync flow."""
    if not prefect.runs_on_two(call, target):
        return False
    function = prefect.names.enclosing_function(call)
    if prefect.role(function) != "task" or not isinstance(function, FunctionNode):
        return True
    sites = prefect.call_sites(function)
    return bool(sites) and all(prefect.contexts(site) == {SYNC} for site in sites or ())


def _right_form(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Correct the form of a call; returns the title. Raises Blocked."""
    from offramp.prefect_code.awaiting import Awaiting, unwrap

    if prefect.two:
        raise Blocked("Prefect 2 needs another form than Prefect 3 here", call)
    target = prefect.target(call.func)
    if target is None:
        if not isinstance(prefect.names.enclosing_function(call), ast.AsyncFunctionDef) or len(call.args) != 1:
            raise Blocked("the function around it is not async", call)
        unwrap(insertions, call)
        return "Await it instead"
    awaits = _awaits(prefect, call)
    for node in awaits:
        start = insertions.source.positions.span(node).start
        keyword = _AWAIT.match(insertions.source.utf8, start)
        assert keyword is not None
        insertions.replace(Span(*keyword.span()), "")
    if awaits:
        return "Remove `await`"
    if target.form in ("submit", "map"):
        raise Blocked("what is meant is not known: the flow's result, or a task beside others", call)
    Awaiting(prefect, insertions, ()).start(call)
    return "Await it"


def _awaits(prefect: Prefect, call: ast.Call) -> list[ast.Await]:
    """The places that await what a call gives, or its ``result()``."""
    awaits = _Awaits(prefect)
    awaits.follow(call)
    return awaits.found


class _Awaits(PrefectPaths):
    """The places where a future, or what no coroutine gave, is awaited all the same."""

    def __init__(self, prefect: Prefect) -> None:
        super().__init__(prefect)
        self.found: list[ast.Await] = []

    def awaited(self, node: ast.Await, level: int) -> None:
        """Go on as if it were not awaited."""
        self.found.append(node)
        self.follow(node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """Only its result may be awaited by mistake."""
        call = self.names.parents.get(node)
        outer = self.names.parents.get(call) if isinstance(call, ast.Call) and call.func is node else None
        if not level and node.attr == "result" and isinstance(outer, ast.Await):
            self.found.append(outer)
