"""Judges arguments of tasks, which a flow evaluates when the task runs, and a DAG's file when it is loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.converting.judges.judge import Doubt, Read, Verdict
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.effects import PATH_METHODS, READING_METHODS, TEXT_OF_OTHERS, callables, callables_of_any
from offramp.python.names import Binding
from offramp.python.nodes import walk

_TIMELESS = callables("lasting")
_UNSETTLED = callables_of_any("asks", "executes", "opens", "takes", "varies")
_TIMELESS_METHODS = READING_METHODS | TEXT_OF_OTHERS | PATH_METHODS


def judge(read: Read, node: ast.expr) -> Iterator[Verdict]:
    """A name that may have another value when the task runs, or a call whose value may depend on when it is made."""
    if isinstance(node, ast.Name):
        if reason := _unsettled(read.module, node):
            yield Blocker(reason, node)
        return
    for inner in walk(node):
        if isinstance(inner, ast.Call) and not _timeless(read.module, inner):
            reason = f"`{ast.unparse(inner.func)}` is called when the task runs, not when the file is loaded"
            yield Doubt(reason, inner)
            return


def _unsettled(module: Module, name: ast.Name) -> str:
    """The reason why a name in an argument may have another value when the task runs; empty when it has not."""
    names = module.names
    _, order, _ = names.place(name)
    for binding in names.lookup(name.id, name):
        scope = binding.scope
        several = scope.bindings.get(name.id, [])
        if len(several) > 1:
            start = names.place(_top(module, name))[1] if scope is names.module else -1
            if any(other.order >= start or is_global(other) for other in several):
                return f"`{name.id}` is given another value before the task runs"
        for change in names.mutations.get((scope, name.id), ()):
            if change.order > order or change.scope is not scope:
                return f"`{name.id}` is changed before the task runs"
    if module.values.changed_later(name) is not None:
        return f"`{name.id}` is changed before the task runs"
    return ""


def _timeless(module: Module, call: ast.Call) -> bool:
    path = module.values.path(call.func)
    if path:
        return path in _TIMELESS or (path.startswith("builtins.") and path not in _UNSETTLED)
    return isinstance(call.func, ast.Attribute) and call.func.attr in _TIMELESS_METHODS


def is_global(binding: Binding) -> bool:
    """Return whether a function binds a name of the module, by ``global``."""
    return any(kind == "global" for _, kind, _ in binding.path)


def _top(module: Module, node: ast.AST) -> ast.stmt:
    """The module's statement around a node."""
    top = module.names.statement(node)
    for ancestor in module.names.ancestors(node):
        if isinstance(ancestor, ast.stmt):
            top = ancestor
    return top
