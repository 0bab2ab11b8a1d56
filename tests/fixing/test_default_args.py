"""What stays in a flow's file of the code that makes up `default_args`: all of it, or nothing."""

from __future__ import annotations

import pytest

from fixing.flows import fixed, graphs

_FILE = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

{arguments}

with DAG("d", schedule=None, default_args=ARGS) as dag:
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
"""


def test_a_dict_that_only_the_dag_reads_goes_with_it() -> None:
    result = fixed(_FILE.format(arguments='ARGS = {"retries": 3}'), "3.0.6")
    assert result.new_text is not None
    assert "ARGS" not in result.new_text.decode()


@pytest.mark.parametrize(
    "more",
    [
        'ARGS |= {"retries": 3}',
        'ARGS["retries"] = 3',
        'ARGS.update({"retries": 3})',
        'ARGS = {**ARGS, "retries": 3}',
        'ARGS = ARGS | {"retries": 3}',
        'ARGS.update(retries=3)\nARGS.pop("owner")',
        'ARGS.pop("retries")\nARGS["retries"] = 3',
    ],
)
def test_a_dict_that_is_made_in_steps_stays_with_all_of_them(more: str) -> None:
    # Read by its own, a step without the first one raises NameError when the flow's file is loaded.
    result = fixed(_FILE.format(arguments=f'ARGS = {{"retries": 1, "owner": "data"}}\n{more}'), "3.0.6")
    assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
    new = result.new_text.decode()
    assert f'ARGS = {{"retries": 1, "owner": "data"}}\n{more}\n' in new
    assert graphs(new)["d"]["run"].retries == 3
