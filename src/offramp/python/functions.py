"""Functions of the file: what they return and yield, and who calls them."""

from __future__ import annotations

import ast

from offramp.python.names import FunctionNode, Names
from offramp.python.nodes import children


def positional_names(function: FunctionNode | ast.Lambda) -> list[str]:
    """The names of the parameters that may be given by position."""
    return [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]


class Functions:
    """Finds the exits and the calls of one module's functions."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._exits: dict[ast.AST, list[ast.AST]] = {}
        self._callers: dict[ast.AST, list[ast.Call]] | None = None

    def returns(self, node: FunctionNode | ast.Lambda) -> list[ast.expr]:
        """The expressions that a function returns."""
        if isinstance(node, ast.Lambda):
            return [node.body]
        return [part.value for part in self.exits(node) if isinstance(part, ast.Return) and part.value is not None]

    def yields(self, function: FunctionNode) -> list[ast.expr]:
        """The expressions that a generator yields, or yields from."""
        exits = self.exits(function)
        return [part.value for part in exits if not isinstance(part, ast.Return) and part.value is not None]  # type: ignore[attr-defined]

    def is_generator(self, function: FunctionNode) -> bool:
        """Return whether a function is one whose call only makes a generator."""
        return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in self.exits(function))

    def exits(self, function: FunctionNode) -> list[ast.AST]:
        """The ``return`` and ``yield`` of a function."""
        known = self._exits.get(function)
        if known is None:
            leaving = (ast.Return, ast.Yield, ast.YieldFrom)
            known = self._exits[function] = [part for part in own_nodes(function) if isinstance(part, leaving)]
        return known

    def calls_of(self, function: ast.AST) -> list[ast.Call]:
        """The calls of a local function by a name of it."""
        if self._callers is None:
            self._callers = {}
            for definition in self._names.functions:
                for binding in self._names.bindings_of(definition):
                    if binding.kind == "function":
                        for load in self._names.uses(binding):
                            call = self._names.parents.get(load)
                            if isinstance(call, ast.Call) and call.func is load:
                                self._callers.setdefault(definition, []).append(call)
        return self._callers.get(function, [])

    def handed_on(self, function: ast.AST) -> bool:
        """Return whether a local function is used other than by calling it, so that others may call it."""
        uses = [
            load
            for binding in self._names.bindings_of(function)
            if binding.kind == "function"
            for load in self._names.uses(binding)
        ]
        return len(uses) > len(self.calls_of(function))


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """The nodes of a function without those inside the functions and classes in it."""
    found = children(function)
    for node in found:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            found += children(node)
    return found
