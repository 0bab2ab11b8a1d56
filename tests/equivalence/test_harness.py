"""The harness itself: flows written by hand in the shape of the fixes are equal, and each broken one is told apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from equivalence.compare import differences
from equivalence.conftest import Ran
from equivalence.runs import Case

pytestmark = pytest.mark.equivalence

AIRFLOWS = ("airflow3", "airflow2")
PAIRS = Path(__file__).resolve().parent / "pairs"


class Scene(NamedTuple):
    """What dbt Cloud does, which other task fails, and what happens in the dbt project."""

    jobs: Mapping[str, Any]
    fail: str = ""
    dbt: str = ""


def _all(*outcomes: str, polls: int = 1) -> dict[str, Any]:
    return {"*": {"outcomes": list(outcomes), "polls": polls}}


SCENES = {
    "success": Scene(_all("success")),
    "error": Scene(_all("error")),
    "cancelled": Scene(_all("cancelled", polls=0)),
    "error-then-success": Scene(_all("error", "success", polls=0)),
    "http-500": Scene(_all("500")),
    "second-job-error": Scene({"32": {"outcomes": ["error"], "polls": 0}}),
    "second-mapped-error": Scene({"62": {"outcomes": ["error"], "polls": 1}}),
    "nothing": Scene(_all("success"), fail="nothing"),
    "extract-fails": Scene(_all("success", polls=0), fail="extract"),
    **{scene: Scene({}, dbt=scene) for scene in ("ok", "fail_model", "fail_once")},
}
EVERYWHERE = ("success", "error", "cancelled", "error-then-success", "http-500")
EQUAL = [
    *((pair, scene) for pair in ("single_job", "retried_elt", "cleanup", "sensor_pair") for scene in EVERYWHERE),
    ("cleanup", "second-job-error"),
    ("retried_elt", "extract-fails"),
    *(("branch", scene) for scene in ("success", "error", "nothing")),
    *(("mapped", scene) for scene in ("success", "error", "second-mapped-error")),
    *(("dbt_core", scene) for scene in ("ok", "fail_model", "fail_once")),
]
# Pair, broken flow, scene that shows it, what must be said about it.
BROKEN = [
    ("single_job", "dropped_future", "error", "the run ended failed with Airflow, Completed with Prefect"),
    ("single_job", "nested_future", "error", "the run ended failed with Airflow, Completed with Prefect"),
    ("single_job", "model_retries", "error", "POST /api/v2/accounts/42/jobs/11/run/: Airflow sent 1: {}, Prefect 4:"),
    ("single_job", "not_awaited", "success", "POST /api/v2/accounts/42/jobs/11/run/: Airflow sent 1: {}, Prefect none"),
    (
        "retried_elt",
        "no_wait_before",
        "extract-fails",
        "task `run_dbt` should have ended NotReady, with Prefect it ended C",
    ),
    (
        "retried_elt",
        "no_wait_after",
        "success",
        "`run_dbt` was over before `notify` began with Airflow, but not with Pr",
    ),
    ("retried_elt", "no_retries", "error-then-success", "the run ended success with Airflow, Failed with Prefect"),
    (
        "retried_elt",
        "lost_option",
        "success",
        "POST /api/v2/accounts/42/jobs/21/run/: Airflow sent 1: {'cause': 'nightly'",
    ),
    ("cleanup", "no_allow_failure", "error", "`drop_schema` happened 1 times with Airflow, 0 times with Prefect"),
    ("cleanup", "all_leaves_and_more", "error", "the run ended success with Airflow, Failed with Prefect"),
    ("sensor_pair", "result_ignored", "error", "task `wait` should have ended Failed, with Prefect it ended Completed"),
    (
        "sensor_pair",
        "triggered_twice",
        "success",
        "POST /api/v2/accounts/42/jobs/41/run/: Airflow sent 1: {}, Prefect 2:",
    ),
    ("branch", "both_arms", "success", "task `nothing` should have ended Skipped, with Prefect it ended Completed"),
    (
        "mapped",
        "zipped",
        "success",
        "POST /api/v2/accounts/42/jobs/61/run/: Airflow sent 1: {'steps_override': ['dbt b",
    ),
    (
        "mapped",
        "first_only",
        "second-mapped-error",
        "task `notify` should have ended NotReady, with Prefect it ended C",
    ),
    ("dbt_core", "failure_hidden", "fail_model", "the run ended failed with Airflow, Completed with Prefect"),
    ("dbt_core", "other_selection", "ok", "`dbt run in $JAFFLE: 0` ran 1 times with Airflow, 0 times with Prefect"),
    (
        "dbt_core",
        "in_process",
        "fail_model",
        "model fin skipped, model mid error, model solo success, model stg success: 2 times with Airflow, 1 times",
    ),
]


def airflow_cases(_items: object) -> dict[str, list[Case]]:
    """The pairs' DAGs."""
    cases = [_case(pair, "dag", scene) for pair, scene in EQUAL]
    return dict.fromkeys(AIRFLOWS, cases)


def prefect_cases(_items: object, _folder: object) -> list[Case]:
    """The pairs' flows, the broken ones included."""
    cases = [_case(pair, "flow", scene) for pair, scene in EQUAL]
    return cases + [_case(pair, f"wrong_{broken}", scene) for pair, broken, scene, _ in BROKEN]


@pytest.mark.parametrize("environment", AIRFLOWS)
@pytest.mark.parametrize(("pair", "scene"), EQUAL)
def test_the_shape_of_the_fixes_does_what_airflow_does(pair: str, scene: str, environment: str, ran: Ran) -> None:
    airflow, prefect = ran.airflow[environment].result(), ran.prefect.result()
    assert differences(airflow[f"{pair}-dag-{scene}"], prefect[f"{pair}-flow-{scene}"]) == []


@pytest.mark.parametrize("environment", AIRFLOWS)
@pytest.mark.parametrize(("pair", "broken", "scene", "sentence"), BROKEN)
def test_a_broken_flow_is_told_apart(
    pair: str,
    broken: str,
    scene: str,
    sentence: str,
    environment: str,
    ran: Ran,
) -> None:
    airflow, prefect = ran.airflow[environment].result(), ran.prefect.result()
    found = differences(airflow[f"{pair}-dag-{scene}"], prefect[f"{pair}-wrong_{broken}-{scene}"])
    assert any(difference.startswith(sentence) for difference in found), found


def _case(pair: str, file: str, scene: str) -> Case:
    name, script = f"{pair}-{file}-{scene}", SCENES[scene]
    return Case(name, PAIRS / pair / f"{file}.py", script.jobs, timeout=180, fail=script.fail, dbt=script.dbt)
