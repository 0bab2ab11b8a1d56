"""Calls of prefect-dbt whose coroutine nobody awaits, or that raise at once; finding layer.

Each detector takes the module and yields the place, and the slots of its message.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from offramp.finding.operators import Module
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
from offramp.python.names import FunctionNode, expects_failure
from offramp.python.values import Made, Member, Reference
from offramp.reading.versions import Versions
from offramp.record import NamedTuple
from offramp.traps.prefect_context import ASYNC, SYNC, Prefect, Target
from offramp.traps.trap import Trap
from offramp.traps.value_paths import AWAITED, BREAKS, DROPPED, READ, UNSEEN, Paths, Route, losses

RUN, HANDED_BACK = "run", "handed back"
# Given to what can do nothing with a coroutine, and left to an asyncio task that nobody awaits.
TAKEN, LEFT = "taken", "left"
_NEVER = frozenset({DROPPED, READ, BREAKS, HANDED_BACK, TAKEN, LEFT})
_LEFT = (
    "nobody awaits the asyncio task that is to run it, which is cancelled at the end or fails unseen; "
    "the {run} run ends Completed"
)
# What makes asyncio tasks: how many containers are around a coroutine that it takes, and around one that it gives.
_SCHEDULERS = {
    "asyncio.create_task": (0, 0),
    "asyncio.ensure_future": (0, 0),
    "asyncio.gather": (0, 0),
    "asyncio.shield": (0, 0),
    "asyncio.run_coroutine_threadsafe": (0, 0),
    "asyncio.as_completed": (1, 1),
}
_LOOPS = frozenset({"asyncio.get_running_loop", "asyncio.get_event_loop"})
_RUNNERS = ("run_until_complete", "run_forever")
# What may be asked of an asyncio task without waiting for it.
_OF_TASKS = frozenset({"cancel", "set_name", "get_name", "done", "cancelled"})
_FORGETTERS = ("discard", "remove")
# They take values, and run no coroutine that they are given.
_VALUES_ONLY = frozenset(
    "json pprint math os re pickle statistics string textwrap csv time datetime decimal base64 hashlib html urllib "
    "pathlib shutil subprocess uuid random struct zlib logging requests pandas numpy polars yaml boto3 psycopg2".split()
)

# How functions begin that read or keep a result; what would run a coroutine is called otherwise.
_READING = frozenset(
    "get parse save write store insert upload dump dumps publish notify format render log report convert extract "
    "transform serialize validate count summarize summarise read flatten encode decode".split()
)


@lru_cache(maxsize=1)
def prefect_of(module: Module, versions: Versions) -> Prefect:
    """Return what one module does with Prefect; kept while its rules run."""
    return Prefect(module, versions)


def dbt_call_not_awaited(module: Module, versions: Versions) -> Iterator[Trap]:
    """Coroutines with dbt work in them that are never awaited, so that nothing of it happens."""
    prefect = prefect_of(module, versions)
    never = [lost for lost in _lost(prefect) if not lost.handed_back()]
    broken = {module.names.enclosing_function(lost.place) for lost in never if BREAKS in lost.kinds}
    for lost in never:
        missing = lost.target.callable.missing
        fails = module.names.enclosing_function(lost.place) in broken
        consequence = _left(prefect, lost) or f"it {missing}{_ending(prefect, lost, fails=fails)}"
        if prefect.runs_on_two(lost.call, lost.target):
            consequence = f"it runs on Prefect 2 and stops running on Prefect 3, where {consequence}"
        yield Trap(lost.place.func, {"call": lost.name(prefect), "consequence": consequence}, lost.place)


def returned_coroutine(module: Module, versions: Versions) -> Iterator[Trap]:
    """Coroutines that a flow returns, to be run only after the flow run has its final state."""
    prefect = prefect_of(module, versions)
    for lost in _lost(prefect):
        if lost.handed_back():
            consequence = "it runs only after the flow run is already Completed, which a failure does not change"
            if prefect.runs_on_two(lost.call, lost.target):
                consequence = f"it stops running inside the flow run on Prefect 3, where {consequence}"
            yield Trap(lost.place.func, {"call": lost.name(prefect), "consequence": consequence}, lost.place)


class Lost(NamedTuple):
    """A coroutine of dbt work that nothing awaits: the call that makes it, and the one at which it is lost.

    They are the same unless a helper hands the coroutine to several calls, of which some await it.
    """

    call: ast.Call
    target: Target
    place: ast.Call
    kinds: frozenset[str]

    def handed_back(self) -> bool:
        """Return whether a flow returns it un-awaited, and gets as far as that."""
        return HANDED_BACK in self.kinds <= {DROPPED, READ, HANDED_BACK}

    def name(self, prefect: Prefect) -> str:
        """Return what gives the coroutine at its place, as a message names it."""
        name = prefect.named(self.place)
        return f"await {name}" if isinstance(prefect.names.parents.get(self.place), ast.Await) else name


def _lost(prefect: Prefect) -> Iterator[Lost]:
    """The coroutines of dbt work that nothing awaits, once for each place."""
    places: set[ast.Call] = set()
    for call, target, paths in coroutines(prefect):
        for loss in losses(paths.ends, _NEVER) if target.callable.missing else ():
            place = loss.site or call
            if place not in places:
                places.add(place)
                yield Lost(call, target, place, loss.kinds)


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
    """The places where a coroutine goes."""

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """A coroutine has none of a result's attributes, but may be driven by its own."""
        driven = node.attr in ("send", "throw", "close", "__await__")
        self.end(UNSEEN if level or driven else BREAKS, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Local functions are followed, asyncio's tasks too; Prefect's tasks and blocks cannot use a coroutine."""
        target = self.prefect.target(call.func)
        path = self.prefect.path(call.func)
        if path == "asyncio.run":
            self.end(RUN, call, level)
        elif path == "asyncio.wait_for":
            # A coroutine itself, which runs the other one only once it is awaited (CPython 3.10 to 3.13).
            self.follow(call, level)
        elif keyword == "wait_for":
            self.end(READ, call, level)
        elif made := scheduler(self.prefect, call):
            self.scheduled(call, level, made)
        elif target is not None and target.function is not None:
            self._to_local(call, target, node, level, keyword)
        elif target is not None or path in CLASSES:
            self.end(BREAKS, call, level)
        else:
            taken = path.partition(".")[0] in _VALUES_ONLY or self._taken_by_task(call)
            self.end(TAKEN if taken else UNSEEN, call, level)

    def _taken_by_task(self, call: ast.Call) -> bool:
        """Whether a task of the file, which was given the coroutine, has something unseen read it as a result."""
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        inside = self.prefect.names.enclosing_function(call)
        given = any(function is inside for function, _ in self.route.entered)
        return given and self.prefect.role(inside) == "task" and name.partition("_")[0].lower() in _READING

    def _to_local(self, call: ast.Call, target: Target, node: ast.AST, level: int, keyword: str) -> None:
        assert target.function is not None
        if target.form == "map" and level:
            # Each task gets one of the list's.
            self.to_parameter(call, target.function, node, level - 1, keyword)
        elif target.form not in ("call", "fn", "submit"):
            self.end(UNSEEN, call, level)
        elif target.form != "submit" and self._never_runs(call, target):
            self.end(DROPPED, call, level)
        else:
            self.to_parameter(call, target.function, node, level, keyword)

    def _never_runs(self, call: ast.Call, target: Target) -> bool:
        """Return whether a call of an async function gives a coroutine that nobody awaits either."""
        if not self.prefect.is_coroutine(call, target) or len(self.route.entered) > 1:
            return False
        outer = Coroutine(self.prefect)
        outer.follow(call)
        return outer.kinds() <= _NEVER - {HANDED_BACK}

    def scheduled(self, call: ast.Call, level: int, made: str) -> None:
        """Go on with the asyncio task that is to run the coroutine."""
        taken, given = _SCHEDULERS[made]
        kind = _left_behind(self.prefect, call)
        if level != taken or not kind:
            self.end(UNSEEN, call, level)
            return
        paths = _Task(self.prefect, self.route, kind)
        paths.follow(call, given)
        self.ends += paths.ends

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


class _Task(Coroutine):
    """The places where an asyncio task goes; ``kind`` is its end where nobody awaits it."""

    def __init__(self, prefect: Prefect, route: Route, kind: str) -> None:
        super().__init__(prefect, route)
        self._kind = kind

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        super().end(self._kind if kind in (DROPPED, READ) else kind, node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """Its result may be asked for, or a callback may be told."""
        call = self.names.parents.get(node)
        callbacks = call.args if isinstance(call, ast.Call) and node.attr == "add_done_callback" else ()
        forgets = bool(callbacks) and all(getattr(one, "attr", "") in _FORGETTERS for one in callbacks)
        self.end(READ if not level and (node.attr in _OF_TASKS or forgets) else UNSEEN, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """What waits for the task is followed; no task of Prefect's is known to."""
        path = self.prefect.path(call.func)
        target = self.prefect.target(call.func)
        if path == "asyncio.wait" and level == 1:
            self.follow(call)
        elif path in _SCHEDULERS or path == "asyncio.wait_for" or (target is not None and target.function is not None):
            super().passed(call, node, level, keyword)
        else:
            self.end(UNSEEN, call, level)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """A flow run does not wait for an asyncio task that is returned (Prefect 3.8.8)."""
        if self.prefect.role(function) in ("flow", "task") and not self._has_callers(function):
            self.end(DROPPED, node, level)
        else:
            self.to_callers(function, node, level)


def scheduler(prefect: Prefect, call: ast.Call) -> str:
    """The function of asyncio that a call is of, if it makes a task of a coroutine; empty for all else."""
    path = prefect.path(call.func)
    if path in _SCHEDULERS:
        return path
    value = prefect.values.single(call.func)
    if not isinstance(value, Member) or value.name != "create_task" or not isinstance(value.owner, Made):
        return ""
    loop = value.owner.callee
    return "asyncio.create_task" if isinstance(loop, Reference) and loop.path in _LOOPS else ""


def _left_behind(prefect: Prefect, call: ast.Call) -> str:
    """Return how an asyncio task ends that is made in a call and that nobody awaits; empty where that is not known."""
    if not prefect.runs(call) <= {"flow", "task"}:
        return ""
    if prefect.contexts(call) == {ASYNC}:
        return LEFT
    loops = any(name in prefect.names.attributes for name in _RUNNERS)
    return TAKEN if prefect.contexts(call) == {SYNC} and not loops and not prefect.in_running_loop(call) else ""


class _Future(Paths):
    """The places where the future of a submitted task goes, to see whether it or its result is awaited."""

    def attribute(self, node: ast.Attribute, level: int) -> None:
        call = self.names.parents.get(node)
        outer = self.names.parents.get(call) if isinstance(call, ast.Call) and call.func is node else None
        if level == 0 and node.attr == "result" and isinstance(outer, ast.Await):
            self.end(AWAITED, outer, level)
        else:
            self.end(UNSEEN, node, level)


def coroutines(prefect: Prefect) -> Iterator[tuple[ast.Call, Target, Coroutine]]:
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
    """Return whether submitting gives a coroutine: on Prefect 2, for an async task in an async flow."""
    submitted = target.form in ("submit", "map") and target.callable.kind == TASK
    return prefect.two and submitted and prefect.contexts(call) == {ASYNC}


def _run_of(prefect: Prefect, lost: Lost) -> str:
    """The kind of run that a lost coroutine is part of; empty where that is not one kind."""
    runs = prefect.runs(lost.place)
    return next(iter(runs)) if len(runs) == 1 else ""


def _left(prefect: Prefect, lost: Lost) -> str:
    run = _run_of(prefect, lost)
    return _LEFT.format(run=run) if run and LEFT in lost.kinds else ""


def _ending(prefect: Prefect, lost: Lost, *, fails: bool) -> str:
    """How the run ends that a call is part of, as far as this is known; ``fails`` if another such call breaks it."""
    run = _run_of(prefect, lost)
    if not run or TAKEN in lost.kinds:
        return ""
    if BREAKS in lost.kinds:
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
