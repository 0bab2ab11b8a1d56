"""Coroutines with dbt work in them: the calls that make them, where they go, and where they are lost."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.knowledge.prefect_dbt_calls import CLASSES, TASK
from offramp.prefect_code.context import ASYNC, SYNC, Prefect, Target
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.names import FunctionNode
from offramp.python.paths import BREAKS, DROPPED, READ, UNSEEN, Route, losses
from offramp.python.values import Made, Member, Reference
from offramp.record import NamedTuple

RUN, HANDED_BACK = "run", "handed back"
# Given to what can do nothing with a coroutine, and left to an asyncio task that nobody awaits.
TAKEN, LEFT = "taken", "left"
_NEVER = frozenset({DROPPED, READ, BREAKS, HANDED_BACK, TAKEN, LEFT})
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


def lost_coroutines(prefect: Prefect) -> Iterator[Lost]:
    """The coroutines of dbt work that nothing awaits, once for each place."""
    places: set[ast.Call] = set()
    for call, target, paths in coroutines(prefect):
        for loss in losses(paths.ends, _NEVER) if target.callable.missing else ():
            place = loss.site or call
            if place not in places:
                places.add(place)
                yield Lost(call, target, place, loss.kinds)


class Coroutine(PrefectPaths):
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
        """Return whether a task of the file that was given the coroutine has something unseen read it as a result."""
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
        """Follow the task into what waits for it; no task of Prefect's is known to."""
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


def run_of(prefect: Prefect, lost: Lost) -> str:
    """The kind of run that a lost coroutine is part of; empty where that is not one kind."""
    runs = prefect.runs(lost.place)
    return next(iter(runs)) if len(runs) == 1 else ""
