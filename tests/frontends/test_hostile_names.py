"""Names and texts of a checked project reach no terminal and no log as they are: they could give commands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from offramp.output.formats import TERMINAL_LAYOUTS
from offramp.settings import OUTPUT_FORMATS

from .conftest import COMMAND, Run

pytestmark = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="such file names cannot be")

# Escape sequences (7 and 8 bits), line ends, overwriting, text from right to left, invisible and outdated line ends.
CONTROLS = "\x1b[2Jx\x9b1mx\x07x\x08x\rx\nx\x0cx\x7fx\x85x\u202ex\u2066x\u200fx\u200bx\u2028x\ufeffx\U000e0041"
COMMANDS = "##vso[task.setvariable variable=PATH]x ##[error]x ##teamcity[message text='x']"
HOSTILE = f"{CONTROLS} {COMMANDS} \n::add-mask::x\n ::error file=a.py::x"
# A file's name has at most 255 bytes, and no slash.
NAMES = [f"{CONTROLS}.py", f"{COMMANDS}.py", "::add-mask::x.py", "a\n::error file=a::x.py", "\udce9##[group]x.py"]


def dag(name: str) -> str:
    """A DAG whose ids, texts and reasons to refuse hold the name."""
    return f"""\
import datetime
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG({name!r}, schedule={name!r}, start_date=datetime.datetime(2024, 1, 1)):
    # {name.translate({10: " ", 13: " ", 12: " ", 0x1C: " "})}
    first = DbtCloudRunJobOperator(task_id={name!r}, job_id={name!r}, wait_for_termination=False)
    DbtCloudRunJobOperator(task_id="b", job_id=2, dbt_cloud_conn_id={name!r}, deferrable=True, **{{{name!r}: 3}})
"""


def harm(text: str, layout: str = "") -> list[str]:
    """What a terminal or a CI service would act on; the layout's own commands and colours are none of it."""
    own = {"github": "::error ", "azure": "##vso[task.logissue "}.get(layout, "\0")
    if layout in TERMINAL_LAYOUTS:
        text = re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;;[!-~]*\x1b\\", "", text)
    found = [repr(character) for character in text.replace("\n", "").replace("\t", "") if not character.isprintable()]
    for line in text.split("\n"):
        rest = line.removeprefix(own)
        found += [line] if rest == line and re.match(r"\s*::[A-Za-z]", rest) else []
        found += re.findall(r"##[\w.]*\[", rest)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tmp_path /= "project"
    tmp_path.mkdir()
    for name in NAMES:
        (tmp_path / name).write_text(dag(HOSTILE), encoding="utf-8")
    (tmp_path / "broken\x1b[2J.py").write_text(f"DbtCloudRunJobOperator(\n{HOSTILE}\n")
    return tmp_path


def all_layouts(*arguments: str, offramp: Run, folder: Path) -> dict[str, str]:
    """What one run says on stdout (coloured), on stderr and in every layout, where it must not be harmful."""
    files = [f"--output={layout}=../{layout}" for layout in OUTPUT_FORMATS]
    done = offramp(*arguments, *files, "--output=full", "--color=always", "--isolated", cwd=folder)
    assert done.returncode == 2
    said = {layout: (folder.parent / layout).read_text(encoding="utf-8") for layout in OUTPUT_FORMATS}
    return {**said, "full": done.stdout + said["full"], "stderr": done.stderr}


@pytest.mark.parametrize("command", ["check", "check --diff --unsafe-fixes", "gate --select OFR1"])
def test_no_layout_shows_a_name_as_it_is(command: str, offramp: Run, project: Path) -> None:
    said = all_layouts(*command.split(), offramp=offramp, folder=project)
    assert {layout: harm(text, layout) for layout, text in said.items() if harm(text, layout)} == {}
    assert all(said[layout] for layout in OUTPUT_FORMATS)


def test_no_layout_shows_the_name_of_what_cannot_be_checked_as_it_is(offramp: Run, project: Path) -> None:
    for name in NAMES:
        (project / name).unlink()
        (project / name).symlink_to("nowhere")
    said = all_layouts("check", *NAMES, offramp=offramp, folder=project)
    assert {layout: harm(text, layout) for layout, text in said.items() if harm(text, layout)} == {}
    assert said["stderr"].count("this symbolic link leads nowhere") == len(NAMES)


def test_programs_read_the_names_as_they_are(offramp: Run, project: Path) -> None:
    for name in NAMES[4:]:
        (project / name).unlink()
    layouts = ("json", "jsonl", "gitlab", "junit", "rdjson")
    offramp("check", *(f"--output={layout}=../{layout}" for layout in layouts), cwd=project)
    outputs = {layout: (project.parent / layout).read_text(encoding="utf-8") for layout in layouts}
    paths = {str(project / name) for name in NAMES[:4]}
    assert {one["filename"] for one in json.loads(outputs["json"])} > paths
    assert {json.loads(line)["filename"] for line in outputs["jsonl"].splitlines()} > paths
    assert {one["location"]["path"] for one in json.loads(outputs["gitlab"])} > set(NAMES[:4])
    assert {one["location"]["path"] for one in json.loads(outputs["rdjson"])["diagnostics"]} > set(NAMES[:4])
    suites = {suite.get("name", "") for suite in ET.fromstring(outputs["junit"])}
    assert suites > {name.translate(dict.fromkeys([*range(9), 11, 12, *range(14, 32)], "\ufffd")) for name in NAMES[:4]}


