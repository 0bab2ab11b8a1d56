"""States of following a text, in which the parts are run alone: what they ask to be evaluated or run is handed in."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from textwrap import dedent

from offramp.dags.dag_values import DagValue, Plain
from offramp.dags.graph import Dag, Task
from offramp.dags.state import Interpreter, State
from offramp.finding.operators import Module
from offramp.knowledge.rulebook import Rulebook, load_rulebook

IMPORTS = """\
from airflow import DAG
from airflow.decorators import dag, task, task_group
from airflow.models.baseoperator import chain, cross_downstream
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup
"""


class Recorder:
    """Stands for all above a part: remembers what it is asked, and takes names for what they are bound to."""

    def __init__(self) -> None:
        self.evaluated: list[str] = []
        self.turns: list[dict[str, object]] = []
        self.ran: list[str] = []

    def evaluate(self, state: State, node: ast.expr) -> DagValue:
        """The value that a name has in the environment; all else is plain."""
        self.evaluated.append(ast.unparse(node))
        value = state.environment.of(node)
        return value if value is not None else Plain(node)

    def run(self, state: State, body: Sequence[ast.stmt]) -> None:
        """Remember the statements, and what the names have that differ from turn to turn."""
        self.turns.append(dict(state.environment.turn))
        for statement in body:
            state.step(statement)
            self.ran.append(ast.unparse(statement))


def state_of(text: str, recorder: Recorder | None = None) -> State:
    """The state at the last statement of a module's text."""
    module = Module(ast.parse(dedent(text)), rulebook())
    recorder = recorder if recorder is not None else Recorder()
    state = State(module, Interpreter(recorder.evaluate, recorder.run))
    state.begin(module.tree.body[-1])
    return state


def last_value(state: State) -> ast.expr:
    """The expression of the last statement of the module."""
    value = getattr(state.module.tree.body[-1], "value", None)
    assert isinstance(value, ast.expr)
    return value


def last_call(state: State) -> ast.Call:
    """The call that the last statement of the module is."""
    value = last_value(state)
    assert isinstance(value, ast.Call)
    return value


def in_dag(state: State) -> Dag:
    """A DAG in whose block the state is."""
    statement = state.module.tree.body[0]
    state.dag = Dag(ast.Name("maker", ast.Load()), statement)
    return state.dag


def task_of(dag: Dag, task_id: str) -> Task:
    """A task that is added to a DAG."""
    task = Task(task_id, "EmptyOperator", ast.Name(task_id, ast.Load()), dag.site, dag)
    dag.tasks[task_id] = task
    return task


def reasons(state: State) -> list[str]:
    """Why the DAGs are not known, as noted so far."""
    return [blocker.reason for blocker in state.record.blockers]


@cache
def rulebook() -> Rulebook:
    """The shipped notes."""
    return load_rulebook([], _no_warning)


def _no_warning(sentence: str) -> None:
    raise AssertionError(sentence)
