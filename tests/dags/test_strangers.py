"""Calls in a DAG's block of what may make tasks of it unseen."""

from __future__ import annotations

import ast

import pytest

from dags.states import IMPORTS, rulebook
from offramp.dags.callees import Callees
from offramp.dags.strangers import Strangers
from offramp.finding.operators import Module

_BEFORE = """\
import json, os, pendulum
from functools import partial
from elsewhere import stranger, Base, wrap
def calls(): return stranger()
def works(): return len("x")
class Own: ...
class Derived(Base): ...
class Sets:
    def __init__(self): stranger()
@wrap
def wrapped(): ...
TABLE = {"a": 1}
"""


def _strangers(text: str) -> list[str]:
    module = Module(ast.parse(f"{IMPORTS}{_BEFORE}{text}"), rulebook())
    body = module.tree.body[len(ast.parse(IMPORTS + _BEFORE).body) :]
    return [ast.unparse(found) for found, _ in Strangers(module, set()).calls(body)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stranger()", ["stranger"]),
        ("x = [stranger(), 1]", ["stranger"]),
        ("stranger.method()", ["stranger.method"]),
        ("calls()", ["stranger"]),
        ("works()", []),
        ("json.loads('1')", []),
        ("os.environ.get('x')", []),
        ("pendulum.now()", []),
        ("EmptyOperator(task_id='a')", []),
        ("len('x')", []),
        ("eval('x')", ["eval"]),
        ("map(stranger, [])", ["map"]),
        ("TABLE.get('a')", []),
        ("'x'.format(1)", []),
        ("Own()", []),
        ("Derived()", ["Base"]),
        ("Sets()", ["stranger"]),
        ("wrapped()", ["wrap"]),
        ("partial(stranger)()", ["partial(stranger)"]),
        ("partial(len, 'x')()", []),
        ("pendulum.now().isoformat()", []),
        ("pendulum.now().anything()", []),
        ("stranger().isoformat()", ["stranger"]),
        ("stranger().anything()", ["stranger().anything", "stranger"]),
        ("Own().method()", ["Own().method"]),
        ("calls() or calls()", ["stranger"]),
        ("@task\ndef f(): stranger()\nf()", []),
        ("def f(): stranger()", []),
        ("def f(x=stranger()): ...", ["stranger"]),
        ("@stranger\ndef f(): ...", ["stranger"]),
        ("@stranger(1)\ndef f(): ...", ["stranger"]),
        ("lambda: stranger()", []),
    ],
)
def test_a_call_may_make_tasks_unseen(text: str, found: list[str]) -> None:
    assert _strangers(text) == found


def _callees(text: str) -> tuple[Callees, ast.Call]:
    module = Module(ast.parse(f"{IMPORTS}from elsewhere import other\n{text}"), rulebook())
    call = module.tree.body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    return Callees(module), call.value


@pytest.mark.parametrize(
    ("text", "section", "operator", "certain", "one"),
    [
        ("DAG()", "DAG", "", True, True),
        ("TaskGroup()", "TaskGroup", "", True, True),
        ("EmptyOperator()", "EmptyOperator", "EmptyOperator", True, True),
        ("other()", "", "", True, True),
        ("D = DAG if x else None\nD()", "DAG", "", True, True),
        ("D = DAG if x else other\nD()", "DAG", "", False, False),
        ("D = EmptyOperator if x else PythonOperator\nD()", "EmptyOperator", "EmptyOperator", False, False),
    ],
)
def test_a_callee_is_known_by_the_notes(text: str, section: str, operator: str, certain: bool, one: bool) -> None:
    callees, call = _callees(text)
    assert callees.section(call.func) == section
    assert callees.operator_section(call) == operator
    assert callees.makes_operator(call) is bool(operator)
    assert callees.is_certain(call.func, section) is certain
    assert callees.is_one_operator(call.func) is one


@pytest.mark.parametrize(("text", "is_airflow"), [("DAG()", True), ("other()", False), ("len()", False)])
def test_a_callee_is_a_name_of_airflows(text: str, is_airflow: bool) -> None:
    callees, call = _callees(text)
    assert callees.is_airflow(call.func) is is_airflow
