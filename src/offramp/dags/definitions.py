"""Functions that DAG code defines: those of tasks and groups, by their decorators, and plain ones."""

from __future__ import annotations

import ast

from offramp.dags.dag_values import GroupFunction, TaskFunction
from offramp.dags.state import State
from offramp.python.names import FunctionNode


def define(state: State, function: FunctionNode) -> bool:
    """Bind the function of a task or group to its name; False for a plain one."""
    for decorator in function.decorator_list:
        if _defined_by(state, function, decorator):
            return True
    state.environment.forget(function.name)
    return False


def _defined_by(state: State, function: FunctionNode, decorator: ast.expr) -> bool:
    """Return whether a decorator makes a function one of Airflow's, and bind it as such."""
    callee = decorator.func if isinstance(decorator, ast.Call) else decorator
    section = state.callees.section(callee)
    if section:
        state.check_certain(callee, section)
    if section == "task_group":
        state.environment.bind(function.name, GroupFunction(function, decorator))
    elif section and state.module.rulebook.notes[section].kind.endswith(" decorator"):
        if len(function.decorator_list) > 1:
            state.block(f"the task `{function.name}` has other decorators", function)
        state.environment.bind(function.name, TaskFunction(function, section, decorator, {}))
    elif state.callees.is_airflow(callee):
        state.block(f"`@{ast.unparse(callee)}` is not covered by a note", decorator)
        return True
    else:
        return False
    state.record.building.add(function)
    return True
