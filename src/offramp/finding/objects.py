"""Who can reach an object, and what may change it before and after a point; knows no rules.

An object is the expression that makes it: a display, a call, a class (its instances count as it).
``PointsTo`` says which objects an expression may be, through names, attributes, containers, calls and
results; a change is a statement or call that may do something to an object in place. ``Values`` follows
what is done through the name that it looks at, step by step; where anything else may have changed an
object between two points, its value is not known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from offramp.finding.names import CHANGING, MUTATORS, Binding, FunctionNode, Names, Path, Scope
from offramp.finding.nodes import walk
from offramp.finding.points_to import EVERY, ITEMS, NOTHING, OUTSIDE, SOME, PointsTo
from offramp.finding.values import UNKNOWN, Constant, Items, Local, Made, Member, Partial, Reference, Table, Value, Values
from offramp.record import NamedTuple

READING = frozenset(
    "items keys values get copy index count join format format_map split rsplit splitlines strip lstrip rstrip lower "
    "upper title capitalize replace startswith endswith removeprefix removesuffix zfill encode isdigit union "
    "intersection difference issubset issuperset isdisjoint most_common elements total partition rpartition "
    "__getitem__ __contains__ __len__ __iter__ __eq__ __or__ __add__ _asdict".split()
)
# Builtins that change nothing of what they are given, and keep none of it.
_LOOKING = frozenset(
    "len print sum any all str int float bool repr isinstance issubclass type format hash abs round ord chr hasattr "
    "callable id open range divmod pow ascii bytes bytearray memoryview complex hex oct bin dir help input".split()
)
# Those whose result has the elements of what they are given.
_COPYING = frozenset("list dict tuple set frozenset sorted reversed enumerate zip iter next map filter min max".split())
_HARMLESS = frozenset(
    "airflow astronomer collections copy croniter datetime dateutil decimal enum fractions hashlib itertools json "
    "logging math os pathlib pendulum prefect prefect_dbt prefect_shell pytz re string textwrap time types typing "
    "uuid zoneinfo dataclasses contextlib warnings pprint statistics functools".split()
)
# Libraries whose objects nothing changes.
_IMMUTABLE = frozenset("datetime dateutil decimal fractions pathlib pendulum pytz re uuid zoneinfo".split())
_RUNNERS = ("airflow", "astronomer", "prefect", "prefect_dbt")
_DIRECT = ("dag", "task_group")
_EXECUTING = ("builtins.exec", "builtins.eval")
_CALLING = frozenset(
    [f"builtins.{name}" for name in ("map", "filter")]
    + [f"functools.{name}" for name in ("partial", "reduce", "partialmethod")]
    + [f"itertools.{name}" for name in ("starmap", "accumulate", "takewhile", "dropwhile", "filterfalse", "groupby")]
)
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals"})
_OF_A_FRAME = frozenset({"f_globals", "f_locals", "__globals__"})
_IMPORTING = frozenset({"importlib.import_module", "builtins.__import__", "importlib.reload", "inspect.getmodule"})
_MODULE = "module"
_DEEPEST = 150
_MOST_CHANGES = 200

_LOOPS = ("for", "while")


class Change(NamedTuple):
    """Something that may change an object in place: where, whether also what is in it, and the attribute if but one."""

    node: ast.AST
    deep: bool
    attribute: str = ""


class Rebinding(NamedTuple):
    """A name of the module that is set by its text (None for any), by what, and to what where that is seen."""

    name: re.Pattern[str] | None
    node: ast.AST


class Spot(NamedTuple):
    """A point of the code: the function, module, lambda or generator that runs it, its order there, and loops around."""

    frame: ast.AST
    order: int
    loops: frozenset[int]


class Objects:
    """The objects of a module, and the changes of them.

    ``values`` resolves callees; it must not ask this object in turn.
    """

    def __init__(self, names: Names, values: Values) -> None:
        self._names = names
        self._values = values
        self._graph = PointsTo()
        self._of: dict[ast.AST, int] = {}
        self._bound: dict[int, int] = {}
        self._returned: dict[ast.AST, int] = {}
        self._made: list[tuple[int, Change]] = []
        self._set_by_text: list[tuple[int, ast.expr | None, ast.expr | None, ast.AST]] = []
        self._anything: list[ast.AST] = []
        self._depth = 0
        self._spots: dict[ast.AST, Spot] = {}
        self._ends: dict[ast.AST, int] = {}
        self._running: set[ast.AST] | None = None
        self._changes: dict[object, list[Change]] | None = None
        self._rebound: list[Rebinding] | None = None
        self._expressions: dict[type, Callable[[ast.AST], int]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.List: self._display,
            ast.Tuple: self._display,
            ast.Set: self._display,
            ast.Dict: self._dict,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.BinOp: self._operation,
            ast.IfExp: self._choice,
            ast.BoolOp: self._choice,
            ast.NamedExpr: self._same,
            ast.Await: self._same,
            ast.Starred: self._same,
            ast.Yield: self._unseen,
            ast.YieldFrom: self._unseen,
        }
        self._module = self._graph.new(_MODULE)
        self._by_text = names.sets_by_text
        self._build()

    # -- asking ------------------------------------------------------------------

    def changed(self, binding: Binding, use: ast.AST, seen: Iterable[ast.AST]) -> tuple[list[Change], list[Change]]:
        """What may change a name's object between its binding and a use: the object, and what is in it.

        ``seen`` are the changes that are followed otherwise.
        """
        start = Spot(self._frame(binding.scope), binding.order, self._loops(binding.scope, binding.path))
        return self._between(self._binding(binding), start, self.spot(use), set(seen))

    def altered(self, node: ast.AST, attribute: str = "") -> bool:
        """Whether the object that an expression gives, or an attribute of it, may have been changed since it was made."""
        whole, inner = self._between(self._variable(node), None, self.spot(node), set())
        return bool(inner) or any(not (attribute and one.attribute) or one.attribute == attribute for one in whole)

    def changed_later(self, node: ast.AST) -> ast.AST | None:
        """What may change the object that an expression gives, or what is in it, after that while the file is loaded."""
        point = self.spot(node)
        for one, change in self._all_changes(self._variable(node)):
            if self._loads(self.spot(change.node).frame) and not self._certainly_before(change, one, point):
                return change.node
        return None

    def rebound(self, binding: Binding, use: ast.AST) -> bool:
        """Whether a name of the module may be set by its text between its binding and a use."""
        if self._rebound is None:
            self._rebound = list(self._rebindings())
        start = Spot(self._frame(binding.scope), binding.order, self._loops(binding.scope, binding.path))
        return any(
            (one.name is None or one.name.fullmatch(binding.name))
            and self._may_happen(Change(one.node, False), _MODULE, start, self.spot(use))
            for one in self._rebound
        )

    def spot(self, node: ast.AST) -> Spot:
        """Where code stands; a call comes after all that it is given."""
        known = self._spots.get(node)
        if known is None:
            scope, order, path = self._names.place(node)
            known = self._spots[node] = Spot(self._frame(scope), order, self._loops(scope, path))
        return known

    # -- what may happen when ----------------------------------------------------

    def _between(
        self, variable: int, start: Spot | None, use: Spot, seen: set[ast.AST]
    ) -> tuple[list[Change], list[Change]]:
        whole: list[Change] = []
        inner: list[Change] = []
        for one in list(self._graph.objects(variable)):
            whole += self._happening(one, start, use, seen)
            for part in self._graph.within(one) - {one}:
                inner += self._happening(part, start, use, seen)
        if self._graph.exhausted:
            whole.append(Change(self._names.tree, True))
        elif variable != NOTHING:
            anything = (Change(node, True) for node in self._anything)
            whole += [one for one in anything if self._may_happen(one, _MODULE, start, use)]
        return whole, inner

    def _happening(self, one: object, start: Spot | None, use: Spot, seen: set[ast.AST]) -> Iterator[Change]:
        changes = self._by_object().get(one, ())
        if len(changes) > _MOST_CHANGES + len(seen):
            yield changes[0]
            return
        for change in changes:
            if change.node not in seen and self._may_happen(change, one, start, use):
                yield change

    def _may_happen(self, change: Change, site: object, start: Spot | None, use: Spot) -> bool:
        at = self.spot(change.node)
        if self._loads(use.frame) and not self._loads(at.frame):
            return False
        if at.frame is not use.frame:
            return start is None or not self._is_settled(change, start, use)
        if self._end(change.node) > use.order and (self._is_once(at.frame) or self._frame_of(site) is at.frame):
            shared = at.loops & use.loops
            if shared <= self._loops_of(site):
                return False
        return start is None or not self._is_settled(change, start, use)

    def _is_settled(self, change: Change, start: Spot, use: Spot) -> bool:
        """Whether a change is always before the binding that a use sees."""
        at = self.spot(change.node)
        if at.frame is not start.frame or self._end(change.node) > start.order:
            return False
        if use.frame is not at.frame:
            return self._is_once(at.frame) and not at.loops & start.loops
        return use.order > start.order or not at.loops & start.loops

    def _certainly_before(self, change: Change, site: object, point: Spot) -> bool:
        at = self.spot(change.node)
        if at.frame is not point.frame or self._end(change.node) > point.order:
            return False
        direct = self._is_direct(change.node, site)
        once = self._is_once(at.frame) or (direct and self._frame_of(site) is at.frame)
        return once and (not at.loops & point.loops or (direct and at.loops & point.loops <= self._loops_of(site)))

    def _is_direct(self, node: ast.AST, site: object) -> bool:
        """Whether a change is made through a name that was bound to the object where it was made."""
        owner: ast.AST | None = node
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        elif isinstance(node, ast.Subscript | ast.Attribute):
            owner = node.value
        elif isinstance(node, ast.AugAssign):
            owner = node.target
        if not isinstance(owner, ast.Name):
            return False
        bindings = self._names.lookup(owner.id, node)
        return bool(bindings) and all(one.node is site for one in bindings if one.kind != "augmented")

    def _all_changes(self, variable: int) -> Iterator[tuple[object, Change]]:
        for one in list(self._graph.objects(variable)):
            for part in {one, *self._graph.within(one)}:
                yield from ((part, change) for change in self._by_object().get(part, ()))

    def _by_object(self) -> dict[object, list[Change]]:
        if self._changes is None:
            changes: dict[object, dict[Change, None]] = {}
            for variable, change in self._made:
                for one in list(self._graph.objects(variable)):
                    reached = {one, *self._graph.within(one)} if change.deep else {one}
                    for part in reached - {OUTSIDE}:
                        changes.setdefault(part, {})[change] = None
            self._changes = {one: list(found) for one, found in changes.items()}
        return self._changes

    def _end(self, node: ast.AST) -> int:
        """When a change is made: after all that it is made of."""
        known = self._ends.get(node)
        if known is None:
            # A lambda's body stands elsewhere in the order.
            spots = (self.spot(inner) for inner in walk(node) if not isinstance(inner, ast.Module))
            frame = self.spot(node).frame
            known = self._ends[node] = max(spot.order for spot in spots if spot.frame is frame)
        return known

    def _frame_of(self, site: object) -> ast.AST:
        return self.spot(site).frame if isinstance(site, ast.AST) else self._names.tree

    def _loops_of(self, site: object) -> frozenset[int]:
        return self.spot(site).loops if isinstance(site, ast.AST) else frozenset()

    def _frame(self, scope: Scope) -> ast.AST:
        """What runs a scope's code: classes and comprehensions run where they stand, generators when they are asked."""
        while isinstance(scope.node, ast.ClassDef | ast.ListComp | ast.SetComp | ast.DictComp) and scope.parent:
            scope = scope.parent
        return scope.node

    def _loops(self, scope: Scope, path: Path) -> frozenset[int]:
        found = {branch[0] for branch in path if branch[1] in _LOOPS}
        current: Scope | None = scope
        while current is not None and not isinstance(current.node, FunctionNode | ast.Lambda | ast.Module):
            if not isinstance(current.node, ast.ClassDef):
                found.add(id(current.node))
            current = current.parent
        return frozenset(found)

    def _is_once(self, frame: ast.AST) -> bool:
        """Whether code runs once at most while the file is loaded."""
        seen: set[ast.AST] = set()
        while isinstance(frame, FunctionNode) and frame not in seen:
            seen.add(frame)
            calls = self._values.calls_of(frame)
            if len(calls) != 1 or self._values.handed_on(frame) or self.spot(calls[0]).loops:
                return False
            frame = self.spot(calls[0]).frame
        return isinstance(frame, ast.Module)

    # -- what runs while the file is loaded --------------------------------------

    def _loads(self, frame: ast.AST) -> bool:
        """Whether code may run while the file is loaded."""
        if self._running is None:
            self._running = self._run_by_loading()
        return frame in self._running

    def _run_by_loading(self) -> set[ast.AST]:
        leads: dict[ast.AST, list[ast.AST]] = {}
        for function in self._names.functions:
            for place in self._starts(function):
                leads.setdefault(self.spot(place).frame, []).append(function)
        for scope in self._names.scopes.values():
            if isinstance(scope.node, ast.Lambda) and not self._is_argument_of_runner(scope.node):
                leads.setdefault(self.spot(scope.node).frame, []).append(scope.node)
            elif isinstance(scope.node, ast.GeneratorExp) and scope.parent is not None:
                leads.setdefault(self._frame(scope.parent), []).append(scope.node)
        running: set[ast.AST] = set()
        waiting: list[ast.AST] = [self._names.tree]
        while waiting:
            frame = waiting.pop()
            if frame not in running:
                running.add(frame)
                waiting += leads.get(frame, ())
        return running

    def _starts(self, function: FunctionNode) -> Iterator[ast.AST]:
        """Where a function may be called, or begin to be: by its name, as a method, by a decorator."""
        parts = [self._decorator(one) for one in function.decorator_list]
        roots = [path.partition(".")[0] for path in parts]
        if any(root in _RUNNERS for root in roots):
            if not any(path.rpartition(".")[2] in _DIRECT for path in parts):
                return
        elif any(root not in ("functools", "builtins", "contextlib", "typing") for root in roots):
            yield function
        if isinstance(self._names.parents.get(function), ast.ClassDef):
            if function.name.startswith("__"):
                yield function
            yield from self._names.attributes.get(function.name, ())
        for binding in self._names.bindings_of(function):
            if binding.kind == "function":
                yield from (load for load in self._names.uses(binding) if not self._is_argument_of_runner(load))

    def _decorator(self, node: ast.expr) -> str:
        value = self._values.single(node.func if isinstance(node, ast.Call) else node)
        return value.path if isinstance(value, Reference) else ""

    def _is_argument_of_runner(self, node: ast.AST) -> bool:
        """Whether an expression is given to Airflow or Prefect, which call nothing while the file is loaded."""
        for outer in self._names.ancestors(node):
            if isinstance(outer, ast.Call):
                inside = any(node is inner for inner in walk(outer.func))
                return not inside and all(
                    isinstance(value, Reference) and value.path.partition(".")[0] in _RUNNERS
                    for value in map(_maker, self._values.evaluate(outer.func))
                )
            if isinstance(outer, ast.stmt | ast.Lambda):
                return False
        return False

    # -- names set by their text -------------------------------------------------

    def _rebindings(self) -> Iterator[Rebinding]:
        for owner, key, value, node in self._set_by_text:
            if _MODULE in self._graph.objects(owner):
                names = self._values.text(key) if key is not None else None
                if names is None and self._is_no_plain_value(value):
                    continue
                yield Rebinding(_pattern(names), node)
        yield from (Rebinding(None, node) for node in self._anything)

    def _is_no_plain_value(self, value: ast.expr | None) -> bool:
        """Whether a value is surely an object that a library made, such as a DAG: no name of a plain value gets it."""
        return value is not None and all(isinstance(one, Made | Local) for one in self._values.evaluate(value))

    # -- constraints -------------------------------------------------------------

    def _build(self) -> None:
        for scope in self._names.scopes.values():
            for bindings in scope.bindings.values():
                for binding in bindings:
                    self._binding(binding)
        for node in self._names.classes:
            for base, _ in self._values.bases(node):
                for value in self._values.evaluate(base):
                    if isinstance(value, Local):
                        self._graph.derive(node, value.node)
        for node in list(self._names.parents):
            kind = type(node)
            if kind is ast.Call:
                self._variable(node)
            elif kind in (ast.Subscript, ast.Attribute):
                if isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                    self._taken(node)
                else:
                    self._stored(node)  # type: ignore[arg-type]
            elif kind is ast.AugAssign:
                self._augmented(node)  # type: ignore[arg-type]

    def _variable(self, node: ast.AST | None) -> int:
        """The variable of an expression."""
        if node is None:
            return NOTHING
        known = self._of.get(node)
        if known is not None:
            return known
        expression = self._expressions.get(type(node))
        if expression is None or self._depth > _DEEPEST:
            return NOTHING if expression is None else self._graph.new(OUTSIDE)
        self._depth += 1
        made = self._of[node] = self._graph.new()
        found = expression(node)
        self._depth -= 1
        if found == NOTHING:
            self._of[node] = NOTHING
        else:
            self._graph.flow(found, made)
        return self._of[node]

    def _any_of(self, variables: Iterable[int]) -> int:
        found = [one for one in dict.fromkeys(variables) if one != NOTHING]
        if len(found) < 2:
            return found[0] if found else NOTHING
        made = self._graph.new()
        for one in found:
            self._graph.flow(one, made)
        return made

    def _holding(self, node: ast.AST, parts: Iterable[int]) -> int:
        """A new object that has these elements."""
        for part in parts:
            self._graph.flow(part, self._graph.field(node, ITEMS))
        return self._graph.new(node)

    def _items(self, variable: int) -> int:
        return self._graph.load(variable, ITEMS)

    def _binding(self, binding: Binding) -> int:
        known = self._bound.get(id(binding))
        if known is not None:
            return known
        if binding.kind in ("import", "star", "function"):
            return self._bound.setdefault(id(binding), NOTHING)
        made = self._bound[id(binding)] = self._graph.new()
        self._graph.flow(self._given_by(binding), made)
        scope = binding.scope
        if scope is self._names.module or isinstance(scope.node, ast.ClassDef):
            owner = _MODULE if scope is self._names.module else scope.node
            self._graph.flow(made, self._graph.field(owner, binding.name))
            self._graph.flow(self._graph.field(owner, SOME), made)
            if self._by_text and owner == _MODULE:
                self._graph.flow(self._graph.field(owner, binding.name), made)
        return made

    def _given_by(self, binding: Binding) -> int:
        node = binding.node
        if binding.kind == "class":
            return self._graph.new(node)
        if binding.kind == "parameter":
            return self._parameter(binding)
        if binding.kind == "augmented":
            assert isinstance(node, ast.AugAssign)
            return self._any_of(self._binding(one) for one in self._names.lookup(binding.name, node))
        if binding.kind in ("value", "context"):
            return self._variable(node)
        if node is None:
            return NOTHING
        elements = self._items(self._variable(node))
        if binding.kind == "element":
            return elements
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
        found = [self._variable(default) for parameter, default in pairs if parameter.arg == binding.name]
        outer = self._names.parents.get(function)
        if isinstance(outer, ast.ClassDef) and plain and plain[0].arg == binding.name:
            found.append(self._graph.new(outer, *self._subclasses(outer)))
        elif isinstance(function, ast.Lambda) or self._values.handed_on(function) or not self._values.calls_of(function):
            found.append(self._graph.new(OUTSIDE))
        return self._any_of(found)

    def _subclasses(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        return [one for one in self._names.classes if one is not node and node in self._values.lineage(one)[0]]

    # -- expressions -------------------------------------------------------------

    def _name(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Name)
        return self._any_of(self._binding(one) for one in self._names.lookup(node.id, node))

    def _attribute(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Attribute)
        if node.attr in _OF_A_FRAME:
            return self._module
        owner = self._variable(node.value)
        # An object stands for its namespace and its class too.
        return owner if node.attr in ("__dict__", "__class__") else self._graph.load(owner, node.attr)

    def _subscript(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Subscript)
        if self._values.single(node.value) == Reference("sys.modules"):
            return NOTHING if isinstance(node.slice, ast.Constant) else self._module
        owner = self._variable(node.value)
        if owner == NOTHING:
            return NOTHING
        if isinstance(node.slice, ast.Slice):
            return self._holding(node, [self._items(owner)])
        key = self._text(node.slice)
        return self._any_of([self._items(owner), self._graph.load(owner, key or EVERY)])

    def _text(self, node: ast.AST) -> str:
        value = self._values.single(node)
        return value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""

    def _display(self, node: ast.AST) -> int:
        assert isinstance(node, ast.List | ast.Tuple | ast.Set)
        return self._holding(
            node,
            [
                self._items(self._variable(one.value)) if isinstance(one, ast.Starred) else self._variable(one)
                for one in node.elts
            ],
        )

    def _dict(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Dict)
        parts = [
            self._variable(value) if key is not None else self._items(self._variable(value))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return self._holding(node, parts)

    def _comprehension(self, node: ast.AST) -> int:
        element = node.value if isinstance(node, ast.DictComp) else node.elt  # type: ignore[attr-defined]
        return self._holding(node, [self._variable(element)])

    def _operation(self, node: ast.AST) -> int:
        operands: list[int] = []
        left: ast.AST = node
        while isinstance(left, ast.BinOp):
            operands.append(self._variable(left.right))
            left = left.left
        operands.append(self._variable(left))
        if not any(operands):
            return NOTHING
        return self._holding(node, [self._items(one) for one in operands])

    def _choice(self, node: ast.AST) -> int:
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values  # type: ignore[attr-defined]
        return self._any_of(map(self._variable, parts))

    def _same(self, node: ast.AST) -> int:
        return self._variable(node.value)  # type: ignore[attr-defined]

    def _unseen(self, node: ast.AST) -> int:
        return self._graph.new(OUTSIDE)

    # -- calls -------------------------------------------------------------------

    def _call(self, node: ast.AST) -> int:
        assert isinstance(node, ast.Call)
        function = node.func
        owner = self._variable(function.value) if isinstance(function, ast.Attribute) else NOTHING
        results = [self._called(callee, node, owner) for callee in self._values.evaluate(function)]
        self._hand_over(node)
        return self._any_of(results)

    def _called(self, callee: Value, node: ast.Call, owner: int) -> int:
        """What calling one of the things that a callee may be gives."""
        while isinstance(callee, Partial):
            self._variable(callee.call)
            callee = callee.callee
        if isinstance(callee, Member) and isinstance(callee.owner, Local):
            # `task.submit` and the like call the function.
            callee = callee.owner
        method = self._method(callee)
        if method is not None:
            callee = Local(method)
        if isinstance(callee, Local):
            return self._called_local(callee, node)
        if isinstance(callee, Reference):
            special = self._called_reference(callee.path, node)
            if special is not None:
                return special
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if owner != NOTHING and name in READING | MUTATORS | CHANGING:
            return self._called_method(name, node, owner)
        if self._is_harmless(callee):
            return self._kept(callee, node)
        if isinstance(callee, Member) and isinstance(callee.owner, Constant):
            return NOTHING
        return self._stranger(node, owner)

    def _called_method(self, name: str, node: ast.Call, owner: int) -> int:
        given = [self._variable(one) for one in _given(node)]
        if name not in READING:
            self._change(owner, node)
            for one in given:
                self._graph.store(owner, ITEMS, one)
                self._graph.store(owner, ITEMS, self._items(one))
            self._set_by_method(name, node, owner)
        elements = self._items(owner)
        return self._any_of([self._holding(node, [elements]), elements, self._graph.load(owner, EVERY), *given])

    def _set_by_method(self, name: str, node: ast.Call, owner: int) -> None:
        if not self._by_text:
            return
        keys: list[ast.expr | None] = [*node.args[:1]]
        if name == "update":
            table = self._values.changes(node)
            keys = [ast.Constant(key) for key in table.entries] if table.complete else [None]
        for key in keys or [None]:
            self._set_by_text.append((owner, key, None, node))

    def _called_local(self, callee: Local, node: ast.Call) -> int:
        function = callee.node
        if isinstance(function, ast.ClassDef):
            return self._instance(function, node)
        if isinstance(function, FunctionNode) and self._is_task(function):
            return self._holding(node, ())
        self._pass(function, node)
        if isinstance(function, FunctionNode) and any(
            path.partition(".")[0] not in ("functools", "contextlib", "builtins", *_RUNNERS)
            for path in map(self._decorator, function.decorator_list)
        ):
            self._stranger(node, NOTHING)
        returned = self._returns(function)
        if not function_decorators(function) and all(map(self._is_fresh, self._values.returns(function))):
            return self._holding(node, [self._items(returned)])
        return returned

    def _returns(self, function: FunctionNode | ast.Lambda) -> int:
        known = self._returned.get(function)
        if known is None:
            known = self._returned[function] = self._graph.new()
            for one in self._values.returns(function):
                self._graph.flow(self._variable(one), known)
            if isinstance(function, FunctionNode) and self._values.yields(function):
                self._graph.flow(self._graph.new(OUTSIDE), known)
        return known

    def _is_fresh(self, node: ast.expr) -> bool:
        """Whether what a function returns is made anew by each call, and is nowhere else."""
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
            return isinstance(value, Reference) and value.path.removeprefix("builtins.") in _COPYING | {
                "copy.copy",
                "copy.deepcopy",
            }
        return isinstance(node, ast.Dict | ast.List | ast.Set | ast.ListComp | ast.SetComp | ast.DictComp | ast.BinOp)

    def _is_own_use(self, load: ast.Name) -> bool:
        """Whether a use of a local name leaves its object to that name."""
        parent = self._names.parents.get(load)
        if isinstance(parent, ast.Return):
            return True
        if isinstance(parent, ast.Subscript):
            return parent.value is load
        return isinstance(parent, ast.Attribute) and parent.attr in READING | MUTATORS

    def _instance(self, node: ast.ClassDef, call: ast.Call) -> int:
        lineage, _ = self._values.lineage(node)
        made = self._graph.new(node)
        constructor = next((one for own in lineage for one in own.body if getattr(one, "name", "") == "__init__"), None)
        if isinstance(constructor, FunctionNode):
            self._pass(constructor, call)
        for keyword in call.keywords:
            self._graph.store(made, keyword.arg or SOME, self._variable(keyword.value))
        for argument in call.args:
            self._graph.store(made, SOME, self._variable(argument))
            self._graph.store(made, ITEMS, self._variable(argument))
            self._graph.store(made, ITEMS, self._items(self._variable(argument)))
        return made

    def _called_reference(self, path: str, node: ast.Call) -> int | None:
        """What a library's function gives that does something else than to look at or keep what it is given."""
        first = self._variable(node.args[0]) if node.args else NOTHING
        if path in _NAMESPACES or (path == "builtins.vars" and not node.args):
            frame = self._names.place(node)[0].node
            return self._module if path == "builtins.globals" or isinstance(frame, ast.Module) else NOTHING
        if path in _IMPORTING and not (node.args and isinstance(node.args[0], ast.Constant)):
            return self._module
        if path in ("builtins.vars", "builtins.type", "typing.cast"):
            return self._variable(node.args[-1]) if node.args else NOTHING
        if path == "builtins.super":
            outer = next((one for one in self._names.ancestors(node) if isinstance(one, ast.ClassDef)), None)
            return self._graph.new(outer) if outer is not None else NOTHING
        if path == "builtins.getattr" and len(node.args) > 1:
            default = self._variable(node.args[2]) if len(node.args) > 2 else NOTHING
            return self._any_of([self._graph.load(first, self._text(node.args[1]) or EVERY), default])
        if path in ("builtins.setattr", "builtins.delattr") and len(node.args) > 1:
            value = node.args[2] if len(node.args) > 2 else None
            self._set(first, node.args[1], value, node)
            return NOTHING
        if path in _EXECUTING:
            self._anything.append(node)
            return self._graph.new(OUTSIDE)
        if path == "copy.deepcopy":
            return self._graph.new(node)
        if path in _CALLING and not all(map(self._is_followed, self._called_by(node))):
            return self._stranger(node, NOTHING)
        return None

    def _called_by(self, node: ast.Call) -> Iterator[Value]:
        """What a function of the standard library calls that calls what it is given."""
        keys = (keyword.value for keyword in node.keywords if keyword.arg in ("key", "func"))
        for one in (*node.args[:1], *keys):
            yield from self._values.evaluate(one)

    def _is_followed(self, value: Value) -> bool:
        return not isinstance(value, Reference) or self._is_harmless(value)

    def _is_harmless(self, callee: Value) -> bool:
        """Whether a call changes nothing that it is given."""
        if isinstance(callee, Reference):
            root, _, rest = callee.path.partition(".")
            if root == "builtins":
                return rest in _LOOKING | _COPYING
            changes = rest.rpartition(".")[2] in MUTATORS | CHANGING
            return root in _HARMLESS and not changes
        if isinstance(callee, Made):
            return self._is_harmless(callee.callee)
        if isinstance(callee, Local):
            return isinstance(callee.node, FunctionNode) and self._is_task(callee.node)
        return isinstance(callee, Member) and isinstance(callee.owner, Made) and self._is_harmless(callee.owner)

    def _kept(self, callee: Value, node: ast.Call) -> int:
        """What a harmless call gives: something that may have in it, or be, what it was given."""
        path = callee.path if isinstance(callee, Reference) else ""
        if path.removeprefix("builtins.") in _LOOKING or path.partition(".")[0] in _IMMUTABLE:
            return NOTHING
        given = [one for one in map(self._variable, _given(node)) if one != NOTHING]
        made = self._holding(node, [part for one in given for part in (one, self._items(one))])
        if path.removeprefix("builtins.") in _COPYING | {"copy.copy"}:
            elements = [self._items(one) for one in given]
            copied = self._holding(node, elements)
            return self._any_of([copied, *elements]) if path in _ELEMENTS else copied
        for keyword in node.keywords:
            self._graph.store(made, keyword.arg or SOME, self._variable(keyword.value))
        runs = path.partition(".")[0] in _RUNNERS
        return made if runs or not given else self._any_of([made, *given])

    def _stranger(self, node: ast.Call, owner: int) -> int:
        """A call of what is not known: it may do anything to what it is given."""
        given = [owner, *map(self._variable, _given(node))]
        for one in given:
            self._change(one, node, deep=True)
            self._set_by_text.append((one, None, None, node))
        return self._any_of([self._graph.new(node, OUTSIDE), *given])

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

    def _is_task(self, function: FunctionNode) -> bool:
        """Whether calling a function runs it in a task of Airflow, later."""
        paths = [self._decorator(one) for one in function.decorator_list]
        return any(path.startswith(("airflow.", "astronomer.")) for path in paths) and not any(
            path.rpartition(".")[2] in _DIRECT for path in paths
        )

    def _pass(self, function: FunctionNode | ast.Lambda, call: ast.Call) -> None:
        """Let the parameters of a function be what a call gives them."""
        own = function.args
        plain = [one.arg for one in (*own.posonlyargs, *own.args)]
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        in_class = isinstance(self._names.parents.get(function), ast.ClassDef)
        simple = None not in named and not in_class and not any(isinstance(one, ast.Starred) for one in call.args)
        everything = self._any_of(map(self._variable, _given(call)))
        for binding in self._names.bindings_of(function):
            if binding.kind != "parameter":
                continue
            given = self._any_of([everything, self._items(everything)])
            if simple and binding.name in named:
                given = self._variable(named[binding.name])
            elif simple and binding.name in plain:
                index = plain.index(binding.name)
                given = self._variable(call.args[index]) if index < len(call.args) else NOTHING
            elif own.vararg is not None or own.kwarg is not None:
                self._graph.flow(self._holding(call, [everything]), self._binding(binding))
            self._graph.flow(given, self._binding(binding))

    def _hand_over(self, node: ast.Call) -> None:
        """Functions that others call with what they are given; Airflow's operators call none while the file is loaded."""
        functions = [
            value.node
            for argument in _given(node)
            if isinstance(argument, ast.Name | ast.Lambda | ast.Attribute)
            for value in self._values.evaluate(argument)
            if isinstance(value, Local) and isinstance(value.node, FunctionNode | ast.Lambda)
        ]
        if not functions:
            return
        callees = self._values.evaluate(node.func)
        if all(isinstance(one, Reference) and one.path.startswith("airflow.") for one in callees):
            return
        given = self._any_of(map(self._variable, _given(node)))
        reached = self._any_of([given, inner := self._items(given), self._items(inner)])
        for function in functions:
            for binding in self._names.bindings_of(function):
                if binding.kind == "parameter":
                    self._graph.flow(reached, self._binding(binding))

    # -- changes -----------------------------------------------------------------

    def _change(self, variable: int, node: ast.AST, *, deep: bool = False, attribute: str = "") -> None:
        if variable != NOTHING:
            self._made.append((variable, Change(node, deep, attribute)))

    def _taken(self, node: ast.AST) -> None:
        """A method that changes its object, taken to be called by others."""
        if not isinstance(node, ast.Attribute) or node.attr not in MUTATORS | CHANGING:
            return
        parent = self._names.parents.get(node)
        if not (isinstance(parent, ast.Call) and parent.func is node):
            self._change(self._variable(node.value), node)

    def _stored(self, node: ast.Subscript | ast.Attribute) -> None:
        """An item or attribute that is set or deleted."""
        owner = self._variable(node.value)
        self._change(owner, node, attribute=node.attr if isinstance(node, ast.Attribute) else "")
        statement = self._names.parents.get(node)
        value = getattr(statement, "value", None)
        given = value if isinstance(statement, ast.Assign | ast.AnnAssign | ast.NamedExpr) else None
        source = self._variable(given) if given is not None else self._graph.new(OUTSIDE)
        if owner == NOTHING:
            return
        if isinstance(node, ast.Attribute):
            self._graph.store(owner, node.attr, source)
            self._set_by_text.append((owner, ast.Constant(node.attr), given, node))
        else:
            self._graph.store(owner, ITEMS, source)
            self._set_by_text.append((owner, node.slice, given, node))

    def _set(self, owner: int, key: ast.expr, value: ast.expr | None, node: ast.AST) -> None:
        self._change(owner, node, attribute=self._text(key))
        self._graph.store(owner, self._text(key) or SOME, self._variable(value))
        self._set_by_text.append((owner, key, value, node))

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self._variable(node.value)
        if isinstance(node.target, ast.Name):
            owner = self._any_of(self._binding(one) for one in self._names.lookup(node.target.id, node))
        else:
            owner = self._loaded(node.target)
        self._change(owner, node)
        self._graph.store(owner, ITEMS, self._items(value))

    def _loaded(self, target: ast.Subscript | ast.Attribute) -> int:
        """What an item or attribute that is stored was before."""
        owner = self._variable(target.value)
        return self._graph.load(owner, target.attr) if isinstance(target, ast.Attribute) else self._items(owner)


_ELEMENTS = frozenset(f"builtins.{name}" for name in ("next", "min", "max"))


def function_decorators(function: FunctionNode | ast.Lambda) -> list[ast.expr]:
    """The decorators of a function; a lambda has none."""
    return function.decorator_list if isinstance(function, FunctionNode) else []


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _maker(value: Value) -> Value:
    """The class or function at the root of a callee: of ``X.partial(…).expand``, ``X.partial``."""
    while isinstance(value, Member | Made):
        value = value.owner if isinstance(value, Member) else value.callee
    return value


def _pattern(names: tuple[str | ast.AST, ...] | None) -> re.Pattern[str] | None:
    if names is None:
        return None
    return re.compile("".join(re.escape(part) if isinstance(part, str) else ".*" for part in names))
