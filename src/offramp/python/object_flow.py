"""Flow of objects: which ones expressions may be, and where something may change them in place; knows no rules."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from offramp.python.effects import (
    CHANGING,
    HARMLESS_LIBRARIES,
    IMMUTABLE_LIBRARIES,
    MUTATORS,
    READING_METHODS,
    callables,
)
from offramp.python.evaluation import Values
from offramp.python.importers import MODULES
from offramp.python.names import BY_TEXT, Binding, FunctionNode, Names
from offramp.python.nodes import walk
from offramp.python.points_to import EVERY, ITEMS, NOTHING, OUTSIDE, SOME, PointsTo, unfollowed
from offramp.python.running import Running
from offramp.python.values import Constant, Local, Made, Member, Partial, Reference, Value
from offramp.record import NamedTuple

_LOOKING, _COPYING, _ELEMENTS = callables("reads"), callables("copies"), callables("element")
# What they give is what they are given, or does to that what is done to it.
_VIEWS = frozenset({"collections.ChainMap", "types.MappingProxyType", "contextlib.nullcontext", "weakref.proxy"})
_EXECUTING, _CALLING = callables("executes"), callables("calls")
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals"})
_OF_A_FRAME = frozenset({"f_globals", "f_locals", "__globals__"})
# Attributes and functions by which code finds objects that no name or container leads it to.
_OF_THE_INTERPRETER = frozenset(
    "__closure__ cell_contents __subclasses__ get_objects get_referrers get_referents gi_frame cr_frame".split()
)
_IMPORTING = frozenset({*MODULES, "importlib.reload", "inspect.getmodule"})
# Decorators that let a function be called where no call is seen.
_CALLED_UNSEEN = frozenset({"builtins.property", "functools.cached_property", "functools.singledispatch"})
_PLAIN_DECORATORS = frozenset({"functools", "contextlib", "builtins", "typing", "abc"})
_PLAIN_BASES = frozenset({"builtins", "abc", "typing", "dataclasses"})
# The methods that say what functions give that do something else than to look at or keep what they are given.
_SPECIALS = {
    "builtins.locals": "_local_names",
    **dict.fromkeys(("builtins.vars", "builtins.type", "typing.cast"), "_last_argument"),
    "builtins.super": "_super",
    "builtins.getattr": "_got",
    **dict.fromkeys(("builtins.setattr", "builtins.delattr"), "_set_by_name"),
    **dict.fromkeys(_EXECUTING, "_executed"),
    "copy.deepcopy": "_deep_copy",
}
# The methods that say what an expression may be.
_EXPRESSIONS: dict[type[ast.AST], str] = {
    ast.Name: "_name",
    ast.Attribute: "_attribute",
    ast.Subscript: "_subscript",
    ast.Call: "_call",
    ast.List: "_display",
    ast.Tuple: "_display",
    ast.Set: "_display",
    ast.Dict: "_dict",
    ast.ListComp: "_comprehension",
    ast.SetComp: "_comprehension",
    ast.GeneratorExp: "_comprehension",
    ast.DictComp: "_comprehension",
    ast.BinOp: "_operation",
    ast.IfExp: "_choice",
    ast.BoolOp: "_choice",
    ast.NamedExpr: "_same",
    ast.Await: "_same",
    ast.Starred: "_same",
}
# The object that has the module's names for attributes.
MODULE = "module"
_DEEPEST = 150


class Change(NamedTuple):
    """Something that may change an object in place: where, whether also what is in it, and the attribute if but one."""

    node: ast.AST
    deep: bool
    attribute: str = ""


class SetByText(NamedTuple):
    """An item or attribute of what a variable stands for that is set by an expression; None for what is not seen."""

    owner: int
    key: ast.expr | None
    value: ast.expr | None
    node: ast.AST


class ObjectFlow:
    """The constraints of a module.

    ``changes`` are those of what a variable stands for, ``anything`` the calls that may change all there is.
    """

    def __init__(self, names: Names, values: Values, running: Running) -> None:
        self.graph = PointsTo()
        self.changes: list[tuple[int, Change]] = []
        self.set_by_text: list[SetByText] = []
        self.anything: list[ast.AST] = []
        self._kept_by: list[tuple[int, int, ast.AST]] = []
        self._names = names
        self._values = values
        self._running = running
        self._libraries = values.libraries
        self._plain_bases = _PLAIN_BASES | values.libraries.runners
        self._plain_decorators = _PLAIN_DECORATORS | values.libraries.runners
        self._of: dict[ast.AST, int] = {}
        self._bound: dict[int, int] = {}
        self._returned: dict[ast.AST, int] = {}
        self._depth = 0
        # Whether there may be dicts whose items are names or attributes.
        self._namespaces = names.sets_by_text or "__dict__" in names.attributes
        self._expressions: dict[type, Callable[[ast.AST], int]] = {
            one: getattr(self, name) for one, name in _EXPRESSIONS.items()
        }
        self._specials: dict[str, Callable[[str, ast.Call], int | None]] = {
            one: getattr(self, name) for one, name in _SPECIALS.items()
        }
        self._constraints: dict[type, Callable[[Any], object]] = {
            ast.Call: self.variable,
            ast.Subscript: self._reached,
            ast.Attribute: self._reached,
            ast.AugAssign: self._augmented,
            ast.Raise: self._raised,
            ast.Match: self._matched,
            ast.ClassDef: self._made_by_others,
        }
        self._module = self.graph.new(MODULE)
        self._outside = self.graph.new(OUTSIDE)
        self._build()

    # -- constraints -------------------------------------------------------------

    def _build(self) -> None:
        self._bind_names()
        self._derive_classes()
        for inner in (*self._names.tree.body, *self._names.parents):
            constrain = self._constraints.get(type(inner))
            if constrain is not None:
                constrain(inner)
        for function in self._names.functions:
            if self._is_called_unseen(function):
                self._lose(function)
            if self._is_special(function):
                self.anything += self._done_to_operands(function)

    def _bind_names(self) -> None:
        for scope in self._names.scopes.values():
            for bindings in scope.bindings.values():
                for binding in bindings:
                    self.binding(binding)

    def _derive_classes(self) -> None:
        for node in self._names.classes:
            for base, _ in self._values.bases(node):
                for value in self._values.evaluate(base):
                    if isinstance(value, Local):
                        self.graph.derive(node, value.node)

    def _reached(self, node: ast.Subscript | ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self._taken(node)
        else:
            self._stored(node)

    def _raised(self, node: ast.Raise) -> None:
        """An exception: what handles it may be anywhere."""
        if node.exc is not None:
            self._change(self.variable(node.exc), node.exc, deep=True)

    def _matched(self, node: ast.Match) -> None:
        """Parts of an object that patterns give names."""
        if any(
            isinstance(part, ast.MatchMapping | ast.MatchSequence | ast.MatchClass)
            for case in node.cases
            for part in walk(case.pattern)
        ):
            self._change(self.variable(node.subject), node.subject, deep=True)

    def _made_by_others(self, node: ast.ClassDef) -> None:
        """A class that code which is not followed makes, or does something to."""
        if any(self._running.decorator(one).partition(".")[0] not in self._plain_bases for one in node.decorator_list):
            self._change(self.graph.new(node), node, deep=True)
        elif node.keywords or not all(map(self._is_plain_base, node.bases)):
            for part in node.body:
                if isinstance(part, ast.Assign | ast.AnnAssign):
                    self._change(self.variable(part.value), part, deep=True)

    def _is_plain_base(self, node: ast.expr) -> bool:
        return all(
            isinstance(value, Local)
            or (isinstance(value, Reference) and value.path.partition(".")[0] in self._plain_bases)
            for value in self._values.evaluate(node)
        )

    def _is_called_unseen(self, function: FunctionNode) -> bool:
        """Return whether a function is called where no call is seen: by operators, attributes or its decorators."""
        parts = [self._running.decorator(one) for one in function.decorator_list]
        if any(path in _CALLED_UNSEEN or path.partition(".")[0] not in self._plain_decorators for path in parts):
            return True
        return self._is_special(function)

    def _is_special(self, function: FunctionNode) -> bool:
        """Return whether operators and statements call a function for the objects of its class."""
        special = function.name.startswith("__") and function.name != "__init__"
        return special and isinstance(self._names.parents.get(function), ast.ClassDef)

    def _done_to_operands(self, function: FunctionNode) -> Iterator[ast.AST]:
        """Return where a method that operators call does something to what they give it, which is not followed."""
        own = {one.arg for one in (*function.args.posonlyargs, *function.args.args)[:1]}
        for binding in self._names.bindings_of(function):
            if binding.kind == "parameter" and binding.name not in own:
                yield from (load for load in self._names.uses(binding) if not self._is_looked_at(load))

    def _is_looked_at(self, load: ast.expr) -> bool:
        parent = self._names.parents.get(load)
        if isinstance(parent, ast.Attribute | ast.Subscript):
            changes = getattr(parent, "attr", "") in MUTATORS | CHANGING
            return isinstance(parent.ctx, ast.Load) and not changes and self._is_looked_at(parent)
        if isinstance(parent, ast.Call):
            return parent.func is load or all(map(self._is_harmless, self._values.evaluate(parent.func)))
        return isinstance(parent, ast.expr) and not isinstance(parent, ast.Starred)

    def _lose(self, function: FunctionNode | ast.Lambda) -> None:
        """Let others have what a function gives them, and its defaults, whenever it is called."""
        results = [*self._values.returns(function)]
        results += self._values.yields(function) if isinstance(function, FunctionNode) else ()
        for one in results:
            self._change(self.variable(one), one, deep=True)
        for one in (*function.args.defaults, *filter(None, function.args.kw_defaults)):
            self._change(self.variable(one), one, deep=True)

    def given_away(self) -> Iterator[tuple[int, Change]]:
        """Return what is kept where objects that are not followed get at it: they may do anything to it from then."""
        escaped: set[Hashable] = {OUTSIDE}
        for variable, change in self.changes:
            if change.deep:
                self._add_with_parts(variable, escaped)
        waiting = [(owner, source, node) for owner, source, node in self._kept_by if source != NOTHING]
        size = 0
        while size != len(escaped):
            size = len(escaped)
            staying = []
            for owner, source, node in waiting:
                objects = self.graph.objects(owner)
                if not objects or any(unfollowed(one) or one in escaped for one in objects):
                    self._add_with_parts(source, escaped)
                    yield source, Change(node, True)
                else:
                    staying.append((owner, source, node))
            waiting = staying
        for one in escaped:
            for part in one.body if isinstance(one, ast.ClassDef) else ():
                if isinstance(part, FunctionNode):
                    yield from ((self.variable(given), Change(given, True)) for given in self._values.returns(part))

    def _add_with_parts(self, variable: int, found: set[Hashable]) -> None:
        for one in self.graph.objects(variable):
            if one not in found:
                found.add(one)
                found |= self.graph.within(one)

    def variable(self, node: ast.AST | None) -> int:
        """The variable of an expression."""
        if node is None:
            return NOTHING
        known = self._of.get(node)
        if known is not None:
            return known
        expression = self._expressions.get(type(node))
        if expression is None or self._depth > _DEEPEST:
            return NOTHING if expression is None else self._outside
        self._depth += 1
        made = self._of[node] = self.graph.new()
        found = expression(node)
        self._depth -= 1
        if found == NOTHING:
            self._of[node] = NOTHING
        else:
            self.graph.flow(found, made)
        return self._of[node]

    def _any_of(self, variables: Iterable[int]) -> int:
        found = [one for one in dict.fromkeys(variables) if one != NOTHING]
        if len(found) < 2:
            return found[0] if found else NOTHING
        made = self.graph.new()
        for one in found:
            self.graph.flow(one, made)
        return made

    def _holding(self, node: Hashable, parts: Iterable[int]) -> int:
        """A new object that has these elements."""
        for part in parts:
            self.graph.flow(part, self.graph.field(node, ITEMS))
        return self.graph.new(node)

    def _items(self, variable: int) -> int:
        items = self.graph.load(variable, ITEMS)
        return self._any_of([items, self.graph.load(variable, EVERY)]) if self._namespaces else items

    def binding(self, binding: Binding) -> int:
        """The variable of a name's binding."""
        known = self._bound.get(id(binding))
        if known is not None:
            return known
        if binding.kind in ("import", "star", "function"):
            return self._bound.setdefault(id(binding), NOTHING)
        made = self._bound[id(binding)] = self.graph.new()
        self.graph.flow(self._given_by(binding), made)
        scope = binding.scope
        if isinstance(scope.node, ast.ClassDef) or (scope is self._names.module and self._names.sets_by_text):
            owner = MODULE if scope is self._names.module else scope.node
            self.graph.flow(made, self.graph.field(owner, binding.name))
            self.graph.flow(self.graph.field(owner, SOME), made)
            if owner == MODULE:
                self.graph.flow(self.graph.field(owner, binding.name), made)
        return made

    def _given_by(self, binding: Binding) -> int:
        node = binding.node
        if binding.kind == "class":
            return self.graph.new(node)
        if binding.kind == "parameter":
            return self._parameter(binding)
        if binding.kind == "augmented":
            assert isinstance(node, ast.AugAssign)
            return self._any_of(self.binding(one) for one in self._names.lookup(binding.name, node))
        if binding.kind in ("value", "context"):
            return self.variable(node)
        if node is None:
            return NOTHING
        elements = self._items(self.variable(node))
        if binding.kind == "element":
            return elements
        if binding.kind == "other":
            # Many parts, in a list of their own.
            return self._any_of(
                [elements, self._holding((id(binding), binding.name), [elements, self._items(elements)])]
            )
        # A part of an element, or a list of the rest of them.
        parts = self._any_of([elements, self._items(elements)])
        return self._any_of([parts, self._items(parts)]) if binding.kind == "element-item" else parts

    def _parameter(self, binding: Binding) -> int:
        function = binding.node
        assert isinstance(function, FunctionNode | ast.Lambda)
        own = function.args
        plain = [*own.posonlyargs, *own.args]
        pairs = [*zip(reversed(plain), reversed(own.defaults), strict=False)]
        pairs += [(one, default) for one, default in zip(own.kwonlyargs, own.kw_defaults, strict=True) if default]
        found = [self.variable(default) for parameter, default in pairs if parameter.arg == binding.name]
        outer = self._names.parents.get(function)
        if isinstance(outer, ast.ClassDef) and plain and plain[0].arg == binding.name:
            found.append(self.graph.new(outer, *self._subclasses(outer)))
        elif (
            isinstance(function, ast.Lambda) or self._values.handed_on(function) or not self._values.calls_of(function)
        ):
            found.append(self._outside)
        return self._any_of(found)

    def _subclasses(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        return [one for one in self._names.classes if one is not node and node in self._values.lineage(one)[0]]

    # -- expressions -------------------------------------------------------------

    def _name(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Name)
        return self._any_of(self.binding(one) for one in self._names.lookup(node.id, node))

    def _attribute(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Attribute)
        if node.attr in _OF_A_FRAME:
            return self._module
        owner = self.variable(node.value)
        # An object stands for its namespace and its class too.
        if node.attr in ("__dict__", "__class__"):
            return owner
        loaded = self.graph.load(owner, node.attr)
        return self._any_of([loaded, self.graph.load(owner, ITEMS)]) if self._namespaces else loaded

    def _subscript(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Subscript)
        if self._values.single(node.value) == Reference("sys.modules"):
            return NOTHING if isinstance(node.slice, ast.Constant) else self._module
        owner = self.variable(node.value)
        if owner == NOTHING:
            return NOTHING
        if isinstance(node.slice, ast.Slice):
            return self._holding(node, [self._items(owner)])
        return self._items(owner)

    def _text(self, node: ast.AST) -> str:
        value = self._values.single(node)
        return value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""

    def _display(self, node: ast.AST) -> int:
        assert isinstance(node, ast.List | ast.Tuple | ast.Set)
        return self._holding(
            node,
            [
                self._items(self.variable(one.value)) if isinstance(one, ast.Starred) else self.variable(one)
                for one in node.elts
            ],
        )

    def _dict(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Dict)
        parts = [
            self.variable(value) if key is not None else self._items(self.variable(value))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return self._holding(node, parts)

    def _comprehension(self, node: ast.AST) -> int:
        element = node.value if isinstance(node, ast.DictComp) else node.elt  # type: ignore[attr-defined]
        return self._holding(node, [self.variable(element)])

    def _operation(self, node: ast.AST) -> int:
        parts: list[ast.expr] = []
        added = False
        left = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add | ast.BitOr | ast.Mult):
            added = isinstance(left.op, ast.Add)
            if added and isinstance(left.right, ast.Constant | ast.JoinedStr):
                break
            parts.append(left.right)
            left = left.left
        # What is added to a number or a text is one too.
        if not parts or (added and isinstance(left, ast.BinOp | ast.Constant | ast.JoinedStr)):
            return NOTHING
        operands = [self.variable(one) for one in (*parts, left)]
        return self._holding(node, [self._items(one) for one in operands]) if any(operands) else NOTHING

    def _choice(self, node: ast.AST) -> int:
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values  # type: ignore[attr-defined]
        return self._any_of(map(self.variable, parts))

    def _same(self, node: ast.AST) -> int:
        return self.variable(node.value)  # type: ignore[attr-defined]

    # -- calls -------------------------------------------------------------------

    def _call(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Call)
        function = node.func
        owner = self.variable(function.value) if isinstance(function, ast.Attribute) else NOTHING
        results = [self._called(callee, node, owner) for callee in self._values.evaluate(function)]
        self._hand_over(node)
        return self._any_of(results)

    def _called(self, callee: Value, node: ast.Call, owner: int) -> int:
        """Return what calling one of the things that a callee may be gives."""
        callee = self._behind(callee)
        if isinstance(callee, Local):
            return self._called_local(callee, node)
        if isinstance(callee, Reference):
            special = self._called_reference(callee.path, node)
            if special is not None:
                return special
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if owner != NOTHING and name in READING_METHODS | MUTATORS | CHANGING:
            return self._called_method(name, node, owner)
        if self._is_harmless(callee):
            return self._kept(callee, node)
        if isinstance(callee, Member) and isinstance(callee.owner, Constant):
            return NOTHING
        return self._stranger(node, owner)

    def _behind(self, callee: Value) -> Value:
        """The function that a partial, a method or an attribute of a function calls; else the callee itself."""
        while isinstance(callee, Partial):
            self.variable(callee.call)
            callee = callee.callee
        if isinstance(callee, Made) and isinstance(callee.callee, Member):
            callee = callee.callee if isinstance(callee.callee.owner, Local) else callee
        if isinstance(callee, Member) and isinstance(callee.owner, Local):
            # `task.submit` and `task.override()` call the function.
            callee = callee.owner
        method = self._method(callee)
        return callee if method is None else Local(method)

    def _called_method(self, name: str, node: ast.Call, owner: int) -> int:
        given = [self.variable(one) for one in _given(node)]
        if name not in READING_METHODS:
            self._change(owner, node)
            for one in given:
                self._keep(owner, one, node)
                self.graph.store(owner, ITEMS, one)
                self.graph.store(owner, ITEMS, self._items(one))
            if name == "__setattr__":
                self.graph.store(owner, SOME, self._any_of(given))
            self._set_by_method(name, node, owner)
        elements = self._items(owner)
        return self._any_of([self._holding(node, [elements]), elements, *given])

    def _set_by_method(self, name: str, node: ast.Call, owner: int) -> None:
        if not self._names.sets_by_text:
            return
        keys: list[ast.expr | None] = [*node.args[:1]]
        if name == "update":
            table = self._values.changes(node)
            keys = [ast.Constant(key) for key in table.entries] if table.complete else [None]
        for key in keys or [None]:
            self.set_by_text.append(SetByText(owner, key, None, node))

    def _called_local(self, callee: Local, node: ast.Call) -> int:
        function = callee.node
        if isinstance(function, ast.ClassDef):
            return self._instance(function, node)
        if isinstance(function, FunctionNode) and self._running.is_task(function):
            return self._holding(node, ())
        self._pass(function, node)
        if isinstance(function, FunctionNode) and any(
            path in _CALLED_UNSEEN or path.partition(".")[0] not in self._plain_decorators
            for path in map(self._running.decorator, function.decorator_list)
        ):
            self._stranger(node, NOTHING)
        returned = self._returns(function)
        if not _decorators(function) and all(map(self._is_fresh, self._values.returns(function))):
            return self._holding(node, [self._items(returned)])
        return returned

    def _returns(self, function: FunctionNode | ast.Lambda) -> int:
        known = self._returned.get(function)
        if known is None:
            known = self._returned[function] = self.graph.new()
            for one in self._values.returns(function):
                self.graph.flow(self.variable(one), known)
            for one in self._values.yields(function) if isinstance(function, FunctionNode) else ():
                # A context manager gives what it yields.
                self.graph.flow(self.variable(one), known)
                self.graph.flow(self._holding(function, [self.variable(one)]), known)
        return known

    def _is_fresh(self, node: ast.expr) -> bool:
        """Return whether what a function returns is made anew by each call, and is nowhere else."""
        if isinstance(node, ast.Name):
            bindings = self._names.lookup(node.id, node)
            scopes = {one.scope for one in bindings}
            if len(bindings) != 1 or bindings[0].kind != "value" or not isinstance(bindings[0].node, ast.expr):
                return False
            if scopes != {self._names.place(node)[0]} or isinstance(bindings[0].node, ast.Name):
                return False
            return self._is_fresh(bindings[0].node) and all(map(self._is_own_use, self._names.uses(bindings[0])))
        if isinstance(node, ast.Call):
            value = self._values.single(node.func)
            return isinstance(value, Reference) and value.path in _COPYING | {
                "copy.copy",
                "copy.deepcopy",
            }
        return isinstance(node, ast.Dict | ast.List | ast.Set | ast.ListComp | ast.SetComp | ast.DictComp | ast.BinOp)

    def _is_own_use(self, load: ast.Name) -> bool:
        """Return whether a use of a local name leaves its object to that name."""
        parent = self._names.parents.get(load)
        if isinstance(parent, ast.Return):
            return True
        if isinstance(parent, ast.Subscript):
            return parent.value is load
        return isinstance(parent, ast.Attribute) and parent.attr in READING_METHODS | MUTATORS

    def _instance(self, node: ast.ClassDef, call: ast.Call) -> int:
        lineage, _ = self._values.lineage(node)
        made = self.graph.new(node)
        constructor = next((one for own in lineage for one in own.body if getattr(one, "name", "") == "__init__"), None)
        if isinstance(constructor, FunctionNode):
            self._pass(constructor, call)
        for argument in map(self.variable, _given(call)):
            self.graph.store(made, ITEMS, argument)
            self.graph.store(made, ITEMS, self._items(argument))
        self._keep_attributes(made, call)
        if any(not self._is_plain_base(base) for one in lineage for base in one.bases):
            self._change(made, call, deep=True)
        return made

    def _keep_attributes(self, made: int, call: ast.Call) -> None:
        """Let what is made of arguments have them for attributes."""
        for argument in map(self.variable, call.args):
            self.graph.store(made, SOME, argument)
        for keyword in call.keywords:
            given = self.variable(keyword.value)
            self.graph.store(made, keyword.arg or SOME, given if keyword.arg else self._items(given))

    def _called_reference(self, path: str, node: ast.Call) -> int | None:
        """Return what a library's function gives that does something else than to look at or keep what it is given."""
        if self._gives_module(path, node):
            return self._module
        special = self._specials.get(path)
        if special is not None:
            return special(path, node)
        if path in _CALLING and not all(map(self._is_followed, self._called_by(node))):
            return self._stranger(node, NOTHING)
        return None

    def _gives_module(self, path: str, node: ast.Call) -> bool:
        """Return whether a call gives the module that it stands in, or a dict of its names."""
        if path in _NAMESPACES or (path == "builtins.vars" and not node.args):
            return path == "builtins.globals" or isinstance(self._names.place(node)[0].node, ast.Module)
        named = bool(node.args) and isinstance(node.args[0], ast.Constant)
        return path.startswith("sys.modules.") or (path in _IMPORTING and not named)

    def _local_names(self, _path: str, _node: ast.Call) -> int | None:
        return NOTHING

    def _last_argument(self, path: str, node: ast.Call) -> int | None:
        if path == "builtins.type" and len(node.args) > 1:
            for function in self._functions(node):
                self._lose(function)
            return self._stranger(node, NOTHING)
        return self.variable(node.args[-1]) if node.args else NOTHING

    def _super(self, _path: str, node: ast.Call) -> int | None:
        outer = next((one for one in self._names.ancestors(node) if isinstance(one, ast.ClassDef)), None)
        return self.graph.new(outer) if outer is not None else NOTHING

    def _got(self, _path: str, node: ast.Call) -> int | None:
        if len(node.args) < 2:
            return None
        first, default = self.variable(node.args[0]), self.variable(node.args[2]) if len(node.args) > 2 else NOTHING
        name = self._text(node.args[1])
        if name in ("", *MUTATORS, *CHANGING):
            self._change(first, node)
        return self._any_of([self.graph.load(first, name or EVERY), default])

    def _set_by_name(self, _path: str, node: ast.Call) -> int | None:
        if len(node.args) < 2:
            return None
        value = node.args[2] if len(node.args) > 2 else None
        self._set(self.variable(node.args[0]), node.args[1], value, node)
        return NOTHING

    def _deep_copy(self, _path: str, node: ast.Call) -> int | None:
        """All that is in a copy counts as the copy."""
        return self._holding(node, [self.graph.new(node)])

    def _executed(self, _path: str, node: ast.Call) -> int | None:
        """Return what ``exec`` or ``eval`` gives; a text that is known may do something to what it names."""
        text = self._text(node.args[0]) if node.args else ""
        try:
            inside = walk(ast.parse(text))
        except SyntaxError:
            inside = []
        names = {one.id for one in inside if isinstance(one, ast.Name)}
        names |= {one.name for one in inside if isinstance(one, FunctionNode | ast.ClassDef)}
        names |= {(one.asname or one.name).partition(".")[0] for one in inside if isinstance(one, ast.alias)}
        reaching = {*names, *(one.attr for one in inside if isinstance(one, ast.Attribute))}
        if not inside or reaching & BY_TEXT:
            self.anything.append(node)
        for name in names:
            self.set_by_text.append(SetByText(self._module, ast.Constant(name), None, node))
            for binding in self._names.module.bindings.get(name, ()):
                self._change(self.binding(binding), node, deep=True)
        return self._stranger(node, NOTHING)

    def _called_by(self, node: ast.Call) -> Iterator[Value]:
        """Return what a function of the standard library calls that calls what it is given."""
        keys = (keyword.value for keyword in node.keywords if keyword.arg in ("key", "func"))
        for one in (*node.args[:1], *keys):
            yield from self._values.evaluate(one)

    def _is_followed(self, value: Value) -> bool:
        return not isinstance(value, Reference) or self._is_harmless(value)

    def _is_harmless(self, callee: Value) -> bool:
        """Return whether a call changes nothing that it is given."""
        if isinstance(callee, Reference):
            root, _, rest = callee.path.partition(".")
            if root == "builtins":
                return callee.path in _LOOKING | _COPYING
            changes = rest.rpartition(".")[2] in MUTATORS | CHANGING
            known = root in HARMLESS_LIBRARIES | self._libraries.harmless or self._values.exists(callee.path)
            return known and not changes
        if isinstance(callee, Made):
            return self._is_harmless(callee.callee)
        if isinstance(callee, Local):
            return isinstance(callee.node, FunctionNode) and self._running.is_task(callee.node)
        return isinstance(callee, Member) and isinstance(callee.owner, Made) and self._is_harmless(callee.owner)

    def _kept(self, callee: Value, node: ast.Call) -> int:
        """Return what a harmless call gives: something that may have in it, or be, what it was given."""
        path = callee.path if isinstance(callee, Reference) else ""
        if path in _LOOKING or path.partition(".")[0] in IMMUTABLE_LIBRARIES:
            return NOTHING
        given = [one for one in map(self.variable, _given(node)) if one != NOTHING]
        # It may call what it is given, or give something that does.
        runs = _root(path) in self._libraries.runners
        called = [] if runs else list(map(self._returns, self._functions(node)))
        elements = [self._items(one) for one in (*given, *called)]
        if path.rpartition(".")[2].lower().endswith("dict"):
            # It may be given pairs.
            elements += [self._items(one) for one in elements]
        if path in _COPYING or path == "copy.copy":
            copied = self._holding(node, [*given, *called, *elements])
            for one in given:
                self.graph.store(copied, SOME, self.graph.load(one, EVERY))
            return self._any_of([copied, *elements, *called, *given]) if path in _ELEMENTS else copied
        made = self._holding(node, [*given, *called, *elements])
        self._keep_attributes(made, node)
        for one in called:
            self.graph.store(made, SOME, one)
        if not runs:
            # Its attributes may hold what it is given, or be those of that.
            inner = self._holding((node, SOME), [*given, *called, *elements])
            for one in (inner, *given, *called, *elements):
                self.graph.store(inner, SOME, one)
            self.graph.store(made, SOME, inner)
            for one in given:
                self.graph.store(made, SOME, self.graph.load(one, EVERY))
        # A method may give what its object has too.
        owner = NOTHING if path else self.variable(node.func)
        returned = given if path in _VIEWS or path.startswith("asyncio.") or not path else []
        return self._any_of([made, *called, *returned, owner, self._items(owner)])

    def _functions(self, node: ast.Call) -> list[FunctionNode | ast.Lambda]:
        """The functions of the file that a call is given."""
        return [function for argument in _given(node) for function in self._functions_in(argument)]

    def _functions_in(self, node: ast.AST) -> Iterator[FunctionNode | ast.Lambda]:
        if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set):
            for part in node.values if isinstance(node, ast.Dict) else node.elts:
                yield from self._functions_in(part)
        elif isinstance(node, ast.Name | ast.Lambda | ast.Attribute):
            for value in self._values.evaluate(node):
                if isinstance(value, Local) and isinstance(value.node, FunctionNode | ast.Lambda):
                    yield value.node

    def _stranger(self, node: ast.Call, owner: int) -> int:
        """A call of what is not known: it may do anything to what it is given."""
        given = [owner, *map(self.variable, _given(node))]
        for one in given:
            self._change(one, node, deep=True)
            self.set_by_text.append(SetByText(one, None, None, node))
        return self._outside

    def _method(self, callee: Value) -> FunctionNode | None:
        """The function that a method of an object of a local class is."""
        made = callee.owner if isinstance(callee, Member) else None
        owner = made.callee if isinstance(made, Made) else None
        if not isinstance(callee, Member) or not isinstance(owner, Local) or not isinstance(owner.node, ast.ClassDef):
            return None
        for node in self._values.lineage(owner.node)[0]:
            for binding in self._names.class_attribute(node, callee.name):
                if isinstance(binding.node, FunctionNode):
                    return binding.node
        return None

    def _pass(self, function: FunctionNode | ast.Lambda, call: ast.Call) -> None:
        """Let the parameters of a function be what a call gives them."""
        own = function.args
        plain = [one.arg for one in (*own.posonlyargs, *own.args)]
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        simple = None not in named and not any(isinstance(one, ast.Starred) for one in call.args)
        everything = self._any_of(map(self.variable, _given(call)))
        before = self._is_bound(function, call)
        for binding in self._names.bindings_of(function):
            if binding.kind != "parameter":
                continue
            given = self._any_of([everything, self._items(everything)])
            if simple and binding.name in named:
                given = self.variable(named[binding.name])
            elif simple and binding.name in plain:
                index = plain.index(binding.name) - before
                given = self.variable(call.args[index]) if 0 <= index < len(call.args) else NOTHING
            elif own.vararg is not None or own.kwarg is not None:
                self.graph.flow(self._holding(call, [everything]), self.binding(binding))
            self.graph.flow(given, self.binding(binding))

    def _is_bound(self, function: FunctionNode | ast.Lambda, call: ast.Call) -> bool:
        """Return whether a call gives a function its object before the arguments, as for methods."""
        if not isinstance(self._names.parents.get(function), ast.ClassDef):
            return False
        made = {self._running.decorator(one) for one in _decorators(function)}
        if "builtins.staticmethod" in made:
            return False
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        of_class = owner is not None and any(
            isinstance(value, Local) and isinstance(value.node, ast.ClassDef) for value in self._values.evaluate(owner)
        )
        return not of_class or "builtins.classmethod" in made

    def _hand_over(self, node: ast.Call) -> None:
        """Functions that others call with what they are given; libraries that defer them call none while loading."""
        functions = self._functions(node)
        if not functions:
            return
        callees = self._values.evaluate(node.func)
        if all(
            isinstance(one, Reference) and one.path.partition(".")[0] in self._libraries.deferring for one in callees
        ):
            return
        known = all(self._is_harmless(one) or isinstance(one, Local) for one in callees)
        given = self._any_of(map(self.variable, _given(node)))
        reached = self._any_of([given, inner := self._items(given), self._items(inner)])
        for function in functions:
            if not known:
                self._lose(function)
            for binding in self._names.bindings_of(function):
                if binding.kind == "parameter":
                    self.graph.flow(reached, self.binding(binding))

    # -- changes -----------------------------------------------------------------

    def _change(self, variable: int, node: ast.AST, *, deep: bool = False, attribute: str = "") -> None:
        if variable != NOTHING:
            self.changes.append((variable, Change(node, deep, attribute)))

    def _taken(self, node: ast.AST) -> None:
        """A method that changes its object, taken to be called by others, or a way round names and containers."""
        if isinstance(node, ast.Attribute) and node.attr in _OF_THE_INTERPRETER:
            self.anything.append(node)
        if not isinstance(node, ast.Attribute) or node.attr not in MUTATORS | CHANGING:
            return
        parent = self._names.parents.get(node)
        if not (isinstance(parent, ast.Call) and parent.func is node):
            self._change(self.variable(node.value), node)

    def _stored(self, node: ast.Subscript | ast.Attribute) -> None:
        """An item or attribute that is set or deleted."""
        statement = self._names.parents.get(node)
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.AnnAssign) and value is None:
            # An annotation alone sets nothing.
            return
        owner = self.variable(node.value)
        self._change(owner, node, attribute=node.attr if isinstance(node, ast.Attribute) else "")
        given = value if isinstance(statement, ast.Assign | ast.AnnAssign | ast.NamedExpr) else None
        source = self.variable(given) if given is not None else self._outside
        self._keep(owner, source, node)
        if given is None:
            self._change(self._taken_apart(node), node, deep=True)
        elif owner == NOTHING:
            for function in self._functions_in(given):
                self._lose(function)
        if owner == NOTHING:
            return
        if isinstance(node, ast.Attribute):
            self.graph.store(owner, node.attr, source)
            self.set_by_text.append(SetByText(owner, ast.Constant(node.attr), given, node))
        else:
            self.graph.store(owner, ITEMS, source)
            self.set_by_text.append(SetByText(owner, node.slice, given, node))

    def _taken_apart(self, target: ast.AST) -> int:
        """Return what a target that is not alone gets a part of."""
        statement = self._names.parents.get(target)
        while isinstance(statement, ast.Tuple | ast.List | ast.Starred):
            statement = self._names.parents.get(statement)
        fields = (getattr(statement, field, None) for field in ("value", "iter", "context_expr"))
        return next((self.variable(one) for one in fields if one is not None), NOTHING)

    def _set(self, owner: int, key: ast.expr, value: ast.expr | None, node: ast.AST) -> None:
        self._change(owner, node, attribute=self._text(key))
        self._keep(owner, self.variable(value), node)
        self.graph.store(owner, self._text(key) or SOME, self.variable(value))
        self.set_by_text.append(SetByText(owner, key, value, node))

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.variable(node.value)
        if isinstance(node.target, ast.Name):
            owner = self._any_of(self.binding(one) for one in self._names.lookup(node.target.id, node))
        else:
            owner = self._loaded(node.target)
        self._change(owner, node)
        self._keep(owner, value, node)
        self.graph.store(owner, ITEMS, self._items(value))

    def _keep(self, owner: int, source: int, node: ast.AST) -> None:
        """Something that an object gets to keep; where that is not followed, anything may happen to it."""
        if owner == NOTHING:
            self._change(source, node, deep=True)
        else:
            self._kept_by.append((owner, source, node))

    def _loaded(self, target: ast.Subscript | ast.Attribute) -> int:
        """Return what an item or attribute that is stored was before."""
        owner = self.variable(target.value)
        return self.graph.load(owner, target.attr) if isinstance(target, ast.Attribute) else self._items(owner)


def _root(path: str) -> str:
    """The library that a dotted path begins with."""
    return path.partition(".")[0]


def _decorators(function: FunctionNode | ast.Lambda) -> list[ast.expr]:
    return function.decorator_list if isinstance(function, FunctionNode) else []


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
