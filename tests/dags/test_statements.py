"""Statements in a DAG's block: assignments, definitions, and what is run for each."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, Recorder, in_dag, reasons, state_of, task_of
from offramp.dags.assignments import assign
from offramp.dags.dag_values import DagValue, GroupFunction, Plain, TaskFunction
from offramp.dags.definitions import define
from offramp.dags.graph import Result
from offramp.dags.state import State
from offramp.dags.statements import run_statement


def _assignment(text: str) -> tuple[State, ast.Assign]:
    """A state at the last assignment of a text in a DAG, in which ``a`` and ``b`` are tasks."""
    state = state_of(text)
    dag = in_dag(state)
    state.environment.bind("a", task_of(dag, "a"))
    state.environment.bind("b", task_of(dag, "b"))
    assert isinstance(state.statement, ast.Assign)
    return state, state.statement


def test_a_task_and_its_result_have_the_names_that_they_are_bound_to() -> None:
    state, statement = _assignment("x = y = a")
    task = state.environment.get("a")
    for target, value in zip(statement.targets, [task, Result(task, "return_value", statement)], strict=True):  # type: ignore[arg-type]
        assign(state, target, value, statement)
        assign(state, target, value, statement)
    assert getattr(task, "names", None) == ["x", "y"]
    assert state.environment.get("x") is task


def test_the_first_name_of_a_dag_stays() -> None:
    state, statement = _assignment("x = y = a")
    for target in statement.targets:
        assign(state, target, state.dag, statement)
    assert state.dag is not None
    assert state.dag.name == "x"


def test_several_names_get_one_task_each() -> None:
    state, statement = _assignment("x, (y, z) = [a, (b, a)]")
    a, b = state.environment.get("a"), state.environment.get("b")
    assign(state, statement.targets[0], [a, [b, a]], statement)
    assert [state.environment.get(name) for name in "xyz"] == [a, b, a]
    assert reasons(state) == []


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("x, y = a", "a", "keeps tasks in a way that is not followed"),
        ("x, y = 1, 2", "plain", "is code in the DAG that is not followed"),
        ("x[0] = 1", "plain", "is code in the DAG that is not followed"),
        ("x[read()] = a", "a", "keeps tasks in a way that is not followed"),
        ("a.retries = 1", "plain", "sets `retries` of a task or DAG after it is made"),
        ("a.doc_md = 1", "plain", ""),
        ("x.attribute = 1", "plain", "is code in the DAG that is not followed"),
        ("x.y.attribute = 1", "plain", "is code in the DAG that is not followed"),
        ("x.attribute = a", "a", "is code in the DAG that is not followed"),
        ("*x, y = a", "a", "keeps tasks in a way that is not followed"),
    ],
)
def test_other_targets(text: str, value: str, reason: str) -> None:
    state, statement = _assignment(text)
    given = state.environment.get("a") if value == "a" else Plain(statement.value)
    assign(state, statement.targets[0], given, statement)
    assert reasons(state) == ([reason] if reason else [])


@pytest.mark.parametrize("target", ["x.attribute", "x[0]"])
@pytest.mark.parametrize("value", ["list", "plain"])
def test_outside_a_dag_only_tasks_matter(target: str, value: str) -> None:
    state, statement = _assignment(f"{target} = 1")
    state.dag = None
    given: DagValue = [state.environment.get("a")] if value == "list" else Plain(statement.value)
    assign(state, statement.targets[0], given, statement)
    assert bool(reasons(state)) is (value == "list")


def test_a_plain_value_in_a_block_is_kept() -> None:
    state, statement = _assignment("x = 1")
    assign(state, statement.targets[0], Plain(statement.value), statement)
    assert state.record.kept == {statement}
    assert state.environment.turn == {}


def test_a_name_that_is_bound_twice_has_its_present_value_in_a_block_only() -> None:
    state, statement = _assignment("x = 1\nx = 2")
    assign(state, statement.targets[0], Plain(statement.value), statement)
    assert state.environment.turn == {"x": 2}
    state.dag = None
    assign(state, statement.targets[0], Plain(statement.value), statement)
    assert state.environment.turn == {}


def test_a_plain_value_outside_that_has_to_do_with_dags_blocks() -> None:
    state, statement = _assignment("x = 1")
    state.dag = None
    assign(state, statement.targets[0], Plain(statement.value), statement)
    assert (reasons(state), state.record.kept) == ([], set())
    state.touch()
    assign(state, statement.targets[0], Plain(statement.value), statement)
    assert reasons(state) == ["keeps tasks in a way that is not followed"]


def test_a_plain_value_in_a_branch_lasts_a_turn() -> None:
    state, statement = _assignment("x = 1")
    with state.branch():
        assign(state, statement.targets[0], Plain(statement.value), statement)
    assert state.record.kept == set()
    assert state.environment.turn == {"x": 1}


def test_a_plain_value_under_a_name_of_tasks_ends_it() -> None:
    state, statement = _assignment("a = 1")
    assign(state, statement.targets[0], Plain(statement.value), statement)
    assert state.environment.get("a") is None


@pytest.mark.parametrize("value", ["1", "read()"])
def test_a_plain_value_in_a_branch_ends_a_name_of_tasks(value: str) -> None:
    state, statement = _assignment(f"a = {value}")
    with state.branch():
        assign(state, statement.targets[0], Plain(statement.value), statement)
    assert state.environment.get("a") is None


def test_a_name_that_is_none_yet_is_remembered_as_such() -> None:
    state, statement = _assignment("x = None")
    value = Plain(statement.value)
    assign(state, statement.targets[0], value, statement)
    assert state.environment.get("x") == value


def _define(decorators: str) -> tuple[State, bool]:
    state = state_of(f"{IMPORTS}from airflow.decorators import setup, teardown\n{decorators}\ndef f(): ...")
    function = state.statement
    assert isinstance(function, ast.FunctionDef)
    state.environment.bind("f", task_of(in_dag(state), "before"))
    state.environment.bind_turn("other", 1)
    return state, define(state, function)


@pytest.mark.parametrize(
    ("decorators", "kind", "section"),
    [
        ("@task", TaskFunction, "task"),
        ("@task(retries=1)", TaskFunction, "task"),
        ("@task.branch", TaskFunction, "task_branch"),
        ("@task.short_circuit()", TaskFunction, "task_short_circuit"),
        ("@task_group", GroupFunction, ""),
        ("@task_group('g')", GroupFunction, ""),
    ],
)
def test_a_decorator_makes_a_function_one_of_airflows(decorators: str, kind: type, section: str) -> None:
    state, defined = _define(decorators)
    made = state.environment.get("f")
    assert defined
    assert isinstance(made, kind)
    assert getattr(made, "section", "") == section
    assert state.record.building == {state.statement}
    assert reasons(state) == []


@pytest.mark.parametrize(
    ("decorators", "reason"),
    [
        ("@task\n@wrap", "the task `f` has other decorators"),
        ("@task.virtualenv", "`@task.virtualenv` is not covered by a note"),
        ("@setup", "`@setup` is not covered by a note"),
    ],
)
def test_a_decorator_that_is_not_followed_blocks(decorators: str, reason: str) -> None:
    state, defined = _define(decorators)
    assert defined
    assert reasons(state) == [reason]


@pytest.mark.parametrize("decorators", ["", "@wrap", "@wrap(task)"])
def test_a_plain_function_takes_its_name(decorators: str) -> None:
    state, defined = _define(decorators)
    assert not defined
    assert state.environment.get("f") is None
    assert state.environment.turn == {"other": 1}
    assert state.record.building == set()


def _run(text: str, *, inside: bool = True, a: DagValue = None) -> State:
    recorder = Recorder()
    state = state_of(f"{IMPORTS}{text}", recorder)
    dag = in_dag(state)
    state.environment.bind("a", a if a is not None else task_of(dag, "a"))
    if not inside:
        state.dag = None
    run_statement(state, state.statement)
    assert state.statement in state.record.followed
    return state


_UNFOLLOWED = "is code in the DAG that is not followed"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("x = 1", "", ""),
        ("x: int = 1", "", ""),
        ("x: int", "", ""),
        ("pass", "", ""),
        ("import x", "", ""),
        ("from x import y", "", ""),
        ("...", "", ""),
        ("x", "", ""),
        ("1", _UNFOLLOWED, ""),
        ("read()", _UNFOLLOWED, ""),
        ("while x: pass", _UNFOLLOWED, ""),
        ("while x: EmptyOperator(task_id='e')", _UNFOLLOWED, _UNFOLLOWED),
        ("try:\n    pass\nfinally:\n    pass", _UNFOLLOWED, ""),
        ("del x", _UNFOLLOWED, ""),
        ("x += 1", _UNFOLLOWED, ""),
        ("assert x", _UNFOLLOWED, ""),
        ("class C: ...", _UNFOLLOWED, ""),
        ("if x: pass", "is a condition that is not known here", ""),
        ("if x: EmptyOperator(task_id='e')", "is a condition that is not known here", _UNFOLLOWED),
        ("for x in y: pass", "is a loop over something that is not known here", ""),
        ("with x: pass", "is a `with` in the DAG that is not followed", "is a `with` in the DAG that is not followed"),
        ("def f(): return a", "the function `f` uses tasks of the DAG", ""),
        ("def f(): ...", "", ""),
        ("async def f(): return a", "the function `f` uses tasks of the DAG", ""),
    ],
)
def test_a_statement_is_followed_or_blocks(text: str, inside: str, outside: str) -> None:
    assert reasons(_run(text)) == ([inside] if inside else [])
    assert reasons(_run(text, inside=False)) == ([outside] if outside else [])


def test_a_docstring_of_a_dags_function_does_nothing() -> None:
    state = state_of('def f():\n    "text"\n    "more"')
    in_dag(state)
    function = state.statement
    assert isinstance(function, ast.FunctionDef)
    run_statement(state, function.body[0])
    assert reasons(state) == []
    run_statement(state, function.body[1])
    assert reasons(state) == [_UNFOLLOWED]


def test_a_docstring_of_a_dags_block_does_nothing_and_one_of_a_group_would_be_lost() -> None:
    state = state_of('with dag:\n    "text"\n    "more"\n    with group:\n        "text"')
    in_dag(state)
    block = state.statement
    assert isinstance(block, ast.With)
    group = block.body[2]
    assert isinstance(group, ast.With)
    run_statement(state, block.body[0])
    assert reasons(state) == []
    run_statement(state, block.body[1])
    run_statement(state, group.body[0])
    assert reasons(state) == [_UNFOLLOWED, _UNFOLLOWED]


def test_an_import_takes_a_name_from_a_loop() -> None:
    state = state_of("import x")
    state.environment.bind_turn("x", 1)
    run_statement(state, state.statement)
    assert state.environment.turn == {}
