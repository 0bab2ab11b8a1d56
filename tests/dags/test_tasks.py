"""Tasks of operators and of functions: ids, arguments in Airflow's order, results that they take, mapping."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, in_dag, last_call, last_value, reasons, state_of, task_of
from offramp.dags.arguments import add_defaults, check_lasting, inherited
from offramp.dags.dag_values import UNFOLLOWED, DagValue, Group, TaskFunction
from offramp.dags.graph import Argument, Dag, Result, Task
from offramp.dags.state import State
from offramp.dags.task_data import passed_value
from offramp.dags.task_functions import call_task, expand, free_id, override
from offramp.dags.tasks import make_operator
from offramp.python.values import Given


def _given(node: ast.expr) -> Argument:
    return Argument(node, (), "keyword")


def _operator(text: str, *, defaults: str = "", group: Group | None = None) -> tuple[State, Dag, DagValue]:
    """The state, its DAG, and what making the operator of the last call gives."""
    state = state_of(f"{IMPORTS}{text}")
    dag = in_dag(state)
    if defaults:
        dag.arguments["default_args"] = _given(ast.parse(defaults, mode="eval").body)
    if group is not None:
        state.groups.append(group)
    task_a = task_of(dag, "a")
    state.environment.bind("a", task_a)
    state.environment.bind("of_a", Result(task_a, "return_value", task_a.node))
    call = last_call(state)
    return state, dag, make_operator(state, call, state.callees.operator_section(call))


def _texts(arguments: dict[str, Argument]) -> dict[str, str]:
    return {name: ast.unparse(one.node) for name, one in arguments.items()}


def test_the_nearest_gives_an_argument() -> None:
    group = Group("g.", [], {"retries": Argument(ast.Constant(2), (), "default_args")})
    _, dag, task = _operator(
        "EmptyOperator(task_id='t', default_args={'pool': 'own'}, trigger_rule='all_done')",
        defaults="{'retries': 1, 'owner': 'dag', 'pool': 'dag', 'params': {}, 'bash_command': 'x'}",
        group=group,
    )
    assert isinstance(task, Task)
    assert dag.tasks["g.t"] is task
    assert group.tasks == [task]
    assert _texts(task.arguments) == {
        "retries": "2",
        "owner": "'dag'",
        "pool": "'own'",
        "default_args": "{'pool': 'own'}",
        "trigger_rule": "'all_done'",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("EmptyOperator(task_id=read())", "the task id is not known here"),
        ("EmptyOperator(task_id=1)", "the task id is not known here"),
        ("EmptyOperator()", "the task id is not known here"),
        ("EmptyOperator(task_id='a')", "a second task has the id `a`"),
        ("EmptyOperator(task_id='t', dag=other)", "the DAG of this task is not known here"),
    ],
)
def test_an_operator_without_a_place_in_its_dag_is_no_task(text: str, reason: str) -> None:
    state, dag, task = _operator(text)
    assert task is UNFOLLOWED
    assert list(dag.tasks) == ["a"]
    assert reasons(state) == [reason]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("EmptyOperator(task_id='t', **read())", "not all arguments of this task are known here"),
        ("EmptyOperator(task_id='t', task_group=g)", "`task_group` as an argument is not followed"),
        ("EmptyOperator(task_id='t', default_args=read())", "`default_args` of this task are not known here"),
        ("PythonOperator(task_id='t', op_args=read())", "`op_args` is not known here"),
        ("PythonOperator(task_id='t', op_kwargs=read())", "`op_kwargs` is not known here"),
        ("EmptyOperator(task_id='t', doc=a)", "passes tasks as `doc`"),
    ],
)
def test_an_argument_that_is_not_known_blocks(text: str, reason: str) -> None:
    state, _, task = _operator(text)
    assert isinstance(task, Task)
    assert reasons(state) == [reason]


def test_an_operator_outside_any_dag_is_left_to_others() -> None:
    state = state_of(f"{IMPORTS}EmptyOperator(task_id='t')")
    assert make_operator(state, last_call(state), "EmptyOperator") is UNFOLLOWED
    assert state.record.seen == set()
    assert reasons(state) == []


def test_an_operator_names_its_dag() -> None:
    state = state_of(f"{IMPORTS}EmptyOperator(task_id='t', dag=d)")
    named = in_dag(state)
    state.environment.bind("d", named)
    for around, expected in ((None, []), (named, []), (in_dag(state), ["is in one DAG's block and names another DAG"])):
        named.tasks.clear()
        state.record.blockers.clear()
        state.dag = around
        task = make_operator(state, last_call(state), "EmptyOperator")
        assert isinstance(task, Task)
        assert task.dag is named
        assert reasons(state) == expected


def test_results_that_a_callable_takes_come_before_it() -> None:
    state, _, task = _operator(
        "def f(): ...\nPythonOperator(task_id='t', python_callable=f, op_args=[of_a, 1], op_kwargs={'k': of_a})"
    )
    assert isinstance(task, Task)
    assert [type(one).__name__ for one in task.positional] == ["Result", "Argument"]
    assert isinstance(task.keywords["k"], Result)
    assert [up.id for up in task.upstream] == ["a"]
    assert task.function is not None
    assert task.function.name == "f"
    assert not {"op_args", "op_kwargs", "python_callable"} & task.arguments.keys()
    assert reasons(state) == []


def test_a_plain_value_of_tasks_is_an_argument() -> None:
    state, _, task = _operator("EmptyOperator(task_id='t', doc=read(a))")
    assert isinstance(task, Task)
    assert _texts(task.arguments) == {"doc": "read(a)"}
    assert (task.results, task.upstream, reasons(state)) == ({}, {}, [])


def test_a_result_as_an_argument_comes_before_the_task() -> None:
    _, _, task = _operator("EmptyOperator(task_id='t', doc=of_a)")
    assert isinstance(task, Task)
    assert list(task.results) == ["doc"]
    assert [up.id for up in task.upstream] == ["a"]


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("lambda: print('x', len('ab'))", ""),
        ("lambda: 1", ""),
        ("lambda x: x", "takes arguments"),
        ("lambda *x: x", "takes arguments"),
        ("lambda x=1: x", "takes arguments"),
        ("lambda: read()", "calls functions"),
        ("lambda: open('x')", "calls functions"),
        ("lambda: row", "reads what differs from turn to turn of a loop"),
    ],
)
def test_a_lambda_is_an_expression_where_it_only_computes(function: str, problem: str) -> None:
    state = state_of(f"{IMPORTS}PythonOperator(task_id='t', python_callable={function})")
    in_dag(state)
    state.environment.bind_turn("row", 1)
    task = make_operator(state, last_call(state), "PythonOperator")
    assert isinstance(task, Task)
    assert (task.expression is None) is bool(problem)
    assert reasons(state) == ([f"the callable is a lambda that {problem}"] if problem else [])


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("@wrap\ndef f(): ...", "the callable `f` has decorators"),
        ("from elsewhere import f", "the callable `f` is defined elsewhere: whether it takes Airflow's context is not"),
    ],
)
def test_a_callable_is_a_function_of_the_file(definition: str, reason: str) -> None:
    state, _, _ = _operator(f"{definition}\nPythonOperator(task_id='t', python_callable=f)")
    assert [one.startswith(reason) for one in reasons(state)] == [True]


def test_defaults_are_laid_over_each_other() -> None:
    state = state_of("{'a': 1, 'b': 1}\n{'b': 2}\nNone\n{'c': 1, **x}\nx")
    into: dict[str, Argument] = {}
    known = []
    for statement in state.module.tree.body:
        assert isinstance(statement, ast.Expr)
        node = statement.value
        known.append(add_defaults(state, Given(node, state.module.values.evaluate(node), "keyword"), into))
    assert known == [True, True, True, False, False]
    assert _texts(into) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(("value", "reason"), [("1", ""), ("tasks", "passes tasks inside another value")])
def test_tasks_inside_what_is_passed_block(value: str, reason: str) -> None:
    state = state_of(value)
    state.environment.bind("tasks", [task_of(in_dag(state), "a")])
    assert isinstance(passed_value(state, last_value(state)), Argument)
    assert reasons(state) == ([reason] if reason else [])


def test_params_of_a_dags_defaults_are_the_dags() -> None:
    state = state_of("x")
    dag = in_dag(state)
    dag.arguments["default_args"] = _given(ast.parse("{'params': {}, 'retries': 1}", mode="eval").body)
    assert _texts(inherited(state, dag, {})) == {"retries": "1"}


def test_what_is_changed_after_it_is_given_blocks() -> None:
    state = state_of("rows = [1]\nfirst = rows\nrows.append(2)\nlast = rows")
    first, _, last = state.module.tree.body[1:]
    assert isinstance(first, ast.Assign)
    assert isinstance(last, ast.Assign)
    check_lasting(state, "`rows`", last.value)
    assert reasons(state) == []
    check_lasting(state, "`rows`", first.value)
    assert reasons(state) == ["`rows` is changed afterwards (line 3), which Airflow sees as well"]


@pytest.mark.parametrize(
    ("there", "own", "expected"),
    [
        ([], "t", "t"),
        (["t"], "t", "t__1"),
        (["t", "t__1"], "t", "t__2"),
        (["t", "t__7"], "t", "t__8"),
        (["t__1"], "t__1", "t__2"),
        (["g.t"], "t", "t"),
    ],
)
def test_airflow_numbers_ids_that_are_there_already(there: list[str], own: str, expected: str) -> None:
    dag = in_dag(state_of("x"))
    for task_id in there:
        task_of(dag, task_id)
    assert free_id(dag, "", own) == expected


def test_ids_are_numbered_within_a_group() -> None:
    dag = in_dag(state_of("x"))
    for task_id in ("t", "g.t"):
        task_of(dag, task_id)
    assert free_id(dag, "g.", "t") == "t__1"


def _called(text: str) -> tuple[State, TaskFunction, Dag]:
    """A state at the call of the function ``f`` of a task, with a result of another task as ``of_a``."""
    state = state_of(f"{IMPORTS}{text}")
    function = next(node for node in ast.walk(state.module.tree) if getattr(node, "name", "") == "f")
    assert isinstance(function, ast.FunctionDef)
    dag = in_dag(state)
    task_a = task_of(dag, "a")
    state.environment.bind("of_a", Result(task_a, "return_value", task_a.node))
    made = TaskFunction(function, "task", function.decorator_list[0], {})
    state.environment.bind("f", made)
    return state, made, dag


def test_a_call_of_a_task_function_gives_its_result() -> None:
    state, function, dag = _called("@task(retries=2)\ndef f(x, y): ...\nf(of_a, y=3)")
    dag.arguments["default_args"] = _given(ast.parse("{'retries': 1, 'task_id': 'no', 'owner': 'o'}", mode="eval").body)
    result = call_task(state, function, last_call(state))
    assert isinstance(result, Result)
    assert result.key == "return_value"
    task = result.task
    assert task.id == "f"
    assert _texts(task.arguments) == {"retries": "2", "owner": "'o'"}
    assert [type(one).__name__ for one in (*task.positional, *task.keywords.values())] == ["Result", "Argument"]
    assert [up.id for up in task.upstream] == ["a"]
    assert reasons(state) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@task\ndef f(): ...\nf(*x)", "passes arguments by `*`"),
        ("@task\ndef f(): ...\nf(**x)", "passes arguments by `**`"),
        ("@task(**read())\ndef f(): ...\nf()", "not all arguments of this decorator are known here"),
        ("@task(task_id=read())\ndef f(): ...\nf()", "the task id is not known here"),
    ],
)
def test_a_call_that_is_not_known_blocks(text: str, reason: str) -> None:
    state, function, _ = _called(text)
    call_task(state, function, last_call(state))
    assert reasons(state) == [reason]


def test_a_task_function_is_called_in_a_dag() -> None:
    state, function, _ = _called("@task\ndef f(): ...\nf()")
    state.dag = None
    assert call_task(state, function, last_call(state)) is UNFOLLOWED
    assert reasons(state) == ["calls a task outside a DAG that is understood here"]


def test_override_goes_before_the_decorator() -> None:
    state, function, _ = _called("@task(retries=2, pool='p')\ndef f(): ...\nf.override(retries=3, task_id='own')")
    result = call_task(state, override(state, function, last_call(state)), ast.Call(ast.Name("f"), [], []))
    assert isinstance(result, Result)
    assert result.task.id == "own"
    assert _texts(result.task.arguments) == {"retries": "3", "pool": "'p'"}


@pytest.mark.parametrize(("arguments", "known"), [("retries=1", True), ("1", False), ("**read()", False)])
def test_override_takes_known_names(arguments: str, known: bool) -> None:
    state, function, _ = _called(f"@task\ndef f(): ...\nf.override({arguments})")
    override(state, function, last_call(state))
    assert reasons(state) == ([] if known else ["`override` with unknown arguments"])


def _expanded(text: str) -> tuple[State, DagValue]:
    state, _, _ = _called(f"@task\ndef f(x, y): ...\n{text}")
    call = last_call(state)
    assert isinstance(call.func, ast.Attribute)
    return state, expand(state, call, call.func.value)


@pytest.mark.parametrize("text", ["f.expand(x=[1, 2])", "f.partial(y=3).expand(x=[1, 2])"])
def test_a_mapped_task_function_takes_one_value_a_run(text: str) -> None:
    _, result = _expanded(text)
    assert isinstance(result, Result)
    mapped = result.task.mapped
    assert mapped is not None
    assert (mapped[0], ast.unparse(mapped[1].node)) == ("x", "[1, 2]")
    own = result.task.keywords["x"]
    assert isinstance(own, Result)
    assert (own.task, own.key) == (result.task, "mapped")
    assert ("y" in result.task.keywords) is ("partial" in text)


@pytest.mark.parametrize(
    "text",
    [
        "f.expand(x=read())",
        "f.expand(x=[])",
        "f.expand(x=[1], y=[2])",
        "f.expand([1])",
        "f.expand(**rows)",
        "f.expand(x=[of_a])",
        "f.partial(default_args={}).expand(x=[1])",
        "f.partial(**rows).expand(x=[1])",
        "other.expand(x=[1])",
        "other.partial(y=1).expand(x=[1])",
    ],
)
def test_other_forms_of_mapping_are_not_followed(text: str) -> None:
    state, result = _expanded(text)
    assert result is None
    assert list(state.dag.tasks if state.dag is not None else ()) == ["a"]
