"""The progress bar, drawn on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

SCRIPT = """
import time
from offramp.output.progress import progress

def items():
    for item in range(4):
        time.sleep({pause})
        yield item

assert list(progress(items(), 4)) == [0, 1, 2, 3]
"""


def drawn(pause: float) -> bytes:
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", SCRIPT.format(pause=pause)], stderr=theirs, check=True)
    os.write(theirs, b"<end>")
    os.close(theirs)
    shown = b""
    while not shown.endswith(b"<end>"):
        shown += os.read(ours, 4096)
    os.close(ours)
    return shown.removesuffix(b"<end>")


def test_a_long_run_shows_how_far_it_is_and_cleans_up() -> None:
    shown = drawn(0.4)
    assert b"\r[" + b"#" * 30 + b"] 4/4 files" in shown
    assert b"] 1/4 files" not in shown
    assert shown.endswith(b"\r\x1b[K")


def test_a_short_run_draws_nothing() -> None:
    assert drawn(0.0) == b""


def test_without_a_terminal_nothing_is_drawn() -> None:
    run = [sys.executable, "-c", SCRIPT.format(pause=0.4)]
    assert subprocess.run(run, capture_output=True, check=True).stderr == b""
