"""Expressions of one module as expressions that mean the same in another one.

A name stands for a value that is known, for what a caller gives a parameter, or for something of a library, which the
other module has to import then. May import ``finding``.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from typing import TypeVar

from offramp.finding.operators import Module
from offramp.python.effects import IMMUTABLE_LIBRARIES
from offramp.python.functions import positional_names
from offramp.python.names import Binding, FunctionNode
from offramp.python.nodes import walk
from offramp.python.operations import NotKnown, binary
from offramp.python.values import Constant, Items, Local, Made, Reference, Table, Value
from offramp.record import NamedTuple

_T = TypeVar("_T", bound=ast.AST)
_DEEPEST = 20
# Expressions that have names of their own, are done at another time, or are something else each time.
_NOT_MOVED = (
    *(ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Starred),
)
_ACTING = (ast.Call, ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)


class NotMovedError(Exception):
    """An expression cannot be moved: the reason, for whoever reads of the call that needs it."""


class Place(NamedTuple):
    """The place of an expression that is moved.

    ``module`` is its own, as the pass sees it that is to be written; ``given`` has the expressions that its parameters
    are given, which mean what they mean where they are moved to, and ``attributes`` those of the object that is made.
    ``own`` are the names that its function binds, ``used`` those of which the moved text has been made.
    """

    module: Module
    function: FunctionNode | None
    given: Mapping[str, ast.expr]
    attributes: Mapping[str, ast.expr] | None
    used: list[str]


class Destination:
    """The module that expressions are moved to; ``needed`` are pairs of module and name that it has to import."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.needed: set[tuple[str, str]] = set()

    def imported(self, path: str) -> ast.expr:
        """The name of something of a library by its dotted path. Raises NotMovedError where it is taken."""
        where, _, name = path.rpartition(".")
        if self.module.names.module.stars and name not in self.module.names.module.bindings:
            raise NotMovedError(f"needs the name `{name}`, which a star import may give another meaning")
        for scope in self.module.names.scopes.values():
            for binding in scope.bindings.get(name, ()):
                same = binding.kind == "import" and binding.target == path and scope is self.module.names.module
                if not same:
                    raise NotMovedError(f"needs the name `{name}`, which means something else here")
        self.needed.add((where, name))
        return ast.Name(name, ast.Load())

    def builtin(self, name: str) -> ast.expr:
        """The name of a builtin. Raises NotMovedError where it is taken."""
        if any(name in scope.bindings for scope in self.module.names.scopes.values()):
            raise NotMovedError(f"needs the name `{name}`, which means something else here")
        return ast.Name(name, ast.Load())


def moved(node: ast.expr, place: Place, destination: Destination, depth: int = 0) -> ast.expr:
    """An expression of another module as one of the destination. Raises NotMovedError."""
    if depth > _DEEPEST or isinstance(node, _NOT_MOVED):
        raise NotMovedError("has an expression that is not followed")
    if isinstance(node, ast.Name):
        return _of_name(node, place, destination, depth)
    if isinstance(node, ast.Attribute) and (found := _of_attribute(node, place, destination)) is not None:
        return found
    value = place.module.values.single(node)
    if isinstance(value, Constant) and not isinstance(node, ast.Constant | ast.FormattedValue):
        return constant(value)
    rebuilt = _rebuilt(node, place, destination, depth)
    if isinstance(rebuilt, ast.JoinedStr):
        return _joined(rebuilt)
    return _worked_out(rebuilt) if isinstance(rebuilt, ast.BinOp) else rebuilt


def _worked_out(node: ast.BinOp) -> ast.expr:
    """An operation, or what it gives where both sides are known now."""
    if not isinstance(node.left, ast.Constant) or not isinstance(node.right, ast.Constant):
        return node
    try:
        value = binary(node.left.value, node.op, node.right.value)
    except NotKnown:
        return node
    return ast.Constant(value) if isinstance(value, str | int | float) else node


def constant(value: Constant) -> ast.expr:
    """A known constant as an expression."""
    return ast.Constant(value.value)  # type: ignore[arg-type]


def moved_value(value: Value, place: Place, destination: Destination, depth: int = 0) -> ast.expr:
    """A constant, list or dict whose parts stand in another module. Raises NotMovedError."""
    if isinstance(value, Constant):
        return constant(value)
    if isinstance(value, Items) and value.complete and value.ordered:
        return ast.List([moved(one, place, destination, depth + 1) for one in value.nodes], ast.Load())
    if isinstance(value, Table) and value.complete and None not in value.entries.values():
        entries = {key: node for key, node in value.entries.items() if node is not None}
        parts = [moved(node, place, destination, depth + 1) for node in entries.values()]
        return ast.Dict([ast.Constant(key) for key in entries], parts)
    raise NotMovedError("has a value that is not known")


