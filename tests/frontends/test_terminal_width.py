"""Findings at a real terminal, by what its screen shows: nothing runs over its edge, nothing is lost in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from .conftest import COMMAND, Run

# The finding of the second line stands beyond the 80th column.
DAG = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as D
tasks = {"a long name that takes its place, and then some more": [1, 2, 3], "another name": D(task_id="a", job_id=1)}
"""
MESSAGE = "OFR101 `DbtCloudRunJobOperator` runs dbt Cloud job `1` through the default connection and waits for it"


def screen(columns: int, directory: Path, environment: dict[str, str], *arguments: str) -> list[str]:
    """The lines of a terminal of so many columns, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(
        [COMMAND, *arguments], cwd=directory, env={**environment, "TERM": "xterm", "PAGER": "cat"}, stdout=theirs
    ):
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # the terminal's other end is closed
            pass
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).replace("\r", "").splitlines()


def test_80_columns(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    lines = screen(80, tmp_path, environment, "check")
    assert lines[:2] == [
        "OFR101 `DbtCloudRunJobOperator` runs dbt Cloud job `1` through the default",
        "       connection and waits for it",
    ]
    assert lines[2:7] == [
        " --> dag.py:2:93",
        "  |",
        "1 | ….dbt import DbtCloudRunJobOperator as D",
        '2 | …, and then some more": [1, 2, 3], "another name": D(task_id="a", job_id=1)}',
        f"  |{' ' * 52}^",
    ]
    assert max(map(len, lines)) <= 80


def test_200_columns(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    lines = screen(200, tmp_path, environment, "check")
    assert lines[0] == MESSAGE
    assert f"2 | {DAG.splitlines()[1]}" in lines


def test_a_pipe_has_whole_lines(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    lines = offramp("check", env={"COLUMNS": "80"}).stdout.splitlines()
    assert lines[0] == MESSAGE
    assert f"2 | {DAG.splitlines()[1]}" in lines


@pytest.mark.parametrize(("columns", "widest"), [(80, 80), (200, 100)])
def test_a_rules_page(columns: int, widest: int, tmp_path: Path, environment: dict[str, str]) -> None:
    lines = screen(columns, tmp_path, environment, "rule", "OFR211")
    assert lines[0].strip() == "dbt-call-not-awaited (OFR211)"
    assert 70 <= max(len(line.rstrip()) for line in lines) <= widest
