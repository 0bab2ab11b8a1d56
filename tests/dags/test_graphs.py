"""Graphs of whole files: what builds DAGs, what is plain, what is kept, and what is missing."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, rulebook
from offramp.dags.builder import build
from offramp.dags.graph import Graph
from offramp.finding.operators import Module

_DBT = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"
_OF_ANOTHER = """
with DAG("c"):
    a = EmptyOperator(task_id="a")
with DAG("d"):
    b = EmptyOperator(task_id="b", doc=a.output)
"""


def _graph(text: str) -> Graph:
    return build(Module(ast.parse(f"{IMPORTS}{_DBT}{text}"), rulebook()))


def _edges(graph: Graph) -> list[dict[str, list[str]]]:
    return [{task.id: [up.id for up in task.upstream] for task in dag.tasks.values()} for dag in graph.dags]


def _reasons(graph: Graph) -> list[str]:
    return [blocker.reason for blocker in graph.blockers]


def _texts(nodes: frozenset[ast.stmt] | tuple[ast.stmt, ...]) -> list[str]:
    """The first lines of statements, without imports, in the order of the text."""
    own = [node for node in nodes if not isinstance(node, ast.ImportFrom)]
    return [ast.unparse(node).splitlines()[0] for node in sorted(own, key=lambda node: node.lineno)]


def test_a_block_of_a_dag() -> None:
    graph = _graph(
        """
LIMIT = 1
with DAG("d") as dag, TaskGroup("g"):
    own = 2
    a = EmptyOperator(task_id="a")
    b = EmptyOperator(task_id="b")
    a >> b
print(LIMIT)
"""
    )
    assert _reasons(graph) == []
    assert _edges(graph) == [{"g.a": [], "g.b": ["g.a"]}]
    assert graph.dags[0].name == "dag"
    assert _texts(graph.building) == ["with DAG('d') as dag, TaskGroup('g'):"]
    assert _texts(graph.plain) == ["LIMIT = 1", "print(LIMIT)"]
    assert _texts(graph.kept) == ["own = 2"]


def test_a_dag_that_tasks_name() -> None:
    graph = _graph(
        """
d = DAG("d")
tasks = []
for name in ["a", "b"]:
    tasks.append(EmptyOperator(task_id=name, dag=d))
tasks[0] >> tasks[1]
with d:
    EmptyOperator(task_id="c")
"""
    )
    assert _reasons(graph) == []
    assert _edges(graph) == [{"a": [], "b": ["a"], "c": []}]
    assert _texts(graph.plain) == []
    assert {name for _, name in graph.holders} == {"d", "tasks"}
    assert _texts(tuple(graph.dags[0].statements)) == ["with d:"]


def test_a_function_of_a_dag() -> None:
    graph = _graph(
        """
@dag(schedule=None)
def d():
    "text"
    @task
    def f(): ...
    f() >> EmptyOperator(task_id="b")

made = d()
if __name__ == "__main__":
    made.test()
"""
    )
    assert _reasons(graph) == []
    assert _edges(graph) == [{"f": [], "b": ["f"]}]
    assert graph.dags[0].function is not None
    assert graph.dags[0].function.name == "d"
    assert _texts(graph.building) == ["@dag(schedule=None)", "@task", "made = d()", "if __name__ == '__main__':"]


def test_names_of_one_function_are_not_those_of_the_next() -> None:
    graph = _graph(
        """
@dag
def one():
    a = EmptyOperator(task_id="a")
@dag
def two():
    a >> EmptyOperator(task_id="b")
