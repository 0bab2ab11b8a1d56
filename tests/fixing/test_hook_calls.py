"""Calls of DbtCloudHook in callables become the same requests, or are refused by name; which are the same, equivalence
tests show."""

from __future__ import annotations

import pytest

from fixing.flows import fixed

_DAG = """import os
from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook, DbtCloudJobRunStatus
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def look(run):
{body}


with DAG("d", schedule=None) as dag:
    first = DbtCloudRunJobOperator(task_id="first", job_id=1)
    then = PythonOperator(task_id="then", python_callable=look, op_args=[first.output])
"""
_HOOK = 'DbtCloudHook("partner")'
_BLOCK = 'DbtCloudCredentials.load("partner")'


def _dag(*lines: str) -> str:
    return _DAG.format(body="\n".join(f"    {line}" for line in lines))


def _body(*lines: str) -> str:
    """What becomes of the lines of a callable."""
    result = fixed(_dag(*lines), "3.0.6")
    assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
    assert all(finding.fix is not None and not finding.fix.reason for finding in result.fixed)
    text = result.new_text.decode()
    return text.partition("def look(run):\n")[2].partition("\n\n\n")[0].replace("    ", "", 1).replace("\n    ", "\n")


def _reasons(*lines: str) -> set[str]:
    result = fixed(_dag(*lines), "3.0.6")
    assert result.new_text is None
    return {refusal.reason for finding in result.findings for refusal in finding.refusals}


@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("get_job_run(run).json()", 'call_dbt_cloud({}, "GET", f"/runs/{run}/").json()'),
        (
            "get_job_run(run, include_related=['job']).json()",
            'call_dbt_cloud({}, "GET", f"/runs/{run}/", params={"include_related": [\'job\']}).json()',
        ),
        (
            "get_job_run_status(run_id=5)",
            'DbtCloudJobRunStatus(call_dbt_cloud({}, "GET", "/runs/5/").json()["data"]["status"]).value',
        ),
        ("list_job_run_artifacts(run).json()", 'call_dbt_cloud({}, "GET", f"/runs/{run}/artifacts/").json()'),
        (
            "get_job_run_artifact(run, 'a.json', None, 2).json()",
            'call_dbt_cloud({}, "GET", f"/runs/{run}/artifacts/a.json", params={"step": 2}).json()',
        ),
        (
            "get_job(5, account_id=7).json()",
            'call_dbt_cloud({}.model_copy(update={"account_id": 7}), "GET", "/jobs/5").json()',
        ),
        (
            "trigger_job_run(5, 'c', schema_override='s').status_code",
            'call_dbt_cloud({}, "POST", "/jobs/5/run/", json={"cause": \'c\', "schema_override": \'s\'}).status_code',
        ),
        ("retry_failed_job_run(5).json()", 'call_dbt_cloud({}, "POST", "/jobs/5/rerun/").json()'),
        ("list_job_runs(order_by='-id')[0].json()", 'list_dbt_cloud({}, "/runs/", {"order_by": \'-id\'})[0].json()'),
        ("list_jobs(project_id=run)[0].json()", 'list_dbt_cloud({}, "/jobs/", {"project_id": run})[0].json()'),
    ],
)
def test_each_method_becomes_its_request(call: str, written: str) -> None:
    assert _body(f"return {_HOOK}.{call}") == "return " + written.replace("{}", _BLOCK, 1)
    assert _body(f"h = {_HOOK}", f"return h.{call}") == f"h = {_BLOCK}\nreturn " + written.replace("{}", "h", 1)


def test_a_run_is_cancelled_where_nothing_takes_the_result() -> None:
    assert _body(f"{_HOOK}.cancel_job_run(run)") == f'call_dbt_cloud({_BLOCK}, "POST", f"/runs/{{run}}/cancel/")'
    assert _reasons(f"return {_HOOK}.cancel_job_run(run)") == {"takes the None that the hook gives"}


