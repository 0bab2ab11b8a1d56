"""What is known of prefect-dbt's releases; the expected values were read in the published packages by hand."""

from __future__ import annotations

import pytest

from offramp.knowledge.api_surface import Range, Surface, prefect_has, surface

OPEN: Range = ((), None)
JOBS = "prefect_dbt.cloud.jobs"


def of(prefect: Range = OPEN, prefect_dbt: Range = OPEN) -> Surface:
    found = surface(prefect, prefect_dbt)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("prefect", "prefect_dbt", "first", "last"),
    [
        (OPEN, OPEN, "0.6.0", "0.7.25"),
        (((3,), None), OPEN, "0.6.0", "0.7.25"),
        (((2, 20), (2, 21)), OPEN, "0.4.0", "0.5.5"),
        (((2,), None), OPEN, "0.4.0", "0.7.25"),
        (((3, 1, 15), (3, 1, 16)), OPEN, "0.6.0", "0.6.7"),
        (OPEN, ((0, 5, 4), (0, 5, 5)), "0.5.4", "0.5.4"),
        (((3,), None), ((0, 7), (0, 8)), "0.7.0", "0.7.25"),
        (((2, 20), (2, 21)), ((0, 7), None), "0.7.0", "0.7.25"),
        (OPEN, ((0, 9), None), "0.7.25", "0.7.25"),
    ],
)
def test_the_releases_that_may_be_in_use(prefect: Range, prefect_dbt: Range, first: str, last: str) -> None:
    found = of(prefect, prefect_dbt)
    assert (found.releases[0], found.releases[-1]) == (first, last)


def test_nothing_is_said_of_releases_before_the_first_known() -> None:
    assert surface(OPEN, ((0, 2), (0, 3))) is None


def test_what_a_flow_takes() -> None:
    (flow,) = of().definitions(f"{JOBS}.trigger_dbt_cloud_job_run_and_wait_for_completion")
    assert (flow.kind, flow.is_async) == ("flow", True)
    assert flow.accepts(["job_id", "trigger_reason", "wait_for"]) == ["trigger_reason"]
    assert flow.takes.missing(1, ["max_wait_seconds"]) == ["job_id"]


def test_a_parameter_that_came_with_a_release() -> None:
    old, new = of().definitions(f"{JOBS}.run_dbt_cloud_job")
    assert (old.accepts(["create_assets"]), new.accepts(["create_assets"])) == (["create_assets"], [])


def test_the_form_of_a_call_that_changed() -> None:
    path = "prefect_dbt.cli.commands.run_dbt_build"
    assert [one.is_async for one in of(OPEN, ((0, 5, 4), (0, 5, 5))).definitions(path)] == [True]
    assert [one.is_async for one in of(OPEN, ((0, 7, 25), (0, 7, 26))).definitions(path)] == [False]


def test_names_modules_and_homes() -> None:
    new = of()
    assert new.exists("prefect_dbt.DbtCoreOperation")
    assert not new.exists("prefect_dbt.core.DbtCoreOperation")
    assert not new.exists("prefect_dbt.cloud.trigger_dbt_cloud_job_run")
    assert not of(((2,), (3,))).is_module("prefect_dbt.core")
    assert new.homes("DbtCoreOperation")[0] == "prefect_dbt"
    assert new.homes("trigger_dbt_cloud_job_run") == [JOBS]


def test_what_is_deprecated() -> None:
    assert of(OPEN, ((0, 7), None)).deprecated("prefect_dbt.cli.commands") == "0.7.0"
    assert of(OPEN, ((0, 6), None)).deprecated("prefect_dbt.cli.commands") == ""
    assert of(OPEN, ((0, 7), None)).deprecated("prefect_dbt.core") == ""


def test_extras() -> None:
    assert of(OPEN, ((0, 7), None)).extras() == {"all-extras", "bigquery", "postgres", "snowflake"}


def test_what_classes_do_with_unknown_arguments() -> None:
    kinds = {
        path: of().definitions(path)[-1].kind
        for path in (
            "prefect_dbt.cloud.DbtCloudCredentials",
            "prefect_dbt.cloud.models.TriggerJobRunOptions",
            "prefect_dbt.PrefectDbtSettings",
            "prefect_dbt.PrefectDbtRunner",
            "prefect_dbt.cli.configs.TargetConfigs",
        )
    }
    assert list(kinds.values()) == ["block", "model", "settings", "class", "open"]


def test_names_of_prefect() -> None:
    assert prefect_has("prefect", "flow", 3) is True
    assert prefect_has("prefect.schedules", "Cron", 3) is True
    assert prefect_has("prefect.schedules", "Corn", 3) is False
    assert prefect_has("prefect.cache_policies", "NO_CACHE", 2) is None
    assert prefect_has("prefect.nowhere", "flow", 3) is None
