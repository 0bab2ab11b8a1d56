"""Runs the statements of DAG code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from offramp.dags.assignments import assign
from offramp.dags.dag_values import Plain
from offramp.dags.definitions import define
from offramp.dags.graph import Task
from offramp.dags.state import State
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk

_NOT_FOLLOWED = "is code in the DAG that is not followed"


def run(state: State, body: Sequence[ast.stmt]) -> None:
    """Run statements one after another."""
    for statement in body:
        state.step(statement)
        run_statement(state, statement)


def run_statement(state: State, statement: ast.stmt) -> None:
    """Run one statement."""
    state.record.followed.add(statement)
    _STATEMENTS.get(type(statement), _other)(state, statement)


def _assignment(state: State, statement: ast.Assign) -> None:
    value = state.evaluate(statement.value)
    for target in statement.targets:
        assign(state, target, value, statement)


def _annotated(state: State, statement: ast.AnnAssign) -> None:
    if statement.value is not None:
        assign(state, statement.target, state.evaluate(statement.value), statement)


def _expression(state: State, statement: ast.Expr) -> None:
    value = state.evaluate(statement.value)
    nothing = isinstance(statement.value, ast.Name) or _is_docstring(state, statement)
    if isinstance(value, Plain) and state.builds and not nothing:
        state.block(_NOT_FOLLOWED, statement)


def _function(state: State, statement: FunctionNode) -> None:
    if not define(state, statement) and state.builds and _reads_tasks(state, statement):
        state.block(f"the function `{statement.name}` uses tasks of the DAG", statement)


def _condition(state: State, statement: ast.If) -> None:
    if state.builds:
        from offramp.dags.loops import run_condition

        run_condition(state, statement)
    else:
        _other(state, statement)


def _loop(state: State, statement: ast.For) -> None:
    # Nearly all DAGs are a few calls: what follows the rest of Python is loaded where there is some of it.
    from offramp.dags.loops import run_loop

    run_loop(state, statement)


def _group_block(state: State, statement: ast.With) -> None:
    from offramp.dags.groups import run_group_block

    run_group_block(state, statement)


def _return(state: State, statement: ast.Return) -> None:
    if statement.value is not None:
        state.evaluate(statement.value)


def _import_or_pass(state: State, statement: ast.stmt) -> None:
    state.environment.forget_turns(statement)


def _other(state: State, statement: ast.stmt) -> None:
    if state.builds or state.callees.makes_operator(statement):
        state.block(_NOT_FOLLOWED, statement)


def _is_docstring(state: State, statement: ast.Expr) -> bool:
    if not isinstance(statement.value, ast.Constant):
        return False
    around = state.module.names.parents.get(statement)
    first = isinstance(around, ast.With | FunctionNode) and around.body[0] is statement
    return statement.value.value is ... or (
        first and (isinstance(around, FunctionNode) or around in state.module.tree.body)
    )


def _reads_tasks(state: State, function: FunctionNode) -> bool:
    return any(
        isinstance(node, ast.Name) and isinstance(state.environment.get(node.id), Task) for node in walk(function)
    )


_STATEMENTS: dict[type[ast.stmt], Callable[[State, Any], None]] = {
    ast.AnnAssign: _annotated,
    ast.Assign: _assignment,
    ast.AsyncFunctionDef: _function,
    ast.Expr: _expression,
    ast.For: _loop,
    ast.FunctionDef: _function,
    ast.If: _condition,
    ast.Import: _import_or_pass,
    ast.ImportFrom: _import_or_pass,
    ast.Pass: _import_or_pass,
    ast.Return: _return,
    ast.With: _group_block,
}
