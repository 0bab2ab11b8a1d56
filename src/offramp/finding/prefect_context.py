"""Which functions are flows and tasks, what a call in them calls, and what that gives there; finding layer."""

from __future__ import annotations

import ast
from functools import cached_property

from offramp.finding.names import FunctionNode
from offramp.finding.operators import Module
from offramp.finding.values import (
    UNKNOWN,
    Constant,
    Local,
    Made,
    Member,
    Partial,
    Reference,
    Value,
    own_nodes,
)
from offramp.knowledge.prefect_dbt_calls import (
    BY_CONTEXT,
    CLASSES,
    COROUTINE,
    DECORATORS,
    FLOW,
    FORMS,
    FUNCTIONS,
    METHODS,
    PLAIN,
    SYNC_FLOW,
    SYNC_TASK,
    TASK,
    Callable,
)
from offramp.reading.versions import Versions
from offramp.record import NamedTuple

# Where code runs: inside a sync or async flow or task, at module level, or not known.
SYNC, ASYNC, MODULE, UNSEEN = "sync", "async", "module", "unseen"
_DEEPEST = 12


class Target(NamedTuple):
    """What a call calls.

    ``form`` is ``call`` or what Prefect adds (``submit``, ``map``, ``fn`` …);
    ``function`` is the local function, if it is one; ``owner`` the class for a method.
    """

    callable: Callable
    form: str = "call"
    function: FunctionNode | None = None
    owner: str = ""

    @property
    def name(self) -> str:
        """The callable with its form, as a message names it."""
        return self.callable.name if self.form == "call" else f"{self.callable.name}.{self.form}"


