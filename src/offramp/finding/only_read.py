"""Tells whether a file only reads what a name of another module gives, or may change it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.python.effects import READING_METHODS, callables
from offramp.python.names import ANY_ATTRIBUTE
from offramp.python.values import Constant, Items, Local, Reference, Table, Value

if TYPE_CHECKING:
    from offramp.finding.operators import Module

_DEEPEST = 10
_LOOKING = callables("reads")
_HANDING_ON = callables("copies") | callables("element") | callables("same")
_TESTS = (ast.Compare, ast.UnaryOp, ast.FormattedValue, ast.BinOp, ast.Expr, ast.If, ast.While, ast.Assert)
_CONTAINERS = (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.BoolOp, ast.IfExp, ast.Starred)


def only_reads(module: Module, name: str, values: tuple[Value, ...]) -> bool:
    """Return whether a module does nothing to a name of another module, and to what it gives, but reading it."""
    if {name, ANY_ATTRIBUTE} & module.names.stores.keys():
        return False
    if all(isinstance(value, Constant) for value in values):
        return True
    reading = _Reading(module, has_parts=any(map(_has_parts, values)))
    return all(reading.ends_well(use, 0) for use in _uses(module, name))


def _uses(module: Module, name: str) -> Iterator[ast.expr]:
    """The expressions that may be a name of another module."""
    names = module.names
    yield from names.attributes.get(name, ())
    yield from names.loads.get(name, ())
    for scope in names.scopes.values():
        for bindings in scope.bindings.values():
            for binding in bindings:
                if binding.kind == "import" and binding.target.rpartition(".")[2] == name != binding.name:
                    yield from names.uses(binding)


def _has_parts(value: Value) -> bool:
    """Return whether something in a list or dict can be changed itself."""
    nodes = value.nodes if isinstance(value, Items) else value.entries.values() if isinstance(value, Table) else ()
    return any(not isinstance(node, ast.Constant) for node in nodes)


class _Reading:
    """What a module does with an object; ``has_parts`` says whether parts of it can be changed, too."""

    def __init__(self, module: Module, *, has_parts: bool) -> None:
        self._module = module
        self._names = module.names
        self._has_parts = has_parts

    def ends_well(self, use: ast.expr, depth: int) -> bool:
        """Return whether all that is done with an expression's object is reading."""
        parent = self._names.parents.get(use)
        if depth > _DEEPEST or not isinstance(getattr(use, "ctx", ast.Load()), ast.Load):
            return False
        if isinstance(parent, ast.Subscript):
            return parent.slice is use or self._part(parent, depth)
        if isinstance(parent, ast.Attribute):
            call = self._names.parents.get(parent)
            is_reading = isinstance(call, ast.Call) and call.func is parent and parent.attr in READING_METHODS
            return isinstance(call, ast.Call) and is_reading and self._part(call, depth)
        if isinstance(parent, ast.keyword | ast.Call):
            return self._given(use, parent, depth)
        if isinstance(parent, ast.For | ast.comprehension) and parent.iter is use:
            return not self._has_parts or self._bound(use, depth)
        if isinstance(parent, ast.Assign | ast.AnnAssign):
            return self._bound(use, depth)
        if isinstance(parent, _CONTAINERS):
            return (isinstance(parent, ast.IfExp) and parent.test is use) or self.ends_well(parent, depth + 1)
        return isinstance(parent, _TESTS)

    def _part(self, node: ast.expr, depth: int) -> bool:
        """Return whether a part of the object is only read."""
        stored = not isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        return not stored and (not self._has_parts or self.ends_well(node, depth + 1))

    def _given(self, use: ast.expr, parent: ast.keyword | ast.Call, depth: int) -> bool:
        """Return whether a call that is given the object only reads it."""
        call = self._names.parents.get(parent) if isinstance(parent, ast.keyword) else parent
        if isinstance(parent, ast.keyword) and parent.arg is None and not self._has_parts:
            return True
        if not isinstance(call, ast.Call) or call.func is use:
            return False
        values = self._module.values
        for callee in values.evaluate(call.func):
            path = callee.path if isinstance(callee, Reference) else ""
            noted = bool(self._module.noted(callee)) and not isinstance(callee, Local)
            if path in _HANDING_ON:
                if not self._part(call, depth):
                    return False
            elif path not in _LOOKING and not noted and path.partition(".")[0] not in values.libraries.harmless:
                return False
        return True

    def _bound(self, use: ast.expr, depth: int) -> bool:
        """Return whether the names that are bound to the object, or to parts of it, only read it."""
        bindings = self._names.bindings_of(use)
        return bool(bindings) and all(
            not any(isinstance(one.node, ast.AugAssign) for one in self._names.mutations.get((it.scope, it.name), ()))
            and all(self.ends_well(load, depth + 1) for load in self._names.uses(it))
            for it in bindings
        )
