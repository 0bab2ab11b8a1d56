"""Lists and dicts that tasks are kept in, from their beginning as empty ones."""

from __future__ import annotations

import ast

from offramp.dags.dag_values import UNFOLLOWED, DagValue
from offramp.dags.graph import Result, Task
from offramp.dags.state import State
from offramp.python.nodes import walk
from offramp.python.values import Items


def begins_empty(state: State, name: ast.Name) -> bool:
    """Return whether a name is bound to empty lists or dicts only, which nothing uses but the code followed here."""
    names = state.module.names
    bindings = names.lookup(name.id, name)
    used = {id(node) for statement in state.record.plain for node in walk(statement)}
    return bool(bindings) and all(
        _is_empty(binding.node) and not any(id(load) in used for load in names.uses(binding)) for binding in bindings
    )


def hold_tasks(state: State, name: ast.Name) -> None:
    """Let a name hold tasks: the statement goes that bound it, to nothing yet."""
    names, record = state.module.names, state.record
    record.holders.add((names.place(name)[0], name.id))
    record.drop_kept(name.id)
    for binding in names.lookup(name.id, name):
        made = names.parents.get(binding.node) if binding.node is not None else None
        if (
            isinstance(made, ast.Assign)
            and len(made.targets) == 1
            and made in record.plain
            and (_is_empty(made.value) or (isinstance(made.value, ast.Constant) and made.value.value is None))
        ):
            record.plain.remove(made)
            record.building.add(made)


def set_entry(state: State, target: ast.Subscript, value: Task | Result) -> None:
    """Follow ``tasks["key"] = task``, in a dict that began empty."""
    key = state.constant(target.slice)
    if key is not None and isinstance(target.value, ast.Name):
        name = target.value.id
        entries = state.environment.get(name)
        state.touch()
        if entries is None and begins_empty(state, target.value):
            entries = {}
            state.environment.bind(name, entries)
            hold_tasks(state, target.value)
        if isinstance(entries, dict):
            entries[key.value] = value
            return
    state.block("keeps tasks in a way that is not followed", target)


def add_to_list(state: State, tasks: list[DagValue], call: ast.Call, method: str) -> DagValue:
    """Follow ``append`` and ``extend`` of a list of tasks."""
    for added in [state.evaluate(argument) for argument in call.args]:
        if method == "append" and isinstance(added, Task | Result):
            tasks.append(added)
        elif method == "extend" and isinstance(added, list):
            tasks.extend(added)
        else:
            state.block("keeps something else than tasks in a list of tasks", call)
    return UNFOLLOWED


def append_first(state: State, name: ast.Name, call: ast.Call) -> DagValue:
    """Follow ``append`` to a list that held no tasks so far."""
    added = state.evaluate(call.args[0])
    if isinstance(added, Task | Result):
        if any(isinstance(value, Items) and not value.nodes for value in state.module.values.evaluate(name)):
            state.environment.bind(name.id, [added])
            hold_tasks(state, name)
        else:
            state.block("keeps tasks in a list that is not known here", call)
    elif state.builds:
        state.block("is code in the DAG that is not followed", call)
    return UNFOLLOWED


def _is_empty(node: ast.AST | None) -> bool:
    return (isinstance(node, ast.Dict) and not node.keys) or (isinstance(node, ast.List) and not node.elts)
