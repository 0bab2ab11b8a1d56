"""Code that moves out of a DAG's block: its values stay, its layout is the module's."""

from __future__ import annotations

import ast

from fixing.flows import fixed

_DAG = '''\
from airflow import DAG
from airflow.decorators import task
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None):
    QUERY = """select
def a



from b
"""
    LIMIT = 5
    @task
    def go():
        text = """
one




@two
"""
        return f"{text}{QUERY}"

    go() >> DbtCloudRunJobOperator(task_id="a", job_id=LIMIT)
'''


def _long_strings(text: str) -> list[str]:
    """The strings of several lines, in order."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    return [node.value for node in nodes if isinstance(node.value, str) and "\n" in node.value]


def test_blank_lines_in_strings_are_no_layout() -> None:
    new = fixed(_DAG, "3.3").new_text
    assert new is not None
    assert _long_strings(new.decode()) == ["select\ndef a\n\n\n\nfrom b\n", "\none\n\n\n\n\n@two\n"]


def test_two_blank_lines_stand_between_a_value_and_the_function_after_it() -> None:
    new = fixed(_DAG, "3.3").new_text
    assert new is not None
    assert '\nLIMIT = 5\n\n\n@task(name="go"' in new.decode()


_AT_MODULE_LEVEL = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

# All of the shop.
dag = DAG("d", schedule=None)

# Every night.
a = DbtCloudRunJobOperator(task_id="a", job_id=1, dag=dag)

# Its marts.
b = DbtCloudRunJobOperator(
    task_id="b",
    job_id=2,  # the second
    dag=dag,
)
a >> b
"""


def test_comments_above_and_in_the_statements_of_a_dag_are_there_once() -> None:
    new = fixed(_AT_MODULE_LEVEL, "3.3").new_text
    assert new is not None
    comments = [line.partition("#")[2].strip() for line in new.decode().splitlines() if "#" in line]
    assert sorted(comments) == ["All of the shop.", "Every night.", "Its marts.", "the second"]
