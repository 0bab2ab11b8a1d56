"""DAGs made from a small grammar are converted, and the flow's graph is the one that the grammar made."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from fixing.flows import Node, fixed, graphs, outlived

_IMPORTS = """\
from datetime import datetime, timedelta

from airflow import DAG
from airflow.decorators import dag, task
from airflow.models.baseoperator import chain
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule
"""


class _Step(NamedTuple):
    number: int
    kind: str
    group: str
    retries: int | None
    delay: int | None
    all_done: bool


class _Written(NamedTuple):
    text: str
    graph: dict[str, Node]


@st.composite
def _dags(draw: DrawFn) -> _Written:
    """The text of a DAG, and the graph that Airflow makes of it."""
    form = draw(st.sampled_from(["with", "dag=", "@dag"]))
    default_retries = draw(st.sampled_from([None, 0, 1]))
    group_retries = draw(st.sampled_from([None, 0, 2]))
    steps = [
        _Step(
            number,
            draw(st.sampled_from(["dbt", "dbt", "empty", "python"] + ["task"] * (form != "dag="))),
            draw(st.sampled_from(["", "", "g"])) if form != "dag=" else "",
            draw(st.sampled_from([None, 0, 1, 3])),
            draw(st.sampled_from([None, 5, 90])),
            draw(st.sampled_from([False, False, False, True])),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    steps.sort(key=lambda step: step.group)
    if not any(step.kind == "dbt" for step in steps):
        steps[-1] = steps[-1]._replace(kind="dbt")
    edges = [
        (one, other)
        for position, one in enumerate(steps)
        for other in steps[position + 1 :]
        if draw(st.integers(0, 2)) == 0
    ]
    lines = [line for step in steps for line in _function(step)]
    body = _body(draw, steps, form, group_retries)
    body += _edges(draw, edges)
    default_args = "" if default_retries is None else f', default_args={{"retries": {default_retries}}}'
    if form == "with":
        lines += [f'with DAG("d", schedule=None{default_args}) as dag:', *(f"    {line}" for line in body)]
    elif form == "@dag":
        inner = [f"    {line}" for line in body]
        lines += [f'@dag("d", schedule=None{default_args})', "def made():", *inner, "made()"]
    else:
        lines += [f'dag = DAG("d", schedule=None{default_args})', *body]
    graph = {}
    for step in steps:
        nearest = (step.retries, group_retries if step.group else None, default_retries)
        retries = next((one for one in nearest if one is not None), 0)
        delay = float(300 if step.delay is None else step.delay) if retries else 0.0
        after = frozenset(_id(one) for one, other in edges if other is step)
        graph[_id(step)] = Node(after, retries, delay, step.all_done and bool(after))
    return _Written(_IMPORTS + "\n".join(lines) + "\n", graph)


def _id(step: _Step) -> str:
    return f"{step.group}.t{step.number}" if step.group else f"t{step.number}"


def _name(step: _Step) -> str:
    return f"x{step.number}"


def _options(step: _Step, form: str) -> list[str]:
    options = []
    if step.retries is not None:
        options.append(f"retries={step.retries}")
    if step.delay is not None:
        options.append(f"retry_delay={step.delay if step.delay == 5 else 'timedelta(minutes=1, seconds=30)'}")
    if step.all_done:
        options.append(f"trigger_rule={'TriggerRule.ALL_DONE' if step.number % 2 else repr('all_done')}")
    if form == "dag=":
        options.append("dag=dag")
    return options


def _function(step: _Step) -> list[str]:
    if step.kind == "python":
        return [f"def call{step.number}():", f"    return {step.number}"]
    if step.kind == "task":
        options = ", ".join([f'task_id="t{step.number}"', *_options(step, "")])
        return [f"@task({options})", f"def flow{step.number}():", f"    return {step.number}"]
    return []


def _body(draw: DrawFn, steps: list[_Step], form: str, group_retries: int | None) -> list[str]:
    lines: list[str] = []
    opened = False
    for step in steps:
        options = ", ".join([f'task_id="t{step.number}"', *_options(step, form)])
        if step.kind == "task":
            made = f"flow{step.number}()"
        elif step.kind == "python":
            made = f"PythonOperator({options}, python_callable=call{step.number})"
        elif step.kind == "empty":
            made = f"EmptyOperator({options})"
        else:
            made = f"DbtCloudRunJobOperator({options}, job_id={step.number + 1})"
        if step.group and not opened:
            opened = True
            defaults = "" if group_retries is None else f', default_args={{"retries": {group_retries}}}'
            lines.append(f'with TaskGroup("g"{defaults}):')
        lines.append(f"{'    ' if step.group else ''}{_name(step)} = {made}")
        if draw(st.booleans()):
            lines.append(f"{'    ' if step.group else ''}# a comment")
    return lines


def _edges(draw: DrawFn, edges: list[tuple[_Step, _Step]]) -> list[str]:
    lines = []
    for one, other in draw(st.permutations(edges)):
        a, b = _name(one), _name(other)
        spellings = [f"{a} >> {b}", f"{b} << {a}", f"[{a}] >> {b}", f"chain({a}, {b})"]
        spellings += [f"{a}.set_downstream({b})", f"{b}.set_upstream([{a}])"]
        lines.append(draw(st.sampled_from(spellings)))
    return lines


@settings(max_examples=60, deadline=None)
@given(_dags())
def test_the_flow_has_the_graph_of_the_dag(written: _Written) -> None:
    result = fixed(written.text)
    assert not result.problem
    assert result.new_text is not None, [one.reason for finding in result.findings for one in finding.refusals]
    assert graphs(result.new_text.decode()) == {"d": written.graph}
    assert fixed(result.new_text).new_text is None


@settings(max_examples=60, deadline=None)
@given(_dags())
def test_the_flow_outlives_its_tasks_whichever_fails(written: _Written) -> None:
    text = fixed(written.text).new_text
    assert text is not None
    futures = re.findall(r"^    (\w+) = .*\.submit\(", text.decode(), re.MULTILINE)
    assert len(futures) == len(written.graph)
    for failing in futures:
        seconds = {future: 1 if future == failing else 9 for future in futures}
        assert outlived(text.decode(), seconds, {failing}) == set()
