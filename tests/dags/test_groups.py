"""Task groups: their prefixes, defaults and limits; what is inside is run by what is handed in."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, Recorder, in_dag, last_call, reasons, state_of, task_of
from offramp.dags.dag_values import Group, GroupFunction
from offramp.dags.groups import call_group, has_parameters, open_group, run_group_block
from offramp.dags.state import State


def _open(*calls: str, default_id: str = "") -> tuple[State, list[Group | None]]:
    """The groups that calls open, one in the other."""
    state = state_of("\n".join(calls))
    dag = in_dag(state)
    nodes = [node for statement in state.module.tree.body for node in [getattr(statement, "value", None)]]
    made = [
        open_group(state, dag, default_id, node, state.module.values.arguments(node).given)
        for node in nodes
        if isinstance(node, ast.Call)
    ]
    return state, made


def _block(text: str, recorder: Recorder | None = None) -> tuple[State, ast.With]:
    state = state_of(f"{IMPORTS}{text}", recorder)
    in_dag(state)
    block = state.statement
    assert isinstance(block, ast.With)
    return state, block


def test_prefixes_of_groups_add_up_unless_one_has_none() -> None:
    state, made = _open(
        "TaskGroup(group_id='outer')",
        "TaskGroup(group_id='plain', prefix_group_id=False)",
        "TaskGroup(group_id='middle')",
        "TaskGroup(group_id='inner')",
    )
    assert [group.prefix for group in made if group is not None] == ["outer.", "", "middle.", "middle.inner."]
    assert state.groups == made


def test_a_group_has_the_defaults_of_those_around_it_and_its_own() -> None:
    _, (outer, inner) = _open(
        "TaskGroup(group_id='a', default_args={'retries': 1, 'owner': 'x'})",
        "TaskGroup(group_id='b', default_args={'retries': 2})",
    )
    assert inner is not None
    assert outer is not None
    assert {name: ast.unparse(one.node) for name, one in inner.defaults.items()} == {"retries": "2", "owner": "'x'"}
    assert {name: ast.unparse(one.node) for name, one in outer.defaults.items()} == {"retries": "1", "owner": "'x'"}
    assert {one.origin for one in inner.defaults.values()} == {"default_args"}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("TaskGroup(group_id=read())", "`group_id` of this task group is not known here"),
        ("TaskGroup(group_id='g', prefix_group_id=read())", "`prefix_group_id` of this task group is not known here"),
        ("TaskGroup(group_id='g', parent_group=g)", "`parent_group` of this task group is not followed"),
        (
            "TaskGroup(group_id='g', add_suffix_on_collision=True)",
            "`add_suffix_on_collision` of this task group is not followed",
        ),
        ("TaskGroup(group_id='g', other=1)", "`other` of this task group is not followed"),
    ],
)
def test_a_group_that_is_not_known_is_none(call: str, reason: str) -> None:
    state, made = _open(call)
    assert made == [None]
    assert state.groups == []
    assert reasons(state) == [reason]


def test_defaults_that_are_not_known_block() -> None:
    state, _ = _open("TaskGroup(group_id='g', default_args=read())")
    assert reasons(state) == ["`default_args` of this task group are not known here"]


def test_a_second_group_has_no_id_of_a_first() -> None:
    state, (_, second) = _open(
        "TaskGroup(group_id='g', prefix_group_id=False)", "TaskGroup(group_id='g', prefix_group_id=False)"
    )
    assert second is None
    assert reasons(state) == ["a second task group has the id `g`"]


def test_a_function_makes_its_group_once() -> None:
    state, (_, second) = _open("g(prefix_group_id=False)", "g(prefix_group_id=False)", default_id="g")
    assert second is None
    assert reasons(state) == ["the task group `g` is made twice"]


def test_a_block_runs_inside_its_groups_and_leaves_them() -> None:
    recorder = Recorder()
    state, block = _block(
        "with TaskGroup('a') as one, TaskGroup('b', prefix_group_id=False) as two:\n    inside()", recorder
    )
    run_group_block(state, block)
    assert len(recorder.turns) == 1
    assert [getattr(state.environment.get(name), "prefix", None) for name in ("one", "two")] == ["a.", ""]
    assert state.groups == []
    assert state.statement is block
    assert reasons(state) == []


@pytest.mark.parametrize("manager", ["open('f')", "TaskGroup('a'), open('f')", "group"])
def test_a_block_of_something_else_is_not_run(manager: str) -> None:
    recorder = Recorder()
    state, block = _block(f"with {manager}:\n    inside()", recorder)
    run_group_block(state, block)
    assert recorder.turns == []
    assert state.groups == []
    assert reasons(state) == ["is a `with` in the DAG that is not followed"]


def _function(text: str) -> tuple[State, GroupFunction]:
    state = state_of(f"{IMPORTS}def outer():\n{text}\n\n\ng()")
    function = next(node for node in ast.walk(state.module.tree) if getattr(node, "name", "") == "g")
    assert isinstance(function, ast.FunctionDef)
    return state, GroupFunction(function, function.decorator_list[0])


def test_a_call_makes_the_group_of_its_function() -> None:
    state, function = _function("    @task_group(group_id='own')\n    def g():\n        a()")
    in_dag(state)
    group = call_group(state, function, last_call(state))
    assert group is not None
    assert group.prefix == "own."
    assert state.groups == []
    assert reasons(state) == []


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("    @task_group\n    def g(a):\n        a()", "a task group that takes arguments is not followed"),
        ("    @task_group\n    def g():\n        return a()", "a task group that returns a value is not followed"),
        (
            "    @task_group\n    def g():\n        import a",
            "a task group's function with code of its own is not followed",
        ),
        ("    @task_group('a', 'b')\n    def g():\n        a()", "not all arguments of this task group are known here"),
    ],
)
def test_a_function_that_does_more_than_make_tasks_blocks(function: str, reason: str) -> None:
    state, made = _function(function)
    in_dag(state)
    call_group(state, made, last_call(state))
    assert reasons(state) == [reason]


def test_a_group_is_called_in_a_dag() -> None:
    state, function = _function("    @task_group\n    def g():\n        a()")
    assert call_group(state, function, last_call(state)) is None
    assert reasons(state) == ["a task group outside a DAG is not followed"]


@pytest.mark.parametrize(
    ("parameters", "takes"), [("", False), ("a", True), ("a, /", True), ("*, a", True), ("*a", True), ("**a", True)]
)
def test_a_function_has_parameters(parameters: str, takes: bool) -> None:
    function = ast.parse(f"def f({parameters}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert has_parameters(function) is takes


def test_the_ends_of_a_group_are_inside_it() -> None:
    state = state_of("x")
    dag = in_dag(state)
    before, first, second, after = (task_of(dag, name) for name in ("before", "first", "second", "after"))
    for up, down in ((before, first), (first, second), (second, after)):
        down.upstream.setdefault(up)
    group = Group("g.", [first, second], {})
    assert group.roots() == [first]
    assert group.leaves() == [second]
