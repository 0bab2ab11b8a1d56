"""Calls of wrappers as the operators that they make: of functions that return one, of classes that derive from one.

What a wrapper does is read from its code; one that does anything else is not followed, and says why.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from offramp.converting.transplants import Destination, NotMovedError, Place, constant, does_something, moved
from offramp.finding.nameless import without_names
from offramp.finding.operators import Module
from offramp.finding.passes import Search
from offramp.python.functions import positional_names
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Local, Reference, Value
from offramp.record import NamedTuple

_DEEPEST = 6
# Attributes of a class that say nothing but how Airflow shows its tasks.
_LOOKS = frozenset({"ui_color", "ui_fgcolor", "custom_operator_name"})


class Operator(NamedTuple):
    """The operator that a call comes to, by its dotted path, with the arguments that it is given."""

    path: str
    arguments: dict[str, ast.expr]


class Wrapper(NamedTuple):
    """A function or class that a call runs, and the module in which it is."""

    module: Module
    node: ast.FunctionDef | ast.ClassDef


class _Call(NamedTuple):
    """A call that is followed: its arguments by name, and how many wrappers are around it.

    ``defaults`` are the names that Airflow takes from ``default_args`` where a constructor is not given them; None
    where they are not known.
    """

    arguments: dict[str, ast.expr]
    defaults: frozenset[str] | None
    depth: int


def wrapper_of(module: Module, call: ast.Call) -> Wrapper | None:
    """The function or class of the project that a call surely runs, if operators may come from it."""
    value = module.values.single(call.func)
    if isinstance(value, Local) and isinstance(value.node, ast.FunctionDef | ast.ClassDef):
        return Wrapper(module, value.node)
    if not isinstance(value, Reference) or value.path in module.rulebook.operators:
        return None
    other = module.definition(value.path)
    if other is None or not isinstance(other.node, ast.FunctionDef | ast.ClassDef):
        return None
    return Wrapper(other.module, other.node)


def operator_of(module: Module, call: ast.Call, wrapper: Wrapper, destination: Destination) -> Operator:
    """The operator that a call of a wrapper comes to. Raises NotMovedError."""
    inherited = module.dags.inherited(module.dags.surroundings(call))
    defaults = frozenset(inherited.given) if inherited.complete else None
    positional = positional_names(wrapper.node) if isinstance(wrapper.node, ast.FunctionDef) else ()
    return _made(module, call, wrapper, _Call(_given(module, call, positional), defaults, 0), destination)


def _made(module: Module, call: ast.Call, wrapper: Wrapper, made: _Call, destination: Destination) -> Operator:
    if made.depth > _DEEPEST:
        raise NotMovedError("is made by too many others")
    if isinstance(wrapper.node, ast.ClassDef):
        return _of_class(wrapper, wrapper, made, destination)
    return _of_function(module, call, wrapper, made, destination)


def _given(module: Module, call: ast.Call, positional: Sequence[str]) -> dict[str, ast.expr]:
    """The arguments of a call as they are written, by name."""
    if len(call.args) > len(positional):
        raise NotMovedError("is given more arguments than it has parameters")
    found = module.values.arguments(call, positional)
    written = {*(keyword.value for keyword in call.keywords), *call.args}
    given: dict[str, ast.expr] = {}
    for name, value in found.given.items():
        if value.node is not None and value.node in written:
            given[name] = value.node
        elif value.constant is not None:
            given[name] = constant(value.constant)
        else:
            raise NotMovedError(f"is given `{name}` in a way that is not followed")
    if not found.complete:
        raise NotMovedError("is given arguments that are not known")
    return given


# -- functions --------------------------------------------------------------------


def _of_function(module: Module, call: ast.Call, wrapper: Wrapper, made: _Call, destination: Destination) -> Operator:
    """The operator that a function does nothing but return."""
    function = wrapper.node
    assert isinstance(function, ast.FunctionDef)
    static = [wrapper.module.values.single(one) for one in function.decorator_list]
    in_class = isinstance(wrapper.module.names.parents.get(function), ast.ClassDef)
    if static != ([Reference("builtins.staticmethod")] if in_class else []):
        raise NotMovedError("is decorated" if static else "is a method")
    *statements, last = _without_docstring(function.body) or [ast.Pass()]
    if not isinstance(last, ast.Return) or last.value is None:
        raise NotMovedError("does more than return an operator")
    view = _in_call(module, call, wrapper, last)
    given, extra = _bound(function, made, positional_names(function), destination, view)
    place = Place(view, function, given, None, [])
    returned = _named(view, last.value) if isinstance(last.value, ast.Name) else last.value
    if not isinstance(returned, ast.Call):
        raise NotMovedError("does more than return an operator")
    place.used.extend([last.value.id] if isinstance(last.value, ast.Name) else [])
    result = _of_call(returned, place, extra, made, destination)
    _check_statements(statements, place)
    _check_once(given, place)
    return result


def _named(module: Module, name: ast.Name) -> ast.expr | None:
    """The expression that a name stands for which nothing else uses."""
    bindings = module.names.lookup(name.id, name)
    node = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "value" else None
    return node if isinstance(node, ast.expr) and module.names.uses(bindings[0]) == [name] else None


def _in_call(module: Module, call: ast.Call, wrapper: Wrapper, last: ast.stmt) -> Module:
    """The wrapper's module as this call of it sees it."""
    function = wrapper.node
    assert isinstance(function, ast.FunctionDef)
    search = Search(wrapper.module).enter(function, without_names(module.values, call), {})
    views = [search.view(held) for held in search.passes_of(last)]
    if len(views) != 1:
        raise NotMovedError("makes more than one operator")
    return views[0]


