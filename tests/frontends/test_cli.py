"""The command line, end to end: exit codes, layouts, streams, and what is imported."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import COMMAND, DAG, DAG_PLACE, ROOT, Run

CLEAN = "x = 1\n"
PYTHON_2 = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\nprint 'hello'\n"


def lay(directory: Path, **files: str) -> None:
    for name, text in files.items():
        path = directory / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("arguments", "code", "stdout", "stderr"),
    [
        (["check", "clean.py"], 0, "All checks passed! (1 file checked)\n", ""),
        (["check", "dag.py", "--output-format", "concise"], 1, f"dag.py:{DAG_PLACE} ", ""),
        (["check", "dag.py", "--exit-zero", "--output-format", "concise"], 0, f"dag.py:{DAG_PLACE} ", ""),
        (["check", "nope.py"], 2, "Found nothing", "offramp: nope.py: there is no such file or directory\n"),
        (["check", "nope.py", "dag.py", "--output-format", "concise"], 2, f"dag.py:{DAG_PLACE} ", "offramp: nope.py: "),
        (["check", "nope.py", "--exit-zero"], 2, "Found nothing", "offramp: nope.py: "),
        (["check", "empty"], 2, "Found nothing (0 files checked)", "offramp: empty: there is no Python file"),
        (["check", "py2.py"], 2, "OFR901 ", ""),
        (["check", "py2.py", "--exit-zero"], 2, "OFR901 ", ""),
        (["check", "py2.py", "dag.py"], 2, "Found 2 findings in 2 files (2 files checked).", ""),
        (["check", "dag.py", "--force-exclude", "--exclude", "dag.py"], 0, "Found nothing", "offramp: dag.py is excl"),
        (["check", "dag.py", "--ignore", "OFR1"], 0, "All checks passed!", ""),
        (["check", "dag.py", "--select", "OFR2"], 0, "All checks passed!", ""),
        (["check", "dag.py", "--select", "OFR101", "--ignore", "OFR101"], 2, "", "offramp: no rule is left to run\n"),
        (["check", "dag.py", "--select", "E501"], 2, "", 'offramp: "E501" in `select` is not a rule code'),
        (["check", "dag.py", "--select", "OFR199"], 2, "", "offramp: no rule has the code or prefix `OFR199`"),
        (["check", "dag.py", "--no-cache", "--jobs", "2"], 1, "OFR101", ""),
        (["check", "dag.py", "--jobs", "0"], 2, "", "usage: offramp check"),
        (["check", "dag.py", "--selekt", "OFR1"], 2, "", "usage: offramp check"),
        (["check", "dag.py", "-"], 2, "", "offramp: stdin is checked alone"),
        (["check", "dag.py", "--output-file", "empty"], 2, "", "offramp: empty: cannot write the findings"),
        (["check", "dag.py", "--config", "nope.toml"], 2, "", "nope.toml: cannot read the configuration"),
        ([], 2, "", "usage: offramp"),
        (["chekc"], 2, "", "usage: offramp"),
        (["--", "check"], 2, "", "usage: offramp"),
        (["--version"], 0, "offramp 0.1.0\n", ""),
        (["--help"], 0, "usage: offramp", ""),
        (["check", "--help"], 0, "usage: offramp check [options] [PATH ...]", ""),
        (["rule", "OFR101"], 0, "# dbt-cloud-run-job-operator (OFR101)", ""),
        (["rule", "dbt-cloud-run-job-operator"], 0, "# dbt-cloud-run-job-operator (OFR101)", ""),
        (["rule", "OFR999"], 2, "", "offramp: there is no rule `OFR999`"),
        (["rule"], 2, "", "usage: offramp rule"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, stdout: str, stderr: str, offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, clean_py=CLEAN, dag_py=DAG, py2_py=PYTHON_2)
    (tmp_path / "empty").mkdir()
    done = offramp(*arguments)
    assert (done.returncode, stdout in done.stdout, stderr in done.stderr) == (code, True, True), done
    assert bool(done.stderr) == bool(stderr)
    assert "passed" not in done.stdout or code == 0


def test_the_current_directory_is_checked_by_default(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, a__dag_py=DAG, a__clean_py=CLEAN)
    done = offramp("check", "--output-format", "concise")
    assert done.stdout.splitlines()[0].startswith(f"a/dag.py:{DAG_PLACE} ")
    assert done.stdout.splitlines()[1:] == ["Found 1 finding in 1 file (2 files checked).", "1 fixable with --fix."]


def test_full_is_the_default_layout(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, dag_py=DAG)
    head, *excerpt = offramp("check").stdout.splitlines()
    assert head.startswith("OFR101 ")
    assert excerpt == [
        " --> dag.py:6:11",
        "  |",
        '5 | with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):',
        '6 |     run = DbtCloudRunJobOperator(task_id="run", job_id=1)',
        "  |           ^^^^^^^^^^^^^^^^^^^^^^",
        "  = fix: Convert this DAG to a Prefect flow",
        "",
        "Found 1 finding in 1 file (1 file checked).",
        "1 fixable with --fix.",
    ]


def test_json(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, dag_py=DAG)
    (found,) = json.loads(offramp("check", "--output-format", "json").stdout)
    assert found["code"] == "OFR101"
    assert found["name"] == "dbt-cloud-run-job-operator"
    assert found["location"] == {"row": 6, "column": 11}
    assert found["end_location"] == {"row": 6, "column": 33}
    assert found["noqa_row"] == 6
    assert found["filename"] == str(tmp_path / "dag.py")
    assert found["url"] == "https://offramp.readthedocs.io/rules/OFR101/"
    assert found["fix"]["applicability"] == "safe"
    assert found["fix"]["message"] == "Convert this DAG to a Prefect flow"


def test_json_is_an_array_when_there_is_nothing(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, clean_py=CLEAN)
    assert json.loads(offramp("check", "--output-format", "json").stdout) == []


def test_statistics(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, a_py=DAG, b_py=DAG)
    assert offramp("check", "--statistics").stdout == (
        "2\tOFR101\tdbt-cloud-run-job-operator\nFound 2 findings in 2 files (2 files checked).\n2 fixable with --fix.\n"
    )
    assert json.loads(offramp("check", "--statistics", "--output-format", "json").stdout) == [
        {"code": "OFR101", "name": "dbt-cloud-run-job-operator", "count": 2}
    ]


def test_quiet_prints_the_findings_only(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, a_py=DAG, clean__b_py=CLEAN)
    assert len(offramp("check", "-q", "--output-format", "concise").stdout.splitlines()) == 1
    assert offramp("check", "-q", "clean").stdout == ""


def test_output_file(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, dag_py=DAG)
    done = offramp("check", "--output-format", "json", "--output-file", "out.json", env={"FORCE_COLOR": "1"})
    assert (done.returncode, done.stdout) == (1, "")
    assert [found["code"] for found in json.loads((tmp_path / "out.json").read_text())] == ["OFR101"]
    offramp("check", "--output-file", "out.txt", env={"FORCE_COLOR": "1"})
    assert "\x1b" not in (tmp_path / "out.txt").read_text()


def test_stdin(offramp: Run, tmp_path: Path) -> None:
    done = offramp("check", "-", "--output-format", "concise", input=DAG)
    assert (done.returncode, done.stdout.startswith(f"-:{DAG_PLACE} ")) == (1, True)
    assert offramp("check", "-", input=CLEAN).returncode == 0
    assert offramp("check", "-", input=PYTHON_2).returncode == 2
    lay(tmp_path, dags__offramp_toml='ignore = ["OFR101"]\n')
    assert offramp("check", "--stdin-filename", "dags/new.py", input=DAG).returncode == 0
    named = offramp("check", "--stdin-filename", "other/new.py", "--output-format", "concise", input=DAG)
    assert named.stdout.startswith(f"other/new.py:{DAG_PLACE} ")


def test_configuration_and_its_absence(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, dag_py=DAG, pyproject_toml='[tool.offramp]\nignore = ["OFR101"]\n')
    assert offramp("check").returncode == 0
    assert offramp("check", "--isolated").returncode == 1
    lay(tmp_path, other__offramp_toml='output-format = "concise"\n')
    assert f"dag.py:{DAG_PLACE} " in offramp("check", "--config", "other/offramp.toml").stdout
    lay(tmp_path, pyproject_toml='[tool.offramp]\n\nignroe = ["OFR101"]\n')
    done = offramp("check")
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path}/pyproject.toml:3: there is no option `ignroe`; did you mean `ignore`?\n"


def test_per_file_ignores(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, old__dag_py=DAG, new__dag_py=DAG)
    lay(tmp_path, offramp_toml='[per-file-ignores]\n"old/*.py" = ["OFR101"]\n')
    lines = offramp("check", "--output-format", "concise").stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:-2]] == ["new/dag.py"]


def test_a_bad_note_is_one_placed_sentence(offramp: Run, tmp_path: Path) -> None:
    lay(tmp_path, dag_py=DAG, offramp_toml='notes = ["in-house.md"]\n')
    (tmp_path / "in-house.md").write_text("# Ours\n\n{% section ours %}\n## operator\nOurs\n")
    done = offramp("check")
    assert done.returncode == 2
    assert re.fullmatch(rf"{tmp_path}/in-house\.md:3: [^\n]+\n", done.stderr)


def test_rule_pages(offramp: Run) -> None:
    overview = offramp("rule", "--all").stdout.splitlines()
    assert "OFR101 dbt-cloud-run-job-operator" in overview
    assert "OFR301 airflow-import (off by default)" in overview
    assert overview == sorted(overview)
    pages = json.loads(offramp("rule", "--all", "--output-format", "json").stdout)
    assert [page["code"] for page in pages] == [line.split()[0] for line in overview]
    page = json.loads(offramp("rule", "OFR101", "--output-format", "json").stdout)
    assert page in pages
    assert page["default"] is True
    assert "604800" in page["explanation"]


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": ""}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_through_a_pipe(
    arguments: list[str], env: dict[str, str], coloured: bool, offramp: Run, tmp_path: Path
) -> None:
    lay(tmp_path, dag_py=DAG)
    assert ("\x1b[" in offramp("check", *arguments, env=env).stdout) is coloured


@pytest.mark.parametrize(
    ("env", "coloured"), [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_on_a_terminal(env: dict[str, str], coloured: bool, tmp_path: Path, environment: dict[str, str]) -> None:
    lay(tmp_path, dag_py=DAG)
    ours, theirs = pty.openpty()
    with subprocess.Popen([COMMAND, "check"], cwd=tmp_path, env={**environment, **env}, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # the terminal's other end is closed
            pass
    os.close(ours)
    assert process.returncode == 1
    assert b"OFR101" in shown
    assert (b"\x1b[" in shown) is coloured


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, environment: dict[str, str]) -> None:
    lay(tmp_path, dag_py=DAG)
    with subprocess.Popen(
        [COMMAND, "check"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_interrupt_is_one_line(tmp_path: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [COMMAND, "check", "-"], cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"offramp: interrupted\n"
    assert process.returncode == 130


def test_a_check_imports_nothing_heavy(tmp_path: Path, offramp: Run) -> None:
    lay(tmp_path, dag_py=DAG)
    assert offramp("check").returncode == 1  # the rulebook is compiled from here on
    script = (
        "import sys\n"
        "from offramp.frontends.cli import main\n"
        "code = main(['check'])\n"
        "print(code, sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    code, _, loaded = done.stdout.splitlines()[-1].partition(" ")
    assert code == "1"
    heavy = {"dataclasses", "fixit", "flake8", "libcst", "markdown_it", "packaging", "pygls", "rich", "tomllib", "yaml"}
    assert heavy.isdisjoint(eval(loaded)), loaded


def test_the_examples_give_findings(offramp: Run) -> None:
    done = offramp("check", "examples/dags", "--output-format", "concise", cwd=ROOT)
    assert done.returncode == 1
    flagged = {line.split(":")[0] for line in done.stdout.splitlines()[:-1]}
    assert {path.name for path in (ROOT / "examples/dags").glob("*.py")} - {Path(name).name for name in flagged} == {
        "plain_airflow.py",
        "prefect_flow.py",
    }