class Prefect:
    """Flows, tasks and calls of prefect-dbt in one module, for the Prefect version targeted."""

    def __init__(self, module: Module, versions: Versions) -> None:
        self.module = module
        self.names = module.names
        self.values = module.values
        self.two = versions.prefect.at_least((3,)) is False
        self._targets: dict[ast.expr, Target | None] = {}
        self._works: dict[FunctionNode, str] = {}
        self._roles: dict[FunctionNode, str | None] = {}

    # -- functions ---------------------------------------------------------------

    def role(self, function: ast.AST | None) -> str | None:
        """``flow``, ``task``, ``plain``, or None for a function that something unknown may wrap."""
        if not isinstance(function, FunctionNode):
            return None
        if function not in self._roles:
            self._roles[function] = self._role(function)
        return self._roles[function]

    def _role(self, function: FunctionNode) -> str | None:
        if not function.decorator_list:
            wrapped = {
                kind
                for load in self._loads(function)
                if isinstance(call := self.names.parents.get(load), ast.Call) and load in call.args
                if (kind := self._decorates(call.func))
            }
            return wrapped.pop() if len(wrapped) == 1 else None if wrapped else "plain"
        kinds = {
            self._decorates(decorator.func if isinstance(decorator, ast.Call) else decorator)
            for decorator in function.decorator_list
        }
        return kinds.pop() if len(kinds) == 1 else None

    def _decorates(self, node: ast.expr) -> str | None:
        value = self.values.single(node)
        # `flow(name="x")` decorates as `flow` does; `flow(function)` has decorated.
        if isinstance(value, Partial) or (isinstance(value, Made) and not value.call.args):
            value = value.callee
        return DECORATORS.get(value.path) if isinstance(value, Reference) else None

    def _loads(self, function: FunctionNode) -> list[ast.Name]:
        return [
            load
            for binding in self.names.bindings_of(function)
            if binding.kind == "function"
            for load in self.names.uses(binding)
        ]

    def call_sites(self, function: FunctionNode) -> list[ast.Call] | None:
        """The calls of a local function; None when it may also be called from where it is not seen."""
        found = self._sites.get(function, [])
        for load in self._loads(function):
            parent: ast.AST | None = self.names.parents.get(load)
            if isinstance(parent, ast.Attribute):
                continue
            if not isinstance(parent, ast.Call) or parent.func is not load:
                return None
        if isinstance(self.names.place(function)[0].node, ast.ClassDef):
            return None
        return found

    @cached_property
    def _sites(self) -> dict[FunctionNode, list[ast.Call]]:
        found: dict[FunctionNode, list[ast.Call]] = {}
        for call in self.names.calls:
            target = self.target(call.func)
            if target is not None and target.function is not None:
                found.setdefault(target.function, []).append(call)
        return found

    @cached_property
    def _calls_in(self) -> dict[ast.AST | None, list[ast.Call]]:
        found: dict[ast.AST | None, list[ast.Call]] = {}
        for call in self.names.calls:
            found.setdefault(self.names.enclosing_function(call), []).append(call)
        return found

    def work(self, function: FunctionNode) -> str:
        """What dbt work does not happen when a local function does not run; empty for none."""
        if function not in self._works:
            self._works[function] = ""
            for call in self._calls_in.get(function, ()):
                target = self.target(call.func)
                if target is not None and target.callable.works:
                    self._works[function] = target.callable.missing
                    break
        return self._works[function]

    # -- where code runs ---------------------------------------------------------

    def contexts(self, node: ast.AST, depth: int = 0) -> frozenset[str]:
        """Where the code at a node may run."""
        function = self.names.enclosing_function(node)
        if function is None:
            return frozenset({MODULE})
        role = self.role(function)
        if role in ("flow", "task"):
            return frozenset({ASYNC if isinstance(function, ast.AsyncFunctionDef) else SYNC})
        sites = self.call_sites(function) if role == "plain" and depth < _DEEPEST else None  # type: ignore[arg-type]
        if not sites:
            return frozenset({UNSEEN})
        return frozenset().union(*(self.contexts(site, depth + 1) for site in sites))

    def runs(self, node: ast.AST, depth: int = 0) -> frozenset[str]:
        """Of what the code at a node is part: flows, tasks, or something else (the empty string)."""
        function = self.names.enclosing_function(node)
        role = self.role(function)
        if role in ("flow", "task"):
            return frozenset({role})
        sites = self.call_sites(function) if role == "plain" and depth < _DEEPEST else None  # type: ignore[arg-type]
        if not sites:
            return frozenset({""})
        return frozenset().union(*(self.runs(site, depth + 1) for site in sites))

    def in_running_loop(self, node: ast.AST, depth: int = 0) -> bool:
        """Whether an event loop certainly runs in the thread that comes to a node, on one way to it at least."""
        function = self.names.enclosing_function(node)
        if isinstance(function, ast.AsyncFunctionDef):
            return True
        if not isinstance(function, FunctionNode) or self.role(function) is None or depth > _DEEPEST:
            return False
        return any(
            self.in_running_loop(call, depth + 1)
            for call in self._sites.get(function, ())
            if (target := self.target(call.func)) is not None and target.form in ("call", "fn")
        )

    # -- calls -------------------------------------------------------------------

    def target(self, func: ast.expr) -> Target | None:
        """What a callee is, if all it may be is one callable that is known."""
        if func not in self._targets:
            self._targets[func] = None
            values = [value for value in self.values.evaluate(func) if not _no_callable(value)]
            found = {self._target(value) for value in values}
            target = found.pop() if len(found) == 1 else None
            if target is None and values == [UNKNOWN]:
                if isinstance(func, ast.Attribute):
                    target = self._method(self.instance(func.value), func.attr)
                target = target or self._made_of(func)
            self._targets[func] = target
        return self._targets[func]

    def _target(self, value: Value) -> Target | None:
        if isinstance(value, Partial):
            return self._target(value.callee)
        if isinstance(value, Reference):
            if value.path in FUNCTIONS:
                return Target(FUNCTIONS[value.path])
            owner, _, name = value.path.rpartition(".")
            if owner in FUNCTIONS and name in FORMS:
                return Target(FUNCTIONS[owner], name)
            return self._method(CLASSES.get(owner, ""), name)
        if isinstance(value, Made):
            return self._with_options(value.callee) or self._wrapped(value.call)
        if isinstance(value, Member):
            owner_target = self._target(value.owner)
            if owner_target is not None and owner_target.form == "call":
                return owner_target._replace(form=value.name) if value.name in FORMS else None
            return self._method(self._class(value.owner), value.name)
        if isinstance(value, Local) and isinstance(value.node, FunctionNode):
            return self._local(value.node)
        return None

    def _with_options(self, callee: Value) -> Target | None:
        if isinstance(callee, Reference) and callee.path.endswith(".with_options"):
            return self._target(Reference(callee.path.removesuffix(".with_options")))
        if isinstance(callee, Member) and callee.name == "with_options":
            return self._target(callee.owner)
        return None

    def _wrapped(self, call: ast.Call) -> Target | None:
        """The local function that ``task(function)`` or ``flow(function)`` makes a task or flow of."""
        if len(call.args) != 1 or self._decorates(call.func) is None:
            return None
        value = self.values.single(call.args[0])
        return self._local(value.node) if isinstance(value, Local) and isinstance(value.node, FunctionNode) else None

    def _made_of(self, func: ast.expr) -> Target | None:
        """What ``task(name="x")(function)``, or a form of it, is."""
        form = func.attr if isinstance(func, ast.Attribute) else "call"
        made, awaited = self.producer(func.value if isinstance(func, ast.Attribute) else func)
        target = self._wrapped(made) if made is not None and not awaited else None
        return target._replace(form=form) if target is not None and form in ("call", *FORMS) else None

    def _method(self, owner: str, name: str) -> Target | None:
        method = METHODS.get(f"{owner}.{name}") if owner else None
        return Target(method, owner=owner) if method is not None else None

    def _local(self, function: FunctionNode) -> Target | None:
        role = self.role(function)
        if role is None or any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes(function)):
            return None
        asynchronous = isinstance(function, ast.AsyncFunctionDef)
        kind = {
            "flow": FLOW if asynchronous else SYNC_FLOW,
            "task": TASK if asynchronous else SYNC_TASK,
            "plain": COROUTINE if asynchronous else PLAIN,
        }[role]
        return Target(Callable(function.name, kind, self.work(function)), function=function)

    # -- objects -----------------------------------------------------------------

    def instance(self, node: ast.expr, depth: int = 0) -> str:
        """The class of prefect-dbt whose object an expression gives, once awaited if need be; empty for none."""
        found = {self._class(value) for value in self.values.evaluate(node) if not isinstance(value, Constant)}
        if len(found) == 1 and (name := found.pop()):
            return name
        if depth > _DEEPEST:
            return ""
        if isinstance(node, ast.Await):
            return self.instance(node.value, depth + 1)
        if isinstance(node, ast.Call):
            target = self.target(node.func)
            return target.callable.returns if target is not None and target.form == "call" else ""
        if isinstance(node, ast.Name):
            bindings = self.names.lookup(node.id, node)
            if len(bindings) == 1 and bindings[0].kind == "parameter":
                return self._annotated(bindings[0].node, node.id)
            if len(bindings) == 1 and bindings[0].kind in ("value", "context") and bindings[0].node is not node:
                return self.instance(bindings[0].node, depth + 1)  # type: ignore[arg-type]
        return ""

    def _annotated(self, function: ast.AST | None, name: str) -> str:
        arguments = function.args  # type: ignore[union-attr]
        for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if parameter.arg == name and parameter.annotation is not None:
                return self._named_class(self.values.single(parameter.annotation))
        return ""

    def _named_class(self, value: Value) -> str:
        return CLASSES.get(value.path, "") if isinstance(value, Reference) else ""

    def _class(self, value: Value) -> str:
        if not isinstance(value, Made):
            return ""
        if name := self._named_class(value.callee):
            return name
        target = self._target(value.callee)
        return target.callable.returns if target is not None and target.form == "call" else ""

    def producer(self, node: ast.expr) -> tuple[ast.Call | None, bool]:
        """The call that made an object, and whether it was awaited on the way."""
        awaited = False
        for _ in range(_DEEPEST):
            if isinstance(node, ast.Await):
                awaited, node = True, node.value
            elif isinstance(node, ast.NamedExpr):
                node = node.value
            elif isinstance(node, ast.Name):
                bindings = self.names.lookup(node.id, node)
                if len(bindings) != 1 or bindings[0].kind not in ("value", "context") or bindings[0].node is node:
                    return None, awaited
                node = bindings[0].node  # type: ignore[assignment]
            else:
                return (node if isinstance(node, ast.Call) else None), awaited
        return None, awaited

    # -- what a call gives -------------------------------------------------------

    def is_coroutine(self, call: ast.Call, target: Target) -> bool | None:
        """Whether a call gives a coroutine on Prefect 3 (None: not known)."""
        kind, form = target.callable.kind, target.form
        if form == "fn":
            return kind in (FLOW, TASK)
        if form != "call":
            return False
        if kind in (FLOW, TASK, COROUTINE):
            return True
        if kind != BY_CONTEXT:
            return False
        if any(keyword.arg == "_sync" for keyword in call.keywords):
            return None
        contexts = self.contexts(call)
        if contexts == {ASYNC}:
            return True
        return None if contexts & {ASYNC, UNSEEN} else False

    def runs_on_two(self, call: ast.Call, target: Target) -> bool:
        """Whether Prefect 2 runs a call at once that gives a coroutine on Prefect 3: it does for sync callers."""
        return (
            self.two
            and target.form == "call"
            and target.callable.kind in (FLOW, TASK)
            and self.contexts(call) == {SYNC}
        )

    def pending(self, node: ast.expr) -> bool:
        """Whether an object is a coroutine that nobody awaited, so that nothing can be asked of it."""
        call, awaited = self.producer(node)
        target = self.target(call.func) if call is not None else None
        return bool(call is not None and target and not awaited and self.is_coroutine(call, target))


def _no_callable(value: Value) -> bool:
    """Whether a callee is what a fallback leaves where an import fails: None, or something made of it."""
    if isinstance(value, Partial):
        return _no_callable(value.callee)
    if isinstance(value, Member):
        return _no_callable(value.owner)
    return isinstance(value, Constant)
