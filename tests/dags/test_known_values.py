"""Values that loops go over, numbers, conditions, and what a turn gives the names of its target."""

from __future__ import annotations

import ast

import pytest

from dags.states import in_dag, last_value, reasons, state_of, task_of
from offramp.dags.conditions import holds
from offramp.dags.dag_values import DagValue, Group, Parts, Plain
from offramp.dags.graph import Result, Task
from offramp.dags.iterables import iterable, whole_number
from offramp.dags.state import State
from offramp.dags.turns import bind_in_turn, bind_target
from offramp.python.values import Constant

_DATA = """\
ROWS = ["a", "b"]
TABLE = {"k": 1, "l": 2}
SET = {"a", "b"}
EMPTY = []
UNKNOWN = read()
"""


def _shown(value: DagValue) -> object:
    """A value as a plain one: constants by their value, expressions by their text, tasks by their id."""
    match value:
        case Constant():
            return value.value
        case Plain(node):
            return ast.unparse(node)
        case Parts(values):
            return tuple(_shown(part) for part in values)
        case Task():
            return value.id
    return value


def _state(expression: str) -> State:
    state = state_of(f"{_DATA}{expression}")
    dag = in_dag(state)
    a, b = task_of(dag, "a"), task_of(dag, "b")
    state.environment.bind("tasks", [a, b])
    state.environment.bind("by_key", {"x": a, "y": b})
    state.environment.bind("none", [])
    state.environment.bind("task_a", a)
    state.environment.bind("result", Result(a, "return_value", a.node))
    state.environment.bind("group", Group("g.", [], {}))
    state.environment.bind_turn("row", {"name": "n", "jobs": [3, 4], "deep": [[1]], "n": 0})
    state.environment.bind_turn("number", 3)
    return state


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("ROWS", ["'a'", "'b'"]),
        ("('a', 'b')", ["'a'", "'b'"]),
        ("TABLE", ["k", "l"]),
        ("TABLE.items()", [("k", "1"), ("l", "2")]),
        ("TABLE.values()", ["1", "2"]),
        ("tasks", ["a", "b"]),
        ("by_key", ["x", "y"]),
        ("by_key.items()", [("x", "a"), ("y", "b")]),
        ("by_key.values()", ["a", "b"]),
        ("row['jobs']", [3, 4]),
        ("row['deep']", [[1]]),
        ("row['name']", None),
        ("range(2)", [0, 1]),
        ("range(1, number)", [1, 2]),
        ("range(4, 0, -2)", [4, 2]),
        ("range(0, 4, 0)", None),
        ("range(len(ROWS))", [0, 1]),
        ("range(2001)", None),
        ("range(UNKNOWN)", None),
        ("range()", None),
        ("enumerate(ROWS)", [(0, "'a'"), (1, "'b'")]),
        ("enumerate(ROWS, 5)", [(5, "'a'"), (6, "'b'")]),
        ("enumerate(ROWS, start=5)", [(5, "'a'"), (6, "'b'")]),
        ("enumerate(ROWS, UNKNOWN)", None),
        ("enumerate(UNKNOWN)", None),
        ("enumerate()", None),
        ("zip(ROWS, tasks, range(3))", [("'a'", "a", 0), ("'b'", "b", 1)]),
        ("zip(ROWS, UNKNOWN)", None),
        ("zip(ROWS, ROWS, strict=True)", [("a", "a"), ("b", "b")]),
        ("zip()", []),
        ("reversed(tasks)", ["b", "a"]),
        ("reversed(ROWS, ROWS)", None),
        ("SET", None),
        ("{'a', 'b'}", None),
        ("UNKNOWN", None),
        ("UNKNOWN.items()", None),
        ("TABLE.items(1)", None),
        ("EMPTY", []),
    ],
)
def test_a_loop_goes_over(expression: str, values: list[object] | None) -> None:
    state = _state(expression)
    found = iterable(state, last_value(state))
    assert (None if found is None else [_shown(value) for value in found]) == values


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("3", 3),
        ("number", 3),
        ("number - 1", 2),
        ("len(tasks)", 2),
        ("len(ROWS) + 1", 3),
        ("number - len(EMPTY)", 3),
        ("len(UNKNOWN)", None),
        ("len(UNKNOWN) + 1", None),
        ("sum(ROWS)", None),
        ("number * len(tasks)", None),
        ("'3'", None),
        ("UNKNOWN", None),
    ],
)
def test_a_whole_number_is(expression: str, number: int | None) -> None:
    state = _state(expression)
    assert whole_number(state, last_value(state)) == number