"""
    )
    assert _reasons(graph) == ["connects something that is not known to be a task"]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("@dag\nasync def d(): ...", ["is an async function, which Airflow never runs"]),
        ("@dag\ndef d(x): ...", ["takes parameters, which Airflow fills from the DAG's params"]),
        ("@wrap\n@dag\ndef d(): ...", ["has another decorator besides `@dag`"]),
        ("def f():\n    return DAG('d')", ["this DAG is made in a function, a loop or a condition"]),
        ("with DAG('d') as d: ...\nprint(d)", ["passes a task or DAG to `print`, which is not followed"]),
        ("with DAG('d') as d: ...\nwhile d: ...", ["uses a DAG or a task in a way that is not followed"]),
        (
            "d = DAG('d')\nx = d.dag_id",
            ["takes `dag_id` in a way that is not followed"],
        ),
        (
            "with DAG('d') as d: ...\nif __name__ == '__main__':\n    d.test()\nelse:\n    d.test()",
            ["uses a DAG or a task in a way that is not followed"],
        ),
        ("if __name__ == '__main__':\n    anything.test()", []),
        ("if __name__ == 'other':\n    anything.test()", []),
        (
            "class Own(DbtCloudRunJobOperator): ...\nwith DAG('d'):\n    Own(task_id='t', job_id=1)",
            ["`Own` is a class of its own: no note covers it"],
        ),
        (
            "Some = EmptyOperator if read() else PythonOperator\nwith DAG('d'):\n    Some(task_id='t')",
            ["may be one of several operators"],
        ),
        (
            "with DAG('d'):\n    PythonOperator(task_id='t', python_callable=lambda: 1, op_args={})",
            ["`op_args` is not known here"],
        ),
        ("with DAG('d'):\n    x = [EmptyOperator, 1, read]", []),
        ("with DAG(**read()): ...", ["not all arguments of this DAG are known here"]),
        ("with DAG('a', 'b', 'c', 'd'): ...", ["not all arguments of this DAG are known here"]),
        (
            "from elsewhere import x\nwith DAG('d'):\n    x()",
            [
                "is code in the DAG that is not followed",
                "`x` is defined elsewhere: whether it makes tasks of this DAG is not known",
            ],
        ),
        (
            "from elsewhere import x\nwith DAG('d'):\n    y = x()",
            ["`x` is defined elsewhere: whether it makes tasks of this DAG is not known"],
        ),
        (
            "class Own(DAG): ...\nwith Own('d'): ...",
            ["this DAG is made by a class of its own"],
        ),
        (
            "from elsewhere import Other\nMaker = DAG if x else Other\nwith Maker('d'): ...",
            ["`Maker` may be something else than Airflow's"],
        ),
        (
            "with DAG('d') as d: ...\nif __name__ == '__main__':\n    d.test()\n    print(d)",
            ["runs the DAG by hand together with other code", "uses a DAG or a task in a way that is not followed"],
        ),
        (
            "def f():\n    DbtCloudRunJobOperator(task_id='t', job_id=1)",
            ["is not made in a DAG that is understood here"],
        ),
        (
            "with DAG('d'):\n    @task_group\n    def g():\n        EmptyOperator(task_id='a')",
            ["is code in the DAG that is not followed"],
        ),
        (
            _OF_ANOTHER,
            ["takes the result of another DAG's task, which Airflow refuses"],
        ),
    ],
)
def test_what_prevents_a_graph(text: str, reasons: list[str]) -> None:
    assert _reasons(_graph(text)) == reasons


def test_a_result_of_another_dag_is_no_edge() -> None:
    graph = _graph(_OF_ANOTHER)
    assert _edges(graph) == [{"a": []}, {"b": []}]
    assert graph.dags[1].tasks["b"].results == {}


def test_results_of_the_own_dag_stay_where_another_ones_are_taken_out() -> None:
    graph = _graph(
        """
def f(*values): ...
with DAG("c"):
    a = EmptyOperator(task_id="a")
with DAG("d"):
    b = EmptyOperator(task_id="b")
    c = PythonOperator(task_id="c", python_callable=f, op_args=[a.output, b.output, 1],
                       op_kwargs={"x": a.output, "y": 2})
