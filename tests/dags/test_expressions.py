"""Values of expressions: names, containers, parts of results, calls and methods."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, Recorder, in_dag, last_value, reasons, rulebook, task_of
from offramp.dags.dag_values import DagValue, Group, GroupFunction, Plain, TaskFunction
from offramp.dags.expressions import evaluate
from offramp.dags.graph import Result, Task
from offramp.dags.state import Interpreter, State
from offramp.finding.operators import Module

_FUNCTIONS = """\
@task
def f(): ...
def outer():
    @task_group
    def g(): ...
@dag
def d(): ...
"""


def _state(text: str) -> State:
    """A state in a DAG, in which ``a`` and ``b`` are tasks, ``r`` a result and ``g`` a group; bodies are not run."""
    module = Module(ast.parse(f"{IMPORTS}from airflow.models.xcom_arg import XComArg\n{_FUNCTIONS}{text}"), rulebook())
    state = State(module, Interpreter(evaluate, Recorder().run))
    state.begin(module.tree.body[-1])
    dag = in_dag(state)
    a, b = task_of(dag, "a"), task_of(dag, "b")
    functions = {node.name: node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)}
    f, g = functions["f"], functions["g"]
    values: dict[str, DagValue] = {
        "a": a,
        "b": b,
        "r": Result(a, "return_value", a.node),
        "group": Group("g.", [a], {}),
        "tasks": [a, b],
        "by_key": {"x": a, 1: b},
        "the_dag": dag,
        "f": TaskFunction(f, "task", f.decorator_list[0], {}),
        "g": GroupFunction(g, g.decorator_list[0]),
    }
    for name, value in values.items():
        state.environment.bind(name, value)
    state.environment.bind_turn("i", 1)
    state.record.by_maker[functions["d"]] = dag
    return state


def _shown(value: DagValue) -> object:
    """A value as text: ids of tasks, keys of results, kinds of all else."""
    match value:
        case Task():
            return value.id
        case Result(task, key):
            return f"{task.id}.{key}"
        case list():
            return [_shown(one) for one in value]
        case dict():
            return {key: _shown(one) for key, one in value.items()}
    return type(value).__name__


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"),
        ("tasks", ["a", "b"]),
        ("unknown", "Plain"),
        ("[a, b]", ["a", "b"]),
        ("(a, r)", ["a", "a.return_value"]),
        ("[]", "Plain"),
        ("[1, 2]", "Plain"),
        ("{1, 2}", "Plain"),
        ("{'x': a, 'y': r}", {"x": "a", "y": "a.return_value"}),
        ("{'x': 1}", "Plain"),
        ("a.output", "a.return_value"),
        ("unknown.output", "Plain"),
        ("r['key']", "a.key"),
        ("tasks[0]", "a"),
        ("tasks[-1]", "b"),
        ("tasks[i]", "b"),
        ("tasks[1:]", ["b"]),
        ("tasks[:i]", ["a"]),
        ("tasks[::-1]", ["b", "a"]),
        ("by_key['x']", "a"),
        ("by_key[1]", "b"),
        ("unknown[0]", "Plain"),
        ("by_key.values()", ["a", "b"]),
        ("list(tasks)", ["a", "b"]),
        ("tuple(tasks)", ["a", "b"]),
        ("a >> b", "b"),
        ("[a] << b", "b"),
        ("1 + 2", "Plain"),
        ("f()", "f.return_value"),
        ("f.override(task_id='own')()", "own.return_value"),
        ("f.override(task_id='own')", "TaskFunction"),
        ("f.expand(x=[1])", "f.return_value"),
        ("g()", "Group"),
        ("d()", "Dag"),
        ("DAG('x')", "Dag"),
        ("EmptyOperator(task_id='e')", "e"),
        ("Label('x')", "Label"),
        ("a >> Label('x')", "Label"),
        ("XComArg(a)", "a.return_value"),
        ("[EmptyOperator(task_id=x) for x in ['p', 'q']]", ["p", "q"]),
        ("tasks.append(b)", "Unfollowed"),
        ("a.set_downstream(b)", "Unfollowed"),
        ("the_dag.test()", "Unfollowed"),
        ("chain(a, b)", "NoneType"),
        ("cross_downstream([a], [b])", "NoneType"),
        ("chain(*tasks)", "NoneType"),
        ("read(1, x=2)", "Plain"),
        ("lambda: 1", "Plain"),
        ("f'{unknown}'", "Plain"),
    ],
)
def test_an_expression_gives(text: str, value: object) -> None:
    state = _state(text)
    assert _shown(evaluate(state, last_value(state))) == value
    assert reasons(state) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tasks, a]", "keeps tasks in a list of lists or a set, which Airflow connects otherwise or not at all"),
        ("[by_key]", "keeps tasks in a list of lists or a set, which Airflow connects otherwise or not at all"),
        ("{a, b}", "keeps tasks in a list of lists or a set, which Airflow connects otherwise or not at all"),
        ("[a, 1]", "mixes tasks with other values"),
        ("[a.task_id, 1]", "takes `task_id` of a task"),
        ("{'x': a.task_id}", "takes `task_id` of a task"),
        ("a.set_downstream([b], [b])", "calls `set_downstream` of a task or DAG"),
        ("{'x': a, **more}", "keeps tasks in a dict in a way that is not followed"),
        ("{read(): a}", "keeps tasks in a dict in a way that is not followed"),
        ("{'x': [a]}", "keeps tasks in a dict in a way that is not followed"),
        ("a.task_id", "takes `task_id` of a task"),
        ("the_dag.dag_id", "takes `dag_id` in a way that is not followed"),
        ("f.function", "takes `function` in a way that is not followed"),
        ("r[read()]", "takes a part of a task's result in a way that is not followed"),
        ("r['x']['y']", "takes a part of a task's result in a way that is not followed"),
        ("r[0]", "takes a part of a task's result in a way that is not followed"),
        ("tasks[2]", "takes a task from a list or dict in a way that is not followed"),
        ("tasks[read():]", "takes a task from a list or dict in a way that is not followed"),
        ("by_key['z']", "takes a task from a list or dict in a way that is not followed"),
        ("a if unknown else b", "makes or uses tasks in an expression that is not followed"),
        ("(x := EmptyOperator(task_id='e'))", "makes or uses tasks in an expression that is not followed"),
        ("tasks + tasks", "makes or uses tasks in an expression that is not followed"),
        ("read(a)", "passes a task or DAG to `read`, which is not followed"),
        ("read(x=the_dag)", "passes a task or DAG to `read`, which is not followed"),
        ("read(tasks)", "passes a task or DAG to `read`, which is not followed"),
        ("Elsewhere(task_id='x')", "`Elsewhere` is covered by no note"),
        ("XComArg(a, 'key')", "`XComArg` is covered by no note"),
        ("XComArg(a, key='key')", "`XComArg` is covered by no note"),
        ("XComArg(unknown)", "`XComArg` is covered by no note"),
        ("a.execute()", "calls `execute` of a task or DAG"),
        ("group.add(a)", "calls `add` of a task or DAG"),
        ("EmptyOperator(task_id='e').execute()", "calls `execute` of a task or DAG"),
        ("f.override(retries=1).partial(x=1)", "is not followed"),
        ("f.partial(x=1)", "is a mapped task in a form that is not followed"),
        ("f.expand_kwargs(rows)", "is a mapped task in a form that is not followed"),
        ("EmptyOperator.partial(task_id='e')", "is a mapped task in a form that is not followed"),
        ("f.run()", "`f.run` is not followed"),
        ("f.override(retries=1).run()", "is not followed"),
        ("d(1)", "calls the DAG's function with arguments"),
        ("chain(*unknown)", "passes tasks by `*` that are not known here"),
        ("tasks.append(1)", "keeps something else than tasks in a list of tasks"),
    ],
)
def test_an_expression_that_is_not_followed_blocks(text: str, reason: str) -> None:
    state = _state(text)
    evaluate(state, last_value(state))
    assert reasons(state) == [reason]


@pytest.mark.parametrize(
    ("text", "touches"),
    [("a", True), ("the_dag", True), ("f", False), ("unknown", False), ("a >> b", True), ("g()", True), ("d()", True)],
)
def test_the_statement_has_to_do_with_dags(text: str, touches: bool) -> None:
    state = _state(text)
    evaluate(state, last_value(state))
    assert state.touched is touches


def test_an_operator_that_no_note_covers_blocks_where_code_builds_a_dag() -> None:
    state = _state("Elsewhere(task_id='x')")
    state.dag = None
    assert isinstance(evaluate(state, last_value(state)), Plain)
    assert reasons(state) == []


def test_a_chain_evaluates_lists_behind_what_stands_alone() -> None:
    state = _state("chain(a, *[EmptyOperator(task_id='x'), EmptyOperator(task_id='y')], b)")
    evaluate(state, last_value(state))
    assert state.dag is not None
    assert {task.id: [up.id for up in task.upstream] for task in state.dag.tasks.values()} == {
        "a": [],
        "b": ["y"],
        "x": ["a"],
        "y": ["x"],
    }