@pytest.mark.parametrize(
    ("expression", "known"),
    [
        ("number == 3", True),
        ("number != 3", False),
        ("number < 3", False),
        ("number <= 3", True),
        ("number > 2", True),
        ("number >= 4", False),
        ("number < len(tasks)", False),
        ("'a' < 'b'", None),
        ("0 < number < 4", True),
        ("number in ROWS", None),
        ("not number", False),
        ("not UNKNOWN", None),
        ("-number", True),
        ("number and number == 3", True),
        ("number and number == 4", False),
        ("number == 4 or number == 3", True),
        ("UNKNOWN or number", None),
        ("tasks", True),
        ("none", False),
        ("by_key", True),
        ("task_a", True),
        ("result", True),
        ("group", True),
        ("task_a is None", False),
        ("task_a is not None", True),
        ("result is None", False),
        ("None is None", True),
        ("task_a == task_a", None),
        ("number is 3", None),
        ("row", True),
        ("row['n']", False),
        ("row['jobs']", True),
        ("UNKNOWN", None),
        ("UNKNOWN == 1", None),
    ],
)
@pytest.mark.filterwarnings("ignore:.*is.*literal:SyntaxWarning")
def test_a_condition_holds(expression: str, known: bool | None) -> None:
    state = _state(expression)
    assert holds(state, last_value(state)) is known


def test_a_name_that_is_bound_to_nothing_yet_is_false() -> None:
    state = state_of("found = []\nfound")
    assert holds(state, last_value(state)) is False


@pytest.mark.parametrize(
    ("target", "value", "turn"),
    [
        ("x", Constant("c"), {"x": "c"}),
        ("x", Plain(ast.Constant(7)), {"x": 7}),
        ("x, y", Parts((Constant(1), Constant(2))), {"x": 1, "y": 2}),
        ("[x, (y, z)]", Parts((Constant(1), Parts((Constant(2), Constant(3))))), {"x": 1, "y": 2, "z": 3}),
        ("x, y", Parts((Constant(1),)), None),
        ("x, y", Constant("ab"), None),
        ("x.y", Constant(1), None),
        ("x", Parts((Constant(1), Constant(2))), None),
    ],
)
def test_a_turn_gives_names(target: str, value: DagValue, turn: dict[str, object] | None) -> None:
    state = state_of("x")
    tree = ast.parse(f"for {target} in _: ...").body[0]
    assert isinstance(tree, ast.For)
    assert bind_target(state, tree.target, value) is (turn is not None)
    assert turn is None or state.environment.turn == turn


@pytest.mark.parametrize(
    ("element", "turn"),
    [
        ("{'a': 1, 'b': [2, ('c',)]}", {"a": 1, "b": [2, ("c",)]}),
        ("('c', 1)", ("c", 1)),
        ("{'a': UNKNOWN}", None),
        ("[UNKNOWN]", None),
        ("[*UNKNOWN]", None),
    ],
)
def test_an_element_in_the_text_is_known_whole_or_not_at_all(element: str, turn: object) -> None:
    state = state_of(f"{_DATA}{element}")
    name = ast.Name("x", ast.Store())
    assert bind_target(state, name, Plain(last_value(state))) is (turn is not None)
    assert state.environment.turn.get("x") == turn


def test_parts_that_names_repeat_without_end_are_not_followed() -> None:
    text = "a0 = [1, 1]\n" + "".join(f"a{n} = [a{n - 1}, a{n - 1}]\n" for n in range(1, 12)) + "a11"
    state = state_of(text)
    assert not bind_target(state, ast.Name("x", ast.Store()), Plain(last_value(state)))


def test_an_element_that_is_a_task_is_bound_as_one() -> None:
    state = _state("task_a")
    state.environment.bind_turn("x", "before")
    assert bind_target(state, ast.Name("x", ast.Store()), Plain(last_value(state)))
    assert _shown(state.environment.get("x")) == "a"
    assert "x" not in state.environment.turn


@pytest.mark.parametrize(
    ("expression", "value"),
    [("number + 1", 4), ("row['jobs']", [3, 4]), ("f'{number}_'", "3_"), ("['a']", ["a"])],
)
def test_a_body_binds_names_for_a_turn(expression: str, value: object) -> None:
    state = _state(expression)
    bind_in_turn(state, "x", last_value(state))
    assert state.environment.turn["x"] == value
    assert reasons(state) == []


def test_what_differs_from_turn_to_turn_and_is_not_known_blocks() -> None:
    state = _state("UNKNOWN")
    bind_in_turn(state, "x", last_value(state))
    assert "x" not in state.environment.turn
    assert reasons(state) == ["`x` differs from one turn of the loop to the next and is not known here"]
