"""The values that nothing can change, and that are the same whenever they are made."""

from __future__ import annotations

import ast

from offramp.dags.graph import Task
from offramp.finding.operators import Module
from offramp.python.effects import PATH_METHODS, TEXT_METHODS, TEXT_OF_OTHERS, TEXT_ONLY_OF_TEXT, callables
from offramp.python.nodes import children
from offramp.python.values import Constant, Reference

_MADE_OF_PARTS = (
    *(ast.JoinedStr, ast.FormattedValue, ast.Tuple, ast.BinOp),
    *(ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.Compare),
)
_IMMUTABLE = frozenset({"int", "str", "float", "bool", "bytes", "None"})
# What they give cannot be changed, or is the same for whoever asks.
_LASTING_CALLS = callables("lasting")
_LASTING_METHODS = TEXT_METHODS | TEXT_ONLY_OF_TEXT | TEXT_OF_OTHERS | PATH_METHODS


class LastingValues:
    """Answers for the values of one file; each is looked at once."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[ast.expr, bool] = {}

    def gives_what_lasts(self, source: Task) -> bool:
        """Return whether nothing can change what a task's callable returns."""
        function = source.function
        if function is None or (function.returns is not None and ast.unparse(function.returns) in _IMMUTABLE):
            return True
        from offramp.converting.judges.xcom_results import returned

        return all(one is None or self.lasts(one) for one in returned(function))

    def lasts(self, node: ast.expr) -> bool:
        """Return whether a value cannot be changed, holds nothing that can, and is the same whenever it is made."""
        if node not in self._known:
            self._known[node] = False  # while it is asked for its own sake
            self._known[node] = self._is_lasting(node)
        return self._known[node]

    def _is_lasting(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant | ast.Lambda):
            return True
        if isinstance(node, _MADE_OF_PARTS):
            return all(self.lasts(part) for part in children(node) if isinstance(part, ast.expr))
        if isinstance(node, ast.Subscript):
            return self._path(node.value) == "os.environ" and self.lasts(node.slice)
        if isinstance(node, ast.Call):
            if not all(map(self.lasts, (*node.args, *(keyword.value for keyword in node.keywords)))):
                return False
            if self._path(node.func) in _LASTING_CALLS:
                return True
            method = node.func
            return isinstance(method, ast.Attribute) and method.attr in _LASTING_METHODS and self.lasts(method.value)
        if isinstance(self._module.values.single(node), Constant | Reference):
            return True
        if isinstance(node, ast.Attribute):
            return self.lasts(node.value)
        bindings = self._module.names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        if len(bindings) != 1 or bindings[0].kind != "value" or not isinstance(bindings[0].node, ast.expr):
            return False
        return self.lasts(bindings[0].node)

    def is_known(self, node: ast.expr | None) -> bool:
        """Return whether a value is the same whenever it is made, though it may be changed then."""
        if isinstance(node, ast.List | ast.Set | ast.Tuple):
            return all(map(self.is_known, node.elts))
        if isinstance(node, ast.Dict):
            return all(map(self.is_known, (*node.keys, *node.values)))
        return node is not None and self.lasts(node)

    def items_last(self, node: ast.expr | None) -> bool:
        """Return whether a value is a list, set or dict of what lasts, if not such a thing itself."""
        if isinstance(node, ast.List | ast.Set):
            return all(map(self.lasts, node.elts))
        if isinstance(node, ast.Dict):
            return all(part is not None and self.lasts(part) for part in (*node.keys, *node.values))
        return node is None or self.lasts(node)

    def _path(self, node: ast.expr) -> str:
        value = self._module.values.single(node)
        return value.path if isinstance(value, Reference) else ""
