"""Tells where the exception of a failed dbt command is caught, and nothing but a message comes of it."""

from __future__ import annotations

import ast

from offramp.prefect_code.context import Prefect
from offramp.prefect_code.dbt_results import is_showing
from offramp.python.names import FunctionNode
from offramp.python.paths import READ
from offramp.record import NamedTuple

_CATCHING = frozenset(
    "subprocess.CalledProcessError subprocess.SubprocessError builtins.Exception builtins.BaseException".split()
)
_SUPPRESS = "contextlib.suppress"


class Caught(NamedTuple):
    """A handler that catches an exception, or the call that makes a block suppress it."""

    node: ast.ExceptHandler | ast.Call
    text: str


def caught(prefect: Prefect, call: ast.Call) -> Caught | None:
    """Return what catches the exception of a call and loses it; None where something else may come of it."""
    inner: ast.AST = call
    for outer in prefect.names.ancestors(call):
        if isinstance(outer, FunctionNode | ast.Lambda | ast.ClassDef):
            return None
        if isinstance(outer, ast.Try) and inner in outer.body:
            handler = _handler(prefect, outer)
            if isinstance(handler, ast.ExceptHandler):
                return _lost_by(prefect, outer, handler, inner, call)
            if handler == READ:
                return None
        if isinstance(outer, ast.With | ast.AsyncWith) and inner in outer.body:
            for item in outer.items:
                manager = item.context_expr
                if isinstance(manager, ast.Call) and prefect.path(manager.func) == _SUPPRESS:
                    return _suppressed(prefect, outer, manager, inner, call)
        inner = outer
    return None


def _handler(prefect: Prefect, statement: ast.Try) -> ast.ExceptHandler | str:
    """The handler that gets the exception; empty where none does, READ where that is not known."""
    for handler in statement.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        paths = {prefect.path(kind) if kind is not None else "builtins.BaseException" for kind in kinds}
        if paths & _CATCHING:
            return handler
        if "" in paths:
            return READ
    return ""


def _lost_by(
    prefect: Prefect, statement: ast.Try, handler: ast.ExceptHandler, inner: ast.AST, call: ast.Call
) -> Caught | None:
    after = statement.body[statement.body.index(inner) + 1 :]  # type: ignore[arg-type]
    rest = [*after, *statement.orelse, *statement.finalbody]
    goes_on = all(is_showing(prefect, one) or isinstance(one, ast.Continue) for one in handler.body)
    if not goes_on or not _is_plain(prefect, inner, call, after):
        return None
    if not all(is_showing(prefect, one) for one in rest):
        return None
    written = ast.unparse(handler.type) if handler.type is not None else ""
    return Caught(handler, f"`except {written}`" if written else "`except`")


def _suppressed(
    prefect: Prefect, block: ast.With | ast.AsyncWith, manager: ast.Call, inner: ast.AST, call: ast.Call
) -> Caught | None:
    after = block.body[block.body.index(inner) + 1 :]  # type: ignore[arg-type]
    if not {prefect.path(one) for one in manager.args} & _CATCHING or not _is_plain(prefect, inner, call, after):
        return None
    return Caught(manager, f"`{ast.unparse(manager)}`") if all(is_showing(prefect, one) for one in after) else None


def _is_plain(prefect: Prefect, statement: ast.AST, call: ast.Call, after: list[ast.stmt]) -> bool:
    """Return whether a statement is the call alone, or binds names that only the statements after it read."""
    if statement is not prefect.names.statement(call):
        return False
    if isinstance(statement, ast.Expr):
        return True
    loads = [load for binding in prefect.names.bindings_of(call) for load in prefect.names.uses(binding)]
    return isinstance(statement, ast.Assign) and all(prefect.names.statement(load) in after for load in loads)
