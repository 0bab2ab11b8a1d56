"""Tells which functions are flows and tasks, what a call in them calls, and what that gives there."""

from __future__ import annotations

import ast
from functools import cached_property, lru_cache

from offramp.finding.operators import Module
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
    PrefectCallable,
)
from offramp.python.names import FunctionNode
from offramp.python.paths import Uses
from offramp.python.values import UNKNOWN, Constant, Local, Made, Member, Partial, Reference, Value
from offramp.reading.versions import Versions
from offramp.record import NamedTuple

# Where code runs: inside a sync or async flow or task, at module level, or not known.
SYNC, ASYNC, MODULE, UNSEEN = "sync", "async", "module", "unseen"
_DEEPEST = 12
_METHOD_KINDS = frozenset({"builtins.staticmethod", "builtins.classmethod"})


class Target(NamedTuple):
    """The callee of a call.

    ``form`` is ``call`` or what Prefect adds (``submit``, ``map``, ``fn`` …);
    ``function`` is the local function, if it is one; ``owner`` the class for a method;
    ``bound`` how many of the function's first parameters are given before those of the call,
    None where that is not known. A ``generator`` gives its values where it is iterated over.
    """

    callable: PrefectCallable
    form: str = "call"
    function: FunctionNode | None = None
    owner: str = ""
    bound: int | None = 0
    generator: bool = False

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
        self.uses = Uses(module.names, module.values)
        self.two = versions.prefect.at_least((3,)) is False
        self._targets: dict[ast.expr, Target | None] = {}
        self._works: dict[FunctionNode, str] = {}
        self._roles: dict[FunctionNode, str | None] = {}
        self._call_sites: dict[FunctionNode, list[ast.Call] | None] = {}

    # -- functions ---------------------------------------------------------------

    def role(self, function: ast.AST | None) -> str | None:
        """``flow``, ``task``, ``plain``, or None for a function that something unknown may wrap."""
        if not isinstance(function, FunctionNode):
            return None
        if function not in self._roles:
            self._roles[function] = self._role(function)
        return self._roles[function]

    def _role(self, function: FunctionNode) -> str | None:
        decorators = [node for node in function.decorator_list if self.path(node) not in _METHOD_KINDS]
        if not decorators:
            wrapped = {
                kind
                for load in self._loads(function)
                if isinstance(call := self.names.parents.get(load), ast.Call) and load in call.args
                if (kind := self._decorates(call.func))
            }
            return wrapped.pop() if len(wrapped) == 1 else None if wrapped else "plain"
        kinds = {
            self._decorates(decorator.func if isinstance(decorator, ast.Call) else decorator)
            for decorator in decorators
        }
        return kinds.pop() if len(kinds) == 1 else None

    def path(self, node: ast.expr) -> str:
        """The dotted path of what an expression certainly names from elsewhere; empty for all else."""
        value = self.values.single(node)
        return value.path if isinstance(value, Reference) else ""

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
        if function not in self._call_sites:
            self._call_sites[function] = self._seen_sites(function)
        return self._call_sites[function]

    def _seen_sites(self, function: FunctionNode) -> list[ast.Call] | None:
        loads: list[ast.expr] = [*self._loads(function)]
        owner = self.names.place(function)[0].node
        if isinstance(owner, ast.ClassDef):
            if function.name.startswith("__") or not self.values.lineage(owner)[1]:
                return None
            for attribute in self.names.attributes.get(function.name, ()):
                target = self.target(attribute)
                if target is None and isinstance(attribute.ctx, ast.Load):
                    return None
                loads += [attribute] if target is not None and target.function is function else []
        return self._sites.get(function, []) if all(map(self._only_called, loads)) else None

    def _only_called(self, node: ast.expr, depth: int = 0) -> bool:
        """Return whether a function, or what ``partial`` makes of it, is called where it stands, and nothing else."""
        parent: ast.AST | None = self.names.parents.get(node)
        if isinstance(parent, ast.Attribute):
            return True
        if isinstance(parent, ast.Call):
            wrapped = parent.args[:1] == [node] and self.path(parent.func) == "functools.partial"
            return parent.func is node or (wrapped and self._only_called(parent, depth))
        bindings = self.names.bindings_of(node) if isinstance(parent, ast.Assign) and depth < _DEEPEST else []
        plain = isinstance(parent, ast.Assign) and all(isinstance(one, ast.Name) for one in parent.targets)
        uses = [load for binding in bindings for load in self.names.uses(binding)]
        return plain and bool(uses) and all(self._only_called(load, depth + 1) for load in uses)

    @cached_property
    def _sites(self) -> dict[FunctionNode, list[ast.Call]]:
        found: dict[FunctionNode, list[ast.Call]] = {}
        for call in self.names.calls:
            target = self.target(call.func)
            if target is not None and target.function is not None:
                found.setdefault(target.function, []).append(call)
        return found

    def calls_in(self, function: ast.AST) -> list[ast.Call]:
        """The calls in a function, not those in functions inside of it."""
        return self._calls_in.get(function, [])

    @cached_property
    def _calls_in(self) -> dict[ast.AST | None, list[ast.Call]]:
        found: dict[ast.AST | None, list[ast.Call]] = {}
        for call in self.names.calls:
            found.setdefault(self.names.enclosing_function(call), []).append(call)
        return found

    def work(self, function: FunctionNode) -> str:
        """Return what dbt work does not happen when a local function does not run; empty for none."""
        if function not in self._works:
            self._works[function] = ""
            for call in self.calls_in(function):
                target = self.target(call.func)
                if target is not None and target.callable.works:
                    self._works[function] = target.callable.missing
                    break
        return self._works[function]

    # -- where code runs ---------------------------------------------------------

    def contexts(self, node: ast.AST, depth: int = 0) -> frozenset[str]:
        """Return where the code at a node may run."""
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
        """The kinds of run that the code at a node is part of: flow, task, or something else (the empty string)."""
        function = self.names.enclosing_function(node)
        role = self.role(function)
        if role in ("flow", "task"):
            return frozenset({role})
        sites = self.call_sites(function) if role == "plain" and depth < _DEEPEST else None  # type: ignore[arg-type]
        if not sites:
            return frozenset({""})
        return frozenset().union(*(self.runs(site, depth + 1) for site in sites))

    def in_running_loop(self, node: ast.AST, depth: int = 0) -> bool:
        """Return whether an event loop certainly runs in the thread that comes to a node, on one way to it at least."""
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
        """Return what a callee is, if all it may be is one callable that is known."""
        if func not in self._targets:
            self._targets[func] = None
            values = [value for value in self.values.evaluate(func) if not _no_callable(value)]
            found = {self._target(value) for value in values}
            target = found.pop() if len(found) == 1 else None
            if target is None and values == [UNKNOWN]:
                if isinstance(func, ast.Attribute):
                    target = self._method(self.instance(func.value), func.attr)
                target = target or self._made_of(func)
            if target is None and isinstance(func, ast.Attribute):
                target = self._local_method(func)
            self._targets[func] = target
        return self._targets[func]

    def named(self, call: ast.Call) -> str:
        """Return what a call calls, as a message names it."""
        target = self.target(call.func)
        return target.name if target is not None else ast.unparse(call.func)

    def _target(self, value: Value) -> Target | None:
        if isinstance(value, Partial):
            target = self._target(value.callee)
            given = None if any(isinstance(argument, ast.Starred) for argument in value.call.args) else 1
            if target is None or target.bound is None or given is None:
                return target and target._replace(bound=None)
            return target._replace(bound=target.bound + len(value.call.args) - given)
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
            target = self._local(value.node)
            return target and target._replace(bound=int(self._is_method(value.node, "classmethod")))
        return None

    def _is_method(self, function: FunctionNode, kind: str) -> bool:
        return any(self.path(node) == f"builtins.{kind}" for node in function.decorator_list)

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
        """Return what ``task(name="x")(function)``, or a form of it, is."""
        form = func.attr if isinstance(func, ast.Attribute) else "call"
        made, awaited = self.producer(func.value if isinstance(func, ast.Attribute) else func)
        target = self._wrapped(made) if made is not None and not awaited else None
        return target._replace(form=form) if target is not None and form in ("call", *FORMS) else None

    def _method(self, owner: str, name: str) -> Target | None:
        method = METHODS.get(f"{owner}.{name}") if owner else None
        return Target(method, owner=owner) if method is not None else None

    def _local_method(self, func: ast.Attribute) -> Target | None:
        """The method of a class of the file that an object of it, ``self`` or ``cls`` is asked for."""
        made = self.values.single(func.value)
        owners = [made.callee] if isinstance(made, Made) else list(self.values.own_class(func.value))
        owner = owners[0].node if len(owners) == 1 and isinstance(owners[0], Local) else None
        if not isinstance(owner, ast.ClassDef) or func.attr in self.names.stores:
            return None
        family = [owner, *(other for other in self.names.classes if owner in self.values.lineage(other)[0])]
        bindings = {
            id(binding): binding
            for one in family
            for base in self.values.lineage(one)[0]
            for binding in self.names.class_attribute(base, func.attr)
        }
        (binding,) = bindings.values() if len(bindings) == 1 else (None,)
        function = binding.node if binding is not None else None
        target = self._local(function) if isinstance(function, FunctionNode) else None
        if target is None or target.function is None:
            return None
        return target._replace(bound=int(not self._is_method(target.function, "staticmethod")))

    def _local(self, function: FunctionNode) -> Target | None:
        role = self.role(function)
        if role is None:
            return None
        if self.values.is_generator(function):
            generator = Target(PrefectCallable(function.name, PLAIN, ""), function=function, generator=True)
            return generator if role == "plain" else None
        asynchronous = isinstance(function, ast.AsyncFunctionDef)
        kind = {
            "flow": FLOW if asynchronous else SYNC_FLOW,
            "task": TASK if asynchronous else SYNC_TASK,
            "plain": COROUTINE if asynchronous else PLAIN,
        }[role]
        return Target(PrefectCallable(function.name, kind, self.work(function)), function=function)

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
        """Return whether a call gives a coroutine on Prefect 3 (None: not known)."""
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
        """Return whether Prefect 2 runs a call at once that gives a coroutine on Prefect 3, as for sync callers."""
        return (
            self.two
            and target.form == "call"
            and target.callable.kind in (FLOW, TASK)
            and self.contexts(call) == {SYNC}
        )

    def pending(self, node: ast.expr) -> bool:
        """Return whether an object is a coroutine that nobody awaited, so that nothing can be asked of it."""
        call, awaited = self.producer(node)
        target = self.target(call.func) if call is not None else None
        return bool(call is not None and target and not awaited and self.is_coroutine(call, target))


@lru_cache(maxsize=1)
def prefect_of(module: Module, versions: Versions) -> Prefect:
    """Return what one module does with Prefect; kept while its rules run."""
    return Prefect(module, versions)


def _no_callable(value: Value) -> bool:
    """Return whether a callee is what a fallback leaves where an import fails: None, or something made of it."""
    if isinstance(value, Partial):
        return _no_callable(value.callee)
    if isinstance(value, Member):
        return _no_callable(value.owner)
    return isinstance(value, Constant)
