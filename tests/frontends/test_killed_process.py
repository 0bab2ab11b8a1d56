"""Processes of a run that are killed, and runs that are: one sentence, no traceback, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import COMMAND, DAG

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are looked for in /proc")


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def started(folder: Path, env: dict[str, str], *arguments: str) -> tuple[subprocess.Popen[str], list[int]]:
    """``offramp`` at work on files that take it seconds, and its processes."""
    long = "".join(f"def f{number}(a):\n    return [a.b(c) for c in (1, 2, 3)]\n" for number in range(300))
    for number in range(24):
        (folder / f"{number:02}.py").write_text(DAG + long)
    running = subprocess.Popen(
        [COMMAND, *arguments],
        cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (found := children(running.pid)):
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.2)
    return running, found


@pytest.mark.parametrize("arguments", [["check"], ["check", "--fix"], ["gate", "--select", "OFR1"]])
def test_a_killed_process_is_told_in_one_sentence(
    arguments: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    running, (first, *_) = started(tmp_path, environment, *arguments, "--jobs", "2", "--output-format", "concise")
    os.kill(first, signal.SIGKILL)
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 2
    (sentence,) = [line for line in errors.splitlines() if "not checked" in line]
    assert sentence.endswith(".py: not checked: its process was killed by SIGKILL, as happens where memory runs out")
    assert "1 problem made the check incomplete." in output
    assert "Traceback" not in errors
    if arguments == ["check"]:
        assert len({line.split(":")[0] for line in output.splitlines() if ": OFR101 " in line}) == 23


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_first(ending: signal.Signals, tmp_path: Path, environment: dict[str, str]) -> None:
    running, found = started(tmp_path, environment, "check", "--jobs", "3")
    running.send_signal(ending)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == (130 if ending is signal.SIGINT else -ending)
    assert errors == ("offramp: interrupted\n" if ending is signal.SIGINT else "")
    until = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in found):
        assert time.monotonic() < until
        time.sleep(0.05)
