"""The job ids that loops outside a DAG's block give."""

from __future__ import annotations

import re

from fixing.flows import fixed

_HEAD = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
dag = DAG("d", schedule=None)
"""


def test_a_condition_in_a_loop_changes_the_job() -> None:
    loop = """\
for n in ["a", "b"]:
    job_id = 11
    if n == "b":
        job_id = 12
    DbtCloudRunJobOperator(task_id=n, job_id=job_id, dag=dag)
"""
    text = fixed(_HEAD + loop, "3.0.6").new_text
    assert text is not None
    assert re.findall(r"job_id=(\d+)", text.decode()) == ["11", "12"]


def test_a_dict_does_not_get_the_value_of_a_loop_it_stands_outside_of() -> None:
    code = """\
x = 5
more = {"job_id": x}
for x in [1, 2]:
    DbtCloudRunJobOperator(task_id=f"a{x}", **more, dag=dag)
"""
    result = fixed(_HEAD + code, "3.0.6")
    assert result.new_text is None
    reasons = [refusal.reason for finding in result.findings for refusal in finding.refusals]
    assert "`x` is given another value before the task runs" in reasons
