"""Docstrings of DAGs, which flows keep."""

from __future__ import annotations

import ast

from fixing.flows import fixed

_DAG = '''\
from airflow.sdk import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("shop", schedule=None):
    """
    All of the shop.
    """
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
'''


def test_the_docstring_of_a_dags_block_is_the_flows() -> None:
    new = fixed(_DAG, "3.0.6").new_text
    assert new is not None
    flow = next(node for node in ast.parse(new).body if getattr(node, "name", "") == "shop")
    assert isinstance(flow, ast.FunctionDef | ast.AsyncFunctionDef)
    assert ast.get_docstring(flow) == "All of the shop."