"""
    )
    task = graph.dags[1].tasks["c"]
    assert [type(one).__name__ for one in task.positional] == ["Result", "Argument"]
    assert list(task.keywords) == ["y"]
    assert [up.id for up in task.upstream] == ["b"]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("DbtCloudRunJobOperator(task_id='t', job_id=1)", True),
        ("t = DbtCloudRunJobOperator(task_id='t', job_id=1)", True),
        ("t = [DbtCloudRunJobOperator(task_id='t', job_id=1)]", False),
        ("t = DbtCloudRunJobOperator(task_id='t', job_id=1, dag=read())", False),
        ("with open('f'):\n    DbtCloudRunJobOperator(task_id='t', job_id=1)", False),
    ],
)
def test_an_operator_outside_any_dag_is_bare_where_it_stands_alone(text: str, bare: bool) -> None:
    graph = _graph(text)
    assert len(graph.loose) == bare
    assert (_reasons(graph) == []) is bare


@pytest.mark.parametrize(
    ("made", "tasks"),
    [
        ("for name in [EmptyOperator(task_id='a')]:\n        EmptyOperator(task_id=f'{name}_b')", ["x", "a"]),
        ("with TaskGroup('g') as name:\n        EmptyOperator(task_id=f'{name}_b')", ["x"]),
        ("name = EmptyOperator(task_id='a')\n    EmptyOperator(task_id=f'{name}_b')", ["x", "a"]),
        ("names = []\n    names.append(EmptyOperator(task_id='a'))\n    EmptyOperator(task_id=names[0])", ["x", "a"]),
    ],
)
def test_a_name_that_becomes_a_task_has_no_value_of_a_turn_before(made: str, tasks: list[str]) -> None:
    graph = _graph(f"with DAG('d'):\n    for name in ['x']:\n        EmptyOperator(task_id=name)\n    {made}")
    assert list(graph.dags[0].tasks) == tasks
    assert "the task id is not known here" in _reasons(graph)


@pytest.mark.parametrize("plain", ["with open('f') as name: ...", "import name", "try:\n    name = 1\nfinally: ..."])
def test_a_plain_statement_ends_what_a_turn_gave(plain: str) -> None:
    loop = "for name in ['a']:\n    EmptyOperator(task_id=name, dag=d)"
    graph = _graph(f"d = DAG('d')\n{loop}\n{plain}\nEmptyOperator(task_id=name, dag=d)")
    assert list(graph.dags[0].tasks) == ["a"]
    assert _reasons(graph) == ["the task id is not known here"]


def test_a_list_in_the_text_is_older_than_what_the_body_of_its_loop_binds() -> None:
    graph = _graph(
        """
first = "a"
names = ["b", first]
d = DAG("d")
for name in names:
    first = name + "1"
    EmptyOperator(task_id=first, dag=d)
"""
    )
    assert _edges(graph) == [{"b1": [], "a1": []}]


def test_a_mapped_operator() -> None:
    graph = _graph(
        """
with DAG("d"):
    a = DbtCloudRunJobOperator.partial(task_id="a").expand(job_id=[1, 2])
    a >> EmptyOperator(task_id="b")
"""
    )
    task = graph.dags[0].tasks["a"]
    assert task.mapped is not None
    assert (task.mapped[0], ast.unparse(task.mapped[1].node)) == ("job_id", "[1, 2]")
    assert _edges(graph) == [{"a": [], "b": ["a"]}]
    assert _reasons(graph) == []


def test_a_name_that_is_bound_twice_in_a_block_has_its_present_value() -> None:
    graph = _graph(
        """
with DAG("d"):
    name = "a"
    EmptyOperator(task_id=name)
    name = "b"
    EmptyOperator(task_id=name)
"""
    )
    assert _edges(graph) == [{"a": [], "b": []}]
    assert _reasons(graph) == []


def test_a_taskflow_task_that_is_passed_hands_on_its_result() -> None:
    graph = _graph(
        """
@dag
def d():
    @task
    def f(*values): ...
    first = f()
    f([first], {"x": first})
    f(first)
"""
    )
    assert _edges(graph) == [{"f": [], "f__1": [], "f__2": ["f"]}]
    assert _reasons(graph) == ["passes tasks inside another value"] * 2


def test_leaves_are_the_tasks_that_nothing_comes_after() -> None:
    graph = _graph(
        "with DAG('d'):\n    a = EmptyOperator(task_id='a')\n    b = EmptyOperator(task_id='b')\n"
        "    c = EmptyOperator(task_id='c')\n    b >> a"
    )
    assert [task.id for task in graph.dags[0].leaves()] == ["a", "c"]


def test_arguments_of_a_dag() -> None:
    graph = _graph("TAGS = ['x']\nwith DAG('d', schedule=None, tags=TAGS, **{'catchup': False}): ...\nTAGS.append('y')")
    arguments = {name: ast.unparse(one.node) for name, one in graph.dags[0].arguments.items()}
    assert arguments == {"dag_id": "'d'", "schedule": "None", "tags": "TAGS", "catchup": "False"}
    assert _reasons(graph) == ["`tags` is changed afterwards (line 11), which Airflow sees as well"]


@pytest.mark.parametrize("name", ["default_args", "params"])
def test_a_dag_copies_its_defaults_and_params(name: str) -> None:
    graph = _graph(f"GIVEN = {{}}\nwith DAG('d', {name}=GIVEN): ...\nGIVEN['a'] = 1")
    assert _reasons(graph) == []


def test_a_bare_decorator_gives_a_dag_nothing() -> None:
    assert _graph("@dag\ndef d(): ...").dags[0].arguments == {}