def test_the_statuses_are_those_of_prefect_dbt() -> None:
    assert (
        _body(
            "if run == DbtCloudJobRunStatus.ERROR.value:",
            f"    {_HOOK}.cancel_job_run(run)",
            "return DbtCloudJobRunStatus.is_terminal(run) or run == DbtCloudJobRunStatus.QUEUED.value",
        )
        == "if run == DbtCloudJobRunStatus.FAILED.value:\n"
        f'    call_dbt_cloud({_BLOCK}, "POST", f"/runs/{{run}}/cancel/")\n'
        "return DbtCloudJobRunStatus.is_terminal_status_code(DbtCloudJobRunStatus(run).value)"
        " or run == DbtCloudJobRunStatus.QUEUED.value"
    )


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([f"{_HOOK}.wait_for_job_run_status(run)"], "then raises: set `dbt-cloud-provider-version`"),
        ([f"{_HOOK}.get_job_by_name(project_name='p')"], "`get_job_by_name` of the hook: it calls version 3"),
        ([f"{_HOOK}.run('x')"], "`run` of the hook: prefect-dbt has no equal"),
        ([f"return {_HOOK}.get_job(1).ok"], "reads of the hook's answer what httpx has otherwise"),
        ([f"return {_HOOK}.get_job(1).text"], "reads of the hook's answer what httpx has otherwise"),
        ([f"return {_HOOK}.get_job(1)"], "reads of the hook's answer what httpx has otherwise"),
        ([f"x = {_HOOK}.get_job(1)", "print(x)"], "reads of the hook's answer what httpx has otherwise"),
        ([f"x = {_HOOK}.list_jobs()", "x[0].headers"], "reads of the hook's answer what httpx has otherwise"),
        ([f"x = {_HOOK}.list_jobs()", "x[:1]"], "reads of the hook's answer what httpx has otherwise"),
        ([f"h = {_HOOK}", "print(h)"], "uses the hook in a way that is not followed"),
        ([f"h = {_HOOK}", "h = None"], "`h` is bound in a way that is not followed"),
        ([f"print({_HOOK})"], "keeps the hook in a way that is not followed"),
        ([f"m = {_HOOK}.get_job"], "takes `get_job` of the hook in a way that is not followed"),
        (["DbtCloudHook(os.environ['C']).get_job(1)"], "`dbt_cloud_conn_id` of the hook is not known here"),
        (["DbtCloudHook(**run).get_job(1)"], "not all arguments of the hook are known here"),
        (
            ["DbtCloudHook('x', retry_limit=3).get_job(1)"],
            "`retry_limit` of the hook is not known here, or has no equal",
        ),
        ([f"{_HOOK}.get_job(*run)"], "is called with arguments that are not followed"),
        ([f"{_HOOK}.get_job(1, run)"], "the account is not known here"),
        ([f"{_HOOK}.get_job(run['id']['x'])", f'{_HOOK}.get_job(run["id"])'], "that no f-string could hold"),
        ([f"{_HOOK}.trigger_job_run(1, run)"], "the cause is not known here"),
        ([f"{_HOOK}.trigger_job_run(1, 'c', retry_from_failure=run)"], "`retry_from_failure` of the hook"),
        ([f"{_HOOK}.trigger_job_run(1, 'c', additional_run_config=run)"], "`additional_run_config` is not known"),
        (["print(f'{DbtCloudHook().get_job_run_status(1)}')"], "stands in an f-string"),
        (["DbtCloudHook().get_job_run(", "    run,  # the one", ")"], "holds a comment that would be lost"),
        (
            [f"DbtCloudJobRunStatus.is_terminal({_HOOK}.get_job_run_status(run))"],
            "a call of the hook stands in another one",
        ),
        ([f"{_HOOK}.get_job(1)", "print(DbtCloudJobRunStatus(run))"], "uses `DbtCloudJobRunStatus` in a way"),
        (
            ["try:", f"    {_HOOK}.get_job(1)", "except OSError:", "    pass"],
            "tells the hook's exceptions apart, and prefect-dbt raises httpx's",
        ),
        (
            ["from contextlib import suppress", "with suppress(OSError):", f"    {_HOOK}.get_job(1)"],
            "tells the hook's exceptions apart, and prefect-dbt raises httpx's",
        ),
        (["call_dbt_cloud = 1", f"{_HOOK}.get_job(1)"], "`call_dbt_cloud` means something else here"),
        (["DbtCloudCredentials = 1", f"{_HOOK}.get_job(1)"], "`DbtCloudCredentials` means something else here"),
        (["import json as call_dbt_cloud", f"{_HOOK}.get_job(1)"], "`call_dbt_cloud` means something else here"),
        ([f"{_HOOK}.get_job_run(run_id=(y := 5001))"], "is called with an expression that is not followed"),
        ([f"{_HOOK}.get_job(1, **{{}})"], "is called with arguments that are not followed"),
        ([f"{_HOOK}.list_jobs(order_by=(y := '-id'))"], "is called with an expression that is not followed"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(lines: list[str], reason: str) -> None:
    [given] = _reasons(*lines)
    assert reason in given


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("run", "run, (10,)"),
        ("run, None, [10, 30], 5, timeout=60", "run, (10, 30), check_interval=5, timeout=60"),
        ("run, expected_statuses=DbtCloudJobRunStatus.SUCCESS.value", "run, (10,)"),
    ],
)
def test_a_wait_raises_as_the_hook_does_from_provider_4_7_on(arguments: str, written: str) -> None:
    text = _dag(f"hook = {_HOOK}", f"return hook.wait_for_job_run_status({arguments})")
    result = fixed(text, "3.0.6", "4.11")
    assert result.new_text is not None
    assert f"    return wait_for_dbt_cloud_run(hook, {written})\n" in result.new_text.decode()


