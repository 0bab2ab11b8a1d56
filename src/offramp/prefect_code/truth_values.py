"""Ways of truth values and exit codes: whether anything depends on them."""

from __future__ import annotations

import ast

from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.effects import callables
from offramp.python.nodes import walk
from offramp.python.paths import DROPPED, READ

_OF_MANY = callables("folds")
_SAME_ELEMENTS = callables("elements")


class TruthPaths(PrefectPaths):
    """Follows what becomes of a truth value: whether anything depends on it."""

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        """Go on where a condition without effect, or an expression that is dropped in its turn, reads the value."""
        parent = self.names.parents.get(node)
        if kind == READ and isinstance(parent, ast.Compare | ast.UnaryOp):
            self.follow(parent, level)
        elif kind == READ and isinstance(node, ast.Call) and self.prefect.path(node.func) == "builtins.bool":
            self.follow(node, level)
        elif kind == READ and isinstance(parent, ast.If) and self.is_idle(parent):
            super().end(DROPPED, node, level)
        else:
            super().end(kind, node, level)

    def is_idle(self, statement: ast.stmt) -> bool:
        """Return whether a statement does nothing."""
        if isinstance(statement, ast.If):
            return all(map(self.is_idle, (*statement.body, *statement.orelse)))
        constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        return constant or isinstance(statement, ast.Pass)

    def _either(self, parent: ast.BoolOp, node: ast.AST, level: int) -> None:
        later = parent.values[parent.values.index(node) + 1 :]  # type: ignore[arg-type]
        if any(isinstance(inner, ast.Call) for other in later for inner in walk(other)):
            # What comes after it is done or not, by the value.
            super().end(READ, parent, level)
        else:
            super()._either(parent, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Go on with what is made of many values, as ``all`` does."""
        if self.prefect.path(call.func) in _OF_MANY:
            self.follow(call, max(level - 1, 0))
        elif self.prefect.path(call.func) in _SAME_ELEMENTS:
            self.follow(call, level)
        else:
            super().passed(call, node, level, keyword)
