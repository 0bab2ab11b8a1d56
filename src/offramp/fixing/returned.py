"""Whether what a task returns is the same after Airflow's XCom: text, numbers, and lists and dicts of these.

Airflow hands on a copy that went through JSON: keys become text, and on Airflow 2 tuples in lists
or dicts become lists. Prefect
hands on the object itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.names import FunctionNode
from offramp.finding.nodes import children
from offramp.finding.operators import Module
from offramp.finding.values import Constant, Reference

_KEPT = (str, int, float, bool, type(None))
_KEPT_CALLS = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "bool", "len", "repr", "round"))
_KEPT_ANNOTATIONS = frozenset(
    {"str", "int", "float", "bool", "None", "list[str]", "list[int]", "dict[str, str]", "dict[str, int]"}
)


def survives(module: Module, function: FunctionNode) -> bool:
    """Whether everything that ``function`` returns is known to be the same after XCom."""
    if function.returns is not None and ast.unparse(function.returns) in _KEPT_ANNOTATIONS:
        return True
    return all(value is None or _kept(module, value) for value in returned(function))


def returned(function: FunctionNode) -> Iterator[ast.expr | None]:
    """The expressions that a function's ``return`` statements give, None for those without."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Return):
            yield node.value
        elif not isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
            todo.extend(children(node))


def _kept(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.List):
        return all(_kept(module, element) for element in node.elts)
    if isinstance(node, ast.Dict):
        keys = [module.values.single(key) if key is not None else None for key in node.keys]
        texts = all(isinstance(key, Constant) and isinstance(key.value, str) for key in keys)
        return texts and all(_kept(module, value) for value in node.values)
    if isinstance(node, ast.BinOp):
        return _kept(module, node.left) and _kept(module, node.right)
    if isinstance(node, ast.Call):
        callee = module.values.single(node.func)
        return isinstance(callee, Reference) and callee.path in _KEPT_CALLS
    value = module.values.single(node)
    return isinstance(value, Constant) and isinstance(value.value, _KEPT)
