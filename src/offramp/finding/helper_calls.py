"""Calls of functions in other modules that make operators: each is a use, with the values that the caller gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from offramp.finding.operators import CODE, Module, Use
from offramp.finding.passes import Pass, Search, together
from offramp.model import Place
from offramp.python.functions import positional_names
from offramp.python.names import FunctionNode
from offramp.python.values import UNKNOWN, Arguments, Constant, Given, Local, Reference
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.finding.other_modules import Definition

_DEEPEST = 6
_MOST_PASSES = 30
_LONGEST = 200


class HelperUse(NamedTuple):
    """An operator that the call of a function of another module makes; ``place`` is where that does so.

    ``passes`` are those of the function, with the operator as it stands there. ``is_result`` says that it goes nowhere
    but to the caller.
    """

    use: Use
    function: str
    place: Place
    passes: tuple[Pass, ...]
    is_result: bool

    @property
    def told(self) -> tuple[Place, str]:
        """The place of the operator, and what is to be said there."""
        return self.place, f"`{self.function}` makes the `{self.use.path.rpartition('.')[2]}` here"


class _Made(NamedTuple):
    """An operator that a function makes: as its caller sees it, and in the pass and the place where it stands."""

    use: Use
    origin: Pass
    place: Place
    is_result: bool


def helper_uses(module: Module, has: str = CODE) -> tuple[HelperUse, ...]:
    """The operators, whose notes have something, that a file's calls of functions in other modules make."""
    return _of_file(module, has) if module.others is not None else ()


@lru_cache(maxsize=2)
def _of_file(module: Module, has: str) -> tuple[HelperUse, ...]:
    return tuple(_found(module, has))


def _found(module: Module, has: str) -> Iterator[HelperUse]:
    search = Search(module)
    for call in module.names.calls:
        passes_of_call = search.passes_of(call) if _helper(module, call) is not None else []
        views = map(search.view, passes_of_call if len(passes_of_call) <= _MOST_PASSES else [{}])
        by_place: dict[tuple[Place, str], list[HelperUse]] = {}
        for one in (each for view in views for each in _made_by(view, call, has, ())):
            by_place.setdefault((one.place, one.use.path), []).append(one)
        for same in by_place.values():
            passes = tuple(each for one in same for each in one.passes)
            yield same[0]._replace(use=together([one.use for one in same]), passes=passes)


def _made_by(module: Module, call: ast.Call, has: str, entered: tuple[FunctionNode, ...]) -> Iterator[HelperUse]:
    """The operators that a call makes, of a function in another module, each as a use of the call."""
    found = _helper(module, call)
    if found is None or found.node in entered:
        return
    from offramp.finding.nameless import without_names

    function, helper = found.node, found.module
    assert isinstance(function, FunctionNode)
    given = module.values.arguments(call, positional_names(function)).given
    search = Search(helper).enter(function, without_names(module.values, call), {})
    for one in _made_in(search, function, has, found.file, entered):
        made = _inheriting(module, _as_of(call, one.use, helper, given), one.use, helper, function)
        yield HelperUse(made, function.name, one.place, (one.origin,), one.is_result)


def _made_in(
    search: Search, function: FunctionNode, has: str, file: str, entered: tuple[FunctionNode, ...]
) -> Iterator[_Made]:
    """The operators that the call of a function makes which was entered."""
    helper = search.module
    for use in helper.uses if has == CODE else helper.shell_uses:
        if use.call is not None and use.role != "hook" and _is_reached(helper, use.call, function):
            place = Place(file, use.callee.lineno)
            is_result = _is_result(helper, use.made)
            yield from (_Made(one.use, one, place, is_result) for one in search.passes(use, use.call))
    for call in helper.names.calls if len(entered) < _DEEPEST else ():
        if _is_reached(helper, call, function):
            yield from _made_through(search, call, has, file, (*entered, function))


def _made_through(
    search: Search, call: ast.Call, has: str, file: str, entered: tuple[FunctionNode, ...]
) -> Iterator[_Made]:
    """The operators that a call in a function makes in all passes, of a function of that module or another."""
    helper = search.module
    value = helper.values.single(call.func)
    local = value.node if isinstance(value, Local) and isinstance(value.node, ast.FunctionDef) else None
    if local in entered or (local is None and _helper(helper, call) is None):
        return
    for held in search.passes_of(call):
        if local is None:
            inner = _made_by(search.view(held), call, has, entered)
            handed = _is_result(helper, call)
            yield from (
                _Made(one.use, each, one.place, one.is_result and handed) for one in inner for each in one.passes
            )
        elif _builds(helper, local):
            handed = _is_result(helper, call)
            for made in _made_in(search.enter(local, call, held), local, has, file, entered):
                yield made._replace(is_result=made.is_result and handed)


