"""Colours and links (OSC 8): on terminals that show them, and never in a pipe or a file unless asked for."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import COMMAND, DAG, Run

LINK = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\((?:\x1b\[[0-9;]*m)*OFR[0-9]{3}(?:\x1b\[0m)?)\x1b\]8;;\x1b\\")
PAGE = "https://offramp.readthedocs.io/rules/OFR101/"
ASKED = """
    CLICOLOR CLICOLOR_FORCE COLORTERM DOMTERM FORCE_HYPERLINK KONSOLE_VERSION TERM TERM_PROGRAM VTE_VERSION WT_SESSION
""".split()
XTERM = {"TERM": "xterm-256color"}


@pytest.fixture
def plain(environment: dict[str, str]) -> dict[str, str]:
    """An environment that tells nothing of a terminal."""
    return {name: value for name, value in environment.items() if name not in ASKED}


def on_a_terminal(directory: Path, environment: dict[str, str], *arguments: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen([COMMAND, "check", *arguments], cwd=directory, env=environment, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # the terminal's other end is closed
            pass
    os.close(ours)
    assert process.returncode == 1
    return shown.decode()


@pytest.mark.parametrize(
    ("env", "coloured", "linked"),
    [
        (XTERM, True, False),
        ({**XTERM, "TERM_PROGRAM": "vscode"}, True, True),
        ({**XTERM, "TERM_PROGRAM": "Apple_Terminal"}, True, False),
        ({**XTERM, "WT_SESSION": "b2b3"}, True, True),
        ({**XTERM, "VTE_VERSION": "6800"}, True, True),
        ({**XTERM, "VTE_VERSION": "4900"}, True, False),
        ({"TERM": "xterm-kitty"}, True, True),
        ({**XTERM, "FORCE_HYPERLINK": "1"}, True, True),
        ({"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, True, False),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm-kitty", "CLICOLOR": "0"}, False, False),
        ({"TERM": "dumb", "TERM_PROGRAM": "vscode"}, False, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True, False),
    ],
)
@pytest.mark.parametrize("layout", ["full", "concise", "grouped"])
def test_a_terminal(
    env: dict[str, str], coloured: bool, linked: bool, layout: str, plain: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    shown = on_a_terminal(tmp_path, {**plain, **env}, "--output-format", layout)
    links = LINK.findall(shown)
    assert [address for address, _ in links] == ([PAGE] if linked else [])
    assert ("\x1b[1;91m" in shown) is coloured
    without = re.sub(r"\x1b\[[0-9;]*m", "", LINK.sub(r"\2", shown))
    assert "\x1b" not in without
    assert "OFR101" in without


@pytest.mark.parametrize(
    ("env", "coloured", "linked"),
    [
        ({"TERM": "xterm-kitty", "TERM_PROGRAM": "vscode", "COLORTERM": "truecolor"}, False, False),
        ({"CLICOLOR_FORCE": "1"}, True, False),
        ({"CLICOLOR_FORCE": "0"}, False, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "xterm-kitty"}, True, False),
        ({"FORCE_COLOR": "1", "FORCE_HYPERLINK": "1"}, True, True),
        ({"FORCE_HYPERLINK": "1"}, False, False),
    ],
)
def test_a_pipe(env: dict[str, str], coloured: bool, linked: bool, plain: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    done = subprocess.run(
        [COMMAND, "check"], cwd=tmp_path, env={**plain, **env}, capture_output=True, text=True, check=False
    )
    assert ("\x1b[" in done.stdout) is coloured
    assert bool(LINK.search(done.stdout)) is linked
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("arguments", [["--output-file", "out"], ["--output", "full=out"]])
def test_a_file(arguments: list[str], offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    offramp("check", *arguments, env={"FORCE_COLOR": "1", "FORCE_HYPERLINK": "1", "CLICOLOR_FORCE": "1"})
    written = (tmp_path / "out").read_text()
    assert "OFR101" in written
    assert "\x1b" not in written


@pytest.mark.parametrize("layout", ["json", "jsonl", "github", "gitlab", "azure", "junit", "sarif", "rdjson"])
def test_what_programs_read(layout: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    env = {"FORCE_COLOR": "1", "FORCE_HYPERLINK": "1"}
    shown = offramp("check", "--output-format", layout, "--color", "always", env=env).stdout
    assert "OFR101" in shown
    assert "\x1b" not in shown


def test_a_rule_of_ones_own_has_no_page(offramp: Run, tmp_path: Path) -> None:
    fields = {"operator": "N", "module": "ours", "code": "OFR801 our-operator"}
    section = "\n\n".join(f"## {field}\n\n{text}" for field, text in fields.items())
    note = f"{{% section n %}}\n\n{section}\n\n{{% endsection %}}\n"
    (tmp_path / "n.md").write_text(note)
    (tmp_path / "offramp.toml").write_text('notes = ["n.md"]\n')
    (tmp_path / "a.py").write_text("from ours import N\n\nN()\n")
    shown = offramp("check", env={"FORCE_COLOR": "1", "FORCE_HYPERLINK": "1"}).stdout
    assert "OFR801" in shown
    assert "\x1b]8" not in shown
