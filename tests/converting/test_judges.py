"""Judges: each looks at one thing, changes nothing, and says what stands where."""

from __future__ import annotations

import ast

import pytest

from converting.dag_files import IMPORTS, case, case_of_text, reasons, said, task
from offramp.converting.cases.case import Case
from offramp.converting.cases.template_fields import text_parts
from offramp.converting.judges import (
    callables,
    deleted_code,
    kept_code,
    late_values,
    leaving_names,
    moved_names,
    rendered_text,
    schedules,
    shared_state,
    templates,
    xcom_results,
)
from offramp.converting.judges.callables import Called
from offramp.converting.judges.xcom_results import Handed
from offramp.dags.graph import Argument

EMPTY = 'EmptyOperator(task_id="a")'
PYTHON = 'a = PythonOperator(task_id="a", python_callable=load)'


def test_judge_of_leaving_names_finds_code_that_stays_and_needs_a_task() -> None:
    found = case(PYTHON, "def load():\n    print(a)\n")
    assert said(found, leaving_names.judge(found, found.graph)) == [
        ("Blocker", "`a` goes with the DAG's code, and this code stays", "a")
    ]


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ('X = "AIRFLOW_CTX_DAG_ID"', "Blocker", "`AIRFLOW_CTX_DAG_ID` is set by Airflow for each task"),
        ('X = "AIRFLOW_HOME"', "Doubt", "`AIRFLOW_HOME` is of the environment of Airflow's processes"),
    ],
)
def test_judge_of_leaving_names_tells_blockers_from_doubts(text: str, kind: str, reason: str) -> None:
    found = case(EMPTY, f"{text}\n")
    assert [one[:2] for one in said(found, leaving_names.judge(found, found.graph))] == [(kind, reason)]


def test_judge_of_shared_state_finds_what_a_task_changes() -> None:
    found = case(PYTHON, "SEEN = []\n\ndef load():\n    SEEN.append(1)\n")
    assert "`SEEN` is changed by a task, and the tasks of a flow share it" in reasons(
        shared_state.judge(found, found.graph)
    )


def test_judge_of_shared_state_leaves_alone_what_tasks_only_read() -> None:
    found = case(PYTHON, 'NAME = "x"\n\ndef load():\n    print(NAME)\n')
    assert not list(shared_state.judge(found, found.graph))


def test_judge_of_moved_names_finds_two_of_one_name() -> None:
    text = (
        f"{IMPORTS}from airflow.decorators import dag\nNAME = 1\n\n"
        '@dag(schedule=None)\ndef orders():\n    NAME = "x"\n    EmptyOperator(task_id="a")\n\norders()\n'
    )
    found = case_of_text(text)
    assert reasons(moved_names.judge(found, found.graph)) == ["`NAME` also exists at module level"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def read():\n    return DAG\n", "`DAG` is Airflow's, and this code stays"),
        ("def read():\n    return a\n", "`a` is a task or DAG, and this code stays"),
        ("def read():\n    import airflow\n", "imports Airflow, and this code stays"),
        ("def read():\n    return json\n", ""),
    ],
)
def test_judge_of_kept_code(code: str, reason: str) -> None:
    found = case(f"a = {EMPTY}", code)
    statement = next(one for one in found.module.tree.body if isinstance(one, ast.FunctionDef))
    assert reasons(kept_code.judge(found, statement)) == ([reason] if reason else [])


def test_judge_of_deleted_code_finds_calls_that_do_something() -> None:
    found = case(f"NAMES.append('x')\n{EMPTY}", 'NAMES = ["a"]\n')
    assert "is code in the DAG that is not followed" in reasons(deleted_code.judge(found, found.graph))
    found = case(EMPTY, 'NAMES = ["a"]\n')
    assert not list(deleted_code.judge(found, found.graph))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("def load(ds)", "Airflow fills the parameter `ds` of `load` from its context"),
        ("def load(other)", "the parameter `other` of `load` is given nowhere"),
        ("def load(other=1)", ""),
        ("def load(*, other)", "the parameter `other` of `load` is given nowhere"),
    ],
)
def test_judge_of_callables_wants_every_parameter_given(head: str, reason: str) -> None:
    found = case(PYTHON, f"{head}:\n    return 1\n")
    one = task(found, "a")
    assert one.function is not None
    assert reasons(callables.judge(found, Called(one, one.function, frozenset()))) == ([reason] if reason else [])