def _is_result(helper: Module, made: ast.expr) -> bool:
    """Return whether a function does nothing with a value but to return it."""
    names = helper.names
    if isinstance(names.parents.get(made), ast.Return):
        return True
    uses = [use for binding in names.bindings_of(made) for use in names.uses(binding)]
    assigned = isinstance(names.parents.get(made), ast.Assign) and len(names.bindings_of(made)) == 1
    return assigned and bool(uses) and all(isinstance(names.parents.get(use), ast.Return) for use in uses)


def _is_reached(helper: Module, call: ast.Call, function: FunctionNode) -> bool:
    """Return whether a call stands in a function, and not behind what always leaves it."""
    if helper.names.enclosing_function(call) is not function:
        return False
    part: ast.AST = call
    for outer in helper.names.ancestors(call):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(outer, name, None)
            before = block[: block.index(part)] if isinstance(block, list) and part in block else []
            if any(isinstance(one, ast.Return | ast.Raise | ast.Continue | ast.Break) for one in before):
                return False
        if outer is function:
            break
        part = outer
    return True


def _helper(module: Module, call: ast.Call) -> Definition | None:
    """The function of another module that a call surely runs, and that builds what it builds when it is called."""
    value = module.values.single(call.func)
    found = module.definition(value.path) if isinstance(value, Reference) else None
    if found is None or not isinstance(found.node, ast.FunctionDef):
        return None
    # What a generator does is done by whoever goes over it.
    dropped = isinstance(module.names.parents.get(call), ast.Expr) and found.module.values.yields(found.node)
    return found if _builds(found.module, found.node) and not dropped else None


def _builds(module: Module, function: ast.FunctionDef) -> bool:
    """Return whether calling a function does what it says, whatever decorates it, and with no object."""
    builds = [module.dags.decorated(function, ("dag", "task_group"))]
    if isinstance(module.names.parents.get(function), ast.ClassDef):
        static = Reference("builtins.staticmethod")
        builds = [one for one in function.decorator_list if module.values.single(one) == static]
        return function.decorator_list == builds != []
    return all(one in builds for one in function.decorator_list)


def _as_of(call: ast.Call, use: Use, owner: Module, given: dict[str, Given]) -> Use:
    """A use in a helper as one of the call, whose arguments are shown where they are not known."""
    arguments = {}
    for name, value in use.arguments.given.items():
        known = tuple(one if isinstance(one, Constant) else UNKNOWN for one in value.values)
        known = tuple(dict.fromkeys(known))
        handed = given.get(value.node.id) if isinstance(value.node, ast.Name) and UNKNOWN in known else None
        is_parameter = handed is not None and _is_parameter(owner, value.node)
        node = handed.node if is_parameter and handed is not None else None
        arguments[name] = Given(node, known, value.origin)
    made = Arguments(arguments, use.arguments.complete)
    return use._replace(callee=call.func, call=call, made=call, arguments=made)


def _stands_alone(owner: Module, call: ast.Call, function: FunctionNode) -> bool:
    """Return whether a call stands in a function, and in no block of a DAG or group there."""
    if function.decorator_list or {"dag", "task_group"} & owner.values.arguments(call).given.keys():
        return False
    for outer in owner.names.ancestors(call):
        if outer is function or isinstance(outer, ast.With):
            return outer is function
    return False


def _inheriting(module: Module, made: Use, use: Use, owner: Module, function: FunctionNode) -> Use:
    """A use with what the DAG around the call gives it, where the helper makes nothing around it."""
    if use.call is None or use.derived is not None or not _stands_alone(owner, use.call, function):
        return made
    inherited = module.dags.inherited(module.dags.surroundings(made.made))
    complete = inherited.complete and owner.values.arguments(use.call).complete
    rows = module.rulebook.arguments(use.note)
    defaults = {name: value for name, value in inherited.given.items() if name in rows}
    return made._replace(arguments=Arguments({**defaults, **made.arguments.given}, complete))


def _is_parameter(owner: Module, node: ast.expr | None) -> bool:
    return isinstance(node, ast.Name) and [one.kind for one in owner.names.lookup(node.id, node)] == ["parameter"]
