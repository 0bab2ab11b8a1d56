"""The hooks under the real pre-commit, installed from a clone of this checkout."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from offramp.reading.manifests import is_manifest

from .conftest import ROOT, environment, git

OPERATOR = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

run = DbtCloudRunJobOperator(task_id="run", job_id=1)
"""
NO_OPERATOR = "run = None\n"
DAG = """\
from datetime import datetime
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("daily", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False):
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
"""
RETRIES = """\
from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion
from prefect_dbt.cloud.models import TriggerJobRunOptions


@flow
async def nightly():
    await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt"),
        job_id=1,
        trigger_job_run_options=TriggerJobRunOptions(steps_override=["dbt build"]),
        retry_filtered_models_attempts=RETRIES,
    )
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environments of its hooks."""
    return tmp_path_factory.mktemp("home")


class Project:
    """A user's repository with all three hooks; each is run alone."""

    def __init__(self, root: Path, tools: Path, clone: Path, home: Path) -> None:
        self.root = root
        self._command = str(tools / "pre-commit")
        self._environment = environment(PRE_COMMIT_HOME=str(home))
        git(root, "init", "-q")
        hooks = [{"id": hook["id"]} for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())]
        revision = git(clone, "rev-parse", "HEAD").strip()
        config = {"repos": [{"repo": str(clone), "rev": revision, "hooks": hooks}]}
        self.stage({".pre-commit-config.yaml": yaml.safe_dump(config)})
        git(root, "commit", "-q", "-m", "hooks")

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def stage(self, files: Mapping[str, str]) -> None:
        self.write(files)
        git(self.root, "add", "-A")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of pre-commit."""
        done = subprocess.run(
            [self._command, *arguments],
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        output = done.stdout + done.stderr
        assert "Traceback" not in output, output
        return done.returncode, output


@pytest.fixture
def project(tmp_path: Path, tools: Path, clone: Path, home: Path) -> Project:
    return Project(tmp_path, tools, clone, home)


def test_try_repo_finds_the_hooks(project: Project, clone: Path) -> None:
    project.stage({"etl.py": OPERATOR})
    code, output = project.run("try-repo", str(clone), "offramp", "--files", "etl.py")
    assert code == 1
    assert "OFR101" in output
    assert "etl.py:3:7" in output


def test_check_sees_what_is_staged_and_nothing_else(project: Project) -> None:
    project.stage({"good.py": NO_OPERATOR})
    project.write({"good.py": OPERATOR})
    code, output = project.run("run", "offramp")
    assert code == 0, output
    assert (project.root / "good.py").read_text() == OPERATOR
    project.stage({"good.py": OPERATOR})
    project.write({"good.py": NO_OPERATOR})
    code, output = project.run("run", "offramp")
    assert code == 1
    assert "good.py:3:7" in output


def test_the_fix_hook_changes_the_file_and_fails_then_passes(project: Project) -> None:
    project.stage({"flow.py": RETRIES.replace("RETRIES", "3")})
    code, output = project.run("run", "offramp-fix")
    assert code == 1
    assert "files were modified by this hook" in output
    assert (project.root / "flow.py").read_text() == RETRIES.replace("RETRIES", "0")
    git(project.root, "add", "-A")
    code, output = project.run("run", "offramp-fix")
    assert code == 0, output


def test_the_fix_hook_keeps_unstaged_changes(project: Project) -> None:
    project.stage({"flow.py": RETRIES.replace("RETRIES", "3")})
    project.write({"flow.py": RETRIES.replace("RETRIES", "3") + "\n\nunfinished = True\n"})
    code, _ = project.run("run", "offramp-fix")
    assert code == 1
    assert (project.root / "flow.py").read_text().endswith("\n\nunfinished = True\n")


def test_the_fix_hook_converts_a_dag_only_where_the_configuration_says_so(project: Project) -> None:
    other = DAG.replace('"daily"', '"other"')
    project.stage({"dag.py": DAG, "converted/dag.py": other, "converted/offramp.toml": "convert-dags = true\n"})
    code, output = project.run("run", "offramp-fix")
    assert code == 1
    assert (project.root / "dag.py").read_text() == DAG
    assert "1 DAG leaves Airflow" in output
    converted = (project.root / "converted" / "dag.py").read_text()
    assert "@flow" in converted
    assert "airflow" not in converted
    git(project.root, "add", "-A")
    code, output = project.run("run", "offramp-fix")
    assert code == 0, output
    assert (project.root / "dag.py").read_text() == DAG


def test_a_file_that_the_configuration_excludes_passes_with_a_line(project: Project) -> None:
    project.stage({"legacy/etl.py": OPERATOR, "offramp.toml": 'extend-exclude = ["legacy"]\n'})
    for hook in ("offramp", "offramp-fix", "offramp-gate"):
        code, output = project.run("run", hook, "--verbose", "--files", "legacy/etl.py")
        assert code == 0, output
        assert "legacy/etl.py is excluded by the configuration" in output


def test_the_gate_lets_known_imports_pass_and_no_new_ones(project: Project) -> None:
    entry = '{"path": "old.py", "code": "OFR301", "name": "airflow.DAG"}'
    baseline = f'[{{"offramp-baseline": 1}}\n,{entry}\n]\n'
    project.stage({"old.py": "from airflow import DAG\n", "offramp-baseline.json": baseline, "b.py": NO_OPERATOR})
    code, output = project.run("run", "offramp-gate")
    assert code == 0, output
    project.stage({"b.py": "import airflow\n", "requirements.txt": "apache-airflow==2.10\n"})
    code, output = project.run("run", "offramp-gate", "--files", "b.py", "requirements.txt")
    assert code == 1
    assert "b.py:1:8" in output
    assert "requirements.txt:1:1" in output
    assert "old.py" not in output


def test_very_many_files_are_judged_in_several_runs(project: Project) -> None:
    folder = "f" * 200
    names = [f"{folder}/{number}.py" for number in range(700)]
    project.stage(dict.fromkeys(names, "from airflow import DAG\n"))
    entries = [f',{{"path": "{name}", "code": "OFR301", "name": "airflow.DAG"}}' for name in sorted(names)]
    project.stage({"offramp-baseline.json": "\n".join(['[{"offramp-baseline": 1}', *entries, "]", ""])})
    code, output = project.run("run", "offramp-gate", "--verbose")
    assert code == 0, output
    known = [int(count) for count in re.findall(r"No new findings \((\d+) known", output)]
    assert len(known) > 1
    assert sum(known) == 700
    project.stage(dict.fromkeys((names[0], names[699]), "from airflow import DAG\nimport airflow\n"))
    code, output = project.run("run", "offramp-gate")
    assert code == 1
    assert f"{names[0]}:2:8" in output
    assert f"{names[699]}:2:8" in output


def test_the_gate_is_run_on_what_it_takes_for_a_manifest() -> None:
    (gate,) = (
        hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()) if hook["id"] == "offramp-gate"
    )
    files = re.compile(gate["files"])
    taken = """
        requirements.txt dev-requirements.txt requirements_dev.in requirements/base.txt constraints-3.11.txt
        pyproject.toml setup.cfg Pipfile Pipfile.lock environment.yml conda-environment.yaml uv.lock poetry.lock
        pdm.lock pylock.toml pylock.dev.toml Dockerfile dev.Dockerfile Dockerfile.ci app.dockerfile Containerfile
        install.sh install.bash pixi.toml tox.ini tox.toml hatch.toml uv.toml pixi.lock conda-lock.yml
        .pre-commit-config.yaml requirements-dev.lock
    """.split()
    left = "README.md notes.txt requirements.md my-pyproject.toml.bak package.json uv.lock.old Dockerfiles/x.md".split()
    for name in taken:
        assert is_manifest(name), name
        assert files.search(name), name
        assert files.search(f"a/b/{name}"), name
    for name in left:
        assert not is_manifest(name), name
        assert not files.search(name), name
    assert all(files.search(name) for name in ("a.py", "stubs/a.pyi", "setup.py", "w.pyw"))
