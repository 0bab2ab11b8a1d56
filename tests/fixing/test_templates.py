"""Templates become what Airflow renders, or are refused: expected values are from runs of Airflow 2.10 and 3.3."""

from __future__ import annotations

import pytest

from fixing.flows import fixed

_DAG = """from airflow import DAG
from airflow.models.param import Param
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudListJobsOperator, DbtCloudRunJobOperator


def load(value):
    print(value)


with DAG("my_dag", schedule={schedule}, catchup=False, params={params}) as dag:
    step = {task}
"""
_RUN = "DbtCloudRunJobOperator(task_id='run', job_id={job}, trigger_reason={reason!r})"
_START = "flow_run.scheduled_start_time"


def _dag(task: str, *, schedule: str = "None", params: str = "{}") -> str:
    return _DAG.format(task=task, schedule=schedule, params=params)


def _code(text: str, airflow: str = "3.0.6") -> str:
    result = fixed(text, airflow)
    assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
    compile(result.new_text, "flow", "exec", dont_inherit=True)
    return result.new_text.decode()


def _reason(text: str, airflow: str = "3.0.6") -> str:
    [finding] = fixed(text, airflow).fixed
    assert finding.fix is not None
    return finding.fix.reason


def _refusals(text: str, airflow: str = "3.0.6") -> list[str]:
    result = fixed(text, airflow)
    assert result.new_text is None
    return [refusal.reason for finding in result.findings for refusal in finding.refusals]


def _run(reason: str, job: str = "5") -> str:
    return _RUN.format(reason=reason, job=job)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ dag.dag_id }}/{{ task.task_id }}", '"my_dag/run"'),
        ("{{ ti.dag_id }}{{dag_run.dag_id}}{{ task_instance.task_id }}", '"my_dagmy_dagrun"'),
        ("{{ 'a' }}{{ 7 }}", '"a7"'),
        ("one\r\ntwo\n", "'one\\ntwo'"),
        ("braces { } and %", "'braces { } and %'"),
    ],
)
def test_what_the_file_tells_is_written_out_and_safe(template: str, text: str) -> None:
    code = _dag(_run(template))
    assert f"TriggerJobRunOptions(cause={text})" in _code(code)
    assert _reason(code) == ""


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ ds }}", f"{{{_START}:%Y-%m-%d}}"),
        ("{{ ds_nodash }}", f"{{{_START}:%Y%m%d}}"),
        ("{{ ts }}", f"{{{_START}.isoformat()}}"),
        ("{{ ts_nodash }}", f"{{{_START}:%Y%m%dT%H%M%S}}"),
        ("{{ logical_date }}", f"{{{_START}.isoformat(' ')}}"),
        ("{{ dag_run.logical_date.isoformat() }}", f"{{{_START}.isoformat()}}"),
        ("{{ data_interval_start | ds }}", f"{{{_START}:%Y-%m-%d}}"),
        ("{{ data_interval_end.date() }}", f"{{{_START}:%Y-%m-%d}}"),
        ("{{ run_id }}", "{flow_run.id}"),
        ('a "{b}" \\ {{ ds }}\té\n', f'a \\"{{{{b}}}}\\" \\\\ {{{_START}:%Y-%m-%d}}\\té'),
    ],
)
def test_what_comes_with_the_run_is_asked_for_in_the_task(template: str, text: str) -> None:
    code = _code(_dag(_run(template)))
    assert f'cause=f"{text}"' in code
    assert "from prefect.runtime import flow_run\n" in code


def test_a_reason_that_may_be_too_long_is_cut_where_airflow_cuts_it() -> None:
    code = _code(_dag(_run("{{ params.who }}"), params="{'who': 'me'}"))
    assert "cause=f\"{flow_run.parameters['who']}\"[:255]" in code
    assert 'def my_dag(who="me"):' in code
    long = _run("x" * 223 + "{{ ds }}")
    assert "[:255]" not in _code(_dag(long))
    assert "[:255]" in _code(_dag(_run("x" * 224 + "{{ ds }}")))


