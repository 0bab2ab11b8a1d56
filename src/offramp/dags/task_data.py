"""Data of a task: results of other tasks that its arguments take, and the callable of a Python task."""

from __future__ import annotations

import ast

from offramp.dags.arguments import check_lasting
from offramp.dags.dag_values import Plain, Unfollowed
from offramp.dags.graph import Argument, Dag, Result, Task
from offramp.dags.state import State
from offramp.python.effects import callables
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items, Local, Reference, Table

# Callables that only compute or print; those of the second table where they are given nothing to call.
_COMPUTING = callables("reads", without="asks opens varies") | callables("copies", without="calls once takes")
_KEYED = callables("keyed")


def add_data(state: State, task: Task) -> None:
    """Add what a task's arguments take of others, with the edges of it, and take its callable out of them."""
    for name, argument in list(task.arguments.items()):
        check_lasting(state, f"`{name}`", argument.node)
        if name in ("op_args", "op_kwargs"):
            _add_call_arguments(state, task, name, argument.node)
        elif name != "default_args" and state.touches_tasks(argument.node):
            _add_result(state, task, name, argument.node)
    for name in ("op_args", "op_kwargs"):
        task.arguments.pop(name, None)
    if "python_callable" in task.arguments:
        _set_callable(state, task, task.arguments.pop("python_callable").node)


def take_results(task: Task) -> None:
    """Let a task come after those whose results its callable takes."""
    for passed in (*task.positional, *task.keywords.values()):
        if isinstance(passed, Result):
            task.upstream.setdefault(passed.task)


def passed_value(state: State, node: ast.expr) -> Argument | Result:
    """The argument, or the result of a task, that is passed to a callable."""
    calls = isinstance(node, ast.Call) or state.touches_tasks(node)
    value = state.evaluate(node) if calls else Plain(node)
    if isinstance(value, Task) and value.decorated:
        return Result(value, "return_value", node)
    if isinstance(value, Result):
        return value
    if not isinstance(value, Plain | Unfollowed):
        state.block("passes tasks inside another value", node)
    check_lasting(state, "an argument", node)
    return state.argument(node, "keyword")


def _add_result(state: State, task: Task, name: str, node: ast.expr) -> None:
    value = state.evaluate(node)
    if isinstance(value, Result):
        task.results[name] = value
        task.upstream.setdefault(value.task)
    elif value is not None and not isinstance(value, Plain | Dag | Unfollowed):
        state.block(f"passes tasks as `{name}`", node)


def _add_call_arguments(state: State, task: Task, name: str, node: ast.expr) -> None:
    value = state.module.values.single(node)
    if isinstance(value, Items) and value.complete and name == "op_args":
        task.positional = [passed_value(state, element) for element in value.nodes]
    elif isinstance(value, Table) and value.complete and name == "op_kwargs":
        for key, entry in value.entries.items():
            if entry is None:
                state.block(f"`{key}` in `op_kwargs` is not known here", node)
            else:
                task.keywords[key] = passed_value(state, entry)
    elif not (isinstance(value, Constant) and value.value is None):
        state.block(f"`{name}` is not known here", node)
    take_results(task)


def _set_callable(state: State, task: Task, node: ast.expr) -> None:
    value = state.module.values.single(node)
    if isinstance(value, Local) and isinstance(value.node, FunctionNode):
        task.function = value.node
        if value.node.decorator_list:
            state.block(f"the callable `{value.node.name}` has decorators", node)
    elif isinstance(value, Local) and isinstance(value.node, ast.Lambda):
        problem = _problem_of_lambda(state, task, value.node)
        if problem:
            state.block(f"the callable is a lambda that {problem}", node)
        else:
            task.expression = Argument(value.node.body, (), "keyword")
    else:
        known = f"the callable `{ast.unparse(node)}` is defined elsewhere"
        state.block(f"{known}: whether it takes Airflow's context is not known", node)


def _problem_of_lambda(state: State, task: Task, function: ast.Lambda) -> str:
    """Return why a lambda is not followed; empty for one that takes nothing, and calls only what prints or computes."""
    own = function.args
    if own.args or own.posonlyargs or own.kwonlyargs or own.vararg or own.kwarg or task.positional or task.keywords:
        return "takes arguments"
    inside = walk(function.body)
    if not all(_computes(state, inner) for inner in inside if isinstance(inner, ast.Call)):
        return "calls functions"
    if any(isinstance(inner, ast.Name) and inner.id in state.environment.turn for inner in inside):
        return "reads what differs from turn to turn of a loop"
    return ""


def _computes(state: State, call: ast.Call) -> bool:
    callee = state.module.values.single(call.func)
    if not isinstance(callee, Reference) or callee.path not in _COMPUTING:
        return False
    return callee.path not in _KEYED or not call.keywords