@pytest.mark.parametrize(
    ("arguments", "provider", "reason"),
    [
        ("run", "4.6", "the hook returns False before provider 4.7, then raises: prefect-dbt has no equal of that"),
        ("run, expected_statuses=run", "4.11", "the expected status is not known here"),
        ("run, expected_statuses=11", "4.11", "the expected status is not known here"),
        ("run, expected_statuses=DbtCloudJobRunStatus.ERROR.value", "4.11", "stands in another one"),
    ],
)
def test_a_wait_that_may_end_otherwise_is_refused(arguments: str, provider: str, reason: str) -> None:
    text = _dag(f"{_HOOK}.wait_for_job_run_status({arguments})")
    result = fixed(text, "3.0.6", provider)
    assert result.new_text is None
    assert any(reason in refusal.reason for finding in result.findings for refusal in finding.refusals)


@pytest.mark.parametrize(
    "lines",
    [
        ["try:", f"    {_HOOK}.get_job(run)", "except Exception as error:", "    print(str(error))"],
        ["try:", f"    {_HOOK}.get_job(run)", "except:", "    pass"],
        ["try:", f"    {_HOOK}.get_job(run)", "except (KeyError, BaseException):", "    raise"],
        ["import contextlib", "with contextlib.suppress(Exception):", f"    {_HOOK}.get_job(run)"],
    ],
)
def test_code_that_catches_what_a_request_raises_may_do_otherwise(lines: list[str]) -> None:
    result = fixed(_dag(*lines), "3.0.6")
    assert result.new_text is not None
    assert {finding.fix.reason for finding in result.fixed if finding.fix is not None} == {
        "what a request raises in `look` is caught, and prefect-dbt's exceptions have other types and texts"
    }


def test_a_function_that_catches_what_a_callable_of_requests_raises_may_do_otherwise() -> None:
    careful = "\n\ndef careful():\n    try:\n        look(5)\n    except Exception:\n        pass\n"
    text = _dag(f"{_HOOK}.get_job(run)").replace("\n\nwith DAG", f"{careful}\n\nwith DAG")
    text += '    then >> PythonOperator(task_id="again", python_callable=careful)\n'
    result = fixed(text, "3.0.6")
    assert result.new_text is not None, [refusal.reason for one in result.findings for refusal in one.refusals]
    reasons = {finding.fix.reason for finding in result.fixed if finding.fix is not None}
    assert all("what a request raises in `look` is caught" in reason for reason in reasons)


def test_code_that_catches_what_no_request_raises_stays_safe() -> None:
    body = _body("try:", f"    {_HOOK}.get_job(run)", "except KeyError:", "    pass")
    assert body.startswith("try:\n    call_dbt_cloud(")


def test_a_name_of_the_dags_function_that_is_a_helpers_is_refused() -> None:
    text = """from airflow.decorators import dag, task
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook


@dag(schedule=None)
def nightly():
    call_dbt_cloud = 5

    @task
    def look():
        return DbtCloudHook().get_job(5).json()

    look()


nightly()
"""
    result = fixed(text, "3.0.6")
    assert not result.problem
    assert {refusal.reason for finding in result.findings for refusal in finding.refusals} == {
        "`call_dbt_cloud` means something else here"
    }


def test_a_helpers_name_that_is_taken_is_refused() -> None:
    text = _dag(f"return {_HOOK}.get_job(run).json()") + "\n\ndef call_dbt_cloud():\n    pass\n"
    result = fixed(text, "3.0.6")
    assert result.new_text is None
    assert "`call_dbt_cloud` means something else here" in {r.reason for f in result.findings for r in f.refusals}


def test_a_function_of_the_dags_own_moves_with_its_calls_rewritten() -> None:
    text = '''from airflow.decorators import dag, task
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook


@dag(schedule=None)
def nightly():
    @task
    def look(run):
        """One
        and two."""
        hook = DbtCloudHook()
        return hook.get_job_run(
            run_id=run,
            include_related=["job"],
        ).json()["data"]

    look(5)


nightly()
'''
    result = fixed(text, "3.0.6")
    assert result.new_text is not None
    assert '''def look(run):
    """One
        and two."""
    hook = DbtCloudCredentials.load("dbt-cloud-default")
    return call_dbt_cloud(hook, "GET", f"/runs/{run}/", params={"include_related": ["job"]}).json()["data"]
''' in result.new_text.decode()
