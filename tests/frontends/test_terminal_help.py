"""What ``--help`` says: fit for the terminal's width, with examples that really are command lines of offramp."""

from __future__ import annotations

import re
import shlex

import pytest

from offramp.frontends.cli import COMMANDS, command_parser
from offramp.frontends.help_texts import MANUALS

from .conftest import Run

NESTED = ["notes check", "notes test", "notes new"]
EXAMPLES = [line for manual in MANUALS.values() for _, line in manual.examples]


def test_every_command_has_its_manual() -> None:
    assert set(MANUALS) == {"offramp", *(f"offramp {name}" for name in (*COMMANDS, *NESTED))}


@pytest.mark.parametrize("line", EXAMPLES)
def test_each_example_is_a_command_line(line: str) -> None:
    match = re.search(r"offramp ([^|)<>]*)", line)
    assert match is not None
    name, *arguments = shlex.split(match[1])
    command_parser(name).parse_args(arguments)


@pytest.mark.parametrize("command", ["", *COMMANDS, *NESTED])
@pytest.mark.parametrize(("columns", "widest"), [(80, 80), (200, 100)])
def test_the_help_is_as_wide_as_can_be_read(command: str, columns: int, widest: int, offramp: Run) -> None:
    done = offramp(*command.split(), "--help", env={"COLUMNS": str(columns)})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= widest
    assert "\nexamples:\n  # " in done.stdout
    assert "\nMore: https://offramp.readthedocs.io/" in done.stdout


def test_the_overview_names_every_command(offramp: Run) -> None:
    listed = re.findall(r"^  ([a-z-]+)  +[a-z]", offramp("--help").stdout.partition("\ncommands:\n")[2], re.MULTILINE)
    assert listed == list(COMMANDS)


def test_usage_of_a_wrong_command_line_fits_too(offramp: Run) -> None:
    done = offramp("rule", "--al", env={"COLUMNS": "80"})
    assert done.returncode == 2
    assert max(map(len, done.stderr.splitlines())) <= 80
