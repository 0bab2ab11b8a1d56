"""The passes that an operator is made in: turns of the loops around it, calls of the function that it stands in.

Only what goes over known values gives passes: displays, dicts, ``range``, ``enumerate``, ``zip``, ``product``, other
comprehensions, and what ``.expand(…)`` maps. Everything else leaves its names as unknown as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import TypeVar

from offramp.finding.operators import WAIT, Module, Use
from offramp.python.effects import callables
from offramp.python.evaluation import Values
from offramp.python.names import ANY_ATTRIBUTE, FunctionNode
from offramp.python.values import UNKNOWN, Arguments, Constant, Given, Held, Items, Local, Made, Reference, Table
from offramp.record import NamedTuple

_T = TypeVar("_T")
_MOST_PASSES = 100
_MOST_VIEWS = 1000
_MOST_STEPS = 500
_DEEPEST = 5
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_JOINING = frozenset(
    ["builtins.enumerate", "builtins.reversed", "builtins.zip", "itertools.product", "itertools.chain"]
)
_SAME_ELEMENTS = callables("elements") - _JOINING
_METHODS = ("builtins.staticmethod", "builtins.classmethod")
_LEAVING = (ast.Continue, ast.Break, ast.Return, ast.Raise)


class Pass(NamedTuple):
    """One pass that an operator is made in: the module as the pass sees it, and the use with its arguments."""

    module: Module
    use: Use


def passes(module: Module, use: Use) -> list[Pass]:
    """The passes that make an operator, at least one unless none does; a single one where they are not known.

    Each instance of a mapped operator is a pass of its own.
    """
    if use.call is None:
        return [Pass(module, use)]
    return _search(module).passes(use, use.call)


def settled(module: Module, use: Use) -> Use:
    """A use with what its arguments are in all passes together, and what they are set to afterwards."""
    use = _in_all_passes(module, use)
    stores = module.names.stores
    names = {*module.rulebook.arguments(use.note), *use.arguments.given} if stores else set()
    later = {
        name: given
        for name in sorted(names if ANY_ATTRIBUTE in stores else names & stores.keys())
        if (given := _stored_after(module, use, name)) is not None
    }
    if not later:
        return use
    return use._replace(arguments=use.arguments._replace(given={**use.arguments.given, **later}))


def _in_all_passes(module: Module, use: Use) -> Use:
    if use.arguments.complete and not any(UNKNOWN in given.values for given in use.arguments.given.values()):
        return use
    made = passes(module, use)
    return use if not made or all(one.use is use for one in made) else together([one.use for one in made])


def together(uses: Sequence[Use]) -> Use:
    """The first of several uses, with what the arguments of all are."""
    given: dict[str, Given] = {}
    for use in uses:
        for name, value in use.arguments.given.items():
            known = given[name].values if name in given else ()
            given[name] = value._replace(values=(*known, *(new for new in value.values if new not in known)))
    return uses[0]._replace(arguments=Arguments(given, all(use.arguments.complete for use in uses)))


def waits(module: Module, use: Use) -> bool | None:
    """Return whether a trigger operator waits for its run, in every pass that makes it; None when that is not known."""
    state = _waits(module, use)
    if state is not None:
        return state
    states = {pass_waits(one) for one in passes(module, use)}
    return states.pop() if len(states) == 1 else None


def pass_waits(one: Pass) -> bool | None:
    """Return whether an operator waits for the run that it starts in one pass; None when that is not known."""
    return _waits(one.module, one.use)


def _waits(module: Module, use: Use) -> bool | None:
    """Judge by truthiness, as in provider 4.11 (``if self.wait_for_termination:``); the default is True."""
    stored = _stored_after(module, use, WAIT)
    given = stored or use.arguments.given.get(WAIT)
    if given is None:
        return True if use.arguments.complete else None
    known = {bool(value.value) if isinstance(value, Constant) else None for value in given.values}
    return known.pop() if len(known) == 1 else None


def _stored_after(module: Module, use: Use, attribute: str) -> Given | None:
    """The value that ``operator.attribute = …`` gives after construction, if anything does."""
    names = module.names
    found: list[Given] = []
    for store in (*names.stores.get(attribute, ()), *names.stores.get(ANY_ATTRIBUTE, ())):
        function = names.enclosing_function(store.owner)
        if function is not None and isinstance(names.parents.get(function), ast.ClassDef):
            continue  # a subclass's own affair, see Module._through_class
        owners = module.values.evaluate(store.owner)
        mine = [value for value in owners if isinstance(value, Made) and value.call in (use.call, use.made)]
        if mine or UNKNOWN in owners:
            made_in = names.place(use.callee)[2]
            always = names.place(store.node)[2] == made_in[: len(names.place(store.node)[2])]
            certain = len(owners) == 1 and bool(mine) and always and store.value is not None
            values = module.values.evaluate(store.value) if certain and store.value is not None else (UNKNOWN,)
            found.append(Given(store.value if certain else None, tuple(values), "attribute"))
    if len(found) > 1:
        return Given(None, (UNKNOWN,), "attribute")
    return found[0] if found else None


def stands_in_one_loop(module: Module, use: Use) -> bool:
    """Return whether the turns of one loop of statements are all the passes that make an operator, in order."""
    if use.call is None:
        return False
    function = module.names.enclosing_function(use.call)
    loops: list[ast.For] = []
    for around in module.names.ancestors(use.call):
        if around is function:
            break
        if isinstance(around, (*_COMPREHENSIONS, ast.While, ast.AsyncFor)):
            return False
        loops += [around] if isinstance(around, ast.For) else []
    builds = function is None or module.dags.decorated(function, ("dag",)) is not None
    return builds and len(loops) == 1 and not isinstance(loops[0].iter, ast.Set) and use.made is use.call


# -- mapped operators --------------------------------------------------------------


def _instances(view: Module, use: Use) -> list[Pass]:
    """Return what ``.expand(…)`` makes of a mapped operator in one pass, where the values that it maps are known."""
    rows = _mapped(view, use.made) if use.made is not use.call else None
    if rows is None or use.call is None:
        return [Pass(view, use)]
    complete = use.arguments.complete or view.values.arguments(use.call).complete
    found = []
    for row in rows:
        given = {name: Given(node, view.values.evaluate(node), "expand") for name, node in row.items()}
        found.append(Pass(view, use._replace(arguments=Arguments({**use.arguments.given, **given}, complete))))
    return found


def _mapped(view: Module, made: ast.expr) -> list[dict[str, ast.expr]] | None:
    """The arguments of each instance of ``expand(…)`` or ``expand_kwargs(…)``; None where they are not known."""
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute):
        return None
    if made.func.attr == "expand_kwargs" and len(made.args) == 1:
        listed = view.values.single(made.args[0])
        tables = [view.values.single(node) for node in listed.nodes] if isinstance(listed, Items) else []
        known = [table for table in tables if isinstance(table, Table) and table.complete]
        if not isinstance(listed, Items) or not listed.complete or len(known) < len(tables):
            return None
        return [{name: node for name, node in table.entries.items() if node is not None} for table in known]
    lists = {keyword.arg or "": view.values.single(keyword.value) for keyword in made.keywords}
    nodes = [one.nodes for one in lists.values() if isinstance(one, Items) and one.complete]
    if made.args or "" in lists or len(nodes) < len(lists):
        return None
    return [dict(zip(lists, row, strict=True)) for row in _limited(product(*nodes))]


@lru_cache(maxsize=1)
def _search(module: Module) -> Search:
    return Search(module)


# -- loops, conditions and functions -----------------------------------------------


class _Unclear(Exception):  # noqa: N818 - what is not counted is not an error
    """More passes than are worth the time, or a name with two values at once."""


class _Element(NamedTuple):
    """Element that a loop goes over in one turn: an expression, and what holds where it is evaluated."""

    node: ast.expr
    held: Held


class Search:
    """Looks for the passes of one module; a pass is the values that its loops and parameters have.

    What several operators of a loop or function have in common is worked out once.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.names = module.names
        self._views: dict[int, tuple[Held, Module]] = {}
        self._turns_of: dict[tuple[int, int], tuple[Held, list[Held]]] = {}
        self._calls_of: dict[ast.AST, list[Held] | None] = {}
        self._leaving: dict[int, list[tuple[int, ast.If]]] = {}
        self._last: tuple[ast.Call | None, list[Pass]] = (None, [])
        self._steps = 0

    def passes(self, use: Use, call: ast.Call) -> list[Pass]:
        """The passes that make an operator; kept for the next question, which is about the same one."""
        if self._last[0] is not call:
            if len(self._views) > _MOST_VIEWS:
                self._views.clear()
                self._turns_of.clear()
            self._steps = 0
            self._last = (call, self._passes(use, call))
        return self._last[1]

    def _passes(self, use: Use, call: ast.Call) -> list[Pass]:
        try:
            views = [self.view(held) for held in self.of(call, 0)]
            made = [(view, use if view is self.module else view.made_by(call, use.has)) for view in views]
            return [one for view, each in made if each is not None for one in _instances(view, each)]
        except _Unclear:
            return [Pass(self.module, use)]

    def enter(self, function: FunctionNode, call: ast.Call, held: Held) -> Search:
        """The search for passes that one call of a function makes, and no others; ``held`` holds where it stands."""
        try:
            known = self._given(function, call, held)
        except _Unclear:
            known = {}
        search = Search(self.module)
        search._calls_of[function] = [known]
        return search

    def view(self, held: Held) -> Module:
        """The module as a pass sees it."""
        if not held:
            return self.module
        if id(held) not in self._views:
            self._views[id(held)] = (held, self.module.in_pass(held))
        return self._views[id(held)][1]

    def passes_of(self, node: ast.AST) -> list[Held]:
        """The passes in which a node is evaluated; one of which nothing is known where they are not clear."""
        try:
            return self.of(node, 0)
        except _Unclear:
            return [{}]

    def of(self, node: ast.AST, depth: int) -> list[Held]:
        """The passes in which a node is evaluated."""
        function = self.names.enclosing_function(node)
        found: list[Held] = [{}]
        if isinstance(function, FunctionNode) and depth < _DEEPEST:
            found = self._calls(function, depth)
        around: list[tuple[ast.AST, ast.AST]] = []
        inside = node
        for ancestor in self.names.ancestors(node):
            around.append((ancestor, inside))
            if ancestor is function:
                break
            inside = ancestor
        for ancestor, part in reversed(around):
            found = _limited(one for held in found for one in self._through(ancestor, part, held))
        return found

    def _test(self, node: ast.expr, held: Held) -> bool | None:
        value = self.view(held).values.single(node)
        return bool(value.value) if isinstance(value, Constant) else None

    def _through(self, ancestor: ast.AST, part: ast.AST, held: Held) -> Iterable[Held]:
        """The passes in which a part of a statement or expression is run, of one that runs the whole."""
        before = self._before(ancestor, part)
        if isinstance(ancestor, ast.For) and part in ancestor.body:
            return [turn for turn in self._turns(ancestor, held) if self._arrives(before, turn, _LEAVING)]
        if isinstance(ancestor, ast.If | ast.IfExp) and part is not ancestor.test:
            taken = self._test(ancestor.test, held)
            body = ancestor.body if isinstance(ancestor.body, list) else [ancestor.body]
            if taken is not None and taken is not (part in body):
                return ()
        if isinstance(ancestor, ast.Match) and part in ancestor.cases and not self._may_match(ancestor, part, held):
            return ()
        if isinstance(ancestor, _COMPREHENSIONS) and not isinstance(part, ast.comprehension):
            return self._comprehended(ancestor, held)
        return (held,) if self._arrives(before, held, _LEAVING) else ()

    def _may_match(self, match: ast.Match, part: ast.AST, held: Held) -> bool:
        """Return whether a case may be the first that matches."""
        values = self.view(held).values
        subject = values.single(match.subject)
        if not isinstance(subject, Constant):
            return True
        for case in match.cases:
            fits = _fits(subject, case.pattern, values)
            if case is part:
                return fits is not False
            if fits and case.guard is None:
                return False
        return True

    def _turns(self, loop: ast.For, held: Held) -> list[Held]:
        key = (id(loop), id(held))
        if key not in self._turns_of:
            found: list[Held] = []
            conditions = self._conditions(loop.body)
            for turn in self._bound(loop.iter, held):
                found.append(turn)
                if not self._arrives(conditions, turn, (ast.Break, ast.Return, ast.Raise)):
                    break
            self._turns_of[key] = (held, found)
        return self._turns_of[key][1]

    def _arrives(self, conditions: Iterable[ast.If], held: Held, leaving: tuple[type[ast.stmt], ...]) -> bool:
        """Return whether a pass goes on after conditions: none that it is known to meet ends it."""
        return not any(
            (taken := self._test(condition.test, held)) is not None
            and any(isinstance(last, leaving) for last in (condition.body if taken else condition.orelse)[-1:])
            for condition in conditions
        )

    def _conditions(self, block: list[ast.stmt]) -> list[ast.If]:
        """The conditions of a block that may end a pass."""
        if id(block) not in self._leaving:
            ends = [(number, one) for number, one in enumerate(block) if isinstance(one, ast.If) and _may_leave(one)]
            self._leaving[id(block)] = ends
        return [condition for _, condition in self._leaving[id(block)]]

    def _before(self, ancestor: ast.AST, part: ast.AST) -> list[ast.If]:
        """The conditions before a part in its block that may end a pass."""
        for name in ("body", "orelse", "finalbody"):
            block = getattr(ancestor, name, None)
            if isinstance(block, list) and self._conditions(block) and part in block:
                place = block.index(part)
                return [condition for number, condition in self._leaving[id(block)] if number < place]
        return []

    def _comprehended(self, node: ast.AST, held: Held) -> list[Held]:
        found = [held]
        for generator in node.generators:  # type: ignore[attr-defined]
            found = _limited(
                turn
                for one in found
                for turn in self._bound(generator.iter, one)
                if all(self._test(condition, turn) is not False for condition in generator.ifs)
            )
        return found

    def _bound(self, iterable: ast.expr, held: Held) -> Iterator[Held]:
        """Return what holds in each turn over an iterable; the same as before where its elements are not known."""
        elements = self._elements(iterable, held)
        if elements is None:
            yield held
            return
        bindings = [one for one in self.names.bindings_of(iterable) if one.kind in ("element", "element-item")]
        for element in elements:
            yield _together(held, element.held, {id(one): (element.node, one.place) for one in bindings})

    # -- functions ---------------------------------------------------------------

    def _calls(self, function: FunctionNode, depth: int) -> list[Held]:
        """The passes that the calls of a function of the file make of its body."""
        if function not in self._calls_of:
            self._calls_of[function] = None
            self._calls_of[function] = self._called_in(function, depth)
        known = self._calls_of[function]
        if known is None:
            raise _Unclear
        return known

    def _called_in(self, function: FunctionNode, depth: int) -> list[Held]:
        calls = known_calls(self.module, function)
        if not calls:
            # What it is called with is not known; it may still be made anew in each pass of the code around.
            return self.of(function, depth + 1)
        outside = [call for call in calls if self.names.enclosing_function(call) is not function]
        return _limited(self._given(function, call, held) for call in outside for held in self.of(call, depth + 1))

    def _given(self, function: FunctionNode, call: ast.Call, held: Held) -> Held:
        """Return what holds in a function when it is called: its parameters, besides what holds where that is done."""
        own = function.args
        plain = [parameter.arg for parameter in (*own.posonlyargs, *own.args)]
        if isinstance(self.names.parents.get(function), ast.ClassDef):
            static = any(_path(self.module, one) == "builtins.staticmethod" for one in function.decorator_list)
            plain = plain if static else plain[1:]
        arguments = self.view(held).values.arguments(call, plain)
        if not arguments.complete:
            return held
        nodes = {name: given.node for name, given in arguments.given.items() if given.node is not None}
        named = {*plain, *(one.arg for one in own.kwonlyargs)}
        extra = {name: node for name, node in nodes.items() if name not in named}
        defaults = [*zip(reversed(plain), reversed(own.defaults), strict=False)]
        defaults += [(one.arg, node) for one, node in zip(own.kwonlyargs, own.kw_defaults, strict=True) if node]
        nodes = {**dict(defaults), **nodes}
        if own.vararg is not None:
            nodes[own.vararg.arg] = ast.Tuple(call.args[len(plain) :], ast.Load())
        if own.kwarg is not None:
            nodes[own.kwarg.arg] = ast.Dict([ast.Constant(name) for name in extra], [*extra.values()])
        bindings = [one for one in self.names.bindings_of(function) if one.kind == "parameter"]
        return _together(held, {id(one): (nodes[one.name], ()) for one in bindings if one.name in nodes})

    # -- what is gone over -------------------------------------------------------

    def _elements(self, node: ast.expr, held: Held) -> list[_Element] | None:
        """Return what an iterable gives, in order but for sets; None where that is not known."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _Unclear
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return [_Element(node.elt, turn) for turn in self._comprehended(node, held)]
        if isinstance(node, ast.Call) and (found := self._called(node, held)) is not None:
            return found
        value = self.view(held).values.single(node)
        if isinstance(value, Items) and value.complete:
            return [_Element(one, held) for one in value.nodes]
        if isinstance(value, Table) and value.complete:
            return [_Element(ast.Constant(key), held) for key in value.entries]
        behind = self._behind(node, held)
        if behind is not None:
            return self._elements(behind, held)
        known = self.view(held).values.gone_over(node)
        return [_Element(_written(one), held) for one in known[: _MOST_PASSES + 1]] if known is not None else None

    def _behind(self, node: ast.expr, held: Held) -> ast.expr | None:
        """The comprehension or call that a name is bound to, where nothing else is and nothing changes it."""
        bindings = self.names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        if not isinstance(node, ast.Name) or len(bindings) != 1:
            return None
        place: tuple[int, ...] = ()
        behind = self.module.values.bound_once(node)
        if id(bindings[0]) in held and not self.names.mutations.get((bindings[0].scope, node.id)):
            behind, place = held[id(bindings[0])]
        return behind if not place and isinstance(behind, (ast.Call, *_COMPREHENSIONS)) else None

    def _called(self, node: ast.Call, held: Held) -> list[_Element] | None:
        values = self.view(held).values
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in ("items", "keys", "values") and not node.args:
            table = values.single(function.value)
            if not isinstance(table, Table) or not table.complete:
                return None
            return [_Element(one, held) for one in _entries(table, function.attr)]
        path = _path(self.view(held), function)
        if path == "builtins.range":
            numbers = [values.single(argument) for argument in node.args]
            bounds = [one.value for one in numbers if isinstance(one, Constant) and isinstance(one.value, int)]
            if len(bounds) < len(numbers) or not bounds or 0 in bounds[2:]:
                return None
            return [_Element(ast.Constant(number), held) for number in range(*bounds)[: _MOST_PASSES + 1]]
        if path in _SAME_ELEMENTS and node.args:
            return self._elements(node.args[0], held)
        if path not in _JOINING or any(keyword.arg not in ("start", "strict") for keyword in node.keywords):
            return None
        over = node.args[:1] if path == "builtins.enumerate" else node.args
        lists = [found for argument in over if (found := self._elements(argument, held)) is not None]
        given = values.arguments(node, ("iterable", "start")).given.get("start")
        start = given.constant if given is not None else Constant(0)
        first = start.value if start is not None and isinstance(start.value, int) else None
        return _joined(path, lists, first) if len(lists) == len(over) > 0 else None


def known_calls(module: Module, function: FunctionNode) -> list[ast.Call]:
    """The calls of a function of the file; none where others may call it, or a decorator does."""
    owner = module.names.parents.get(function)
    of_class = isinstance(owner, ast.ClassDef)
    plain = [module.dags.decorated(function, ("task_group",))]
    plain += [one for one in function.decorator_list if of_class and _path(module, one) in _METHODS]
    if any(one not in plain for one in function.decorator_list):
        return []
    uses: list[ast.expr] = []
    if isinstance(owner, ast.ClassDef):
        attributes = module.names.attributes.get(function.name, [])
        if function.name.startswith("__") or not all(_is_of(module, use.value, owner) for use in attributes):
            return []
        uses += attributes
    else:
        bindings = [one for one in module.names.bindings_of(function) if one.kind == "function"]
        uses += [use for binding in bindings for use in module.names.uses(binding)]
    calls = [_called_by(module, use) for use in uses]
    return [call for call in calls if call is not None] if None not in calls else []


def _is_of(module: Module, node: ast.expr, owner: ast.ClassDef) -> bool:
    """Return whether an expression is an object of a class of the file, or the class itself."""
    value = module.values.single(node)
    return (value.callee if isinstance(value, Made) else value) == Local(owner)


def _called_by(module: Module, use: ast.expr) -> ast.Call | None:
    """The call that a function is used for, by ``f(…)`` or ``f.override(…)(…)``; None for other uses."""
    outer = module.names.parents.get(use)
    if isinstance(outer, ast.Attribute) and outer.attr == "override":
        inner = module.names.parents.get(outer)
        use, outer = (inner, module.names.parents.get(inner)) if isinstance(inner, ast.Call) else (use, outer)
    return outer if isinstance(outer, ast.Call) and outer.func is use else None


def _joined(path: str, lists: list[list[_Element]], first: int | None) -> list[_Element] | None:
    """Return what a function of ``builtins`` or ``itertools`` makes of the elements of its arguments.

    ``first`` is the number that ``enumerate`` begins with, None where it is not known.
    """
    if path == "builtins.enumerate":
        if first is None:
            return None
        return [_row((_Element(ast.Constant(number), {}), one)) for number, one in enumerate(lists[0], first)]
    if path == "builtins.zip":
        return [_row(row) for row in zip(*lists)]  # noqa: B905 - as short as the shortest, here too
    if path == "itertools.product":
        return [_row(row) for row in _limited(product(*lists))]
    if path == "builtins.reversed":
        return lists[0][::-1]
    return [one for elements in lists for one in elements]


def _row(parts: tuple[_Element, ...]) -> _Element:
    """A tuple of elements, each with what holds where it is evaluated."""
    return _Element(ast.Tuple([part.node for part in parts], ast.Load()), _together(*(part.held for part in parts)))


def _together(*held: Held) -> Held:
    """Return what holds where several things do; two values of one name, as of a list gone over twice, are unclear."""
    found: dict[int, tuple[ast.expr, tuple[int, ...]]] = {}
    for one in held:
        for key, value in one.items():
            if found.setdefault(key, value) != value:
                raise _Unclear
    return found


def _limited(found: Iterable[_T]) -> list[_T]:
    """As many as are worth the time; Unclear where there are more."""
    kept: list[_T] = []
    for one in found:
        kept.append(one)
        if len(kept) > _MOST_PASSES:
            raise _Unclear
    return kept


def _written(value: object) -> ast.expr:
    """An expression that gives a value which was worked out."""
    if isinstance(value, tuple):
        return ast.Tuple([_written(one) for one in value], ast.Load())
    if isinstance(value, list):
        return ast.List([_written(one) for one in value], ast.Load())
    if isinstance(value, dict):
        return ast.Dict([_written(key) for key in value], [_written(one) for one in value.values()])
    return ast.Constant(value)  # type: ignore[arg-type]


def _entries(table: Table, method: str) -> list[ast.expr]:
    known = [(ast.Constant(key), node) for key, node in table.entries.items() if node is not None]
    if method == "keys":
        return [key for key, _ in known]
    return [node if method == "values" else ast.Tuple([key, node], ast.Load()) for key, node in known]


def _path(module: Module, node: ast.expr) -> str:
    """The dotted path that an expression leads to; empty for none."""
    value = module.values.single(node)
    return value.path if isinstance(value, Reference) else ""


def _fits(subject: Constant, pattern: ast.pattern, values: Values) -> bool | None:
    """Return whether a pattern matches a constant; None where that is not known."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        return True
    if isinstance(pattern, ast.MatchSingleton):
        return subject.value is pattern.value
    if isinstance(pattern, ast.MatchValue):
        value = values.single(pattern.value)
        return subject.value == value.value if isinstance(value, Constant) else None
    found = [_fits(subject, one, values) for one in pattern.patterns] if isinstance(pattern, ast.MatchOr) else [None]
    return True if True in found else None if None in found else False


def _may_leave(condition: ast.If) -> bool:
    return any(isinstance(arm[-1], _LEAVING) for arm in (condition.body, condition.orelse) if arm)
