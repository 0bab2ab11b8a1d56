"""Plans: what each task of a case becomes."""

from __future__ import annotations

import pytest

from converting.dag_files import case, plan, task, task_plan
from offramp.converting.tasks.task_plan import Form

LOAD = "def load():\n    return 1\n"


def test_tasks_are_planned_after_those_they_wait_for() -> None:
    found = case('a = EmptyOperator(task_id="a")\nb = EmptyOperator(task_id="b")\nb >> a')
    assert [one.task.id for one in plan(found).dags[0].tasks] == ["b", "a"]


def test_tasks_in_a_circle_are_reported() -> None:
    found = case('a = EmptyOperator(task_id="a")\nb = EmptyOperator(task_id="b")\na >> b\nb >> a')
    assert [one.reason for one in plan(found).blockers] == ["the tasks wait for each other in a circle"]


@pytest.mark.parametrize(
    ("tasks", "form"),
    [
        ('EmptyOperator(task_id="a")', Form.WRITTEN),
        ('BashOperator(task_id="a", bash_command="dbt run")', Form.WRITTEN),
        ('DbtCloudRunJobOperator(task_id="a", job_id=1)', Form.WRITTEN),
        ('PythonOperator(task_id="a", python_callable=load)', Form.DECORATED),
        (
            'PythonOperator(task_id="b", python_callable=load)\nPythonOperator(task_id="a", python_callable=load)',
            Form.WRAPPED,
        ),
        ('DbtCloudRunJobOperator(task_id="a", job_id="x")', Form.UNKNOWN),
    ],
)
def test_form_of_a_task(tasks: str, form: Form) -> None:
    assert task_plan(case(tasks, LOAD), "a").form is form


def test_callable_that_other_code_calls_is_wrapped() -> None:
    found = case('PythonOperator(task_id="a", python_callable=load)', f"{LOAD}\nprint(load())\n")
    assert task_plan(found, "a").form is Form.WRAPPED


def test_second_task_of_a_decorated_function_changes_its_options() -> None:
    before = "@task(retries=2)\ndef load():\n    return 1\n"
    found = case("a = load()\nb = load.override(task_id='b', retries=0)()", before)
    plans = {one.task.id: one for one in plan(found).dags[0].tasks}
    assert (plans["load"].form, plans["load"].options["retries"]) == (Form.DECORATED, "2")
    assert (plans["b"].form, plans["b"].options["retries"]) == (Form.CHANGED, "0")


def test_retries_become_options() -> None:
    found = case('EmptyOperator(task_id="a", retries=2, retry_delay=60.0)')
    assert task_plan(found, "a").options == {
        "name": '"a"',
        "retries": "2",
        "retry_delay_seconds": "60.0",
        "cache_policy": "NO_CACHE",
    }


def test_results_are_passed_as_tasks() -> None:
    before = "@task\ndef load():\n    return 1\n\n@task\ndef show(rows):\n    print(rows)\n"
    found = case("show(load())", before)
    assert task_plan(found, "show").positional == (task(found, "load"),)
    assert task_plan(found, "show").taken == [task(found, "load")]


def test_bash_asks_for_its_helper() -> None:
    found = plan(case('BashOperator(task_id="a", bash_command="dbt run", env={"A": "b"}, append_env=True)'))
    assert found.helpers == {"run_bash", "run_command"}
    assert ("", "os") in found.imports
    assert found.dags[0].tasks[0].lines == ('return run_bash("dbt run", env={**os.environ, "A": "b"})',)


@pytest.mark.parametrize(
    ("tasks", "reason"),
    [
        ('EmptyOperator(task_id="a", trigger_rule="one_success")', "the trigger rule `one_success` is not converted"),
        ('EmptyOperator(task_id="a", trigger_rule=load())', "the trigger rule is not known here"),
        ('EmptyOperator(task_id="a", retries="many")', "`retries` is not a number"),
        ('BashOperator(task_id="a", bash_command="run.sh")', "Airflow reads this command from a file, as a template"),
        ('BashOperator(task_id="a")', "no `bash_command` is given"),
        ('DbtCloudRunJobOperator(task_id="a")', "no `job_id` is given"),
    ],
)
def test_problems_are_collected_where_they_stand(tasks: str, reason: str) -> None:
    assert reason in [one.reason for one in plan(case(tasks, LOAD)).blockers]


def test_all_problems_are_collected() -> None:
    found = plan(
        case(
            'EmptyOperator(task_id="a", trigger_rule="one_success", retries="many")\n'
            'EmptyOperator(task_id="b", retries="few")'
        )
    )
    assert [one.reason for one in found.blockers] == [
        "`retries` is not a number",
        "the trigger rule `one_success` is not converted",
        "`retries` is not a number",
    ]


def test_planning_changes_nothing() -> None:
    found = case('DbtCloudRunJobOperator(task_id="a", job_id=1, retries=1)\nEmptyOperator(task_id="b")')
    assert plan(found) == plan(found)
