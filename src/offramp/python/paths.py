"""Paths of values: where a value goes, through names, containers and functions of the file, to its ends.

A subclass says what its kind of value means at an end, and what the language does not explain of calls: who calls a
function, and what a call gives of what the function returned. Whatever is not understood is an end called ``unseen``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

from offramp.python.effects import LOGGING_METHODS, MUTATORS, callables
from offramp.python.evaluation import Values
from offramp.python.names import Binding, FunctionNode, Names
from offramp.python.nodes import walk
from offramp.python.values import Reference
from offramp.record import NamedTuple

DROPPED, READ, BREAKS, AWAITED, UNSEEN = "dropped", "read", "breaks", "awaited", "unseen"

_FORMS = callables("form", "any") | {"builtins.int"}
_READERS = callables("reads", without="form folds")
# The methods that go on from a value, by what stands around it.
_STEPS: dict[type[ast.AST], str] = {
    ast.Expr: "_dropped",
    ast.Await: "_await",
    ast.Return: "_return",
    ast.Yield: "_yielded",
    ast.Attribute: "_attribute",
    ast.Lambda: "_from_lambda",
    ast.IfExp: "_one_of",
    ast.BoolOp: "_either",
    ast.Starred: "_spread",
    ast.AugAssign: "_added",
    ast.Match: "_subject",
    ast.Subscript: "_subscripted",
    ast.BinOp: "_operand",
    **dict.fromkeys((ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.withitem), "_bound"),
    **dict.fromkeys((ast.comprehension, ast.For, ast.AsyncFor), "_loop"),
    **dict.fromkeys((ast.Call, ast.keyword), "_given"),
    **dict.fromkeys((ast.FormattedValue, ast.JoinedStr), "_format"),
    **dict.fromkeys((ast.Compare, ast.UnaryOp, ast.If, ast.While, ast.Assert), "_read"),
    **dict.fromkeys((ast.Tuple, ast.List, ast.Set), "_displayed"),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), "_in_comprehension"),
    **dict.fromkeys((ast.Dict, ast.DictComp), "_in_dict"),
}
_COLLECTORS = callables("elements", without="keyed")
# Methods of containers that put what they are given into them, as it is or as its elements.
_ADDERS = ("append", "appendleft", "add", "insert")
_EXTENDERS = ("extend", "extendleft", "update")
_EMPTY = frozenset(f"builtins.{name}" for name in ("list", "set", "dict")) | frozenset(
    f"collections.{name}" for name in ("OrderedDict", "defaultdict", "deque")
)
_DISPLAYS = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
_MOST_STEPS = 2000
# A dict hides what it holds more deeply than any nesting of lists.
_IN_DICT = 10
_DEEPEST = 12


class Route(NamedTuple):
    """The way that a value has come: one call of a function is not another.

    ``entered`` are the functions that it was given to, each with the call that did so and to
    which it returns; ``sites`` are the calls that were handed it by a function that made or got it.
    """

    entered: tuple[tuple[ast.AST, ast.Call], ...] = ()
    sites: tuple[ast.Call, ...] = ()


START = Route()


class End(NamedTuple):
    """An end of a value's way: its kind, the expression there, how many containers were around it, and the way."""

    kind: str
    node: ast.AST
    level: int
    route: Route = START


class Loss(NamedTuple):
    """A place at which a value is lost: the call of a helper that handed it there, or None for where it was made."""

    site: ast.Call | None
    kinds: frozenset[str]


def losses(ends: Collection[End], harmless: Collection[str], sites: tuple[ast.Call, ...] = ()) -> Iterator[Loss]:
    """The places at which nothing but ``harmless`` comes of a value.

    One that is lost wherever it goes is lost where it was made; one that a helper hands to several calls may be
    lost at some of them.
    """
    depth = len(sites)
    under = [end for end in ends if end.route.sites[:depth] == sites]
    kinds = frozenset(end.kind for end in under)
    if kinds and kinds <= set(harmless):
        yield Loss(sites[-1] if sites else None, kinds)
    elif all(end.kind in harmless or len(end.route.sites) > depth for end in under):
        for call in dict.fromkeys(end.route.sites[depth] for end in under if len(end.route.sites) > depth):
            yield from losses(under, harmless, (*sites, call))


