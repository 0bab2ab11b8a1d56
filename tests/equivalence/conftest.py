"""One run for all tests: each environment runs the cases of every selected test once, in one process, side by side.

A module of tests says what it compares by ``airflow_cases(items)``, by environment, and
``prefect_cases(items, folder)``, where ``items`` are its selected tests and ``folder`` is where its flows may be
written, which is the working directory of the run too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import NamedTuple

import pytest

from equivalence.runs import Case, Outcome, airflow_runs, prefect_runs

CONNECTIONS = ("dbt_cloud_default", "dbt_cloud_partner")


class Ran(NamedTuple):
    """Outcomes by case name, as soon as they are there: of each Airflow environment, and of Prefect."""

    airflow: Mapping[str, Future[dict[str, Outcome]]]
    prefect: Future[dict[str, Outcome]]


@pytest.fixture(scope="session")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    modules: dict[ModuleType, list[pytest.Item]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function):
            modules.setdefault(item.module, []).append(item)
    folder = tmp_path_factory.mktemp("prefect")
    on_airflow: dict[str, list[Case]] = {}
    on_prefect: list[Case] = []
    for module, items in modules.items():
        if hasattr(module, "airflow_cases"):
            for environment, cases in module.airflow_cases(items).items():
                on_airflow.setdefault(environment, []).extend(cases)
        if hasattr(module, "prefect_cases"):
            on_prefect += module.prefect_cases(items, folder)
    blocks = [name.replace("_", "-") for name in CONNECTIONS]
    with ThreadPoolExecutor() as beside:
        prefect = beside.submit(prefect_runs, _each_once(on_prefect), folder, blocks)
        airflow = {
            environment: beside.submit(
                airflow_runs, environment, _each_once(cases), tmp_path_factory.mktemp(environment), CONNECTIONS
            )
            for environment, cases in on_airflow.items()
        }
        yield Ran(airflow, prefect)


def _each_once(cases: list[Case]) -> list[Case]:
    by_name: dict[str, Case] = {}
    for case in cases:
        assert by_name.setdefault(case.name, case) == case, f"two cases are called {case.name}"
    return list(by_name.values())
