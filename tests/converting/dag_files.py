"""Files of DAGs as the stages of a conversion see them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from offramp.converting.cases.case import Case, case_of
from offramp.converting.judges.judge import Verdict
from offramp.converting.options import Options
from offramp.converting.tasks.planning import plan_tasks
from offramp.converting.tasks.task_plan import Plan, TaskPlan
from offramp.dags.builder import build
from offramp.dags.graph import Task
from offramp.finding.operators import module_of
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Blocker
from offramp.reading.source import Source
from offramp.reading.versions import find_versions
from offramp.settings import load

RULEBOOK = load_rulebook((), print)
VERSIONS = find_versions(load("/", {"airflow-version": "3.0"}, isolated=True))
IMPORTS = """\
import json
import os
from datetime import datetime

from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

"""
DAG = 'with DAG("orders", schedule=None) as dag:\n'


def case(tasks: str, before: str = "", dag: str = DAG, *, serves: bool = True) -> Case:
    """The case of a file with one DAG of some ``tasks``, and code before it."""
    body = "".join(f"    {line}\n" for line in tasks.splitlines())
    return case_of_text(f"{IMPORTS}{before}\n{dag}{body}", serves=serves)


def case_of_text(text: str, *, serves: bool = True) -> Case:
    """The case of a whole file."""
    source = Source("dag.py", text.encode())
    module = module_of(source, RULEBOOK)
    return case_of(module, source, build(module), Options({}, "task-function", VERSIONS, serves=serves))


def plan(case: Case) -> Plan:
    """The plan of a case that nothing prevents so far."""
    return plan_tasks(case, blocked=False)


def task_plan(case: Case, task_id: str) -> TaskPlan:
    """The plan of one task."""
    return next(one for dag in plan(case).dags for one in dag.tasks if one.task.id == task_id)


def task(case: Case, task_id: str) -> Task:
    """One task."""
    return next(one for one in case.tasks if one.id == task_id)


def said(case: Case, verdicts: Iterable[Verdict]) -> list[tuple[str, str, str]]:
    """The verdicts of a judge: what kind each is, what it says, and of which code."""
    return [
        (type(one).__name__, one.reason, ast.get_source_segment(case.source.utf8.decode(), one.node) or "")
        for one in verdicts
    ]


def reasons(verdicts: Iterable[Verdict]) -> list[str]:
    """The reasons of blockers alone."""
    return [one.reason for one in verdicts if isinstance(one, Blocker)]
