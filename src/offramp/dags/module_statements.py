"""Follows the statements of a module: blocks and functions of DAGs, and what else builds them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from offramp.dags.dag_makers import called_dag, new_dag
from offramp.dags.definitions import define
from offramp.dags.graph import Dag
from offramp.dags.state import State
from offramp.dags.statements import run_statement
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk

# Methods by which a DAG is run by hand.
_RUNNING = ("test", "cli", "run", "clear")


def follow_statement(state: State, statement: ast.stmt) -> None:
    """Follow one statement of a module; those that build no DAG are plain."""
    state.begin(statement)
    follow = _STATEMENTS.get(type(statement))
    if follow is not None and follow(state, statement):
        return
    if state.mentions_dag(statement):
        state.block("uses a DAG or a task in a way that is not followed", statement)
    state.environment.forget_turns(statement)
    state.record.plain.append(statement)


def _building(state: State, statement: ast.stmt) -> bool:
    """Run a statement, and return whether it builds DAGs."""
    before = len(state.record.blockers)
    run_statement(state, statement)
    if not state.touched and len(state.record.blockers) == before:
        return False
    state.record.building.add(statement)
    return True


def _with_block(state: State, statement: ast.With) -> bool:
    """Run the block of a DAG; False for other blocks."""
    item = statement.items[0]
    dag = _dag_of(state, item.context_expr, statement)
    if dag is None:
        return False
    state.record.building.add(statement)
    if isinstance(item.optional_vars, ast.Name):
        state.environment.bind(item.optional_vars.id, dag)
        dag.name = item.optional_vars.id
    if dag.site is not statement:
        dag.statements.append(statement)
    with state.in_dag(dag):
        for group in statement.items[1:]:
            from offramp.dags.groups import enter_group

            enter_group(state, group, statement)
        state.run(statement.body)
    return True


def _dag_of(state: State, node: ast.expr, site: ast.stmt) -> Dag | None:
    if isinstance(node, ast.Call) and state.callees.section(node.func) == "DAG":
        return new_dag(state, node, site)
    value = state.environment.of(node)
    return value if isinstance(value, Dag) else None


def _function(state: State, function: FunctionNode) -> bool:
    """Run the function of a DAG, or define that of a task or group; False for others."""
    decorator = state.module.dags.decorated(function, ("dag",))
    if decorator is None:
        return define(state, function)
    state.record.building.add(function)
    dag = new_dag(state, decorator, function, function)
    if len(function.decorator_list) > 1:
        state.block("has another decorator besides `@dag`", function)
    from offramp.dags.groups import has_parameters

    if has_parameters(function):
        state.block("takes parameters, which Airflow fills from the DAG's params", function)
    if isinstance(function, ast.AsyncFunctionDef):
        state.block("is an async function, which Airflow never runs", function)
    with state.environment.frame(), state.in_dag(dag):
        state.run(function.body)
    return True


def _main_block(state: State, statement: ast.If) -> bool:
    """Follow ``if __name__ == "__main__":`` that only runs DAGs; False for everything else."""
    if not _is_main(statement.test):
        return False
    for inner in statement.body:
        owner = _run_by_hand(inner)
        if owner is None and state.mentions_dag(statement):
            state.block("runs the DAG by hand together with other code", inner)
        if owner is None:
            return False
        if not isinstance(state.environment.of(owner), Dag) and called_dag(state, owner) is None:
            return False
    if statement.orelse:
        return False
    state.record.building.add(statement)
    state.record.followed.update(walk(statement))
    return True


def _run_by_hand(statement: ast.stmt) -> ast.expr | None:
    """The DAG, as it is written, that a statement runs; None for all others."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return function.value if isinstance(function, ast.Attribute) and function.attr in _RUNNING else None


def _is_main(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.comparators) == 1
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


_STATEMENTS: dict[type[ast.stmt], Callable[[State, Any], bool]] = {
    ast.AnnAssign: _building,
    ast.Assign: _building,
    ast.AsyncFunctionDef: _function,
    ast.Expr: _building,
    ast.For: _building,
    ast.FunctionDef: _function,
    ast.If: _main_block,
    ast.With: _with_block,
}
