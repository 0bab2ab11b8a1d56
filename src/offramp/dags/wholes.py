"""Groups and DAGs that one call makes of a whole project, with the tasks that their notes say."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.dags.arguments import given_arguments, inherited
from offramp.dags.configured import unfolded
from offramp.dags.dag_makers import new_dag
from offramp.dags.dag_values import UNFOLLOWED, Group, Unfollowed
from offramp.dags.graph import Argument, Dag, Task
from offramp.dags.groups import open_group
from offramp.dags.state import State
from offramp.dags.tasks import add_task, is_noted
from offramp.finding.configurations import member
from offramp.finding.operators import Use
from offramp.model import Note
from offramp.python.values import Given


def make_whole(state: State, node: ast.Call, use: Use) -> Group | Dag | Unfollowed:
    """Make what a call makes of a whole project: a DAG, or a group of the present one."""
    if not is_noted(state, node, use):
        return UNFOLLOWED
    return _whole_dag(state, node, use) if use.role == "dag" else _whole_group(state, node, use)


def _whole_dag(state: State, node: ast.Call, use: Use) -> Dag | Unfollowed:
    if state.dag is not None:
        state.block("makes a DAG in the block of another", node)
        return UNFOLLOWED
    dag = new_dag(state, node, state.statement)
    of_dag = state.module.rulebook.arguments(state.module.rulebook.notes["DAG"])
    own = {row.name for row in use.note.arguments if row.name not in of_dag}
    given = {name: argument for name, argument in dag.arguments.items() if name in own}
    dag.arguments = {name: argument for name, argument in dag.arguments.items() if name not in own}
    with state.in_dag(dag):
        _add_tasks(state, dag, node, use, given)
    return dag


def _whole_group(state: State, node: ast.Call, use: Use) -> Group | Unfollowed:
    rows = state.module.rulebook.arguments(state.module.rulebook.notes["TaskGroup"])
    own = state.module.values.arguments(node, ("group_id",))
    if not own.complete or len(node.args) > 1:
        state.block("not all arguments of this task group are known here", node)
    of_group = {name: given for name, given in own.given.items() if name in rows}
    others = {name: given for name, given in own.given.items() if name not in rows}
    dag = _dag_of(state, of_group, node)
    if dag is None:
        state.block("a task group outside a DAG is not followed", node)
        return UNFOLLOWED
    usual = use.note.fields.get("group_id", "")
    group = open_group(state, dag, "" if "group_id" in of_group else usual, node, of_group)
    if group is None:
        return UNFOLLOWED
    _add_tasks(state, dag, node, use, given_arguments(state, others, "of this task group", node))
    state.groups.pop()
    return group


def _dag_of(state: State, given: dict[str, Given], node: ast.Call) -> Dag | None:
    """The DAG of a group, which it may name."""
    named = given.pop("dag").node if "dag" in given else None
    if named is None:
        return state.dag
    dag = state.evaluate(named)
    if not isinstance(dag, Dag) or state.dag not in (None, dag):
        state.block("the DAG of this task group is not known here", node)
        return None
    return dag


def _add_tasks(state: State, dag: Dag, node: ast.Call, use: Use, given: Mapping[str, Argument]) -> None:
    """Add the tasks that a note says, one after the other."""
    rows = state.module.rulebook.arguments(use.note)
    arguments = inherited(state, dag, {}) | unfolded(state, rows, given)
    before: Task | None = None
    for command in _commands(state, use.note, arguments, node):
        name = command.split()[0] if state.prefix else f"dbt_{command.split()[0]}"
        task = add_task(state, dag, name, node, use.note.section, arguments, use)
        if isinstance(task, Task):
            task.command = command
            if before is not None:
                task.upstream[before] = None
            before = task


def _commands(state: State, note: Note, arguments: Mapping[str, Argument], node: ast.Call) -> list[str]:
    """The commands of the tasks, which an argument chooses; the first of the note's without it."""
    choosing, *bullets = note.fields.get("commands", "").splitlines()
    by_member = dict(bullet.removeprefix("- ").split(": ", 1) for bullet in bullets if bullet)
    argument = arguments.get(choosing)
    chosen = next(iter(by_member))
    if argument is not None:
        chosen = member(state.module.values.evaluate(argument.node))
    if chosen not in by_member:
        state.block(f"`{choosing.rpartition('.')[2]}` is not known here", argument.node if argument else node)
        return []
    return by_member[chosen].split(", ")
