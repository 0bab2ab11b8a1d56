"""Values of the expressions in DAG code: tasks, results, groups, DAGs, lists and dicts of them, and plain ones."""

from __future__ import annotations

import ast
from typing import TypeAlias

from offramp.dags.graph import Argument, Dag, Result, Task
from offramp.python.names import FunctionNode
from offramp.python.values import Constant
from offramp.record import NamedTuple


class Group:
    """A task group: the prefix of its tasks' ids, its tasks so far, what its ``default_args`` give them."""

    def __init__(self, prefix: str, tasks: list[Task], defaults: dict[str, Argument]) -> None:
        self.prefix = prefix
        self.tasks = tasks
        self.defaults = defaults

    def roots(self) -> list[Task]:
        """The tasks that no task of the group comes before."""
        return [task for task in self.tasks if not any(up in self.tasks for up in task.upstream)]

    def leaves(self) -> list[Task]:
        """The tasks that no task of the group comes after."""
        inside = {up for task in self.tasks for up in task.upstream}
        return [task for task in self.tasks if task not in inside]


class Label(NamedTuple):
    """An edge's label, and the tasks on its one side while the other is still to come."""

    before: tuple[Task, ...]
    after: tuple[Task, ...]


class TaskFunction(NamedTuple):
    """A function under ``@task`` or a relative, with what ``override`` gave it."""

    node: FunctionNode
    section: str
    decorator: ast.expr
    override: dict[str, Argument]


class GroupFunction(NamedTuple):
    """A function under ``@task_group``."""

    node: FunctionNode
    decorator: ast.expr


class Plain(NamedTuple):
    """A value that no task, group or DAG is part of."""

    node: ast.expr


class Parts(NamedTuple):
    """Several values that a turn of a loop unpacks."""

    values: tuple[DagValue, ...]


class Unfollowed:
    """The value of an expression that is not followed; its blocker is noted already."""


UNFOLLOWED = Unfollowed()

# None is the value of what gives nothing, such as `chain`.
DagValue: TypeAlias = (
    "Task | Result | Dag | Group | Label | TaskFunction | GroupFunction | Plain | Constant | Parts | Unfollowed"
    " | list[DagValue] | dict[object, DagValue] | None"
)


def is_dag_part(value: DagValue) -> bool:
    """Return whether a value is a task, a result, a group, a DAG, or a list or dict of them."""
    return isinstance(value, Task | Result | Group | Dag | list | dict)
