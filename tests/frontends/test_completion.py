"""Completion in real shells: bash and zsh at a terminal with the tab key, fish by its own ``complete -C``."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import COMMAND, Run

LOAD = {
    "bash": "bind 'set show-all-if-ambiguous on'; eval \"$(offramp generate-shell-completion bash)\"",
    "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(offramp generate-shell-completion zsh)"',
    "fish": "offramp generate-shell-completion fish | source",
}
ARGUMENTS = {"bash": ["bash", "--noprofile", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}
# What takes offramp's place once its completion is loaded: it shows the words that a completed line holds.
SHOW = "offramp() { printf '<%s>' \"$@\"; printf '\\nthe %s\\n' end; }"

Completed = Callable[[str], str]


class Terminal:
    """A shell at a terminal of 200 rows and columns, with offramp's completion loaded."""

    def __init__(self, shell: str, directory: Path, environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 200, 0, 0))
        self._process = subprocess.Popen(
            ARGUMENTS[shell],
            cwd=directory,
            env={**environment, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown_after(f"{LOAD[shell]}; {SHOW}; offramp")

    def shown_after(self, keys: str) -> str:
        """What the terminal shows after ``keys`` and the return key."""
        os.write(self._ours, f"{keys}\n".encode())
        shown, deadline = "", time.monotonic() + 60
        while "\nthe end\n" not in shown:
            ready, _, _ = select.select([self._ours], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the shell says no more than {shown!r}"
            shown += os.read(self._ours, 65536).decode(errors="replace").replace("\r", "")
        return shown

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def completed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Completed]:
    """``completed(line)``: what the shell offers for a line, or makes of it where only one thing fits."""
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    directory = tmp_path_factory.mktemp(shell)
    for file in ("dags/nightly.py", "flows/nightly.py", "our dags/nightly.py", "floor.txt"):
        (directory / file).parent.mkdir(exist_ok=True)
        (directory / file).touch()
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(directory), "LC_ALL": "C.UTF-8"}
    if shell == "fish":

        def ask(line: str) -> str:
            script = f'{LOAD[shell]}; complete -C "$argv[1]"'
            done = subprocess.run(
                [shell, "--no-config", "-c", script, line],
                cwd=directory,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                check=True,
            )
            assert done.stderr == ""
            return "".join(f"{candidate.partition(chr(9))[0]}\n" for candidate in done.stdout.splitlines())

        yield ask
        return
    terminal = Terminal(shell, directory, environment)
    yield lambda line: terminal.shown_after(f"{line}\t")
    terminal.close()


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("offramp ", ["check", "gate", "migrate", "notes", "rule", "docs"], ["dags"]),
        ("offramp notes ", ["check", "test", "new"], ["gate"]),
        ("offramp check --ex", ["--exclude", "--extend-exclude", "--extend-select", "--exit-zero"], ["--fix"]),
        ("offramp gate --acc", ["--accept-new"], []),
        ("offramp check --select OFR21", ["OFR211", "OFR212", "OFR218"], ["OFR201", "OFR101"]),
        ("offramp check --select OFR101,OFR40", ["OFR401", "OFR406"], ["OFR102"]),
        ("offramp check dags --ignore A", ["ALL"], []),
        ("offramp rule OFR30", ["OFR301", "OFR303"], ["OFR101"]),
        ("offramp check --output-format g", ["grouped", "github", "gitlab"], ["sarif"]),
        ("offramp check --output sar", ["sarif="], []),
        ("offramp check --color ", ["auto", "always", "never"], []),
        ("offramp generate-shell-completion ", ["bash", "zsh", "fish"], []),
        ("offramp check da", ["dags"], []),
        ("offramp check dags/nig", ["dags/nightly.py"], []),
        ("offramp migrate dags --out fl", ["flows"], ["floor.txt"]),
    ],
)
def test_completion(line: str, offered: list[str], not_offered: list[str], completed: Completed) -> None:
    words = re.split(r"/?[\s,<>]+", completed(line))
    assert set(offered) <= set(words)
    assert not set(words) & set(not_offered)


def test_a_name_with_a_blank_is_one_word(completed: Completed) -> None:
    assert re.search("(^|<)our dags/?(>|$)", completed("offramp check ou"), re.MULTILINE)


def test_an_unknown_shell_is_refused(offramp: Run) -> None:
    done = offramp("generate-shell-completion", "csh")
    assert (done.returncode, done.stdout) == (2, "")
    assert "invalid choice: 'csh'" in done.stderr