def _of_call(
    call: ast.Call, place: Place, extra: Mapping[str, ast.expr], made: _Call, destination: Destination
) -> Operator:
    """The operator that a call in a wrapper comes to: of one, or of another wrapper."""
    value = place.module.values.single(call.func)
    place.used.extend(part.id for part in walk(call.func) if isinstance(part, ast.Name))
    arguments = _handed_on(call, place, extra, destination)
    if isinstance(value, Reference) and place.module.dags.section(value):
        if call.args:
            raise NotMovedError("gives an operator arguments without names")
        return Operator(value.path, arguments)
    inner = wrapper_of(place.module, call)
    if inner is None:
        raise NotMovedError("returns something that is not known to be an operator")
    if call.args and isinstance(inner.node, ast.FunctionDef):
        names = positional_names(inner.node)
        if len(call.args) > len(names):
            raise NotMovedError("is given more arguments than it has parameters")
        arguments |= {name: moved(one, place, destination) for name, one in zip(names, call.args, strict=False)}
    return _made(place.module, call, inner, _Call(arguments, made.defaults, made.depth + 1), destination)


def _handed_on(
    call: ast.Call, place: Place, extra: Mapping[str, ast.expr], destination: Destination
) -> dict[str, ast.expr]:
    """The keyword arguments of a call in a wrapper; ``extra`` are those that its ``**kwargs`` hold."""
    found: dict[str, ast.expr] = {}
    for keyword in call.keywords:
        new = {keyword.arg: keyword.value} if keyword.arg is not None else {}
        if keyword.arg is not None:
            new = {keyword.arg: moved(keyword.value, place, destination)}
        elif _is_extra(keyword.value, place):
            new = dict(extra)
        else:
            table = place.module.values.entries(keyword.value)
            if table is None or isinstance(keyword.value, ast.Dict) or place.function is None:
                raise NotMovedError("hands on arguments that are not known")
            new = {name: moved(node, place, destination) for name, node in table.items()}
        if found.keys() & new.keys():
            raise NotMovedError("gives an argument twice")
        found |= new
    return found


def _is_extra(node: ast.expr, place: Place) -> bool:
    """Return whether an expression is the ``**kwargs`` of a wrapper, as they were given."""
    own = place.function.args.kwarg if place.function is not None else None
    if own is None or not isinstance(node, ast.Name) or node.id != own.arg:
        return False
    bindings = place.module.names.lookup(node.id, node)
    return [(one.kind, one.node) for one in bindings] == [("parameter", place.function)]