@pytest.mark.parametrize(
    ("airflow", "schedule", "template", "reason"),
    [
        ("3.0.6", "'0 3 * * *'", "ds", "a run started by hand has the moment of its start, and cannot be told another"),
        ("3.0.6", "'0 3 * * *'", "ds", "`[scheduler] create_cron_data_intervals`"),
        ("2.10.5", "None", "execution_date", "cannot be told another"),
        ("2.10.5", "None", "ds", "cannot be told another"),
        ("2.10.5", "'0 3 * * *'", "data_interval_end", "in Airflow 2 the end of the interval before it"),
        ("", "'0 3 * * *'", "data_interval_end", "in Airflow 2 the end of the interval before it"),
        ("", "None", "ds", "cannot be told another"),
        ("3.0.6", "None", "run_id", "becomes the id of the flow run, which has another form"),
    ],
)
def test_a_moment_is_unsafe_with_what_differs(airflow: str, schedule: str, template: str, reason: str) -> None:
    assert reason in _reason(_dag(_run(f"{{{{ {template} }}}}"), schedule=schedule), airflow)


@pytest.mark.parametrize(
    ("airflow", "schedule", "template", "reason"),
    [
        ("2.10.5", "'0 3 * * *'", "ds", "in Airflow 2 `ds` is the start of the interval that has passed"),
        ("2.10.5", "'@daily'", "logical_date", "in Airflow 2 `logical_date` is the start of the interval"),
        ("", "'0 3 * * *'", "ts", "`ts` is another moment in Airflow 2 than in Airflow 3: set `airflow-version`"),
        ("3.0.6", "None", "execution_date", "Airflow 3 has no `execution_date`"),
        ("3.0.6", "None", "var.value.limit", "`{{ var.value.limit }}` has no exact equal in Prefect"),
        ("3.0.6", "None", "macros.ds_add(ds, 1)", "`{{ macros.ds_add(ds, 1) }}` has no exact equal"),
        ("3.0.6", "None", "ds | upper", "`{{ ds | upper }}` has no exact equal"),
        ("3.0.6", "None", "- dag.dag_id -", "has no exact equal"),
        ("3.0.6", "None", "logical_date.strftime('YYYY')", "has no exact equal"),
        ("3.0.6", "None", "params.nope", "`params` of the DAG holds no `nope`"),
        ("3.0.6", "None", "params.items", "`items` of `params` may be a method of Airflow's own"),
        ("3.0.6", "None", "}}{% if x %}{{ ds", "has no exact equal"),
        ("3.0.6", "None", "ds }}{# note #}{{ ds", "a statement or a comment"),
    ],
)
def test_what_has_no_equal_is_refused_by_name(airflow: str, schedule: str, template: str, reason: str) -> None:
    code = _dag(_run(f"{{{{ {template} }}}}"), schedule=schedule)
    [given] = [given for given in _refusals(code, airflow) if "template" in given]
    assert reason in given


def test_each_templated_argument_is_translated() -> None:
    task = (
        "DbtCloudRunJobOperator(task_id='run', job_id='{{ params.job }}', account_id='{{ 7 }}',"
        " schema_override='s_{{ ds_nodash }}', steps_override=['dbt run {{ dag.dag_id }}', 'dbt test'],"
        " additional_run_config={'git_branch': '{{ params.branch }}', 'threads_override': 4})"
    )
    code = _code(_dag(task, params="{'job': 5, 'branch': 'main'}"))
    assert "job_id=f\"{flow_run.parameters['job']}\"" in code
    assert 'update={"account_id": 7}' in code
    assert f'schema_override=f"s_{{{_START}:%Y%m%d}}"' in code
    assert "steps_override=[\"dbt run my_dag\", 'dbt test']" in code
    assert "git_branch=f\"{flow_run.parameters['branch']}\"" in code
    assert 'def my_dag(job=5, branch="main"):' in code


