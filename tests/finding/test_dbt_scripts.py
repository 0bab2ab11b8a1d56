"""dbt in scripts of the project that Bash commands run, and programs that are dbt under other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.engine import Context, check_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions
from offramp.settings import load

IMPORT = "from airflow.operators.bash import BashOperator\n"


def messages(folder: Path, command: str, **overrides: object) -> list[str]:
    settings = load(str(folder), overrides, isolated=True)
    context = Context(settings, load_rulebook([], pytest.fail), frozenset({"OFR121"}), find_versions(settings))
    code = f'{IMPORT}BashOperator(task_id="a", bash_command={command!r})\n'
    result = check_bytes(str(folder / "dags" / "dag.py"), code.encode(), context)
    assert result.problem == ""
    return [finding.message for finding in result.findings]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    scripts = tmp_path / "dags" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "run.sh").write_text("set -e\ncd /opt/dbt\ndbt run --target {{ params.target }}\n")
    (scripts / "copy.sh").write_text("cp -r /opt/dbt /tmp/dbt\n")
    (tmp_path / "dags" / "outer.bash").write_text("source scripts/run.sh\n")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "scripts/run.sh",
        "bash scripts/run.sh ",
        "bash /opt/airflow/dags/scripts/run.sh {{ ds }}",
        "$AIRFLOW_HOME/dags/scripts/run.sh ",
        "cd x && ./scripts/run.sh all",
        "outer.bash",
    ],
)
def test_a_script_of_the_project_is_followed(project: Path, command: str) -> None:
    (message,) = messages(project, command)
    assert "runs `dbt run --target …` in `/opt/dbt`, target `…`" in message


@pytest.mark.parametrize("command", ["scripts/copy.sh", "scripts/other.sh", "/opt/run.sh", "cat scripts/run.sh"])
def test_other_scripts_are_not(project: Path, command: str) -> None:
    assert messages(project, command) == []


def test_programs_that_are_dbt_are_a_setting(tmp_path: Path) -> None:
    assert messages(tmp_path, "transform run") == []
    (message,) = messages(tmp_path, "transform run; dbt run", **{"dbt-commands": ["transform"]})
    assert "`dbt run`" in message
