"""Lists and dicts that tasks are kept in, and loops and comprehensions that fill them."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, Recorder, in_dag, last_call, last_value, reasons, state_of, task_of
from offramp.dags.containers import add_to_list, append_first, begins_empty, hold_tasks, set_entry
from offramp.dags.dag_values import UNFOLLOWED, DagValue, Plain
from offramp.dags.loops import comprehension, run_condition, run_loop
from offramp.dags.state import State


def _name(state: State) -> ast.Name:
    """The last name in the text."""
    names = [node for node in ast.walk(state.statement) if isinstance(node, ast.Name) and node.id == "tasks"]
    return names[-1]


def _plain(state: State) -> State:
    state.record.plain.extend(state.module.tree.body[:-1])
    return state


@pytest.mark.parametrize(
    ("before", "empty"),
    [
        ("tasks = []", True),
        ("tasks = {}", True),
        ("tasks = None", False),
        ("tasks = [1]", False),
        ("tasks = {'a': 1}", False),
        ("tasks = read()", False),
        ("tasks = []\nprint(tasks)", False),
        ("other = []", False),
    ],
)
def test_a_name_begins_empty(before: str, empty: bool) -> None:
    state = _plain(state_of(f"{before}\ntasks['a'] = 1"))
    assert begins_empty(state, _name(state)) is empty


@pytest.mark.parametrize(
    ("before", "goes"),
    [("tasks = []", True), ("tasks = None", True), ("tasks = [1]", False), ("tasks = a = []", False)],
)
def test_the_statement_goes_that_bound_a_holder_of_tasks_to_nothing(before: str, goes: bool) -> None:
    state = _plain(state_of(f"{before}\ntasks['a'] = 1"))
    bound = state.module.tree.body[0]
    hold_tasks(state, _name(state))
    assert (bound in state.record.building) is goes
    assert (bound not in state.record.plain) is goes
    assert (state.module.names.module, "tasks") in state.record.holders


def test_a_kept_statement_of_a_name_that_holds_tasks_is_kept_no_more() -> None:
    state = state_of("tasks = []\ntasks['a'] = 1")
    first = state.module.tree.body[0]
    state.record.keep("tasks", first)
    state.record.keep("other", state.statement)
    hold_tasks(state, _name(state))
    assert state.record.kept == {state.statement}


def test_tasks_are_kept_by_key_in_a_dict_that_began_empty() -> None:
    state = _plain(state_of("tasks = {}\ntasks['a'] = 1"))
    task = task_of(in_dag(state), "a")
    target = state.statement.targets[0] if isinstance(state.statement, ast.Assign) else None
    assert isinstance(target, ast.Subscript)
    set_entry(state, target, task)
    assert state.environment.get("tasks") == {"a": task}
    assert reasons(state) == []


@pytest.mark.parametrize(
    "text", ["tasks = {}\ntasks[read()] = 1", "tasks = {'b': 1}\ntasks['a'] = 1", "x.tasks['a'] = 1"]
)
def test_other_ways_to_keep_tasks_block(text: str) -> None:
    state = _plain(state_of(text))
    task = task_of(in_dag(state), "a")
    target = state.statement.targets[0] if isinstance(state.statement, ast.Assign) else None
    assert isinstance(target, ast.Subscript)
    set_entry(state, target, task)
    assert reasons(state) == ["keeps tasks in a way that is not followed"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [("tasks.append(a)", ["b", "a"]), ("tasks.extend(both)", ["b", "a", "b"]), ("tasks.append(both)", None)],
)
def test_a_list_of_tasks_takes_tasks(text: str, ids: list[str] | None) -> None:
    state = state_of(text)
    dag = in_dag(state)
    a, b = task_of(dag, "a"), task_of(dag, "b")
    state.environment.bind("a", a)
    state.environment.bind("both", [a, b])
    tasks: list[DagValue] = [b]
    call = last_call(state)
    assert isinstance(call.func, ast.Attribute)
    assert add_to_list(state, tasks, call, call.func.attr) is UNFOLLOWED
    assert [getattr(one, "id", None) for one in tasks] == (ids or ["b"])
    assert reasons(state) == ([] if ids else ["keeps something else than tasks in a list of tasks"])


@pytest.mark.parametrize(
    ("before", "added", "reason"),
    [
        ("tasks = []", "a", ""),
        ("tasks = read()", "a", "keeps tasks in a list that is not known here"),
        ("tasks = [1]", "a", "keeps tasks in a list that is not known here"),
        ("tasks = []", "1", "is code in the DAG that is not followed"),
    ],
)
def test_the_first_task_of_a_list(before: str, added: str, reason: str) -> None:
    state = _plain(state_of(f"{before}\ntasks.append({added})"))
    a = task_of(in_dag(state), "a")
    state.environment.bind("a", a)
    assert append_first(state, _name(state), last_call(state)) is UNFOLLOWED
    assert reasons(state) == ([reason] if reason else [])
    assert state.environment.get("tasks") == (None if reason else [a])


def _loop(text: str) -> tuple[State, list[dict[str, object]]]:
    recorder = Recorder()
    state = state_of(text, recorder)
    in_dag(state)
    loop = state.statement
    assert isinstance(loop, ast.For)
    run_loop(state, loop)
    assert state.statement is loop
    return state, recorder.turns


def test_a_loop_runs_its_body_with_the_values_of_each_turn() -> None:
    state, turns = _loop("for a, b in [(1, 'x'), (2, 'y')]:\n    make(a, b)")
    assert turns == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert reasons(state) == []


def test_a_loop_over_nothing_is_followed_whole() -> None:
    state, turns = _loop("for a in []:\n    make(a)")
    assert turns == []
    assert set(ast.walk(state.statement)) - state.record.followed <= {
        node for node in ast.walk(state.statement) if isinstance(node, ast.expr_context)
    }


@pytest.mark.parametrize(
    ("text", "turns", "reason"),
    [
        ("for a in read():\n    make(a)", 0, "is a loop over something that is not known here"),
        ("for a in [1]:\n    make(a)\nelse:\n    x()", 0, "is a loop over something that is not known here"),
        ("for a in [1]:\n    break", 0, "is a loop that may end early"),
        ("for a in [1]:\n    def f(): ...", 0, "is made anew in every turn of a loop"),
        ("for a in [1]:\n    import f", 0, "is made anew in every turn of a loop"),
        ("for a in [1, read()]:\n    make(a)", 1, "is a loop over something that is not known here"),
        ("for a, b in [(1, 2), 3]:\n    make(a)", 1, "is a loop over something that is not known here"),
    ],
)
def test_a_loop_that_is_not_known_blocks(text: str, turns: int, reason: str) -> None:
    state, run = _loop(text)
    assert len(run) == turns
    assert reasons(state) == ([reason] if reason else [])


def test_loops_of_a_file_have_an_end() -> None:
    recorder = Recorder()
    state = state_of("for a in range(1500):\n    make(a)", recorder)
    in_dag(state)
    loop = state.statement
    assert isinstance(loop, ast.For)
    run_loop(state, loop)
    assert reasons(state) == []
    run_loop(state, loop)
    assert reasons(state) == ["goes on for more turns than are followed"]
    assert len(recorder.turns) == 2000


def test_a_loop_that_has_nothing_to_do_with_dags_is_passed_over() -> None:
    recorder = Recorder()
    state = state_of("for a in read():\n    print(a)", recorder)
    assert isinstance(state.statement, ast.For)
    run_loop(state, state.statement)
    assert (recorder.turns, reasons(state)) == ([], [])


@pytest.mark.parametrize(
    ("test", "arm", "reason"),
    [
        ("1 == 1", "yes()", ""),
        ("1 == 2", "no()", ""),
        ("read()", "", "is a condition that is not known here"),
    ],
)
def test_a_condition_runs_the_arm_that_it_chooses(test: str, arm: str, reason: str) -> None:
    recorder = Recorder()
    state = state_of(f"if {test}:\n    yes()\nelse:\n    no()", recorder)
    in_dag(state)
    assert isinstance(state.statement, ast.If)
    run_condition(state, state.statement)
    assert recorder.ran == ([arm] if arm else [])
    left = {"yes()": "no()", "no()": "yes()"}.get(arm)
    assert {ast.unparse(one) for one in state.record.followed if isinstance(one, ast.stmt)} == (
        {left} if left else set()
    )
    assert reasons(state) == ([reason] if reason else [])


@pytest.mark.parametrize("made", ["def f(): ...", "import f", "class F: ..."])
def test_what_is_defined_under_a_condition_blocks(made: str) -> None:
    state = state_of(f"if 1 == 1:\n    {made}")
    in_dag(state)
    assert isinstance(state.statement, ast.If)
    run_condition(state, state.statement)
    assert reasons(state) == ["is made only if a condition holds"]


@pytest.mark.parametrize(
    ("text", "made", "reason"),
    [
        ("[EmptyOperator(task_id=x) for x in ['a', 'b', 'c'] if x != 'b']", 2, ""),
        ("[EmptyOperator(task_id=x) for x in read()]", 0, "is a loop over something that is not known here"),
        ("[EmptyOperator(task_id=x) for x in ['a'] if read()]", 0, "is a condition that is not known here"),
        (
            "[EmptyOperator(task_id=x) for x in ['a'] for y in ['b']]",
            0,
            "is a loop over something that is not known here",
        ),
        ("[EmptyOperator(task_id=x) for x, y in ['a']]", 0, "is a loop over something that is not known here"),
    ],
)
def test_a_comprehension_makes_an_element_a_turn(text: str, made: int, reason: str) -> None:
    recorder = Recorder()
    state = state_of(f"{IMPORTS}{text}", recorder)
    in_dag(state)
    node = last_value(state)
    assert isinstance(node, ast.ListComp)
    value = comprehension(state, node)
    assert recorder.evaluated == ["EmptyOperator(task_id=x)"] * made
    assert (value is UNFOLLOWED) is bool(reason)
    assert reasons(state) == ([reason] if reason else [])
    assert state.environment.turn == {}


def test_a_comprehension_of_plain_values_is_plain() -> None:
    state = state_of("[x for x in read()]")
    node = last_value(state)
    assert isinstance(node, ast.ListComp)
    assert isinstance(comprehension(state, node), Plain)
    assert reasons(state) == []
