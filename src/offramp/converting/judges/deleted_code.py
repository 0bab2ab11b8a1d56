"""Judges what a conversion must not delete with the code that builds the DAGs: what acts, and reads that are not known.

The flows have what the graph says; every other effect of that code would be gone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.dags.graph import Graph
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.effects import MUTATORS
from offramp.python.names import FunctionNode
from offramp.python.nodes import children, walk
from offramp.python.values import Constant, Items, Local, Table

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case


def judge(case: Case, graph: Graph) -> Iterator[Blocker]:
    """Reasons not to delete the code that builds a file's DAGs, in the order of the text."""
    module = case.module
    changed: dict[str, ast.Name] = {}
    for node in _deleted(module, graph):
        if _acts(module, graph, node):
            yield Blocker("is code in the DAG that is not followed", node)
        elif isinstance(node, ast.Name) and node.id not in changed and _is_changed_unseen(module, graph, node):
            changed[node.id] = node
            reason = f"`{node.id}` may be changed through another name or by a call, and is not known"
            yield Blocker(reason, node)


def _deleted(module: Module, graph: Graph) -> Iterator[ast.AST]:
    """The nodes of the statements that build DAGs, without plain values and the functions that tasks run."""
    stack: list[ast.AST] = [one for one in reversed(module.tree.body) if one in graph.building]
    while stack:
        node = stack.pop()
        is_block = isinstance(node, FunctionNode) and module.dags.decorated(node, ("dag", "task_group")) is not None
        if node in graph.kept or (isinstance(node, FunctionNode) and not is_block):
            continue
        stack.extend(reversed(children(node)))
        yield node


def _acts(module: Module, graph: Graph, node: ast.AST) -> bool:
    """Return whether an expression does something besides giving its value, which deleting it would leave out."""
    if isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
        return True
    return isinstance(node, ast.Call) and (_runs_own_code(module, node) or _changes_a_value(module, graph, node))


def _runs_own_code(module: Module, call: ast.Call) -> bool:
    """Return whether a call of known value runs a function of the file that does more than work it out."""
    if not any(isinstance(value, Constant | Items | Table) for value in module.values.evaluate(call)):
        return False
    own = (value.node for value in module.values.evaluate(call.func) if isinstance(value, Local))
    return any(isinstance(node, FunctionNode) and any(map(_does_something, node.body)) for node in own)


def _changes_a_value(module: Module, graph: Graph, call: ast.Call) -> bool:
    """Return whether a call changes a known list or dict in place, one of tasks apart."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in MUTATORS:
        return False
    owner = function.value
    if isinstance(owner, ast.Name) and _holds_tasks_only(module, graph, owner):
        return False
    return any(isinstance(value, Items | Table) for value in module.values.evaluate(owner))


def _is_changed_unseen(module: Module, graph: Graph, name: ast.Name) -> bool:
    """Return whether a name is read whose value is known here, though code that is not followed may have changed it."""
    return (
        isinstance(name.ctx, ast.Load)
        and any(isinstance(value, Constant | Items | Table) for value in module.values.evaluate(name))
        and not _holds_tasks_only(module, graph, name)
        and module.values.changed_unseen(name)
    )


def _holds_tasks_only(module: Module, graph: Graph, name: ast.Name) -> bool:
    """Return whether a name is of a list or dict of tasks, all changes of which are followed."""
    if (module.names.place(name)[0], name.id) not in graph.holders:
        return False
    held: list[ast.expr | None] = []
    for value in module.values.evaluate(name):
        if isinstance(value, Items | Table):
            held.extend(value.nodes if isinstance(value, Items) else value.entries.values())
    return not any(
        isinstance(value, Constant | Items | Table)
        for node in held
        if node is not None
        for value in module.values.evaluate(node)
    )


def _does_something(statement: ast.stmt) -> bool:
    """Return whether a statement of a function may do more than work out what the function returns."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Return | ast.Assign | ast.Import | ast.ImportFrom | ast.If | ast.Pass):
        return True
    if isinstance(statement, ast.If):
        return any(map(_does_something, (*statement.body, *statement.orelse)))
    return any(
        isinstance(node, ast.NamedExpr | ast.Await)
        or (isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Attribute) and node.attr in MUTATORS)
        for node in walk(statement)
    )
