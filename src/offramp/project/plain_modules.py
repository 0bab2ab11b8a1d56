"""Tells whether a module only defines and imports, so that code which no longer imports it does the same."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.python.effects import PATH_METHODS, READING_METHODS, TEXT_OF_OTHERS, callables_of_any

_ACTING = (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.ListComp, ast.SetComp, ast.DictComp)
_LOADING = (ast.Import, ast.ImportFrom, ast.Pass)
_GIVING = callables_of_any(
    *("reads", "copies", "same", "lasting", "text", "number"), without="calls executes shows process starts"
)
_GIVING_METHODS = READING_METHODS | PATH_METHODS | TEXT_OF_OTHERS
_DECORATING = frozenset({"builtins", "contextlib", "dataclasses", "functools", "typing", "abc"})


def only_defines(module: Module) -> bool:
    """Return whether a module does nothing but import, define and name values that it makes of others."""
    return _defines_all(module, module.tree.body)


def _defines_all(module: Module, body: list[ast.stmt]) -> bool:
    return all(_defines(module, one) for one in body)


def _defines(module: Module, statement: ast.stmt) -> bool:
    if isinstance(statement, _LOADING):
        return True
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = (*statement.args.defaults, *statement.args.kw_defaults)
        acts = any(one is not None and _acts(module, one) for one in defaults)
        return _decorates(module, statement.decorator_list) and not acts
    if isinstance(statement, ast.ClassDef):
        plain = _decorates(module, statement.decorator_list) and not statement.keywords
        return plain and _defines_all(module, statement.body)
    if isinstance(statement, ast.Try):
        handled = [inner for handler in statement.handlers for inner in handler.body]
        return _defines_all(module, [*statement.body, *handled, *statement.orelse, *statement.finalbody])
    if isinstance(statement, ast.If):
        return not _acts(module, statement.test) and _defines_all(module, [*statement.body, *statement.orelse])
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return all(isinstance(one, ast.Name) for one in targets) and not _acts(module, statement)
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _decorates(module: Module, decorators: list[ast.expr]) -> bool:
    """Return whether decorators are of libraries that do nothing else with what they decorate."""
    known = _DECORATING | module.values.libraries.harmless
    callees = [one.func if isinstance(one, ast.Call) else one for one in decorators]
    return all(module.values.path(one).partition(".")[0] in known for one in callees)


def _acts(module: Module, node: ast.AST) -> bool:
    parts = list(ast.walk(node))
    calls = (part for part in parts if isinstance(part, ast.Call))
    return any(isinstance(part, _ACTING) for part in parts) or not all(_gives(module, call) for call in calls)


def _gives(module: Module, call: ast.Call) -> bool:
    """Return whether a call only gives something, of Airflow too, which a flow has no need of."""
    path = module.values.path(call.func)
    if path:
        return path in _GIVING or path.partition(".")[0] in module.values.libraries.harmless
    return isinstance(call.func, ast.Attribute) and call.func.attr in _GIVING_METHODS
