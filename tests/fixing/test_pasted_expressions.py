"""Expressions of a DAG that become parts of larger ones: what they mean there, and results of other DAGs' tasks."""

from __future__ import annotations

import pytest

from fixing.flows import fixed

_FILE = """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

A = {{"a": "1"}}
B = {{"b": "2"}}
C = {{}}
CONFIG = {{"job": 5}}
CONFIG["steps"] = "a", "b"


def show(given, more=""):
    print(given, more)


with DAG("one", schedule=None) as dag:
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
    other = {task}
"""


def _converted(task: str) -> str:
    result = fixed(_FILE.format(task=task), "3.0.6")
    assert not result.problem
    assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
    return result.new_text.decode()


@pytest.mark.parametrize(
    ("env", "written"),
    [
        ("A if B else C", "{**os.environ, **(A if B else C)}"),
        ("A if B else None", "{**os.environ, **((A if B else None) or {})}"),
        ("A or B", "{**os.environ, **(A or B)}"),
        ("A and B", "{**os.environ, **(A and B)}"),
        ("A | B", "{**os.environ, **(A | B)}"),
        ("A", "{**os.environ, **A}"),
        ("dict(A, **B)", "{**os.environ, **dict(A, **B)}"),
        ('{"x": "1" if A else "2"}', '{**os.environ, "x": "1" if A else "2"}'),
    ],
)
def test_an_environment_that_is_added_to_keeps_its_meaning(env: str, written: str) -> None:
    new = _converted(f'BashOperator(task_id="b", bash_command="echo 1", env={env}, append_env=True)')
    assert f"env={written})" in new


def test_a_spread_beside_a_template_keeps_its_meaning() -> None:
    task = 'BashOperator(task_id="b", bash_command="echo 1", env={"x": "{{ run_id }}", **(A or B)})'
    assert 'env={"x": f"{flow_run.id}", **(A or B)}' in _converted(task)


def test_values_that_were_assigned_without_parentheses_get_them() -> None:
    task = 'PythonOperator(task_id="b", python_callable=show, op_kwargs={"given": 1, "more": ""} | {"more": "x"})'
    assert 'show.submit(given=1, more="x")' in _converted(task)
    table = 'T = {"given": 1}\nT["more"] = "a", "b"\n\n\ndef show'
    file = _FILE.replace("def show", table.replace("{", "{{").replace("}", "}}"))
    result = fixed(file.format(task='PythonOperator(task_id="b", python_callable=show, op_kwargs=T)'), "3.0.6")
    assert result.new_text is not None
    assert 'show.submit(given=1, more=("a", "b"))' in result.new_text.decode()


_TWO_DAGS = """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def show(given):
    print(given)


with DAG("one", schedule=None) as first:
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
with DAG("two", schedule=None) as second:
    b = BashOperator(task_id="b", bash_command="echo 1")
    {statement}
"""


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("run >> b", "connects tasks of two DAGs"),
        ("[run] >> b", "connects tasks of two DAGs"),
        ("b.set_upstream(run)", "connects tasks of two DAGs"),
        ("b << [run, b]", "connects tasks of two DAGs"),
        (
            'PythonOperator(task_id="c", python_callable=show, op_args=[run.output])',
            "takes the result of another DAG's task, which Airflow refuses",
        ),
        (
            'PythonOperator(task_id="c", python_callable=show, op_kwargs={"given": run.output})',
            "takes the result of another DAG's task, which Airflow refuses",
        ),
        (
            'DbtCloudRunJobOperator(task_id="c", job_id=run.output)',
            "takes the result of another DAG's task, which Airflow refuses",
        ),
        (
            'DbtCloudRunJobOperator(task_id="c", job_id=1, schema_override=run.output)',
            "takes the result of another DAG's task, which Airflow refuses",
        ),
    ],
)
def test_what_leads_from_one_dag_to_another_is_a_reason(statement: str, reason: str) -> None:
    # Airflow 2.10 and 3.3 raise for each: relationships between tasks of more than one DAG.
    result = fixed(_TWO_DAGS.format(statement=statement), "3.0.6")
    assert not result.problem
    assert reason in {refusal.reason for one in result.findings for refusal in one.refusals}
