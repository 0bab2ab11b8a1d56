"""Reasons of a refusal that hold: nothing is said of a DAG that is not so, and nothing twice."""

from __future__ import annotations

import pytest

from fixing.flows import fixed

_HEADER = """
from airflow import DAG
from airflow.decorators import dag, task
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from datetime import timedelta
"""


def _said(code: str) -> list[str]:
    result = fixed(_HEADER + code, "3.3", "4.11")
    assert not result.problem
    assert result.new_text is None
    return sorted({refusal.reason for finding in result.findings for refusal in finding.refusals})


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ("PARAMS", "the names in `params` are not known here"),
        ("{**PARAMS, 'job': 5}", "the names in `params` are not known here"),
        ("{'job': PARAMS}", "the default of `job` in `params` is not a plain value that is known here"),
        ("{'job': [5]}", "the default of `job` in `params` is not a plain value that is known here"),
        ("{'job': 5, 'class': 1}", "`class` in `params` is not a name that a parameter of the flow could have"),
    ],
)
def test_of_params_that_a_flow_cannot_take_only_that_is_said(params: str, reason: str) -> None:
    code = f"""
from company import PARAMS
with DAG("d", schedule=None, params={params}):
    DbtCloudRunJobOperator(task_id="a", job_id="{{{{ params.job }}}}")
"""
    assert _said(code) == [reason]


@pytest.mark.parametrize(
    "used",
    [
        "extract.expand(n=load())",
        "extract.partial(m=1).expand_kwargs([{'n': 1}, {'n': 2}])",
        "extract.override(task_id='other').expand(n=[1, 2])",
        "[extract.partial(m=m).expand(n=[1]) for m in (1, 2)]",
        "tasks.append(extract)",
    ],
)
def test_a_task_that_is_mapped_is_called(used: str) -> None:
    code = f"""
from company import load, tasks
with DAG("d", schedule=None):
    @task
    def extract(n, m=0):
        return n
    {used}
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""
    said = _said(code)
    assert said
    assert not [reason for reason in said if "never called" in reason or "no DAG of this file calls" in reason]


def test_a_task_outside_the_dag_that_is_mapped_is_called() -> None:
    code = """
from company import load
@task
def extract(n):
    return n
with DAG("d", schedule=None):
    extract.expand(n=load())
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""
    assert not [reason for reason in _said(code) if "no DAG of this file calls" in reason]


def test_a_task_that_nothing_uses_is_said_to_be_never_called() -> None:
    code = """
with DAG("d", schedule=None):
    @task
    def extract(n):
        return n
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""
    assert _said(code) == ["the task `extract` is never called"]


def test_default_args_are_of_operators_and_not_of_hooks() -> None:
    code = """
def look():
    print(DbtCloudHook("dbt").get_job_run_status(1))
with DAG("d", schedule=None, default_args={"retry_delay": timedelta(minutes=1), "retries": 1}):
    @task
    def check():
        return DbtCloudHook().get_job_run_status(1)
    PythonOperator(task_id="p", python_callable=look) >> check()
    DbtCloudRunJobOperator(task_id="a", job_id=1)
"""
    result = fixed(_HEADER + code, "3.3", "4.11")
    assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]


@pytest.mark.parametrize(
    "operator",
    [
        "LatestOnlyOperator(task_id='b')",
        "TriggerDagRunOperator(task_id='b', trigger_dag_id='other', reset_dag_run=True)",
        "ExternalTaskSensor(task_id='b', external_dag_id='other')",
    ],
)
def test_what_is_not_converted_is_said_once(operator: str) -> None:
    code = f"""
with DAG("d", schedule=None):
    DbtCloudRunJobOperator(task_id="a", job_id=1) >> {operator}
"""
    for reason in _said(code):
        assert reason.lower().count("not converted") <= 1, reason