class Uses:
    """Uses of what names are bound to in one module, worked out once for all values that are followed in it."""

    def __init__(self, names: Names, values: Values) -> None:
        self.names = names
        self.values = values
        # Steps that have been made along the ways of all values.
        self.steps = 0
        # The uses of what new lists and dicts are bound to, but for what is put into them; None for other things.
        self._collections: dict[tuple[int, ...], list[ast.Name] | None] = {}

    @cached_property
    def _augmentations(self) -> dict[int, list[Binding]]:
        """The bindings that ``name += …`` makes, by the ids of those whose values they go on from."""
        found: dict[int, list[Binding]] = {}
        for scope in self.names.scopes.values():
            for bindings in scope.bindings.values():
                for binding in bindings:
                    if binding.kind == "augmented" and binding.node is not None:
                        for before in self.names.lookup(binding.name, binding.node):
                            found.setdefault(id(before), []).append(binding)
        return found

    def loads(self, bindings: list[Binding]) -> list[ast.Name]:
        """The uses of some bindings, and of what ``name += …`` makes of them."""
        found = {id(binding): binding for binding in bindings}
        waiting = list(bindings)
        while waiting:
            for later in self._augmentations.get(id(waiting.pop()), ()):
                if id(later) not in found:
                    found[id(later)] = later
                    waiting.append(later)
        return list(dict.fromkeys(load for binding in found.values() for load in self.names.uses(binding)))

    def collection(self, holder: ast.expr) -> list[ast.Name] | None:
        """The uses of a new list or dict that something is put into, but for what is put into it; None for others."""
        bindings = self.names.lookup(holder.id, holder) if isinstance(holder, ast.Name) else []
        key = tuple(map(id, bindings))
        if key not in self._collections:
            named = self._names_of(bindings)
            others = [load for load in self.loads(named) if not self._mutates(load)] if named else None
            self._collections[key] = others
        return self._collections[key]

    def _names_of(self, bindings: list[Binding]) -> list[Binding] | None:
        """All names of what some bindings are to, if they are to new lists or dicts; None for other things."""
        found: dict[int, Binding] = {}
        waiting = list(bindings)
        while waiting:
            binding = waiting.pop()
            if id(binding) in found:
                continue
            found[id(binding)] = binding
            if binding.kind == "value" and isinstance(binding.node, ast.Name):
                before = self.names.lookup(binding.node.id, binding.node)
                waiting += before
            else:
                before = [binding] if self._is_new(binding) else []
            if not before:
                return None
        return list(found.values())

    def _is_new(self, binding: Binding) -> bool:
        """Return whether a name is bound to a list or dict that nothing else can have a name for."""
        if binding.kind == "augmented":
            return all(map(self._is_new, self.names.lookup(binding.name, binding.node)))  # type: ignore[arg-type]
        node = binding.node
        if isinstance(node, ast.Call):
            value = self.values.single(node.func)
            return isinstance(value, Reference) and value.path in _EMPTY
        return binding.kind == "value" and isinstance(node, _DISPLAYS)

    def _mutates(self, load: ast.Name) -> bool:
        parent = self.names.parents.get(load)
        stored = isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)
        return stored or (isinstance(parent, ast.Attribute) and parent.attr in (*_ADDERS, *_EXTENDERS))