def _rebuilt(node: _T, place: Place, destination: Destination, depth: int) -> _T:
    """A node whose parts are moved."""
    fields: dict[str, object] = {}
    for name, part in ast.iter_fields(node):
        if isinstance(part, list):
            fields[name] = [_part(one, place, destination, depth) for one in part]
        else:
            fields[name] = _part(part, place, destination, depth)
    return type(node)(**fields)


def _part(part: object, place: Place, destination: Destination, depth: int) -> object:
    if isinstance(part, ast.expr):
        return moved(part, place, destination, depth + 1)
    if isinstance(part, ast.keyword):
        return _rebuilt(part, place, destination, depth + 1)
    return part


def _joined(node: ast.JoinedStr) -> ast.expr:
    """An f-string in which texts that are known now, and f-strings in it, are text."""
    pieces: list[ast.expr] = []
    for one in node.values:
        plain = isinstance(one, ast.FormattedValue) and one.conversion == -1 and not one.format_spec
        inner = one.value if plain and isinstance(one, ast.FormattedValue) else one
        for part in inner.values if isinstance(inner, ast.JoinedStr) else [inner]:
            text = part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None
            last = pieces[-1] if pieces else None
            if text is not None and isinstance(last, ast.Constant) and isinstance(last.value, str):
                pieces[-1] = ast.Constant(last.value + text)
            elif text is not None:
                pieces.append(ast.Constant(text))
            else:
                pieces.append(part if isinstance(inner, ast.JoinedStr) else one)
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], ast.Constant) else ast.JoinedStr(pieces)


def _of_name(node: ast.Name, place: Place, destination: Destination, depth: int) -> ast.expr:
    bindings = place.module.names.lookup(node.id, node)
    if not bindings:
        # Names such as `__name__` say something of the module that they stand in.
        if not hasattr(builtins, node.id) or node.id.startswith("__"):
            raise _unknown(node.id)
        return destination.builtin(node.id)
    place.used.append(node.id)
    if place.function is not None and [(one.kind, one.node) for one in bindings] == [("parameter", place.function)]:
        if node.id not in place.given:
            raise NotMovedError(f"uses its parameter `{node.id}` in a way that is not followed")
        return place.given[node.id]
    value = place.module.values.single(node)
    if isinstance(value, Constant):
        return constant(value)
    if len(bindings) == 1 and bindings[0].kind == "import":
        return _of_import(bindings[0], value, place, destination)
    if all(one.scope is place.module.names.module for one in bindings) and isinstance(value, Items | Table):
        return moved_value(value, place, destination, depth)
    behind = place.module.values.bound_once(node)
    if behind is None or not (bindings[0].scope.node is place.function or _lasts(value)):
        raise _unknown(node.id)
    return moved(behind, place, destination, depth + 1)


def _lasts(value: Value) -> bool:
    """Return whether a value is an object that nothing can change, such as a path or a duration."""
    callee = value.callee if isinstance(value, Made) else None
    return isinstance(callee, Reference) and callee.path.partition(".")[0] in IMMUTABLE_LIBRARIES


def _unknown(name: str) -> NotMovedError:
    return NotMovedError(f"uses `{name}`, which is not known outside its module")


def _of_import(binding: Binding, value: Value, place: Place, destination: Destination) -> ast.expr:
    """Something that the other module imports: the same import, or what it is where that is one of the project's."""
    if isinstance(value, Items | Table):
        return moved_value(value, place, destination)
    others = place.module.others
    is_plain = isinstance(value, Reference) and not binding.target.startswith(".")
    in_project = others is not None and others.leads_into_project(binding.target)
    if not isinstance(value, Reference) or not is_plain or (in_project and value.path == binding.target):
        raise _unknown(binding.name)
    if "." not in binding.target and binding.name != binding.target:
        raise _unknown(binding.name)
    return destination.imported(value.path)


def _of_attribute(node: ast.Attribute, place: Place, destination: Destination) -> ast.expr | None:
    """An attribute of the object that is made, or of a module or class that has it as a value."""
    own = positional_names(place.function)[:1] if place.function is not None else []
    if isinstance(node.value, ast.Name) and node.value.id in own and place.attributes is not None:
        if node.attr not in place.attributes:
            raise NotMovedError(f"uses `{node.value.id}.{node.attr}`, which is not known")
        return place.attributes[node.attr]
    value = place.module.values.single(node)
    if isinstance(value, Constant | Items | Table):
        return moved_value(value, place, destination)
    if isinstance(value, Local):
        raise _unknown(ast.unparse(node))
    return None


def does_something(node: ast.AST) -> bool:
    """Return whether it matters how often, or when, an expression is evaluated."""
    return any(isinstance(part, _ACTING) for part in walk(node))
