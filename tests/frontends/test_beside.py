"""What a fix takes away that a file needs which is not checked, but lies beside the one that is."""

from __future__ import annotations

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
