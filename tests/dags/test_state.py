"""The environment of names, and what the state tells of the place."""

from __future__ import annotations

import ast

import pytest

from dags.states import in_dag, last_value, state_of, task_of
from offramp.dags.state import Environment


def test_a_name_is_a_task_or_has_a_value_of_a_turn_never_both() -> None:
    state = state_of("x")
    task = task_of(in_dag(state), "a")
    environment = Environment()
    environment.bind_turn("x", "one")
    environment.bind("x", task)
    assert environment.get("x") is task
    assert "x" not in environment.turn
    environment.bind_turn("x", "two")
    assert environment.get("x") is None
    assert environment.turn == {"x": "two"}
    environment.forget("x")
    assert environment.turn == {}


def test_what_a_function_binds_is_gone_behind_it() -> None:
    environment = Environment()
    environment.bind_turn("kept", 1)
    with environment.frame():
        environment.bind_turn("kept", 2)
        environment.bind_turn("own", 3)
    assert environment.turn == {"kept": 1}


@pytest.mark.parametrize(
    "statement",
    ["x = f()", "x += 1", "del x", "import x", "import x.y", "from a import b as x", "def x(): ...", "class x: ..."],
)
def test_what_a_turn_gave_is_forgotten_where_a_statement_binds_the_name(statement: str) -> None:
    environment = Environment()
    environment.bind_turn("x", 1)
    environment.bind_turn("other", 2)
    environment.forget_turns(ast.parse(statement).body[0])
    assert environment.turn == {"other": 2}


def test_reading_a_name_forgets_nothing() -> None:
    environment = Environment()
    environment.bind_turn("x", 1)
    environment.forget_turns(ast.parse("print(x)").body[0])
    assert environment.turn == {"x": 1}


def test_code_builds_a_dag_in_its_block_in_branches_and_once_it_has_to_do_with_one() -> None:
    state = state_of("x")
    builds = [state.builds]
    with state.branch():
        builds.append(state.builds)
    builds.append(state.builds)
    with state.in_dag(in_dag(state)):
        builds.append(state.builds)
    builds.append(state.builds)
    state.touch()
    builds.append(state.builds)
    state.begin(state.statement)
    builds.append(state.builds)
    assert builds == [False, True, False, True, False, True, False]


def test_a_branch_comes_back_to_the_statement_that_it_left() -> None:
    state = state_of("first = 1\nsecond = 2")
    first, second = state.module.tree.body
    state.begin(first)
    with state.branch():
        state.step(second)
    assert state.statement is first
    with state.inside():
        state.step(second)
    assert state.statement is first


def test_a_loops_value_holds_in_its_own_statement() -> None:
    state = state_of("for x in rows:\n    x")
    state.environment.bind_turn("x", "a")
    loop = state.module.tree.body[0]
    assert isinstance(loop, ast.For)
    state.step(loop.body[0])
    inner = loop.body[0]
    assert isinstance(inner, ast.Expr)
    known = state.constant(inner.value)
    assert known is not None
    assert known.value == "a"


def test_a_loops_value_does_not_hold_where_the_name_is_bound_otherwise() -> None:
    state = state_of('x = "before"\nargument = x\nfor x in rows:\n    use(argument)')
    assignment, loop = state.module.tree.body[1:]
    assert isinstance(assignment, ast.Assign)
    assert isinstance(loop, ast.For)
    state.environment.bind_turn("x", "turn")
    state.step(loop.body[0])
    assert state.turn(assignment.value) == {}
    known = state.constant(assignment.value)
    assert known is not None
    assert known.value == "before"


@pytest.mark.parametrize(("text", "mentions"), [("print(t)", True), ("t = 1", False), ("lambda t: t", False)])
def test_a_statement_mentions_a_dag_where_it_reads_a_name_of_one(text: str, mentions: bool) -> None:
    state = state_of(f"t = make()\n{text}")
    state.environment.bind("t", task_of(in_dag(state), "t"))
    assert state.mentions_dag(state.statement) is mentions


def test_an_expression_touches_tasks_by_any_name_in_it() -> None:
    state = state_of("{'a': [f(t)]}")
    assert not state.touches_tasks(last_value(state))
    state.environment.bind("t", [task_of(in_dag(state), "t")])
    assert state.touches_tasks(last_value(state))
