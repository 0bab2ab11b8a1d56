"""Edges between tasks, as Airflow makes them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from dags.states import in_dag, last_call, reasons, state_of, task_of
from offramp.dags.dag_values import UNFOLLOWED, DagValue, Group, Label, Plain
from offramp.dags.edges import chain, connect, cross_downstream, shift
from offramp.dags.graph import Dag, Result
from offramp.dags.state import State


def _edges(dag: Dag) -> dict[str, list[str]]:
    return {task.id: [up.id for up in task.upstream] for task in dag.tasks.values() if task.upstream}


def _state() -> tuple[State, Dag, Mapping[str, DagValue]]:
    state = state_of("chain(x)")
    dag = in_dag(state)
    a, b, c, d = (task_of(dag, name) for name in "abcd")
    connect(state, a, b, a.node)
    values: dict[str, DagValue] = {
        "b": b,
        "c": c,
        "d": d,
        "group": Group("g.", [a, b], {}),
        "empty group": Group("e.", [], {}),
        "list": [c, d],
        "result": Result(c, "return_value", c.node),
        "plain": Plain(ast.Name("x", ast.Load())),
        "unfollowed": UNFOLLOWED,
        "label": Label((), ()),
        "nothing": None,
    }
    return state, dag, values


@pytest.mark.parametrize(
    ("before", "after", "edges"),
    [
        ("b", "c", {"b": ["a"], "c": ["b"]}),
        ("b", "list", {"b": ["a"], "c": ["b"], "d": ["b"]}),
        ("list", "b", {"b": ["a", "c", "d"]}),
        ("group", "c", {"b": ["a"], "c": ["b"]}),
        ("c", "group", {"a": ["c"], "b": ["a"]}),
        ("result", "d", {"b": ["a"], "d": ["c"]}),
        ("unfollowed", "d", {"b": ["a"]}),
    ],
)
def test_an_edge_goes_from_the_last_tasks_to_the_first(before: str, after: str, edges: dict[str, list[str]]) -> None:
    state, dag, values = _state()
    connect(state, values[before], values[after], last_call(state))
    assert _edges(dag) == edges
    assert reasons(state) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("plain", "connects something that is not known to be a task"),
        ("nothing", "connects something that is not known to be a task"),
        ("empty group", "connects a task group that has no tasks yet"),
    ],
)
def test_what_is_no_task_blocks(value: str, reason: str) -> None:
    state, dag, values = _state()
    connect(state, values[value], values["d"], last_call(state))
    assert _edges(dag) == {"b": ["a"]}
    assert reasons(state) == [reason]


def test_tasks_of_two_dags_are_not_connected() -> None:
    state, dag, values = _state()
    other = task_of(in_dag(state), "other")
    connect(state, values["d"], other, last_call(state))
    assert _edges(dag) == {"b": ["a"]}
    assert other.upstream == {}
    assert reasons(state) == ["connects tasks of two DAGs"]


@pytest.mark.parametrize(
    ("operator", "edges"), [(ast.RShift(), {"b": ["a"], "d": ["c"]}), (ast.LShift(), {"b": ["a"], "c": ["d"]})]
)
def test_a_shift_gives_its_right_side(operator: ast.operator, edges: dict[str, list[str]]) -> None:
    state, dag, values = _state()
    node = ast.BinOp(ast.Constant(0), operator, ast.Constant(0))
    assert shift(state, values["c"], values["d"], node) is values["d"]
    assert _edges(dag) == edges


@pytest.mark.parametrize(
    ("operator", "edges"), [(ast.RShift(), {"b": ["a"], "d": ["c"]}), (ast.LShift(), {"b": ["a"], "c": ["d"]})]
)
def test_a_label_stands_between_two_tasks(operator: ast.operator, edges: dict[str, list[str]]) -> None:
    state, dag, values = _state()
    node = ast.BinOp(ast.Constant(0), operator, ast.Constant(0))
    label = shift(state, values["c"], values["label"], node)
    assert _edges(dag) == {"b": ["a"]}
    assert shift(state, label, values["d"], node) is values["d"]
    assert _edges(dag) == edges


def test_a_chain_connects_each_with_the_next_and_passes_over_labels() -> None:
    state, dag, values = _state()
    chain(state, [values["group"], values["label"], values["c"], values["d"]], last_call(state))
    assert _edges(dag) == {"b": ["a"], "c": ["b"], "d": ["c"]}


def test_a_list_and_a_task_are_chained_all_with_one() -> None:
    state, dag, values = _state()
    chain(state, [values["b"], values["list"], task_of(dag, "e")], last_call(state))
    assert _edges(dag) == {"b": ["a"], "c": ["b"], "d": ["b"], "e": ["c", "d"]}


def test_two_lists_are_chained_one_by_one_and_crossed_all_with_all() -> None:
    state, dag, values = _state()
    e, f = task_of(dag, "e"), task_of(dag, "f")
    chain(state, [values["list"], [e, f]], last_call(state))
    assert _edges(dag) == {"b": ["a"], "e": ["c"], "f": ["d"]}
    cross_downstream(state, [values["list"], [e, f]], last_call(state))
    assert _edges(dag) == {"b": ["a"], "e": ["c", "d"], "f": ["d", "c"]}


def test_lists_of_different_lengths_are_not_chained() -> None:
    state, dag, values = _state()
    chain(state, [values["list"], [values["b"]]], last_call(state))
    assert _edges(dag) == {"b": ["a"]}
    assert reasons(state) == ["chains two lists of different lengths"]


def test_crossing_takes_two_lists() -> None:
    state, dag, values = _state()
    cross_downstream(state, [values["list"]], last_call(state))
    assert _edges(dag) == {"b": ["a"]}
    assert reasons(state) == ["is not followed"]