def test_a_template_in_an_argument_that_airflow_does_not_render_is_left_alone() -> None:
    code = _dag("DbtCloudListJobsOperator(task_id='list', order_by='{{ dag.dag_id }}')")
    assert _refusals(code) == ["is a template, which Prefect does not render"]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{'threads_override': '{{ params.n }}'}", "TriggerJobRunOptions takes no text as `threads_override`"),
        ("{'steps_override': '{{ params.n }}'}", "TriggerJobRunOptions takes no text as `steps_override`"),
        ("{'generate_docs_override': '{{ 7 }}'}", "TriggerJobRunOptions takes no str as `generate_docs_override`"),
    ],
)
def test_text_for_a_number_is_refused(config: str, reason: str) -> None:
    task = f"DbtCloudRunJobOperator(task_id='run', job_id=5, additional_run_config={config})"
    assert _refusals(_dag(task, params="{'n': 4}")) == [reason]


def test_commands_and_callables_get_what_airflow_renders() -> None:
    run = f"{_run('ok')} << "
    bash = "BashOperator(task_id='say', bash_command='echo {{ task.task_id }} {x}', env={'DAY': '{{ ds }}'})"
    code = _code(_dag(run + bash))
    assert '"echo say {x}",' in code
    assert f"env={{'DAY': f\"{{{_START}:%Y-%m-%d}}\"}}," in code
    python = "PythonOperator(task_id='load', python_callable=load, op_kwargs={'value': ['{{ ds }}', ('{{ 7 }}',)]})"
    code = _code(_dag(run + python))
    assert f'value=[f"{{{_START}:%Y-%m-%d}}", ("7",)],' in code


@pytest.mark.parametrize(
    ("params", "header", "reason"),
    [
        ("{'a': 1, 'b': None, 'c': 'x', 'd': 0.5, 'e': True}", 'a=1, b=None, c="x", d=0.5, e=True', ""),
        ("{'a': Param(1)}", "a=1", ""),
        ("{'a': Param(default='x', description='d')}", 'a="x"', ""),
        (
            "{'a': Param(1, type='integer')}",
            "a=1",
            "Airflow checks the values that a run is given against their schemas",
        ),
        ("None", "", ""),
    ],
)
def test_params_become_parameters_of_the_flow(params: str, header: str, reason: str) -> None:
    code = _dag(_run("ok"), params=params)
    assert f"def my_dag({header}):" in _code(code)
    assert reason in _reason(code)
    assert bool(reason) == bool(_reason(code))


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ("{'my key': 1}", "`my key` in `params` is not a name that a parameter of the flow could have"),
        ("{'load': 1}", "`load` in `params` is not a name"),
        ("{'class': 1}", "`class` in `params` is not a name"),
        ("{'flow_run': 1}", "`flow_run` in `params` is not a name"),
        ("{'a': [1]}", "the default of `a` in `params` is not a plain value"),
        ("{'a': Param(type='string')}", "the default of `a` in `params` is not a plain value"),
        ("{'a': load(1)}", "the default of `a` in `params` is not a plain value"),
        ("dict(load(1))", "the names in `params` are not known here"),
    ],
)
def test_params_that_no_flow_could_take_are_refused(params: str, reason: str) -> None:
    assert any(given.startswith(reason) for given in _refusals(_dag(_run("ok"), params=params)))


def test_a_task_of_a_parameters_name_gets_another_one() -> None:
    code = _code(_dag(_run("ok"), params="{'step': 1}"))
    assert "async def step_2():" in code
    assert "def my_dag(step=1):" in code


@pytest.mark.parametrize(("default", "reason"), [("5", ""), ("'5'", ""), ("None", "a run that is given no number")])
def test_an_id_may_be_a_parameter(default: str, reason: str) -> None:
    given = _reason(_dag(_run("ok", job="'{{ params.job }}'"), params=f"{{'job': {default}}}"))
    assert reason in given
    assert bool(reason) == bool(given)


def test_an_id_is_no_date() -> None:
    assert _refusals(_dag(_run("ok", job="'{{ ds_nodash }}'"))) == ["`job_id` is not a number"]