def test_people_see_what_a_name_holds(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a\x1b\u202e\n##vso[x].py").write_text(dag("d"))
    done = offramp("check", "--output-format", "concise", "--select", "OFR201")
    assert done.stdout.startswith("a␛\\u202e␊#\\x23vso[x].py:")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_diff_of_harmless_text_can_be_applied(end: str, tmp_path: Path) -> None:
    text = "# é 日本\u3000\xa0\n" + dag("d").replace(", **{'d': 3}", "").replace("schedule='d'", "schedule='@daily'")
    (tmp_path / "a.py").write_bytes(text.replace("\n", end).encode())
    diff = [COMMAND, "check", "--diff", "--unsafe-fixes", "a.py"]
    done = subprocess.run(diff, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    subprocess.run(["git", "apply", "--check", "-"], cwd=tmp_path, input=done.stdout, check=True)


def test_no_message_of_the_gate_shows_a_name_as_it_is(offramp: Run, project: Path) -> None:
    (project / "broken\x1b[2J.py").unlink()
    gate = ("gate", "--isolated", "--select", "OFR1,OFR2", "--no-locked")
    done = offramp(*gate, "--accept-new", cwd=project)
    assert done.returncode == 0
    assert harm(done.stdout) + harm(done.stderr) == []
    for name in NAMES:
        (project / name).write_text(dag("d"))
    done = offramp(*gate, "--strict", cwd=project)
    assert "gone from" in done.stderr
    assert harm(done.stdout) + harm(done.stderr) == []
    done = offramp(*gate, "--statistics", cwd=project)
    assert harm(done.stdout) + harm(done.stderr) == []


def test_no_message_of_a_migration_and_no_report_shows_a_name_as_it_is(offramp: Run, project: Path) -> None:
    (project / "broken\x1b[2J.py").unlink()
    (project / "a.py").write_text(dag("</p><script>`x`](y)").replace(", **{'</p><script>`x`](y)': 3}", ""))
    done = offramp("migrate", *NAMES, "a.py", "--out", "out", "--unsafe-fixes", "--isolated", cwd=project)
    assert done.returncode == 1, done
    report = (project / "out" / "MIGRATION.md").read_text(encoding="utf-8")
    assert harm(done.stdout) + harm(done.stderr) + harm(report) == []


def test_no_complaint_about_configuration_and_arguments_shows_a_name_as_it_is(offramp: Run, tmp_path: Path) -> None:
    for arguments in (
        ["check", f"--{HOSTILE}"],
        ["check", "--output", HOSTILE],
        ["check", "--config", f"{CONTROLS}.toml"],
        ["check", "--select", HOSTILE],
        ["check", "--exclude", f"[z-a]{HOSTILE}"],
        ["check", HOSTILE],
        ["gate", "--base", HOSTILE],
        ["gate", "--baseline", HOSTILE],
        ["migrate", HOSTILE, "--out", HOSTILE],
        ["rule", HOSTILE],
        [HOSTILE],
    ):
        done = offramp(*arguments)
        assert done.returncode == 2, arguments
        assert harm(done.stdout) + harm(done.stderr) == [], arguments
    for toml in (f"select = [{json.dumps(HOSTILE)}]", f"{json.dumps(HOSTILE)} = 1", f"notes = [{json.dumps(HOSTILE)}]"):
        (tmp_path / "offramp.toml").write_text(toml.replace("\x7f", "\\u007f"))
        done = offramp("check")
        assert done.returncode == 2
        assert harm(done.stdout) + harm(done.stderr) == [], toml
    os.unlink(tmp_path / "offramp.toml")


def test_what_a_note_says_reaches_no_terminal_as_it_is(offramp: Run, tmp_path: Path) -> None:
    text = CONTROLS.replace("\n", " ").replace("\r", " ")
    (tmp_path / "a.md").write_text(
        f"{{% section A %}}\n## operator\nShop\n## module\nshop\n## code\nOFR801 shop\n## intent\n{text} {COMMANDS}\n"
        f"## message\n`{{task}}` {text} {COMMANDS}\n{{% endsection %}}\n"
    )
    (tmp_path / "offramp.toml").write_text('notes = ["a.md"]\n')
    (tmp_path / "a.py").write_text("import shop\nshop.Shop(task_id='a')\n")
    for arguments in (["rule", "OFR801"], ["rule", "--all"], ["rule", "OFR801", "--output-format", "json"], ["check"]):
        done = offramp(*arguments)
        assert "shop" in done.stdout.lower()
        assert harm(done.stdout) + harm(done.stderr) == [], arguments
