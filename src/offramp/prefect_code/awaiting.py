"""Awaits coroutines where they are made, and makes the functions around them async, up to ``asyncio.run``.

A function that becomes async takes its callers along, and whatever in them goes by its surroundings: what Prefect
runs for a sync flow is a coroutine in an async one. What cannot be told raises Blocked.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable

from offramp.editing.bracketed import comments_between
from offramp.editing.insertions import Insertions
from offramp.knowledge.prefect_dbt_calls import (
    BY_CONTEXT,
    CLASSES,
    COROUTINE,
    FLOW,
    FUNCTIONS,
    TASK,
)
from offramp.model import Blocked, Span
from offramp.prefect_code.context import MODULE, Prefect, Target
from offramp.prefect_code.coroutines import scheduler
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.effects import OTHER_LIBRARIES
from offramp.python.functions import own_nodes
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.paths import BREAKS
from offramp.python.values import Local, Made, Member, Partial, Reference, Value

# What may be asked of a flow or task by name without calling it; all the same for an async one.
_ATTRIBUTES = frozenset("serve deploy to_deployment submit map with_options name on_failure on_completion".split())
# Methods of Prefect's blocks and objects that are a coroutine in an async flow.
_BY_SURROUNDINGS = frozenset(
    "load save delete run trigger notify wait_for_completion fetch_result get_directory put_directory read_path "
    "write_path get_run get_job cancel download_object_to_path upload_from_path fetch_one fetch_many fetch_all "
    "execute execute_many get_status_code run_until_complete list_objects stream_content upload_from_folder "
    "upload_from_file_object download_folder_to_path download_object_to_file_object get_connection".split()
)
_SAME_EVERYWHERE = frozenset(
    "prefect.get_run_logger prefect.tags prefect.unmapped prefect.allow_failure prefect.flow prefect.task "
    "prefect.futures.wait prefect.futures.as_completed prefect.logging.get_run_logger prefect.logging.get_logger "
    "prefect.logging.loggers.get_run_logger prefect.logging.loggers.get_logger "
    "prefect.utilities.annotations.unmapped prefect.utilities.annotations.allow_failure".split()
)
_LOGGERS = tuple(Reference(path) for path in _SAME_EVERYWHERE if path.endswith("_logger"))
_OTHER_LOOPS = frozenset({"asyncio.get_event_loop", "asyncio.new_event_loop", "anyio.run", "asyncio.Runner"})
_RUNS = frozenset({"asyncio.run"})
_AWAITABLE = frozenset({"asyncio.wait_for", "asyncio.wait"})
# Methods of blocks that are never coroutines.
_PLAIN_METHODS = frozenset({("prefect.blocks.system.Secret", "get")})
_OF_FUTURES = frozenset({"result", "wait", "state", "get_state", "is_pending"})
_DEEPEST = 5
_NOTEBOOK = re.compile(rb"^(?:# %%|# In\[|# COMMAND -|# Databricks notebook)", re.MULTILINE)


class Awaiting:
    """One fix: the coroutines of ``calls`` awaited, with all that follows from it.

    ``calls`` are those that nobody awaits in the file, by the code of their finding.
    """

    def __init__(self, prefect: Prefect, insertions: Insertions, calls: Iterable[ast.Call]) -> None:
        self.prefect = prefect
        self.names = prefect.names
        self.insertions = insertions
        # In the order in which they were come by.
        self.asynchronous: dict[ast.FunctionDef, None] = {}
        self.awaited: dict[ast.Call, None] = {}
        self._unawaited = set(calls)
        self._reached: set[FunctionNode] = set()
        self._runs: set[ast.Call] = set()

    def start(self, call: ast.Call) -> None:
        """Await one coroutine, and all others that the functions made async give rise to; raises Blocked."""
        self._await(call)
        followed = 0
        while followed < len(self.asynchronous):
            self._follow(list(self.asynchronous)[followed])
            followed += 1

    # -- one call ----------------------------------------------------------------

    def _await(self, call: ast.Call) -> None:
        if call in self.awaited:
            return
        function = self.names.enclosing_function(call)
        usable(self.prefect, call)
        self.awaited[call] = None
        if function is None:
            self._run(call)
        elif isinstance(function, ast.Lambda):
            raise Blocked("a lambda cannot await", call)
        elif isinstance(function, ast.AsyncFunctionDef) or function in self.asynchronous:
            self._place(call, function)
            self.insertions.await_(call)
        elif self.prefect.contexts(call) == {MODULE} and not self.prefect.in_running_loop(call):
            self._run(call)
        else:
            self._place(call, function)
            self._make_async(function)
            self.insertions.await_(call)

    def _run(self, call: ast.Call) -> None:
        if _NOTEBOOK.search(self.insertions.source.utf8):
            raise Blocked("a notebook has an event loop running, in which `asyncio.run` raises", call)
        self.insertions.run(call)
        self._runs.add(call)

    def _place(self, node: ast.AST, function: FunctionNode) -> None:
        """Blocked where ``await`` cannot stand."""
        comprehensions = 0
        for outer in self.names.ancestors(node):
            if outer is function:
                return
            if isinstance(outer, ast.GeneratorExp | ast.Lambda | ast.ClassDef):
                raise Blocked("stands where `await` cannot", node)
            comprehensions += isinstance(outer, ast.ListComp | ast.SetComp | ast.DictComp)
            if comprehensions > 1:
                raise Blocked("stands in a nested comprehension, where `await` cannot before Python 3.11", node)

    # -- functions that become async ---------------------------------------------

    def _make_async(self, function: FunctionNode) -> None:
        assert isinstance(function, ast.FunctionDef)
        role = self.prefect.role(function)
        if role is None:
            raise Blocked(f"a decorator of `{function.name}` is not known here", function)
        if isinstance(self.names.place(function)[0].node, ast.ClassDef):
            raise Blocked(f"`{function.name}` is a method, whose calls are not followed", function)
        if self.prefect.values.is_generator(function):
            raise Blocked(f"`{function.name}` is a generator", function)
        self._uses(function)
        sites = self.prefect.call_sites(function)
        if sites is None or (not sites and role != "flow"):
            raise Blocked(f"`{function.name}` may be called from where it is not seen", function)
        self.asynchronous[function] = None
        self.insertions.make_async(function)
        for site in sites:
            target = self.prefect.target(site.func)
            if target is not None and target.form in ("call", "fn"):
                self._site(site)

    def _uses(self, function: ast.FunctionDef) -> None:
        (binding,) = [one for one in self.names.bindings_of(function) if one.kind == "function"]
        if len(binding.scope.bindings[function.name]) > 1:
            raise Blocked(f"`{function.name}` is bound more than once", function)
        for load in self.names.uses(binding):
            parent = self.names.parents.get(load)
            called = isinstance(parent, ast.Call) and parent.func is load
            asked = isinstance(parent, ast.Attribute) and (parent.attr in _ATTRIBUTES or parent.attr == "fn")
            if not (called or asked):
                raise Blocked(f"`{function.name}` is used here without being called", load)

    def _site(self, site: ast.Call) -> None:
        parent = self.names.parents.get(site)
        value = self.prefect.values.single(parent.func) if isinstance(parent, ast.Call) else None
        if isinstance(value, Reference) and value.path in _RUNS:
            raise Blocked("runs what the function returns until now", site)
        self._await(site)

    # -- what else is in them ----------------------------------------------------

    def _follow(self, function: FunctionNode) -> None:
        """Look at every call in a function that runs in an async flow from now on."""
        self._reach(function)
        for inner in walk(function):
            if inner is not function and isinstance(inner, FunctionNode | ast.Lambda) and inner not in self._reached:
                self._inner(inner)

    def _inner(self, inner: FunctionNode | ast.Lambda) -> None:
        """Blocked where a function that may be called from anywhere in an async flow needs to await."""
        if self.prefect.role(inner) in ("flow", "task"):
            return
        for call in self.prefect.calls_in(inner) if inner not in self.asynchronous else ():
            target = self.prefect.target(call.func)
            if self._goes_by_surroundings(call, target) or self._runs_loop(call):
                raise Blocked("does something else inside an async flow, and cannot await", call)

    def _call(self, call: ast.Call) -> None:
        if call in self.awaited:
            return
        target = self.prefect.target(call.func)
        if call in self._unawaited:
            self._await(call)
        elif self._runs_loop(call):
            self._unwrap(call)
        elif self._goes_by_surroundings(call, target):
            self._await(call)
        elif target is not None:
            self._target(call, target)
        else:
            self._unknown(call)

    def _target(self, call: ast.Call, target: Target) -> None:
        if target.form not in ("call", "fn"):
            return
        if target.callable.kind in (FLOW, TASK, COROUTINE):
            parent = self.names.parents.get(call)
            run = isinstance(parent, ast.Call) and self._runs_loop(parent)
            if target.callable.missing and not run and not isinstance(parent, ast.Await):
                raise Blocked("gives a coroutine that is not followed", call)
        elif target.function is not None and target.function not in self._reached:
            self._reached.add(target.function)
            if self.prefect.role(target.function) == "plain":
                self._reach(target.function)
            else:
                self._no_loop(target.function)

    def _reach(self, function: FunctionNode) -> None:
        """A function that an async flow calls: it becomes async as well where it needs to await."""
        for call in self.prefect.calls_in(function):
            self._call(call)
        for part in walk(function):
            parent = self.names.parents.get(part)
            if isinstance(part, ast.Name) and not (isinstance(parent, ast.Call) and parent.func is part):
                self._handed_on(part)

    def _handed_on(self, name: ast.Name) -> None:
        """A plain function that is handed on, to ``map`` for example, may be called in the flow's surroundings."""
        for value in self.prefect.values.evaluate(name):
            if isinstance(value, Local) and isinstance(value.node, FunctionNode | ast.Lambda):
                self._inner(value.node)

    def _no_loop(self, function: FunctionNode) -> None:
        """A sync flow or task below an async flow runs as before, but for event loops of its own."""
        for call in self.prefect.calls_in(function):
            if self._runs_loop(call) or self._path(call) in _OTHER_LOOPS:
                raise Blocked("runs an event loop, which raises below an async flow", call)
            target = self.prefect.target(call.func)
            if target is not None and target.function is not None and target.function not in self._reached:
                self._reached.add(target.function)
                self._no_loop(target.function)

    def _unwrap(self, call: ast.Call) -> None:
        """``await x`` for ``asyncio.run(x)``."""
        function = self.names.enclosing_function(call)
        if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
            raise Blocked("runs an event loop, which raises inside an async flow", call)
        if not isinstance(function, FunctionNode):
            raise Blocked("runs an event loop, which raises inside an async flow", call)
        if function not in self.asynchronous and isinstance(function, ast.FunctionDef):
            self._make_async(function)
        self._place(call, function)
        unwrap(self.insertions, call)
        self.awaited[call] = None

    def _runs_loop(self, call: ast.Call) -> bool:
        return self._path(call) in _RUNS

    def _path(self, call: ast.Call) -> str:
        value = self.prefect.values.single(call.func)
        return value.path if isinstance(value, Reference) else ""

    def _goes_by_surroundings(self, call: ast.Call, target: Target | None) -> bool:
        """Return whether a call gives a result in a sync flow and a coroutine in an async one, to be awaited there."""
        if any(keyword.arg == "_sync" for keyword in call.keywords):
            return False
        if target is not None:
            return target.callable.kind == BY_CONTEXT and target.form == "call"
        path = self._path(call)
        owner, _, name = path.rpartition(".")
        value = self.prefect.values.single(call.func)
        if isinstance(value, Member) and value.name == "notify" and isinstance(value.owner, Made):
            maker = value.owner.callee
            return isinstance(maker, Reference) and maker.path.startswith("prefect.blocks.notifications.")
        return name == "load" and _of_prefect(path) and owner.rpartition(".")[2][:1].isupper()

    def _unknown(self, call: ast.Call) -> None:
        """Blocked where a call may do something else inside an async flow."""
        values = self.prefect.values.evaluate(call.func)
        for value in values:
            self._value(call, value)
        known = any(isinstance(value, Reference | Local | Made | Member | Partial) for value in values)
        if isinstance(call.func, ast.Name) and not known and self.names.lookup(call.func.id, call.func):
            raise Blocked(f"`{call.func.id}` is not known here", call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _BY_SURROUNDINGS:
            path = self._path(call)
            if not path or _of_prefect(path):
                raise Blocked(f"`.{call.func.attr}` may give a coroutine inside an async flow", call)

    def _value(self, call: ast.Call, value: Value) -> None:
        if isinstance(value, Reference):
            self._reference(call, value.path)
        elif isinstance(value, Partial | Made):
            self._value(call, value.callee)
        elif isinstance(value, Member):
            self._member(call, value)
        elif isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
            for inner in walk(value.node):
                if isinstance(inner, FunctionNode):
                    self._inner(inner)
        elif isinstance(value, Local) and isinstance(value.node, FunctionNode):
            raise Blocked(f"`{value.node.name}` is not understood", call)

    def _member(self, call: ast.Call, value: Member) -> None:
        owner = value.owner
        while isinstance(owner, Member | Made):
            maker = owner.callee if isinstance(owner, Made) else None
            if isinstance(maker, Member) and maker.name in ("submit", "map"):
                return
            owner = owner.owner if isinstance(owner, Member) else owner.callee
        if value.name in ("submit", "map", "with_options") or owner in _LOGGERS:
            return
        if isinstance(owner, Reference) and (owner.path.removesuffix(".load"), value.name) not in _PLAIN_METHODS:
            self._owner(call, owner.path)

    def _owner(self, call: ast.Call, path: str) -> None:
        if _of_prefect(path) and path not in CLASSES and path not in FUNCTIONS:
            raise Blocked("a method of Prefect's objects may give a coroutine inside an async flow", call)
        if not _of_prefect(path):
            self._reference(call, path)

    def _reference(self, call: ast.Call, path: str) -> None:
        root = path.partition(".")[0]
        name = path.rpartition(".")[2]
        if path in _OTHER_LOOPS:
            raise Blocked("makes an event loop of its own", call)
        if _of_prefect(path):
            known = path in _SAME_EVERYWHERE or path.startswith("prefect.runtime.")
            known = known or name in ("submit", "map", "with_options")
            if not (known or name[:1].isupper()):
                raise Blocked(f"`{name}` may give a coroutine inside an async flow", call)
        elif root != "builtins" and root not in sys.stdlib_module_names and root not in OTHER_LIBRARIES:
            raise Blocked(f"what `{path}` does inside an async flow is not known", call)


class _Uses(PrefectPaths):
    """Attributes of a call's result that only a future has."""

    def __init__(self, prefect: Prefect) -> None:
        super().__init__(prefect)
        self.asked: list[ast.Attribute] = []

    def attribute(self, node: ast.Attribute, level: int) -> None:
        if not level and node.attr in _OF_FUTURES:
            self.asked.append(node)
        self.end(BREAKS, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        path = self.prefect.path(call.func)
        if path in _AWAITABLE or scheduler(self.prefect, call):
            raise Blocked(f"is given to `{path or 'create_task'}`, which is what has to be awaited", call)
        super().passed(call, node, level, keyword)


def usable(prefect: Prefect, call: ast.Call) -> None:
    """Raises Blocked where what a call gives is taken for a future, which no fix makes it."""
    paths = _Uses(prefect)
    paths.follow(call)
    for node in paths.asked:
        raise Blocked(f"`.{node.attr}` is asked of what the call gives, as if it were a future", node)


def handed_on(prefect: Prefect, call: ast.Call) -> None:
    """Raises Blocked where a helper that hands a coroutine on may give something else that cannot be awaited."""
    target = prefect.target(call.func)
    function = target.function if target is not None and target.form == "call" else None
    if isinstance(prefect.names.parents.get(call), ast.Await) or not _gives_coroutine(prefect, function):
        raise Blocked(f"`{prefect.named(call)}` may give something that cannot be awaited as it is", call)


def _gives_coroutine(prefect: Prefect, function: FunctionNode | None, depth: int = 0) -> bool:
    """Return whether a function of the file ends by returning a coroutine, each time."""
    if not isinstance(function, ast.FunctionDef) or depth > _DEEPEST or not isinstance(function.body[-1], ast.Return):
        return False
    returned = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
    for node in returned:
        target = prefect.target(node.func) if isinstance(node, ast.Call) else None
        if target is None or not isinstance(node, ast.Call):
            return False
        inner = target.function if target.form == "call" else None
        if not prefect.is_coroutine(node, target) and not _gives_coroutine(prefect, inner, depth + 1):
            return False
    return True


def unwrap(insertions: Insertions, call: ast.Call) -> None:
    """Put ``await x`` for ``asyncio.run(x)``; the parentheses stay where they hold more than that."""
    positions = insertions.source.positions
    outer, inner = positions.span(call), positions.span(call.args[0])
    arguments = insertions.arguments(call)
    (item,) = arguments.items
    begin, end = ("(await ", ")") if insertions.heads(call) else ("await ", "")
    around = Span(arguments.begin, inner.start), Span(inner.end, arguments.end)
    if item[:2] != inner or any(comments_between(insertions.source, *gap) for gap in around):
        insertions.replace(Span(outer.start, arguments.begin - 1), begin)
        if item.comma is not None:
            insertions.replace(Span(item.comma, item.comma + 1), "")
        insertions.replace(Span(outer.end, outer.end), end)
        return
    if not isinstance(call.args[0], ast.Call | ast.Name | ast.Attribute | ast.Subscript):
        begin, end = f"{begin}(", f"){end}"
    insertions.replace(Span(outer.start, inner.start), begin)
    insertions.replace(Span(inner.end, outer.end), end)


def _of_prefect(path: str) -> bool:
    root = path.partition(".")[0]
    return root == "prefect" or root.startswith("prefect_")
