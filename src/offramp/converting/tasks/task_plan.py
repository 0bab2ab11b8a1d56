"""The plan of a file's tasks: what each is called with, how it is tried again, what it runs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import Enum

from offramp.converting.judges.schedules import Schedule
from offramp.dags.graph import Dag, Task
from offramp.model import Blocker, Edit, LoadedBlock
from offramp.python.names import FunctionNode
from offramp.record import NamedTuple


class Form(Enum):
    """Ways in which a task of Prefect comes to be."""

    UNKNOWN = "not planned, for what prevents it"
    WRITTEN = "a function that is written for it"
    DECORATED = "its callable, decorated"
    WRAPPED = "its callable, given to `task`"
    CHANGED = "a task that is decorated already, with other options"


class TaskPlan(NamedTuple):
    """The plan of one task.

    ``options`` are those of ``task``. ``lines`` are the body of a function that is written, ``parameters`` what it
    takes. ``positional`` and ``keywords`` are what the task is submitted with: texts, or the tasks whose results are
    passed. ``mapped`` names the parameter that takes one value of a list per run of the task; ``edits`` rewrite the
    callable. ``unwaited`` says that nobody waits for the run that it starts; ``packages`` is what has to be
    installed for it.
    """

    task: Task
    rule: str
    form: Form = Form.UNKNOWN
    options: Mapping[str, str] = {}
    lines: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    is_async: bool = False
    function: FunctionNode | None = None
    positional: tuple[str | Task, ...] = ()
    keywords: Mapping[str, str | Task] = {}
    mapped: str = ""
    edits: tuple[Edit, ...] = ()
    unwaited: bool = False
    packages: tuple[str, ...] = ()

    @property
    def taken(self) -> list[Task]:
        """The tasks whose results it takes."""
        return [value for value in (*self.positional, *self.keywords.values()) if isinstance(value, Task)]


class DagPlan(NamedTuple):
    """The plan of one DAG: the options of its flow, its schedule where it has an equal, its tasks as they can start."""

    dag: Dag
    id: str
    options: Mapping[str, str]
    schedule: Schedule | None
    tasks: tuple[TaskPlan, ...]


class Plan(NamedTuple):
    """The plans of a file's DAGs, and what they need: imports, functions beside them, blocks for connections."""

    dags: tuple[DagPlan, ...]
    imports: frozenset[tuple[str, str]]
    helpers: frozenset[str]
    blockers: tuple[Blocker, ...]
    doubts: Mapping[str, ast.AST]
    value_doubts: Mapping[str, ast.AST]
    connections: tuple[LoadedBlock, ...]
