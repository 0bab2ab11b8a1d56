"""Checks what following a file came to: whether its graphs are all that it builds."""

from __future__ import annotations

import ast

from offramp.dags.graph import Argument, Result, Task
from offramp.dags.state import State
from offramp.dags.strangers import Strangers
from offramp.finding.operators import Use
from offramp.python.names import FunctionNode
from offramp.python.nodes import children, walk


def bare_operators(state: State) -> list[Use]:
    """The operators outside any DAG; those that may be in one that is not seen are blocked."""
    bare = []
    for use in state.module.uses:
        if use.call is None or use.call in state.record.seen or use.role == "hook":
            continue
        if _is_bare(state, use):
            bare.append(use)
        else:
            state.block("is not made in a DAG that is understood here", use.callee)
    return bare


def check_makers(state: State) -> None:
    """Block DAGs that plain statements make."""
    for statement in state.record.plain:
        for node in walk(statement):
            if (
                isinstance(node, ast.Call)
                and state.callees.section(node.func) in ("DAG", "dag")
                and node not in state.record.by_maker
            ):
                state.block("this DAG is made in a function, a loop or a condition", node)


def check_edges(state: State) -> None:
    """Block results that are taken from another DAG, and take them out of the graphs."""
    for task in [task for dag in state.record.dags for task in dag.tasks.values()]:
        foreign = [upstream for upstream in task.upstream if upstream.dag is not task.dag]
        if foreign:
            state.block("takes the result of another DAG's task, which Airflow refuses", task.node)
        for upstream in foreign:
            del task.upstream[upstream]
            task.positional = [one for one in task.positional if not _is_of(one, upstream)]
            task.keywords = {name: one for name, one in task.keywords.items() if not _is_of(one, upstream)}
            task.results = {name: one for name, one in task.results.items() if one.task is not upstream}


def check_followed(state: State) -> None:
    """Block a statement in a DAG's block that was not followed, where nothing else has said why."""
    record = state.record
    stack: list[ast.AST] = [one for one in reversed(state.module.tree.body) if one in record.building]
    while stack and not record.blockers:
        node = stack.pop()
        if node in record.kept or (isinstance(node, FunctionNode) and not _is_block(state, node)):
            continue
        stack.extend(reversed(children(node)))
        if isinstance(node, ast.stmt) and node not in record.followed and node not in record.building:
            state.block("is code in the DAG that is not followed", node)


def check_calls(state: State) -> None:
    """Block calls in the DAGs' blocks of what may make tasks there, unseen."""
    strangers = Strangers(state.module, state.record.followed)
    for statement in state.record.building:
        if isinstance(statement, ast.With) or (isinstance(statement, FunctionNode) and _is_block(state, statement)):
            for found, call in strangers.calls(statement.body):
                name = ast.unparse(found)
                state.block(f"`{name}` is defined elsewhere: whether it makes tasks of this DAG is not known", call)


def _is_bare(state: State, use: Use) -> bool:
    statement = state.module.names.statement(use.callee)
    return (
        statement in state.module.tree.body
        and isinstance(statement, ast.Assign | ast.Expr)
        and statement.value is use.call
        and use.around.dag is None
        and not use.around.groups
    )


def _is_block(state: State, function: FunctionNode) -> bool:
    """Return whether a function's body makes tasks of a DAG or a group."""
    return state.module.dags.decorated(function, ("dag", "task_group")) is not None


def _is_of(value: Argument | Result, task: Task) -> bool:
    return isinstance(value, Result) and value.task is task