def _bound(
    function: FunctionNode, made: _Call, positional: Sequence[str], destination: Destination, view: Module
) -> tuple[dict[str, ast.expr], dict[str, ast.expr]]:
    """Return what the parameters of a wrapper are given, and what its ``**kwargs`` hold."""
    own = function.args
    named = [*positional, *(one.arg for one in own.kwonlyargs)]
    extra = {name: node for name, node in made.arguments.items() if name not in named}
    if extra and own.kwarg is None:
        raise NotMovedError(f"takes no `{next(iter(extra))}`")
    plain = [*own.posonlyargs, *own.args]
    defaults = [*zip(reversed(plain), reversed(own.defaults), strict=False)]
    defaults += [(one, node) for one, node in zip(own.kwonlyargs, own.kw_defaults, strict=True) if node is not None]
    given: dict[str, ast.expr] = {}
    outside = Place(view, None, {}, None, [])
    by_default = {one.arg: node for one, node in defaults}
    for name in named:
        if name in made.arguments:
            given[name] = made.arguments[name]
        elif name in by_default:
            given[name] = moved(by_default[name], outside, destination)
        else:
            raise NotMovedError(f"is not given `{name}`")
    return given, extra


def _check_statements(statements: Sequence[ast.stmt], place: Place) -> None:
    """Raise NotMovedError for statements that do more than name a part of what is returned."""
    for statement in statements:
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Name):
            raise NotMovedError("does more than return an operator")
        read = place.used.count(target.id)
        if does_something(statement.value) and read != 1:
            raise NotMovedError("does more than return an operator")


def _check_once(given: Mapping[str, ast.expr], place: Place) -> None:
    """Raise NotMovedError for an argument whose evaluation does something, and is not done once."""
    acting = [name for name, node in given.items() if does_something(node)]
    if len(acting) > 1:
        raise NotMovedError("is given several arguments that do something, in an order of its own")
    if acting and place.used.count(acting[0]) != 1:
        raise NotMovedError(f"does not evaluate `{acting[0]}` once")


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]


# -- classes ----------------------------------------------------------------------


def _of_class(called: Wrapper, current: Wrapper, made: _Call, destination: Destination) -> Operator:
    """The operator that a class constructs which only gives its base arguments."""
    node, module = current.node, current.module
    assert isinstance(node, ast.ClassDef)
    constructor = _constructor(node)
    arguments = made.arguments
    if constructor is not None:
        arguments = _constructed(called, current, constructor, made, destination)
    if len(node.bases) != 1 or node.keywords or node.decorator_list:
        raise NotMovedError("is a class of several bases, or of a class of its own")
    base = module.values.single(node.bases[0])
    if isinstance(base, Reference) and module.dags.section(base):
        return Operator(base.path, arguments)
    inner = _class(module, base)
    if inner is None or made.depth > _DEEPEST:
        raise NotMovedError("has a base that is not known to be an operator")
    return _of_class(called, inner, _Call(arguments, made.defaults, made.depth + 1), destination)


def _class(module: Module, value: Value) -> Wrapper | None:
    if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
        return Wrapper(module, value.node)
    other = module.definition(value.path) if isinstance(value, Reference) else None
    return Wrapper(other.module, other.node) if other is not None and isinstance(other.node, ast.ClassDef) else None


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    """The constructor of a class that has nothing else to say but constants of its own. Raises NotMovedError."""
    found = None
    for part in _without_docstring(node.body):
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            found = part
            continue
        targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        plain = isinstance(part, ast.Assign | ast.AnnAssign) and len(names) == len(targets)
        if not isinstance(part, ast.Pass) and not (plain and all(one.isupper() or one in _LOOKS for one in names)):
            what = getattr(part, "name", "") or (names[0] if names else "code")
            raise NotMovedError(f"has `{what}` of its own")
    return found


