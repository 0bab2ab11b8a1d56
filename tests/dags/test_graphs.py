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