def test_all_of_one_task_is_reported_at_once() -> None:
    task = (
        "DbtCloudRunJobOperator(task_id='run', job_id='x', dbt_cloud_conn_id=load(1), timeout='1', retries=load(2),"
        " trigger_reason='{{ var.value.x }}', steps_override='{{ var.value.y }}', pool='p',"
        " additional_run_config={'lost': 1, 'generate_docs': True, 'git_branch': None, 'threads_override': 'x'})"
    )
    found = _refusals(_dag(task))
    for part in (
        "`retries`",
        "`pool`",
        "the connection",
        "`job_id` is not a number",
        "`timeout` is not a number",
        "`lost`",
        "`generate_docs`",
        "TriggerJobRunOptions takes no str as `threads_override`",
        "`{{ var.value.x }}`",
        "`{{ var.value.y }}`",
    ):
        assert any(part in reason for reason in found), (part, found)
    assert len(found) == 10


_CALLABLE = """from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def load({parameters}):
    print(1)


with DAG("my_dag", schedule={schedule}, catchup=False) as dag:
    run = DbtCloudRunJobOperator(task_id="run", job_id=5)
    run >> PythonOperator(task_id="load", python_callable=load, op_args=["x"])
"""


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("x, ds", f'ds=f"{{{_START}:%Y-%m-%d}}"'),
        ("x, *, ts=None, **more", f'ts=f"{{{_START}.isoformat()}}"'),
        ("x, run_id=''", 'run_id=f"{flow_run.id}"'),
    ],
)
def test_a_parameter_that_airflow_fills_with_text_is_given(parameters: str, text: str) -> None:
    code = _code(_CALLABLE.format(parameters=parameters, schedule="None"))
    assert f"def load({parameters}):" in code
    assert text in " ".join(code.split())


@pytest.mark.parametrize(
    ("parameters", "airflow", "reason"),
    [
        ("x, ds", "2.10.5", "Airflow fills the parameter `ds` from its context, and in Airflow 2 `ds` is the start"),
        ("x, ds", "", "set `airflow-version`"),
        ("x, ds_nodash, ti", "3.0.6", "Airflow fills the parameter `ti` of `load` from its context"),
        ("x, logical_date", "3.0.6", "Airflow fills the parameter `logical_date` of `load` from its context"),
        ("ds", "3.0.6", "`ds` is a name of Airflow's context, which it may not be given"),
    ],
)
def test_a_parameter_that_airflow_fills_otherwise_is_refused(parameters: str, airflow: str, reason: str) -> None:
    [given] = set(_refusals(_CALLABLE.format(parameters=parameters, schedule="'0 3 * * *'"), airflow))
    assert reason in given


def _of_context(body: str, more: str = "") -> str:
    text = _CALLABLE.format(parameters="x, **context", schedule="None")
    return text.replace("print(1)", body).replace('op_args=["x"]', f'op_args=["x"]{more}')


def test_text_taken_from_the_context_becomes_a_parameter() -> None:
    code = _code(_of_context("day = context['ds']\n    print(f\"{context['ds']} {context['ts']} {context['ds']}\")"))
    assert 'def load(x, ds, ts):\n    day = ds\n    print(f"{ds} {ts} {ds}")\n' in code
    assert f'ds=f"{{{_START}:%Y-%m-%d}}"' in code
    assert f'ts=f"{{{_START}.isoformat()}}"' in code


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("print(context['ds'], context['dag'])", ""),
        ("print(context.get('ds'))", ""),
        ("ds = context['ds']", ""),
        ("context['ds'] = 1", ""),
        ("print(context['ds'])", ", op_kwargs={'ds': 'y'}"),
        ("print(context['ds'])", ", op_kwargs={'other': 'y'}"),
    ],
)
def test_a_context_of_other_uses_is_refused(body: str, more: str) -> None:
    assert _refusals(_of_context(body, more)) == ["`load` uses Airflow's context"]
