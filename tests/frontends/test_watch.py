"""``offramp check --watch``: what makes it check again, and how it ends."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import COMMAND, DAG, Run

CLEAN = "x = 1\n"
WATCHING = b"Watching for changes, until Ctrl-C.\n"
NOTE = """\
{{% section nightly %}}

## operator

{operator}

## module

company.operators

{{% endsection %}}
"""
NIGHTLY = "from company.operators import NightlyDbtOperator\n\nNightlyDbtOperator(task_id='n')\n"

Start = Callable[..., "Watch"]


class Watch:
    """A running ``offramp check --watch``, whose outputs come together."""

    def __init__(self, directory: Path, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "check", "--watch", "--output-format", "concise", *arguments],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.first = self.after()

    def after(self, *changes: Callable[[], object]) -> str:
        """What the next check says, the line about watching left out."""
        for change in changes:
            change()
        stdout = self.process.stdout
        assert stdout is not None
        said, deadline = b"", time.monotonic() + 60
        while not said.endswith(WATCHING):
            ready, _, _ = select.select([stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(stdout.fileno(), 65536) if ready else b""
            assert piece, f"it says no more than {said!r}"
            said += piece
        return b"".join(line for line in said.splitlines(keepends=True) if WATCHING not in line).decode()

    def silent_for(self, seconds: float) -> bool:
        """Whether nothing is said for a while."""
        assert self.process.stdout is not None
        return not select.select([self.process.stdout], [], [], seconds)[0]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Start]:
    """``start(*arguments, cwd=…)``: watches a directory that begins with one DAG, `dags/a.py`."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a.py").write_text(DAG)
    running: list[Watch] = []

    def run(*arguments: str, cwd: Path = tmp_path) -> Watch:
        running.append(Watch(cwd, environment, *arguments))
        return running[-1]

    yield run
    for watch in running:
        watch.end()


def places(said: str) -> list[str]:
    """The files with findings, in the order of the output."""
    return [line.partition(":")[0] for line in said.splitlines() if ": OFR" in line]


def save_by_rename(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)


def test_files_that_change_come_and_go(start: Start, tmp_path: Path) -> None:
    watch = start()
    assert places(watch.first) == ["dags/a.py"]
    a, b = tmp_path / "dags" / "a.py", tmp_path / "dags" / "b.py"
    assert watch.after(lambda: a.write_text(CLEAN)) == "All checks passed! (1 file checked)\n"
    assert places(watch.after(lambda: save_by_rename(a, DAG))) == ["dags/a.py"]
    assert places(watch.after(lambda: save_by_rename(a, CLEAN))) == []
    assert places(watch.after(lambda: b.write_text(DAG))) == ["dags/b.py"]
    assert places(watch.after(lambda: (tmp_path / "dags").rename(tmp_path / "flows"))) == ["flows/b.py"]
    assert watch.after((tmp_path / "flows" / "b.py").unlink) == "All checks passed! (1 file checked)\n"


def test_other_files_are_of_no_interest(start: Start, tmp_path: Path) -> None:
    watch = start()
    (tmp_path / "dags" / ".a.py.swp").write_text("an editor's")
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "dags" / "data.csv").write_text("1,2")
    assert watch.silent_for(1.5)


def test_many_changes_at_once_are_few_checks(start: Start, tmp_path: Path) -> None:
    watch = start()

    def many() -> None:
        for number in range(50):
            (tmp_path / "dags" / f"d{number}.py").write_text(DAG)

    said, checks = watch.after(many), 1
    while len(places(said)) < 51:
        said, checks = watch.after(), checks + 1
    assert checks <= 3
    assert watch.silent_for(1.5)


def test_one_named_file_that_an_editor_replaces(start: Start, tmp_path: Path) -> None:
    watch = start("dags/a.py")
    (tmp_path / "dags" / "b.txt").write_text(DAG)
    a = tmp_path / "dags" / "a.py"
    for text, found in ((CLEAN, []), (DAG, ["dags/a.py"]), (CLEAN, [])):
        assert places(watch.after(lambda text=text: save_by_rename(a, text))) == found  # type: ignore[misc]


def test_a_directory_that_is_not_there_yet(start: Start, tmp_path: Path) -> None:
    watch = start("later")
    assert "offramp: later: there is no such file or directory\n" in watch.first

    def come() -> None:
        (tmp_path / "dags").rename(tmp_path / "later")

    assert places(watch.after(come)) == ["later/a.py"]
    assert places(watch.after(lambda: (tmp_path / "later" / "a.py").write_text(CLEAN))) == []


def test_configuration_above_and_below(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.offramp]\nignore = ['OFR101']\n")
    watch = start(".", cwd=tmp_path / "dags")
    assert places(watch.first) == []
    assert places(watch.after(lambda: save_by_rename(tmp_path / "pyproject.toml", "[tool.offramp]\n"))) == ["a.py"]
    nearer = tmp_path / "dags" / "offramp.toml"
    assert places(watch.after(lambda: nearer.write_text("ignore = ['OFR1']\n"))) == []
    assert "offramp.toml:2: " in watch.after(lambda: nearer.write_text("ignore = [\n"))
    assert places(watch.after(nearer.unlink)) == ["a.py"]


def test_notes(start: Start, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    note = tmp_path / "notes" / "ours.md"
    note.write_text(NOTE.format(operator="HourlyDbtOperator"))
    (tmp_path / "pyproject.toml").write_text("[tool.offramp]\nnotes = ['notes/*.md']\n")
    (tmp_path / "dags" / "a.py").write_text(NIGHTLY)
    watch = start("dags")
    assert places(watch.first) == []
    assert places(watch.after(lambda: note.write_text(NOTE.format(operator="NightlyDbtOperator")))) == ["dags/a.py"]
    assert places(watch.after(lambda: save_by_rename(note, NOTE.format(operator="HourlyDbtOperator")))) == []


def test_an_interrupt_ends_it(start: Start) -> None:
    watch = start()
    watch.process.send_signal(signal.SIGINT)
    said, _ = watch.process.communicate(timeout=30)
    assert (watch.process.returncode, said) == (130, b"")


@pytest.mark.parametrize(("terminal", "cleared"), [("xterm", True), ("dumb", False)])
def test_a_terminal_is_cleared(terminal: str, cleared: bool, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.py").write_text(CLEAN)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "check", "--watch"], cwd=tmp_path, env={**environment, "TERM": terminal}, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = b""
        while b"until Ctrl-C" not in said:
            said += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
    os.close(ours)
    assert said.startswith(b"\x1b[H\x1b[2J") is cleared
    assert (b"\x1b" in said) is cleared


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--fix"], "--fix"),
        (["--diff"], "--diff"),
        (["--output-file", "f"], "--output-file"),
        (["--output", "json=f"], "--output"),
        (["-"], "stdin"),
        (["--stdin-filename", "a.py"], "stdin"),
    ],
)
def test_what_it_does_not_go_with(arguments: list[str], what: str, offramp: Run) -> None:
    done = offramp("check", "--watch", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"offramp: --watch and {what} exclude each other\n"


def test_without_watchfiles_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    script = "import sys; sys.modules['watchfiles'] = None; from offramp.frontends.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "check", "--watch"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "offramp: --watch needs watchfiles: pip install 'offramp[watch]'\n"