def _constructed(
    called: Wrapper, current: Wrapper, constructor: ast.FunctionDef, made: _Call, destination: Destination
) -> dict[str, ast.expr]:
    """The arguments that a constructor gives its base. Raises NotMovedError for one that does anything else."""
    assert isinstance(current.node, ast.ClassDef)
    if constructor.decorator_list:
        raise NotMovedError("has a constructor that is decorated")
    body = _without_docstring(constructor.body)
    call = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    own, *names = positional_names(constructor) or [""]
    if not isinstance(call, ast.Call) or not _constructs_base(call, current.node, own):
        raise NotMovedError("has a constructor that does more than give its base arguments")
    _check_defaults([*names, *(one.arg for one in constructor.args.kwonlyargs)], made)
    given, extra = _bound(constructor, made, names, destination, current.module)
    place = Place(current.module, constructor, given, _attributes(called, call, own), [])
    for statement in body[:-1]:
        extra = _with_extra(statement, extra, place, destination)
    vararg = constructor.args.vararg
    if any(
        not (isinstance(one, ast.Starred) and isinstance(one.value, ast.Name) and vararg is not None)
        or one.value.id != vararg.arg
        for one in call.args
    ):
        raise NotMovedError("gives its base arguments without names")
    arguments = _handed_on(call, place, extra, destination)
    if extra and not any(keyword.arg is None for keyword in call.keywords):
        raise NotMovedError("keeps arguments from its base")
    _check_once(given, place)
    return arguments


def _check_defaults(names: Sequence[str], made: _Call) -> None:
    """Raise NotMovedError where Airflow may fill a constructor's parameter from ``default_args`` (2.10, 3.3)."""
    for name in names:
        unknown = made.defaults is None or name in made.defaults or "default_args" in made.arguments
        if name not in made.arguments and unknown:
            raise NotMovedError(f"takes `{name}` from `default_args`, if they have it")


def _with_extra(
    statement: ast.stmt, extra: Mapping[str, ast.expr], place: Place, destination: Destination
) -> dict[str, ast.expr]:
    """The ``**kwargs`` of a constructor after ``kwargs["x"] = …`` or ``kwargs.setdefault("x", …)``."""
    change = _change(statement, place)
    name = place.module.values.single(change.key) if change is not None else None
    if change is None or not isinstance(name, Constant) or not isinstance(name.value, str):
        raise NotMovedError("has a constructor that does more than give its base arguments")
    if change.keeps and name.value in extra:
        return dict(extra)
    return {**extra, name.value: moved(change.value, place, destination)}


class _Change(NamedTuple):
    """An argument that is set in ``**kwargs``, unless ``keeps`` says that one that is given stays."""

    key: ast.expr
    value: ast.expr
    keeps: bool


def _change(statement: ast.stmt, place: Place) -> _Change | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Subscript) and _is_extra(target.value, place):
            return _Change(target.slice, statement.value, keeps=False)
    call = statement.value if isinstance(statement, ast.Expr) else None
    method = call.func if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or not isinstance(method, ast.Attribute) or method.attr != "setdefault":
        return None
    if not _is_extra(method.value, place) or len(call.args) != 2 or call.keywords:
        return None
    return _Change(call.args[0], call.args[1], keeps=True)


def _attributes(called: Wrapper, call: ast.Call, own: str) -> dict[str, ast.expr]:
    """The attributes of the object that is made which a constructor hands on, as the called class has them."""
    assert isinstance(called.node, ast.ClassDef)
    found: dict[str, ast.expr] = {}
    for part in walk(call):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == own:
            values = called.module.class_values(called.node, part.attr)
            if len(values) == 1 and isinstance(values[0], Constant):
                found[part.attr] = constant(values[0])
    return found


def _constructs_base(node: ast.expr, owner: ast.ClassDef, own: str) -> bool:
    """Return whether an expression is ``super().__init__(…)``, or ``super(Owner, self).__init__(…)``."""
    function = node.func if isinstance(node, ast.Call) else None
    maker = function.value if isinstance(function, ast.Attribute) and function.attr == "__init__" else None
    if not isinstance(maker, ast.Call) or not isinstance(maker.func, ast.Name) or maker.func.id != "super":
        return False
    return [getattr(one, "id", "") for one in maker.args] in ([], [owner.name, own])