def test_judge_of_callables_passes_over_parameters_that_the_conversion_replaces() -> None:
    found = case(PYTHON, "def load(ti):\n    return 1\n")
    one = task(found, "a")
    assert one.function is not None
    assert not list(callables.judge(found, Called(one, one.function, frozenset({"ti"}))))


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ('"@daily"', ""),
        ('"0 0 1 * 1"', "names days of the month and of the week, which cron readers combine in two ways"),
        ('"0 0 * *"', "is a cron expression that Prefect may read otherwise"),
        ("timedelta(hours=1)", "is a schedule that Prefect has no exact equal of"),
    ],
)
def test_judge_of_schedules(schedule: str, reason: str) -> None:
    dag = f'with DAG("orders", schedule={schedule}, catchup=False) as dag:\n'
    found = case(EMPTY, dag=dag)
    assert reasons(schedules.judge(found, found.graph.dags[0])) == ([reason] if reason else [])


def test_judge_of_schedules_leaves_its_doubts_to_others() -> None:
    dag = 'with DAG("orders", schedule="@once", catchup=False) as dag:\n'
    found = case(EMPTY, dag=dag)
    assert [one[0] for one in said(found, schedules.judge(found, found.graph.dags[0]))] == ["Doubt"]
    assert not found.doubts


@pytest.mark.parametrize(
    ("result", "kind"), [("'text'", ""), ("{1: 2}", "Doubt"), ("json.loads('1')", "Doubt"), ("[1, 'a']", "")]
)
def test_judge_of_results(result: str, kind: str) -> None:
    found = case(f'{PYTHON}\nEmptyOperator(task_id="b")', f"def load():\n    return {result}\n")
    verdicts = said(found, xcom_results.judge(found, Handed(task(found, "a"), task(found, "b"))))
    assert [one[0] for one in verdicts] == ([kind] if kind else [])


def expression(text: str, before: str) -> tuple[Argument, Case]:
    """An expression below some code, as an argument."""
    found = case(f"{EMPTY}\n", before + f"USED = {text}\n")
    statement = next(
        one for one in found.module.tree.body if isinstance(one, ast.Assign) and "USED" in ast.unparse(one)
    )
    return Argument(statement.value, (), "keyword"), found


@pytest.mark.parametrize(
    ("text", "before", "kind"),
    [
        ("NAME", "NAME = 1\n", ""),
        ("NAME", "NAME = 1\nNAME = 2\n", ""),
        ("NAME", "NAME = []\ndef f():\n    NAME.append(1)\n", "Blocker"),
        ("open('x')", "", "Doubt"),
        ("os.getenv('X')", "", ""),
        ("[len('x'), datetime.now()]", "", "Doubt"),
    ],
)
def test_judge_of_late_values(text: str, before: str, kind: str) -> None:
    argument, found = expression(text, before)
    verdicts = late_values.judge(found, argument.node)
    assert [type(one).__name__ for one in verdicts] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("'plain'", ""),
        ("['a', 'b\\n']", "Blocker"),
        ("{'a': '{{ ds }}'}", "Blocker"),
        ("os.environ['X']", "Doubt"),
        ("len('x')", ""),
    ],
)
def test_judge_of_rendered_text(text: str, kind: str) -> None:
    argument, found = expression(text, "")
    verdicts = rendered_text.judge(found, argument)
    assert [type(one).__name__ for one in verdicts] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("template", "kind", "reason"),
    [
        ("nothing", "", ""),
        ("{{ run_id }}", "Doubt", "`{{ run_id }}` becomes the id of the flow run, which has another form"),
        (
            "{{ nowhere }}{{ neither }}",
            "Blocker",
            "is a template, and `{{ nowhere }}` has no exact equal in Prefect",
        ),
    ],
)
def test_judge_of_templates_looks_at_what_fills_them(template: str, kind: str, reason: str) -> None:
    found = case(f'BashOperator(task_id="a", bash_command="{template}")')
    one = task(found, "a")
    [parts] = text_parts(found, one, one.arguments["bash_command"]).values()
    assert [(verdict[0], verdict[1]) for verdict in said(found, templates.judge(found, parts))] == (
        [(kind, reason)] if kind else []
    )
