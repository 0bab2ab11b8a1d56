"""The shipped notes cover what the classes really take, in every release of the committed snapshot.

``scripts/snapshot_signatures.py`` writes the snapshot from the published wheels, ``scripts/snapshot_dbt_core.py`` that
of the packages that run dbt Core, over all their releases.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import Note

SNAPSHOT = Path(__file__).parent / "fixtures" / "signatures.json"
DBT_CORE_SNAPSHOT = SNAPSHOT.with_name("dbt_core_signatures.json")
DBT_CLOUD = "apache-airflow-providers-dbt-cloud"
RUN_JOB = "airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator"


class Described(NamedTuple):
    """A class or decorator of one release."""

    release: str
    path: str
    about: dict[str, Any]


def _described() -> list[Described]:
    releases = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return [
        Described(" ".join(f"{name} {version}" for name, version in release["distributions"].items()), path, about)
        for release in releases
        for path, about in release["classes"].items()
    ]


def _of_dbt_core() -> list[Described]:
    """The classes that run dbt Core: a class has all that any of its releases has."""
    packages = json.loads(DBT_CORE_SNAPSHOT.read_text(encoding="utf-8"))
    return [
        Described(
            f"{name} {known['releases'][0]} to {known['releases'][1]}",
            path,
            {"paths": known["paths"], "parameters": {key: {} for key in known["parameters"]}, "bases": []},
        )
        for name, package in packages.items()
        for path, known in package["classes"].items()
    ]


DBT_CORE = _of_dbt_core()
DESCRIBED = [*_described(), *DBT_CORE]


def _of(release: str, path: str) -> dict[str, Any]:
    return next(item.about for item in DESCRIBED if item.release == release and item.path == path)


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OFFRAMP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return load_rulebook([], pytest.fail)


def _note(rulebook: Rulebook, item: Described) -> Note:
    notes = {note.section: note for path in item.about["paths"] if (note := rulebook.note(path)) is not None}
    assert len(notes) == 1, f"{item.path} of {item.release} has the notes {sorted(notes)}"
    return next(iter(notes.values()))


def _all_inherited(rulebook: Rulebook, section: str) -> set[str]:
    parents = rulebook.notes[section].inherits
    return set(parents).union(*(_all_inherited(rulebook, parent) for parent in parents))


@pytest.mark.parametrize("item", DESCRIBED, ids=lambda item: f"{item.path.rpartition('.')[2]}-{item.release}")
def test_every_argument_of_every_release_has_a_row(rulebook: Rulebook, item: Described) -> None:
    note = _note(rulebook, item)
    assert set(item.about["parameters"]) - set(rulebook.arguments(note)) == set()


@pytest.mark.parametrize("item", DESCRIBED, ids=lambda item: f"{item.path.rpartition('.')[2]}-{item.release}")
def test_a_note_inherits_the_rows_of_the_bases_of_its_class(rulebook: Rulebook, item: Described) -> None:
    """Bases come through compatibility modules, so they are known by class name."""
    note = _note(rulebook, item)
    noted = {path.rpartition(".")[2]: other.section for other in rulebook.notes.values() for path in other.paths}
    noted["BaseAsyncOperator"] = "BaseOperator"
    sections = {noted[name] for base in item.about["bases"] if (name := base.rpartition(".")[2]) in noted}
    assert sections - _all_inherited(rulebook, note.section) - {note.section} == set()


def test_no_row_names_an_argument_that_no_release_has(rulebook: Rulebook) -> None:
    real: dict[str, set[str]] = {}
    for item in DESCRIBED:
        real.setdefault(_note(rulebook, item).section, set()).update(item.about["parameters"])

    def reachable(section: str) -> set[str]:
        return real.get(section, set()).union(*(reachable(parent) for parent in rulebook.notes[section].inherits))

    invented = {
        (note.section, row.name)
        for note in rulebook.notes.values()
        for row in note.arguments
        # What a row has before a dot is an argument too; what stands behind it, the installed Cosmos says.
        if row.name.partition(".")[0] not in reachable(note.section) and "removed" not in row.note
    }
    assert invented == set()


def test_every_path_of_a_note_is_importable_in_some_release(rulebook: Rulebook) -> None:
    """Datacoves' operators are in no package: its platform puts them beside the DAGs.

    Of the operators of containers no more is noted than where their commands stand.
    """
    real = {path for item in DESCRIBED for path in item.about["paths"]}
    notes = (note for note in rulebook.notes.values() if not note.file.endswith("dbt-in-containers.md"))
    noted = {path for note in notes for path in note.paths}
    assert {path for path in noted - real if "datacoves" not in path} == set()


def test_every_import_path_of_a_dbt_class_is_noted(rulebook: Rulebook) -> None:
    paths = {
        path for item in DESCRIBED if item.release.startswith((DBT_CLOUD, "astronomer")) for path in item.about["paths"]
    }
    assert "airflow.providers.dbt.cloud.operators.dbt.DbtCloudHook" in paths
    assert {path for path in paths if rulebook.note(path) is None} == set()


def test_every_import_path_of_a_class_that_runs_dbt_core_is_noted(rulebook: Rulebook) -> None:
    paths = {path for item in DBT_CORE for path in item.about["paths"]}
    old_and_new = {"cosmos.providers.dbt.task_group.DbtTaskGroup", "cosmos.DbtDag", "airflow_dbt.DbtCliHook"}
    assert old_and_new <= paths
    assert {path for path in paths if rulebook.note(path) is None} == set()


def test_what_is_written_for_an_absent_argument_is_the_default_of_airflow(rulebook: Rulebook) -> None:
    defaults = {
        "check_interval": "60",
        "dbt_cloud_conn_id": "dbt_cloud_default",
        "timeout": "604800",
    }
    rows = rulebook.arguments(rulebook.notes["DbtCloudRunJobOperator"])
    assert {name: rows[name].when_absent for name in defaults} == defaults
    for item in DESCRIBED:
        if item.path == RUN_JOB:
            parameters = item.about["parameters"]
            assert parameters["timeout"]["default"] == "60 * 60 * 24 * 7"
            assert parameters["check_interval"]["default"] == "60"
            assert parameters["wait_for_termination"]["default"] == "True"


class TestTheSnapshotAgreesWithWhatRunsShowed:
    """Facts found by running the releases, so that a fault in reading the wheels cannot go unseen."""

    def test_a_job_is_found_by_name_from_4_2(self) -> None:
        assert "default" not in _of(f"{DBT_CLOUD} 4.0.0", RUN_JOB)["parameters"]["job_id"]
        assert _of(f"{DBT_CLOUD} 4.2.1", RUN_JOB)["parameters"]["job_name"]["default"] == "None"

    def test_old_and_new_arguments(self) -> None:
        oldest = _of(f"{DBT_CLOUD} 3.11.2", RUN_JOB)["parameters"]
        newest = _of(f"{DBT_CLOUD} 4.11.1", RUN_JOB)["parameters"]
        assert "retry_from_failure" in oldest
        assert set(newest) - set(oldest) == {
            "project_name",
            "environment_name",
            "job_name",
            "hook_params",
            "openlineage_inject_parent_job_info",
        }
        assert all(parameter["keyword_only"] for parameter in newest.values())

    def test_listing_runs_is_new_in_4_9(self) -> None:
        listing = "airflow.providers.dbt.cloud.operators.dbt.DbtCloudListJobRunsOperator"
        releases = {item.release for item in DESCRIBED if item.path == listing}
        assert releases == {f"{DBT_CLOUD} 4.9.3", f"{DBT_CLOUD} 4.10.0", f"{DBT_CLOUD} 4.11.1"}

    def test_the_async_sensor_went_with_4_0(self) -> None:
        gone = "airflow.providers.dbt.cloud.sensors.dbt.DbtCloudJobRunAsyncSensor"
        assert {item.release for item in DESCRIBED if item.path == gone} == {f"{DBT_CLOUD} 3.11.2"}

    def test_template_fields(self) -> None:
        assert {"job_id", "account_id", "trigger_reason"} <= set(_of(f"{DBT_CLOUD} 4.11.1", RUN_JOB)["template_fields"])

    def test_a_dag_of_airflow_3_is_read_from_its_attrs_fields(self) -> None:
        (newest,) = (
            item.about["parameters"]
            for item in DESCRIBED
            if item.path == "airflow.sdk.definitions.dag.DAG" and "3.3.2" in item.release
        )
        assert newest["schedule"] == {"default": "None", "keyword_only": True}
        assert {"fail_fast", "deadline", "max_active_runs"} <= set(newest)
        assert not {"schedule_interval", "concurrency", "timetable", "edge_info", "task_dict"} & set(newest)
