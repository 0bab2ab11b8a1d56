"""Tells what becomes of the result of a wait by hand."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.prefect_code.context import prefect_of
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.effects import callables
from offramp.python.names import Binding
from offramp.python.nodes import walk
from offramp.python.paths import DROPPED, READ, UNSEEN
from offramp.python.values import Reference
from offramp.reading.versions import Versions

_OF_MANY = callables("folds")
_SAME_ELEMENTS = callables("elements")


def is_dropped(module: Module, call: ast.Call, versions: Versions) -> bool:
    """Return whether nothing depends on what a call returns."""
    result = _Result(prefect_of(module, versions))
    result.follow(call)
    return not result.kinds() - {DROPPED}


class _Result(PrefectPaths):
    """Follows what becomes of a truth value: whether anything depends on it."""

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        """Go on where a condition without effect, or an expression that is dropped in its turn, reads the value."""
        parent = self.names.parents.get(node)
        if kind == READ and isinstance(parent, ast.Compare | ast.UnaryOp):
            self.follow(parent, level)
        elif kind == READ and isinstance(node, ast.Call) and self._path(node.func) == "builtins.bool":
            self.follow(node, level)
        elif kind == READ and isinstance(parent, ast.If) and _does_nothing(parent):
            super().end(DROPPED, node, level)
        else:
            super().end(kind, node, level)

    def _either(self, parent: ast.BoolOp, node: ast.AST, level: int) -> None:
        later = parent.values[parent.values.index(node) + 1 :]  # type: ignore[arg-type]
        if any(isinstance(inner, ast.Call) for other in later for inner in walk(other)):
            # What comes after it is done or not, by the value.
            super().end(READ, parent, level)
        else:
            super()._either(parent, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Go on with what is made of many values, as ``all`` does."""
        if self._path(call.func) in _OF_MANY:
            self.follow(call, max(level - 1, 0))
        elif self._path(call.func) in _SAME_ELEMENTS:
            self.follow(call, level)
        else:
            super().passed(call, node, level, keyword)

    def _path(self, node: ast.expr) -> str:
        value = self.prefect.values.single(node)
        return value.path if isinstance(value, Reference) else ""

    def _bindings(self, bindings: list[Binding], node: ast.AST, level: int) -> None:
        if any(isinstance(binding.scope.node, ast.Module) for binding in bindings):
            # Other files may read it.
            self.end(UNSEEN, node, level)
        else:
            super()._bindings(bindings, node, level)


def _does_nothing(statement: ast.If) -> bool:
    """Return whether both arms of a condition are empty."""
    return all(
        isinstance(inner, ast.Pass) or (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant))
        for inner in (*statement.body, *statement.orelse)
    )
