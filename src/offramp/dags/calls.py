"""Calls in DAG code: operators, task functions, groups, DAGs, what connects tasks, and plain ones."""

from __future__ import annotations

import ast

from offramp.dags.dag_makers import called_dag, new_dag
from offramp.dags.dag_values import UNFOLLOWED, DagValue, GroupFunction, Label, Plain, TaskFunction, is_dag_part
from offramp.dags.edges import chain, cross_downstream
from offramp.dags.graph import Dag, Result, Task
from offramp.dags.methods import call_method
from offramp.dags.state import State
from offramp.dags.tasks import make_operator
from offramp.knowledge.airflow_names import current_name
from offramp.python.values import Reference

# Roles of what makes more than one task.
_WHOLES = ("dag", "group")
_EDGE_FUNCTIONS = frozenset({"chain", "cross_downstream"})


def call_value(state: State, node: ast.Call) -> DagValue:
    """The value of a call."""
    function = node.func
    method = call_method(state, node, function) if isinstance(function, ast.Attribute) else None
    if method is not None:
        state.record.followed.add(node)
        return method
    use = state.callees.uses.get(node)
    if use is not None and use.role in _WHOLES:
        from offramp.dags.wholes import make_whole

        return make_whole(state, node, use)
    section = state.callees.operator_section(node)
    if section:
        return make_operator(state, node, section)
    if state.callees.section(function) == "DAG":
        return new_dag(state, node, state.statement)
    callee = state.evaluate(function) if isinstance(function, ast.Call) else state.environment.of(function)
    if isinstance(callee, TaskFunction):
        from offramp.dags.task_functions import call_task

        return call_task(state, callee, node)
    if isinstance(callee, GroupFunction):
        from offramp.dags.groups import call_group

        state.touch()
        return call_group(state, callee, node)
    dag = called_dag(state, node)
    return _called(state, dag, node) if dag is not None else _other_call(state, node)


def _called(state: State, dag: Dag, node: ast.Call) -> Dag:
    """The DAG of a function that is called."""
    state.touch()
    dag.statements.append(state.statement)
    if node.args or node.keywords:
        state.block("calls the DAG's function with arguments", node)
    return dag


def _other_call(state: State, node: ast.Call) -> DagValue:
    for value in state.module.values.evaluate(node.func):
        if isinstance(value, Reference):
            if value.path.startswith("airflow.") and value.path.rpartition(".")[2] in _EDGE_FUNCTIONS:
                _connect(state, node, value.path.rpartition(".")[2])
                return None
            known = _library_call(state, node, value.path)
            if known is not None:
                return known
    values = [state.evaluate(argument) for argument in node.args if not isinstance(argument, ast.Starred)]
    values += [state.evaluate(keyword.value) for keyword in node.keywords]
    if any(is_dag_part(value) and value != [] for value in values):
        state.block(f"passes a task or DAG to `{ast.unparse(node.func)}`, which is not followed", node)
        return UNFOLLOWED
    if state.builds and any(keyword.arg == "task_id" for keyword in node.keywords):
        return _uncovered(state, node)
    return Plain(node)


def _library_call(state: State, node: ast.Call, path: str) -> DagValue:
    """The value of a call of Airflow's or Python's by its dotted path; None for a plain one."""
    if path.endswith(".Label") and current_name(path) == "airflow.sdk.Label":
        return Label((), ())
    if path.rpartition(".")[2] == "XComArg" and len(node.args) == 1 and not node.keywords:
        value = state.evaluate(node.args[0])
        if isinstance(value, Task):
            return Result(value, "return_value", node)
    if path in ("builtins.list", "builtins.tuple") and len(node.args) == 1:
        value = state.evaluate(node.args[0])
        if isinstance(value, list):
            return list(value)
    return _uncovered(state, node) if path.startswith("airflow.") and state.builds else None


def _uncovered(state: State, node: ast.Call) -> DagValue:
    state.block(f"`{ast.unparse(node.func)}` is covered by no note", node.func)
    return UNFOLLOWED


def _connect(state: State, node: ast.Call, function: str) -> None:
    """Follow ``chain`` and ``cross_downstream``."""
    values = [None if isinstance(argument, ast.Starred) else state.evaluate(argument) for argument in node.args]
    state.touch()
    if function == "cross_downstream":
        cross_downstream(state, values, node)
        return
    chained: list[DagValue] = []
    for argument, value in zip(node.args, values, strict=True):
        if not isinstance(argument, ast.Starred):
            chained.append(value)
            continue
        inner = state.evaluate(argument.value)
        if not isinstance(inner, list):
            state.block("passes tasks by `*` that are not known here", argument)
            return
        chained += inner
    chain(state, chained, node)
