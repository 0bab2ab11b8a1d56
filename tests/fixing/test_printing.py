"""Tasks that print to files without a hash keep Python's own ``print``, whose place Prefect's takes otherwise."""

from __future__ import annotations

import pytest

from fixing.flows import fixed

_DAG = """\
import builtins
import io
import sys
from dataclasses import dataclass

from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


@dataclass
class Out:
    def write(self, text):
        sys.stderr.write(text)


OUT = Out()


def say(out):
    print("said", file=out)


def show():
    {body}


with DAG("d", schedule=None):
    shown = PythonOperator(task_id="show", python_callable={callable})
    shown >> DbtCloudRunJobOperator(task_id="run_dbt", job_id=1)
"""


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ('print("x")', False),
        ('print("x", file=None)', False),
        ('print("x", file=sys.stderr, end="")', False),
        ('with open("a") as a, io.StringIO() as b:\n        print("x", file=a)\n        print("x", file=b)', False),
        ('out = io.StringIO()\n    print("x", file=out)', False),
        ('print("x", file=Out())', True),
        ('out = Out()\n    print("x", file=out)', True),
        ('print("x", **{"file": Out()})', True),
        ('builtins.print("x", file=Out())', True),
        ("say(Out())", True),
        ('for out in [Out()]:\n        print("x", file=out)', True),
    ],
)
def test_a_function(body: str, *, plain: bool) -> None:
    assert _keeps_print(body, "show") is plain


@pytest.mark.parametrize(("body", "plain"), [('print("x")', False), ('print("x", file=OUT)', True)])
def test_a_lambda(body: str, *, plain: bool) -> None:
    assert _keeps_print("pass", f"lambda: {body}") is plain


def _keeps_print(body: str, function: str) -> bool:
    result = fixed(_DAG.format(body=body, callable=function), "3.0.6")
    assert result.new_text is not None, [one.reason for finding in result.findings for one in finding.refusals]
    return b'name="show", log_prints=False' in result.new_text
