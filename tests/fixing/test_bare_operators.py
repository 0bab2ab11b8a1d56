"""Operators outside any DAG become flows of their own, in the form that the setting asks for."""

from __future__ import annotations

from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

_BEFORE = """from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

DbtCloudRunJobOperator(task_id="run_dbt", job_id=5, account_id=7{more})
"""
_AFTER = """from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials, DbtCloudJob


@flow(name="run_dbt")
def run_dbt():
    credentials = DbtCloudCredentials.load("dbt-cloud-default")
    job = DbtCloudJob(
        dbt_cloud_credentials=credentials.model_copy(update={"account_id": 7}),
        job_id=5,
        timeout_seconds=604800,
        interval_seconds=60,
    )
    run = job.trigger()
    run.wait_for_completion()
    return run.fetch_result()
"""


def _fixed(text: str, pattern: str) -> FileResult:
    settings = load("/", {"dbt-cloud-pattern": pattern}, isolated=True)
    rulebook = load_rulebook([], print)
    context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
    return fix_bytes("jobs.py", text.encode(), context, unsafe=True, named=True)


def test_the_job_block_is_written_where_it_is_asked_for() -> None:
    result = _fixed(_BEFORE.format(more=""), "job-block")
    assert (result.new_text or b"").decode() == _AFTER


def test_a_run_that_is_not_waited_for_has_only_the_function() -> None:
    result = _fixed(_BEFORE.format(more=", wait_for_termination=False"), "job-block")
    assert b"async def run_dbt():" in (result.new_text or b"")
    assert b"await trigger_dbt_cloud_job_run(" in (result.new_text or b"")


def test_all_that_prevents_a_flow_is_reported() -> None:
    result = _fixed(_BEFORE.format(more=", timeout='1', check_interval=0.5, reuse_existing_run=True"), "function")
    [finding] = result.findings
    reasons = [refusal.reason for refusal in finding.refusals]
    for name in ("`timeout`", "`check_interval`", "`reuse_existing_run`"):
        assert any(name in reason for reason in reasons), (name, reasons)
    assert len(reasons) == 3


def test_a_time_limit_is_kept_with_what_differs() -> None:
    before = "from datetime import timedelta\n" + _BEFORE.format(more=", execution_timeout=timedelta(hours=1)")
    result = _fixed(before, "function")
    assert b'@flow(name="run_dbt", timeout_seconds=3600)\n' in (result.new_text or b"")
    [finding] = result.fixed
    assert finding.fix is not None
    assert "`execution_timeout`: Airflow ends what the task waits for" in finding.fix.reason
