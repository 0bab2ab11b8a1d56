"""Tasks of operators, with the ids and the inherited arguments that Airflow gives them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.dags.arguments import given_arguments, inherited
from offramp.dags.configured import unfolded
from offramp.dags.dag_values import UNFOLLOWED, Unfollowed
from offramp.dags.graph import Argument, Dag, Task
from offramp.dags.state import State
from offramp.dags.task_data import add_data
from offramp.finding.operators import Use
from offramp.python.values import Given


def make_operator(state: State, node: ast.Call, section: str) -> Task | Unfollowed:
    """Make the task of an operator's call."""
    use = state.callees.uses.get(node)
    if not is_noted(state, node, use):
        return UNFOLLOWED
    own = state.module.values.arguments(node)
    if not own.complete:
        state.block("not all arguments of this task are known here", node)
    dag = _dag_of(state, node, own.given)
    if dag is None:
        return UNFOLLOWED
    if "task_group" in own.given:
        state.block("`task_group` as an argument is not followed", node)
    rows = state.module.rulebook.arguments(state.module.rulebook.notes[section])
    given = unfolded(state, rows, given_arguments(state, own.given, "of this task", node))
    arguments = inherited(state, dag, own.given) | given
    task_id = arguments.pop("task_id", None)
    known = state.constant_of(task_id) if task_id is not None else None
    if known is None or not isinstance(known.value, str):
        state.block("the task id is not known here", node)
        return UNFOLLOWED
    return add_task(state, dag, known.value, node, section, arguments, use)


def is_noted(state: State, node: ast.Call, use: Use | None) -> bool:
    """Return whether a call is of an operator's own class; a class of the file's own, or several, are blockers."""
    state.record.see(node)
    state.touch()
    if use is not None and use.derived is not None:
        state.block(f"`{use.derived.name}` is a class of its own: no note covers it", node.func)
        return False
    if not state.callees.is_one_operator(node.func):
        state.block("may be one of several operators", node.func)
    return True


def add_task(
    state: State,
    dag: Dag,
    own_id: str,
    node: ast.expr,
    section: str,
    arguments: Mapping[str, Argument],
    use: Use | None = None,
) -> Task | Unfollowed:
    """Add a task to a DAG and the groups around it, unless its id is there already."""
    full = state.prefix + own_id
    if full in dag.tasks:
        state.block(f"a second task has the id `{full}`", node)
        return UNFOLLOWED
    task = Task(full, section, node, state.statement, dag)
    task.use = use
    note = state.module.rulebook.notes[section]
    task.runs, _, form = note.kind.partition(" ")
    task.decorated = bool(form)
    rows = state.module.rulebook.arguments(note)
    task.arguments = {
        name: argument for name, argument in arguments.items() if argument.origin != "default_args" or name in rows
    }
    dag.tasks[full] = task
    for group in state.groups:
        group.tasks.append(task)
    add_data(state, task)
    return task


def _dag_of(state: State, node: ast.Call, given: Mapping[str, Given]) -> Dag | None:
    """The DAG that an operator names, or in whose block it stands; None, and a blocker, where that is not known."""
    if "dag" not in given:
        if state.dag is None:
            state.record.unsee(node)
        return state.dag
    named = given["dag"].node
    dag = state.evaluate(named) if named is not None else None
    if not isinstance(dag, Dag):
        state.block("the DAG of this task is not known here", node)
        return None
    if state.dag is not None and dag is not state.dag:
        state.block("is in one DAG's block and names another DAG", node)
    return dag
