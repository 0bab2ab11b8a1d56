"""What a fix takes away that a file needs which is not checked, but lies beside the one that is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import Run

_DAG = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

JOB = 4
with DAG("nightly_models", schedule=None) as dag:
    DbtCloudRunJobOperator(task_id="run_dbt", job_id=JOB)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "nightly.py").write_text(_DAG)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_a_file_alone_is_converted(offramp: Run) -> None:
    assert "Would fix 1 finding" in offramp("check", "--diff", "--isolated", "dags/nightly.py").stderr


def test_a_file_of_the_same_directory_imports_the_only_one_that_is_checked(project: Path, offramp: Run) -> None:
    (project / "dags" / "other.py").write_text("from nightly import dag\n")
    assert "Would fix" not in offramp("check", "--diff", "--isolated", "dags/nightly.py").stderr


def test_a_file_from_stdin_stands_where_its_name_says(project: Path, offramp: Run) -> None:
    command = ("check", "--diff", "--isolated", "--stdin-filename", "dags/nightly.py", "-")
    assert "Would fix 1 finding" in offramp(*command, input=_DAG).stderr
    (project / "dags" / "other.py").write_text("from nightly import dag\n")
    assert "Would fix" not in offramp(*command, input=_DAG).stderr


def test_a_file_elsewhere_in_a_configured_project_imports_it(project: Path, offramp: Run) -> None:
    (project / "pyproject.toml").write_text('[tool.offramp]\nairflow-version = "3.0"\n')
    assert "Would fix 1 finding" in offramp("check", "--diff", "dags/nightly.py").stderr
    (project / "tests").mkdir()
    (project / "tests" / "test_nightly.py").write_text("import dags.nightly\n")
    assert "Would fix" not in offramp("check", "--diff", "dags/nightly.py").stderr


def test_a_file_elsewhere_in_a_configured_project_names_the_dag(project: Path, offramp: Run) -> None:
    (project / "pyproject.toml").write_text("[tool.offramp]\n")
    (project / "plugins").mkdir()
    (project / "plugins" / "start.py").write_text('client.trigger_dag("nightly_models")\n')
    assert "Would fix" not in offramp("check", "--diff", "dags/nightly.py").stderr


# -- the whole project, whatever was named -----------------------------------------------

_DOWN = "from airflow.sensors.external_task import ExternalTaskSensor\n"
_DOWN += 'ExternalTaskSensor(task_id="w", external_dag_id="nightly_models")\n'


@pytest.fixture
def repository(project: Path) -> Path:
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    (project / "other").mkdir()
    (project / "other" / "down.py").write_text(_DOWN)
    return project


@pytest.mark.parametrize("command", [("check", "--diff", "--isolated"), ("migrate", "--isolated", "--out", "flows")])
@pytest.mark.parametrize(("start", "named"), [(".", "dags/nightly.py"), ("dags", "nightly.py"), ("other", "../dags")])
def test_what_another_directory_waits_for_stays_whoever_asks(
    command: tuple[str, ...], start: str, named: str, repository: Path, offramp: Run
) -> None:
    done = offramp(*command, named, cwd=repository / start)
    assert "Would fix" not in done.stderr
    assert "0 DAGs converted" in done.stdout or command[0] == "check"


def test_the_file_that_names_a_dag_is_shown_with_the_line(repository: Path, offramp: Run) -> None:
    assert repository
    assert "other/down.py names the DAG `nightly_models` (its line 2)" in offramp("check", "dags/nightly.py").stdout


def test_an_equal_string_is_no_reason(project: Path, offramp: Run) -> None:
    (project / "dags" / "other.py").write_text('print("nightly_models")\nDAG("x", tags=["nightly_models"])\n')
    assert "Would fix 1 finding" in offramp("check", "--diff", "--isolated", "dags/nightly.py").stderr


# -- what the flow would need ------------------------------------------------------------

_NOTIFIES = _DAG.replace("JOB = 4", "from helpers.alerts import notify\n\nJOB = 4\nnotify()")


def _needs(project: Path, alerts: str) -> None:
    (project / "dags" / "nightly.py").write_text(_NOTIFIES)
    (project / "dags" / "helpers").mkdir()
    (project / "dags" / "helpers" / "alerts.py").write_text(alerts)


def test_a_module_of_the_project_that_needs_airflow(project: Path, offramp: Run) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    _needs(project, "from airflow.models import Variable\n\ndef notify(): ...\n")
    shown = offramp("check", "--isolated", "dags/nightly.py").stdout
    assert "imports dags/helpers/alerts.py, which needs Airflow (its line 1)" in shown
    assert "Would fix" not in offramp("check", "--diff", "--isolated", "--unsafe-fixes", "dags/nightly.py").stderr


def test_a_module_of_the_project_that_goes_on_without_airflow(project: Path, offramp: Run) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    guarded = "try:\n    from airflow.models import Variable\nexcept ImportError:\n    Variable = None\n"
    _needs(project, f"{guarded}\n\ndef notify(): ...\n")
    assert "Would fix" not in offramp("check", "--diff", "--isolated", "dags/nightly.py").stderr
    done = offramp("check", "--isolated", "dags/nightly.py")
    assert "imports dags/helpers/alerts.py, which may do something else where Airflow is missing" in done.stdout


def test_a_module_of_the_project_that_needs_airflow_for_its_types_only(project: Path, offramp: Run) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    typed = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from airflow.models import Variable\n"
    _needs(project, f"{typed}\n\ndef notify(): ...\n")
    assert "Would fix 1 finding" in offramp("check", "--diff", "--isolated", "dags/nightly.py").stderr


# -- names of files ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dbt", "prefect", "prefect_dbt", "calendar", "logging", "httpx", "pydantic"])
def test_a_file_that_would_be_taken_for_a_module(name: str, project: Path, offramp: Run) -> None:
    (project / "dags" / "nightly.py").rename(project / "dags" / f"{name}.py")
    for command in (("check", "--isolated"), ("migrate", "--isolated", "--out", "flows")):
        done = offramp(*command, f"dags/{name}.py")
        assert f"a flow in a file of this name hides the module `{name}`" in done.stdout


def test_a_file_that_imports_the_module_of_its_name(project: Path, offramp: Run) -> None:
    (project / "dags" / "statistics.py").write_text(_DAG.replace("JOB = 4", "import statistics\n\nJOB = 4"))
    (project / "dags" / "fractal.py").write_text(_DAG)
    done = offramp("check", "--isolated", "dags/statistics.py", "dags/fractal.py")
    assert "hides the module `statistics`" in done.stdout
    assert "1 fixable" in done.stdout


@pytest.mark.parametrize(("beside", "hides"), [("calendar.py", True), ("dbt/__init__.py", True), ("dbt/x.sql", False)])
def test_a_file_beside_that_would_be_taken_for_a_module(beside: str, hides: bool, project: Path, offramp: Run) -> None:
    (project / "dags" / beside).parent.mkdir(exist_ok=True)
    (project / "dags" / beside).write_text("")
    done = offramp("check", "--isolated", "dags/nightly.py")
    assert ("beside this file hides the module" in done.stdout) == hides
    assert "1 DAG converted" in offramp("migrate", "--isolated", "dags/nightly.py", "--out", "flows").stdout
