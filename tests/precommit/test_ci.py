"""The GitHub Action and the examples for CI: valid for their services, and their shell steps run."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from .conftest import ROOT, environment, git

SCHEMAS = {
    ".github/workflows/offramp.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "azure-pipelines.yml": "vendor.azure-pipelines",
}
EXAMPLES = [
    (title, text)
    for title, text in re.findall(
        r'^```yaml title="([^"]+)"\n(.*?)^```$', (ROOT / "docs/how-to/ci.md").read_text(), re.MULTILINE | re.DOTALL
    )
]
ANNOTATION = "::error title=offramp (OFR301),file=new.py,line=1,endLine=1,col=8,endColumn=15::"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose branch adds one import of Airflow to what origin/main has."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "old.py").write_text("from airflow import DAG\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "old")
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(root, "checkout", "-q", "-b", "topic")
    (root / "new.py").write_text("import airflow\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "new")
    return root


def bash(script: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub's runner does."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=directory, env=environment(**variables), capture_output=True, encoding="utf-8", check=False
    )


def with_offramp() -> dict[str, str]:
    return {"PATH": f"{sysconfig.get_path('scripts')}:{environment()['PATH']}", "CI": "true"}


def test_there_is_an_example_for_each_service() -> None:
    assert {title for title, _ in EXAMPLES} == set(SCHEMAS)


@pytest.mark.parametrize(("title", "text"), EXAMPLES)
def test_the_examples_fit_the_schemas_of_their_services(title: str, text: str, tools: Path, tmp_path: Path) -> None:
    (tmp_path / "example.yml").write_text(text)
    check = [str(tools / "check-jsonschema"), "--builtin-schema", SCHEMAS[title], "example.yml"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_and_the_hooks_fit_their_schemas(tools: Path) -> None:
    check = [str(tools / "check-jsonschema"), "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run([tools / "pre-commit", "validate-manifest", ".pre-commit-hooks.yaml"], cwd=ROOT, check=True)


def test_the_pre_commit_example_is_valid_and_names_every_hook(tools: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/pre-commit.md").read_text()
    (text,) = re.findall(r"^```yaml [^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "example.yaml").write_text(text)
    subprocess.run([tools / "pre-commit", "validate-config", "example.yaml"], cwd=tmp_path, check=True)
    (repository,) = yaml.safe_load(text)["repos"]
    shipped = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in repository["hooks"]} == {hook["id"] for hook in shipped}


def commands(example: Any) -> list[str]:
    """The lines of an example that run offramp, wherever they stand in it."""
    if isinstance(example, str):
        return [example] if example.startswith("offramp ") else []
    return [line for part in (example.values() if isinstance(example, dict) else example) for line in commands(part)]


@pytest.mark.parametrize(("title", "text"), [example for example in EXAMPLES if "offramp gate" in example[1]])
def test_the_examples_commands_find_what_the_branch_adds(title: str, text: str, project: Path) -> None:
    lines = commands([part for part in (yaml.load(text, yaml.BaseLoader)).values() if not isinstance(part, str)])
    gates = [line for line in lines if line.startswith("offramp gate")]
    assert gates, title
    variables = {
        **with_offramp(),
        "GITHUB_BASE_REF": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(project, "rev-parse", "origin/main").strip(),
        "SYSTEM_PULLREQUEST_TARGETBRANCHNAME": "main",
    }
    for line in lines:
        done = bash(line, project, **variables)
        assert done.returncode == (1 if line in gates else 0), done.stdout + done.stderr
        if "--output github" in line and line in gates:
            assert ANNOTATION in done.stdout
        if "--output azure" in line:
            assert f"##vso[task.logissue type=error;sourcepath={project}/new.py;linenumber=1;" in done.stdout
        if "junit=" in line:
            assert ET.parse(project / "offramp.xml").getroot().get("failures") == "1"
        if "gitlab=" in line:
            (found,) = json.loads((project / "gl-code-quality-report.json").read_text())
            assert found["location"]["path"] == "new.py"


class Action:
    """The action, installed in a runner's directory for temporary files."""

    def __init__(self, source: Path, temporary: Path, checkout: Path, **variables: str) -> None:
        self._action = yaml.safe_load((ROOT / "action.yml").read_text())
        self._checkout = checkout
        self._variables = variables
        self._runner = {"runner.temp": str(temporary), "github.action_path": str(source)}
        self._install, self._run = self._action["runs"]["steps"]

    def install(self) -> subprocess.CompletedProcess[str]:
        return bash(
            self._install["run"], self._checkout, **self._variables, **filled(self._install["env"], self._runner)
        )

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        given = {name: str(entry["default"]) for name, entry in self._action["inputs"].items()}
        given = {f"inputs.{name}": value for name, value in {**given, "base": "", **inputs}.items()}
        variables = filled(self._run["env"], {**given, **self._runner})
        return bash(self._run["run"], self._checkout, **self._variables, **variables)


def test_the_action_installs_offramp_and_runs_the_gate(clone: Path, project: Path, tmp_path: Path) -> None:
    action = Action(clone, tmp_path, project)
    done = action.install()
    assert done.returncode == 0, done.stderr
    done = action.run(base="origin/main", sarif="offramp.sarif")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(ANNOTATION)
    (result,) = json.loads((project / "offramp.sarif").read_text())["runs"][0]["results"]
    assert (result["ruleId"], result["baselineState"]) == ("OFR301", "new")
    assert action.run(base="origin/main", arguments="old.py\n").returncode == 0
    done = action.run(command="check", arguments="--select OFR301\n  old.py")
    assert done.returncode == 1
    assert done.stdout.count("::error ") == 1
    done = action.run(arguments="$(touch owned) `touch owned` ; touch owned")
    assert done.returncode == 2
    assert not (project / "owned").exists()
    assert action.run(base="origin/none").returncode == 2


# Modules that Python, pip, venv or offramp import, as a repository may have them.
HOSTILE = (
    "argparse ast encodings ensurepip gc hatchling io json logging multiprocessing offramp os pip re runpy setuptools "
    "sitecustomize site ssl subprocess tempfile tomllib typing usercustomize venv zipfile"
).split()


@pytest.mark.parametrize("path", ["", "."], ids=["", "PYTHONPATH"])
def test_the_action_runs_nothing_of_the_checked_repository(
    path: str, clone: Path, project: Path, tmp_path: Path
) -> None:
    owned = tmp_path / "owned"
    for name in HOSTILE:
        code = f"open({str(owned)!r}, 'a').write({name!r} + ' ')\n"
        (project / f"{name}.py").write_text(code)
        (project / name).mkdir()
        for file in ("__init__.py", "__main__.py"):
            (project / name / file).write_text(code)
    action = Action(clone, tmp_path, project, **({"PYTHONPATH": str(project)} if path else {}))
    done = action.install()
    assert done.returncode == 0, done.stderr
    done = action.run(base="origin/main")
    assert done.returncode == 1, done.stderr
    assert ANNOTATION in done.stdout
    assert not owned.exists(), owned.read_text()


def filled(variables: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    """The variables of a step with the values of its expressions."""
    return {
        name: re.sub(r"\$\{\{ ([^}]+) \}\}", lambda match: values[match[1]], text) for name, text in variables.items()
    }


def test_the_actions_scripts_hold_no_expression() -> None:
    for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]:
        assert "${{" not in step["run"]
