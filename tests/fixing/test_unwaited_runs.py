"""Conversions of DAGs with a run that nobody waits for: a comment with a reason decides, no selection of rules does."""

from __future__ import annotations

import pytest

from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

_DAG = """\
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None):
    report = DbtCloudRunJobOperator(task_id="report", job_id=1, wait_for_termination=False)COMMENT
    report >> EmptyOperator(task_id="end")
"""


def _fixed(comment: str, **selection: list[str]) -> FileResult:
    settings = load("/", selection, isolated=True)
    rulebook = load_rulebook([], pytest.fail)
    enabled = enabled_codes(settings, rulebook.rules.values())
    context = Context(settings, rulebook, enabled, find_versions(settings))
    return fix_bytes("dags/d.py", _DAG.replace("COMMENT", comment).encode(), context, unsafe=False)


@pytest.mark.parametrize("selection", [{}, {"select": ["OFR101"]}, {"ignore": ["OFR201"]}])
@pytest.mark.parametrize(
    "comment",
    [
        "",
        "  # offramp: ignore[OFR201]",
        "  # noqa: OFR201",
        "  # noqa: OFR201 reports only",
        "  # offramp: ignore[OFR204] reports only",
    ],
)
def test_a_run_that_nobody_waits_for_prevents_the_conversion(comment: str, selection: dict[str, list[str]]) -> None:
    result = _fixed(comment, **selection)
    assert result.new_text is None
    reasons = [refusal.reason for finding in result.findings for refusal in finding.refusals]
    assert any(reason.startswith("nobody waits for this run: ") for reason in reasons), reasons


@pytest.mark.parametrize("selection", [{}, {"select": ["OFR101"]}, {"ignore": ["OFR201"]}])
def test_a_reason_converts_it_as_it_stands(selection: dict[str, list[str]]) -> None:
    result = _fixed("  # offramp: ignore[OFR201] reports only", **selection)
    assert result.new_text is not None
    text = result.new_text.decode()
    assert "    # Nobody waits for this run: reports only\n    run = await trigger_dbt_cloud_job_run(\n" in text
    titles = [finding.fix.title for finding in result.fixed if finding.fix is not None]
    assert titles == ["Convert this DAG to a Prefect flow; nobody waits for `report`, as decided by comment"]
    assert result.findings == ()


def test_each_run_needs_a_reason_of_its_own() -> None:
    second = '\n    DbtCloudRunJobOperator(task_id="other", job_id=2, wait_for_termination=False)'
    result = _fixed("  # offramp: ignore[OFR201] reports only" + second)
    assert result.new_text is None