class Paths:
    """Follows one value of a module; ``ends`` are the ends found so far, ``route`` is the way to where it is now."""

    # True where it matters how many containers are around the value; where it does not, a container of it is one more
    # name for it, and all levels are 0.
    counts_containers = True

    def __init__(self, uses: Uses, route: Route = START) -> None:
        self.names = uses.names
        self.values = uses.values
        self._uses = uses
        self.ends: list[End] = []
        self.route = route
        self._seen: set[tuple[ast.AST, int, Route]] = set()
        self._steps = 0
        self._next: list[tuple[Route, ast.AST, int]] | None = None

    def kinds(self) -> set[str]:
        """The kinds of all ends."""
        return {end.kind for end in self.ends}

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        """Record an end."""
        self.ends.append(End(kind, node, level, self.route))

    # -- what a subclass says of calls -------------------------------------------

    def callers(self, _function: ast.AST | None) -> list[ast.Call] | None:
        """The calls of a function; None where there may be others."""
        return None

    def given_before(self, _call: ast.Call) -> int | None:
        """How many of a function's first parameters are given before those of a call; None where that is not known."""
        return 0

    def given_back(self, call: ast.Call, _function: ast.AST | None, level: int) -> None:
        """A function has returned the value to a call of it."""
        self.follow(call, level)

    # -- what a subclass may say of the value ------------------------------------

    def settled(self) -> bool:
        """Return whether no further end can be of interest."""
        return False

    def exhausted(self) -> bool:
        """Return whether the value has been followed for so long that the rest of its way is out of sight."""
        return self._steps > _MOST_STEPS

    def awaited(self, node: ast.Await, level: int) -> None:
        """The value is awaited."""
        self.end(AWAITED, node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """An attribute of the value is taken."""
        self.end(UNSEEN if level else BREAKS, node, level)

    def item(self, node: ast.Subscript, level: int) -> None:
        """The value itself is subscripted."""
        self.end(BREAKS, node, level)

    def iterated(self, node: ast.AST) -> None:
        """The value itself is iterated over or unpacked."""
        self.end(BREAKS, node, 0)

    def called(self, call: ast.Call, level: int) -> None:
        """The value itself is called."""
        self.end(BREAKS, call.func, level)

    def operand(self, node: ast.BinOp, _operand: ast.AST) -> None:
        """The value itself is an operand."""
        self.end(BREAKS, node, 0)

    def loads(self, bindings: list[Binding]) -> list[ast.Name]:
        """The uses of names that the value is bound to, as far as they can be of this value."""
        return self._uses.loads(bindings)

    def formatted(self, node: ast.expr, level: int) -> None:
        """Text is made of the value."""
        self.end(READ, node, level)

    def passed(self, call: ast.Call, _node: ast.AST, level: int, _keyword: str) -> None:
        """The value is an argument of a call that only the subclass may understand."""
        self.end(UNSEEN, call, level)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """The value is returned from a function."""
        self.to_callers(function, node, level)

    # -- following ---------------------------------------------------------------

    def to_callers(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """Go on where a plain or decorated local function is called; unseen if any call may not be seen."""
        entered = self.route.entered
        if entered and entered[-1][0] is function:
            back = self.route._replace(entered=entered[:-1])
            self._along(back, self.given_back, entered[-1][1], function, level)
            return
        sites = self.callers(function)
        if not sites:
            self.end(UNSEEN, node, level)
            return
        for call in sites:
            self._to_site(call, self.given_back, call, function, level)

    def _to_site(self, call: ast.Call, go: Callable[..., None], *arguments: object) -> None:
        # A function that calls itself gives the value to whom its other calls give it.
        if call not in self.route.sites:
            self._along(self.route._replace(sites=(*self.route.sites, call)), go, *arguments)

    def follow_along(self, route: Route, node: ast.AST, level: int = 0) -> None:
        """Follow the value of an expression that it has come to by a way of its own."""
        self._along(route, self.follow, node, level)

    def _along(self, route: Route, go: Callable[..., None], *arguments: object) -> None:
        before, self.route = self.route, route
        go(*arguments)
        self.route = before

    def _from_lambda(self, function: ast.Lambda, _node: ast.AST, level: int) -> None:
        """Go on where a lambda is called by its name; unseen if any call may not be seen."""
        named = [binding for binding in self.names.bindings_of(function) if binding.kind == "value"]
        loads = [load for binding in named for load in self.names.uses(binding)]
        calls = [self.names.parents.get(load) for load in loads]
        if not loads or not isinstance(self.names.parents.get(function), ast.Assign):
            self.end(UNSEEN, function, level)
        for load, call in zip(loads, calls, strict=True):
            if isinstance(call, ast.Call) and call.func is load:
                self._to_site(call, self.follow, call, level)
            else:
                self.end(UNSEEN, load, level)

    def follow(self, node: ast.AST, level: int = 0) -> None:
        """Follow the value of an expression; ``level`` is how many containers are around the value in it.

        Its next places wait in a list, since a way may be longer than calls can be deep.
        """
        if not self.counts_containers:
            level = 0
        if self._next is not None:
            self._next.append((self.route, node, level))
            return
        self._steps = 0
        route, waiting = self.route, [(self.route, node, level)]
        while waiting and not self.settled():
            self.route, node, level = waiting.pop()
            if (node, level, self.route) not in self._seen:
                self._seen.add((node, level, self.route))
                self._next = []
                self._steps += 1
                self._uses.steps += 1
                self._step(node, level)
                waiting += reversed(self._next)
        self.route, self._next = route, None

    def _step(self, node: ast.AST, level: int) -> None:
        parent = self.names.parents.get(node)
        if parent is None or self.exhausted() or level > _IN_DICT * 2:
            self.end(UNSEEN, node, level)
        elif type(parent) in _STEPS:
            getattr(self, _STEPS[type(parent)])(parent, node, level)
        else:
            self.end(UNSEEN, parent, level)

    # -- one step, by what stands around the value -----------------------------------

    def _dropped(self, _parent: ast.Expr, node: ast.AST, level: int) -> None:
        self.end(DROPPED, node, level)

    def _read(self, _parent: ast.AST, node: ast.AST, level: int) -> None:
        self.end(READ, node, level)

    def _await(self, parent: ast.Await, _node: ast.AST, level: int) -> None:
        self.awaited(parent, level)

    def _return(self, parent: ast.Return, node: ast.AST, level: int) -> None:
        self.returned(self.names.enclosing_function(parent), node, level)

    def _format(self, parent: ast.expr, _node: ast.AST, level: int) -> None:
        self.formatted(parent, level)

    def _one_of(self, parent: ast.IfExp, node: ast.AST, level: int) -> None:
        self.end(READ, node, level) if node is parent.test else self.follow(parent, level)

    def _either(self, parent: ast.BoolOp, _node: ast.AST, level: int) -> None:
        self.follow(parent, level)

    def _displayed(self, parent: ast.Tuple | ast.List | ast.Set, node: ast.AST, level: int) -> None:
        if not self._matched(parent, node, level):
            self.follow(parent, level + 1)

    def _in_comprehension(self, parent: ast.expr, _node: ast.AST, level: int) -> None:
        self.follow(parent, level + 1)

    def _in_dict(self, parent: ast.expr, _node: ast.AST, level: int) -> None:
        self.follow(parent, level + _IN_DICT)

    def _added(self, parent: ast.AugAssign, node: ast.AST, level: int) -> None:
        """Go on where a container is added to a name."""
        added = [binding for binding in self.names.bindings_of(parent) if binding.kind == "augmented"]
        if added and (level or not self.counts_containers):
            self._bindings(added, node, level)
        else:
            self.end(UNSEEN, parent, level)

    def _subscripted(self, parent: ast.Subscript, node: ast.AST, level: int) -> None:
        if node is parent.slice:
            self.end(BREAKS, parent, level)
        elif level == 0 and self.counts_containers:
            self.item(parent, level)
        elif isinstance(parent.slice, ast.Slice):
            self.follow(parent, level)
        else:
            self.follow(parent, level - (_IN_DICT if level >= _IN_DICT else 1))

    def _operand(self, parent: ast.BinOp, node: ast.AST, level: int) -> None:
        self.follow(parent, level) if level else self.operand(parent, node)

    def _yielded(self, node: ast.Yield, value: ast.AST, level: int) -> None:
        """Go on where a generator is iterated over; what is sent to it is not followed."""
        if isinstance(self.names.parents.get(node), ast.Expr):
            self.to_callers(self.names.enclosing_function(node), value, level + 1)
        else:
            self.end(UNSEEN, node, level)

    def _subject(self, statement: ast.Match, node: ast.AST, level: int) -> None:
        """Go on at the name that a whole subject is bound to; a pattern may take it apart."""
        bindings = self.names.bindings_of(node)
        parts = [part for case in statement.cases for part in walk(case.pattern)]
        named = [part for part in parts if getattr(part, "name", None) or getattr(part, "rest", None)]
        if len(named) > len(bindings):
            self.end(UNSEEN, node, level)
        else:
            self.end(READ, node, level)
            if bindings:
                self._bindings(bindings, node, level)

    def _spread(self, starred: ast.Starred, _node: ast.AST, level: int) -> None:
        outer = self.names.parents.get(starred)
        if level == 0 and self.counts_containers:
            self.iterated(starred)
        elif isinstance(outer, ast.Call):
            self._argument(outer, starred, level - 1, "*")
        else:
            self.follow(starred, level - 1)

    def _given(self, parent: ast.Call | ast.keyword, node: ast.AST, level: int) -> None:
        call = parent if isinstance(parent, ast.Call) else self.names.parents.get(parent)
        keyword = "" if isinstance(parent, ast.Call) else parent.arg
        if not isinstance(call, ast.Call) or keyword is None:
            self.end(UNSEEN, node, level)
        elif node is call.func:
            self.called(call, level)
        else:
            self._argument(call, node, level, keyword)

    def _bound(
        self, statement: ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.withitem, node: ast.AST, level: int
    ) -> None:
        if isinstance(statement, ast.withitem):
            self.iterated(statement) if level == 0 else self.end(UNSEEN, statement, level)
            return
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if isinstance(statement, ast.NamedExpr):
            self.follow(statement, level)
        for target in targets:
            if isinstance(target, ast.Name):
                self._bindings([b for b in self.names.bindings_of(node) if b.name == target.id], node, level)
            elif isinstance(target, ast.Tuple | ast.List):
                self._unpacked(statement, target, node, level)
            elif isinstance(target, ast.Subscript) and isinstance(statement, ast.Assign):
                self._collected(statement, target.value, level + _IN_DICT)
            else:
                self.end(UNSEEN, statement, level)

    def _unpacked(self, statement: ast.AST, target: ast.Tuple | ast.List, node: ast.AST, level: int) -> None:
        parts = list(walk(target))
        if level == 0 and self.counts_containers:
            self.iterated(target)
        elif any(isinstance(part, ast.Attribute | ast.Subscript) for part in parts):
            self.end(UNSEEN, statement, level)
        else:
            names = [part.id for part in parts if isinstance(part, ast.Name)]
            self._bindings([b for b in self.names.bindings_of(node) if b.name in names], node, level - 1)

    def _matched(self, container: ast.Tuple | ast.List | ast.Set, node: ast.AST, level: int) -> bool:
        """Follow ``a, b = node, other`` to the one name."""
        statement = self.names.parents.get(container)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return False
        target = statement.targets[0]
        if not isinstance(target, ast.Tuple | ast.List) or len(target.elts) != len(container.elts):
            return False
        if any(isinstance(part, ast.Starred) for part in (*target.elts, *container.elts)):
            return False
        name = target.elts[container.elts.index(node)]  # type: ignore[arg-type]
        if not isinstance(name, ast.Name):
            return False
        self._bindings([b for b in self.names.bindings_of(container) if b.name == name.id], node, level)
        return True

    def _bindings(self, bindings: list[Binding], node: ast.AST, level: int) -> None:
        """Go on at the uses of the names that a value is bound to."""
        loads = self.loads(bindings)
        if any(isinstance(binding.scope.node, ast.ClassDef) for binding in bindings):
            # Anyone may read it as an attribute.
            self.end(UNSEEN, node, level)
        elif not loads:
            self.end(DROPPED, node, level)
        for load in loads:
            self.follow(load, level)

    def _loop(self, loop: ast.For | ast.AsyncFor | ast.comprehension, node: ast.AST, level: int) -> None:
        if node is not loop.iter:
            self.end(READ, node, level)
        elif level == 0 and self.counts_containers:
            self.iterated(node)
        elif self.counts_containers and (level >= _IN_DICT or not isinstance(loop.target, ast.Name)):
            self.end(UNSEEN, node, level)
        else:
            self._bindings(self.names.bindings_of(node), node, level - 1)

    def _attribute(self, node: ast.Attribute, _value: ast.AST, level: int) -> None:
        call = self.names.parents.get(node)
        if level and node.attr in MUTATORS and isinstance(call, ast.Call) and call.func is node:
            if node.attr in ("pop", "popitem", "setdefault"):
                self.end(UNSEEN, node, level)
        else:
            self.attribute(node, level)

    def _argument(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        function = call.func
        value = self.values.single(function)
        if isinstance(value, Reference) and value.path in _READERS:
            self.end(READ, call, level)
        elif isinstance(value, Reference) and value.path in _FORMS:
            self.formatted(call, level)
        elif isinstance(value, Reference) and value.path in _COLLECTORS:
            self.follow(call, level)
        elif isinstance(function, ast.Attribute) and function.attr in (*_ADDERS, *_EXTENDERS):
            self._collected(call, function.value, level + (function.attr in _ADDERS))
        elif isinstance(function, ast.Attribute) and function.attr == "setdefault":
            self._collected(call, function.value, level + _IN_DICT)
            self.follow(call, level)
        elif isinstance(function, ast.Attribute) and function.attr in LOGGING_METHODS:
            self.end(READ, call, level)
        else:
            self.passed(call, node, level, keyword)

    def _collected(self, place: ast.AST, holder: ast.expr, level: int) -> None:
        """Go on at the uses of a local list or dict that the value is put into."""
        loads = self._uses.collection(holder)
        if not loads:
            self.end(UNSEEN if loads is None else DROPPED, place, level)
        for load in loads or ():
            self.follow(load, level)

    def to_parameter(self, call: ast.Call, function: FunctionNode, node: ast.AST, level: int, keyword: str) -> None:
        """Go on at the parameter of a local function that the value is given to."""
        given = self._parameters(call, function, node, keyword, self.given_before(call))
        if not given or len(self.route.entered) > _DEEPEST:
            self.end(UNSEEN, call, level)
            return
        route = self.route._replace(entered=(*self.route.entered, (function, call)))
        for name, deeper in given:
            self._along(route, self.from_parameter, function, name, node, level + deeper)

    def from_parameter(self, function: FunctionNode, name: str, node: ast.AST, level: int = 0) -> None:
        """Go on at a parameter of a function, which the value of an expression is given to."""
        bindings = [b for b in self.names.bindings_of(function) if b.kind == "parameter" and b.name == name]
        self._bindings(bindings, node, level)

    def _parameters(
        self, call: ast.Call, function: FunctionNode, node: ast.AST, keyword: str, bound: int | None
    ) -> list[tuple[str, int]]:
        """The parameters that an argument may be given to, each with how many more containers are around it there."""
        arguments = function.args
        plain = [*arguments.posonlyargs, *arguments.args]
        if keyword in {parameter.arg for parameter in (*arguments.args, *arguments.kwonlyargs)}:
            return [(keyword, 0)]
        if keyword and keyword != "*":
            return [(arguments.kwarg.arg, _IN_DICT)] if arguments.kwarg is not None else []
        if node not in call.args or bound is None:
            return []
        before = call.args[: call.args.index(node) + 1]
        starred = [place for place, argument in enumerate(before) if isinstance(argument, ast.Starred)]
        # A starred argument may be any number of them.
        last = len(plain) if starred else len(before) + bound
        first = (starred[0] if starred else len(before) - 1) + bound
        found = [(parameter.arg, 0) for parameter in plain[first:last]]
        if arguments.vararg is not None and (starred or not found):
            found.append((arguments.vararg.arg, 1))
        return found
