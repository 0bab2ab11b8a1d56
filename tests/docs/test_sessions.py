"""What the handwritten pages show is what happens: their files are written, their sessions run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from offramp.settings import OUTPUT_FORMATS

from .conftest import COMMAND, ROOT, Run

DOCS = ROOT / "docs"
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [
    path
    for path in sorted(DOCS.rglob("*.md"))
    if path.parent.name not in ("rules", "operators") and "\n```console\n" in path.read_text(encoding="utf-8")
]


def test_there_are_sessions() -> None:
    pages = ["how-to/notes.md", "how-to/projects.md", "index.md", "tutorial.md"]
    assert [str(path.relative_to(DOCS)) for path in PAGES] == pages


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_sessions_of_a_page_are_real(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if " examples/" in text:
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = {name: os.environ[name] for name in os.environ.keys() - {"CI", "FORCE_COLOR", "OFFRAMP_DEBUG"}}
    environment["PATH"] = os.pathsep.join((os.path.dirname(COMMAND), environment["PATH"]))
    for info, body in FENCE.findall(text):
        if title := re.search(r'title="([^"]+)"', info):
            target = tmp_path / title[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body, encoding="utf-8")
        elif info == "console":
            shown = ""
            for command in re.findall(r"^\$ (.*)$", body, re.MULTILINE):
                done = subprocess.run(
                    command,
                    shell=True,
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    check=False,
                )
                shown += f"$ {command}\n{done.stdout}"
            assert shown == body


def test_the_page_on_output_names_every_format_and_field(offramp: Run, tmp_path: Path) -> None:
    page = (DOCS / "reference" / "output.md").read_text(encoding="utf-8")
    formats = page.partition("## Formats")[2].partition("## Fields")[0]
    assert tuple(re.findall(r"^\| `([a-z]+)` \|", formats, re.MULTILINE)) == OUTPUT_FORMATS
    dag = (
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as D\nD(task_id='a', job_id=1)\n"
    )
    (tmp_path / "dag.py").write_text(dag)
    (found,) = json.loads(offramp("check", "dag.py", "--output-format", "json").stdout)
    named = re.findall(
        r"`([a-z_]+)`", "".join(re.findall(r"^\|([^|]*)\|", page.partition("## Fields")[2], re.MULTILINE))
    )
    assert sorted(named) == sorted(found)


def test_the_pages_made_of_code_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("configuration", "valid"),
    [
        ({"select": ["OFR2", "ALL"], "prefect-version": "3.1", "gate": {"banned": ["airflow"]}}, True),
        ({"blocks": {"dbt_cloud": "emea-1"}, "per-file-ignores": {"a/*": ["OFR101"]}}, True),
        ({"selects": ["OFR2"]}, False),
        ({"select": ["E501"]}, False),
        ({"blocks": {"dbt_cloud": "Emea"}}, False),
        ({"gate": {"ban": []}}, False),
        ({"deployment": "docker"}, False),
    ],
)
def test_the_schema_takes_what_offramp_takes(
    configuration: dict[str, object], valid: bool, offramp: Run, tmp_path: Path
) -> None:
    schema = json.loads((DOCS / "offramp.schema.json").read_text(encoding="utf-8"))
    assert jsonschema.Draft202012Validator(schema).is_valid(configuration) is valid
    inline = ", ".join(f"{json.dumps(key)} = {_toml(value)}" for key, value in configuration.items())
    (tmp_path / "pyproject.toml").write_text(f"tool.offramp = {{ {inline} }}\n")
    (tmp_path / "empty.py").write_text("")
    assert (offramp("check").returncode == 0) is valid


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


def test_contributing_quotes_a_real_section() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = contributing.partition("## Add an operator")[2].partition("\n## ")[0]
    note = (ROOT / "rules" / "airflow-dbt-cloud.md").read_text(encoding="utf-8")
    operator = note.partition("{% section DbtCloudListJobRunsOperator %}")[2].partition("{% endsection %}")[0]
    rows = re.findall(r"^ +(\| .*)$", section, re.MULTILINE)
    assert len(rows) == 3
    assert [row for row in rows if row not in operator] == []
    assert "OFR105 " in operator
