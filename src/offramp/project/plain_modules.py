"""Tells whether a module only defines and imports, so that code which no longer imports it does the same."""

from __future__ import annotations

import ast

_ACTING = (ast.Call, ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.ListComp, ast.SetComp, ast.DictComp)
_LOADING = (ast.Import, ast.ImportFrom, ast.Pass)


def only_defines(body: list[ast.stmt]) -> bool:
    """Return whether statements do nothing but import, define and name values that are written there."""
    return all(map(_defines, body))


def _defines(statement: ast.stmt) -> bool:
    if isinstance(statement, _LOADING):
        return True
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = (*statement.args.defaults, *statement.args.kw_defaults)
        return not statement.decorator_list and not any(one is not None and _acts(one) for one in defaults)
    if isinstance(statement, ast.ClassDef):
        return not statement.decorator_list and not statement.keywords and only_defines(statement.body)
    if isinstance(statement, ast.Try):
        handled = [inner for handler in statement.handlers for inner in handler.body]
        return only_defines([*statement.body, *handled, *statement.orelse, *statement.finalbody])
    if isinstance(statement, ast.If):
        return not _acts(statement.test) and only_defines([*statement.body, *statement.orelse])
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return all(isinstance(one, ast.Name) for one in targets) and not _acts(statement)
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _acts(node: ast.AST) -> bool:
    return any(isinstance(inner, _ACTING) for inner in ast.walk(node))
