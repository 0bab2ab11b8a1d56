"""The DAG and the groups around an operator, and what their ``default_args`` give it."""

from __future__ import annotations

import ast

import pytest

from offramp.finding.operators import Module
from offramp.finding.surroundings import Surroundings
from offramp.knowledge.rulebook import load_rulebook

_IMPORTS = """\
from airflow import DAG
from airflow.decorators import dag, task_group
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup
from elsewhere import anything
"""


def _around(text: str) -> tuple[Module, Surroundings]:
    """What is around the call of ``EmptyOperator``."""
    module = Module(ast.parse(_IMPORTS + text), load_rulebook([], pytest.fail))
    call = next(node for node in module.names.calls if ast.unparse(node.func) == "EmptyOperator")
    return module, module.dags.surroundings(call)


@pytest.mark.parametrize(
    ("text", "dag", "groups", "known"),
    [
        ("with DAG('d'):\n    EmptyOperator()", "DAG('d')", [], True),
        ("d = DAG('d')\nwith d:\n    EmptyOperator()", "DAG('d')", [], True),
        ("d = DAG('d')\nEmptyOperator(dag=d)", "DAG('d')", [], True),
        ("EmptyOperator()", "", [], True),
        ("EmptyOperator(dag=anything())", "", [], False),
        ("EmptyOperator(task_group=anything())", "", [], False),
        ("d = DAG('d') if x else DAG('e')\nEmptyOperator(dag=d)", "DAG('d')", [], False),
        ("with DAG('d'):\n    with TaskGroup('g'):\n        EmptyOperator()", "DAG('d')", ["TaskGroup('g')"], True),
        (
            "with DAG('d'), TaskGroup('g') as g, TaskGroup('h'):\n    EmptyOperator()",
            "DAG('d')",
            ["TaskGroup('g')", "TaskGroup('h')"],
            True,
        ),
        (
            "with DAG('d'):\n    g = TaskGroup('g')\n    EmptyOperator(task_group=g)",
            "DAG('d')",
            ["TaskGroup('g')"],
            True,
        ),
        ("with DAG('d'):\n    with open('f'):\n        EmptyOperator()", "DAG('d')", [], True),
        ("with open('f'):\n    EmptyOperator()", "", [], True),
        ("with anything():\n    EmptyOperator()", "", [], False),
        ("@dag\ndef f():\n    EmptyOperator()", "dag", [], True),
        (
            "@dag()\ndef f():\n    @task_group\n    def g():\n        EmptyOperator()\n    g()",
            "dag()",
            ["task_group"],
            True,
        ),
        ("def f():\n    EmptyOperator()\nwith DAG('d'):\n    f()", "DAG('d')", [], True),
        (
            "def f():\n    with TaskGroup('g'):\n        EmptyOperator()\nwith DAG('d'), TaskGroup('h'):\n    f()",
            "DAG('d')",
            ["TaskGroup('h')", "TaskGroup('g')"],
            True,
        ),
        ("def f():\n    EmptyOperator()\nwith DAG('d'):\n    f()\nwith DAG('e'):\n    f()", "", [], False),
        ("def f():\n    EmptyOperator()\nanything(f)\nwith DAG('d'):\n    f()", "", [], False),
        ("def f():\n    EmptyOperator()", "", [], False),
    ],
)
def test_around_an_operator(text: str, dag: str, groups: list[str], known: bool) -> None:
    _, around = _around(text)
    assert ("" if around.dag is None else ast.unparse(around.dag)) == dag
    assert [ast.unparse(group) for group in around.groups] == groups
    assert around.known is known


@pytest.mark.parametrize(
    ("text", "given", "complete"),
    [
        ("with DAG('d', default_args={'a': 1, 'b': 1}):\n    EmptyOperator()", {"a": "1", "b": "1"}, True),
        (
            "with DAG('d', default_args={'a': 1, 'b': 1}), TaskGroup('g', default_args={'b': 2}):\n    EmptyOperator()",
            {"a": "1", "b": "2"},
            True,
        ),
        ("with DAG('d', default_args=anything()):\n    EmptyOperator()", {}, False),
        ("with DAG('d', **anything()):\n    EmptyOperator()", {}, False),
        ("with DAG('d', default_args=None):\n    EmptyOperator()", {}, True),
    ],
)
def test_default_args_around_an_operator(text: str, given: dict[str, str], complete: bool) -> None:
    module, around = _around(text)
    inherited = module.dags.inherited(around)
    assert {name: ast.unparse(one.node) for name, one in inherited.given.items() if one.node is not None} == given
    assert inherited.complete is complete
