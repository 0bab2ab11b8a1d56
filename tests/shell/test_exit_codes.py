"""Which texts may end with the exit code for which Airflow skips a task; those that never do are run by real Bash."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from offramp.shell.exit_codes import never_ends_with

NEVER = [
    "dbt run",
    "cd /tmp && dbt run",
    "source activate; dbt run && dbt test",
    "set -e\ncd /tmp\ndbt deps\ndbt build\n",
    "export A=1 && dbt run --target prod",
    "dbt run; exit $?",
    "dbt run || exit 1",
    "dbt run || exit 354",
    "f() { dbt run; }; f",
    "dbt run | tee log",
    "bash -c 'dbt run && dbt test'",
    "for i in 1 2; do dbt run && break; done",
    "if dbt run; then exit 1; else exit 0; fi",
    "! dbt run",
    "(cd /tmp; dbt run)",
    "out=$(dbt run); echo $out",
    "[[ -d /tmp ]] && dbt run",
    "timeout 60 dbt run",
    "A=1 dbt run",
    "dbt run > log 2>&1",
    "dbt run & wait $!",
]
MAY = [
    "make",
    "dbt run; make",
    "dbt run && ./after",
    "dbt run; exit 99",
    "dbt run || exit 355",
    "dbt run || (exit 99)",
    "rc=99; dbt run || exit $rc",
    "dbt() (exit 99); dbt run",
    "f() { return 99; }; dbt run || f",
    "bash -c 'dbt run || exit 99'",
    "bash run.sh",
    "source run.sh",
    "trap 'exit 99' EXIT; dbt run",
    "alias dbt='exit 99'; dbt run",
    "eval $COMMAND",
    "$COMMAND",
    "env make",
    "X=$(make) && dbt run",
    "dbt run && if",
]


@pytest.fixture
def stand_ins(tmp_path: Path) -> dict[str, str]:
    """The environment in which each of these ends with 99, but dbt with 1."""
    for name in ("dbt", "make", "after"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {1 if name == 'dbt' else 99}\n")
        program.chmod(0o755)
    (tmp_path / "run.sh").write_text("exit 99\n")
    (tmp_path / "activate").write_text("A=1\n")
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "COMMAND": "make"}


@pytest.mark.parametrize("text", NEVER)
def test_a_text_of_dbt_and_plain_commands_never_skips(text: str, stand_ins: dict[str, str], tmp_path: Path) -> None:
    assert never_ends_with(text, 99, ("dbt",))
    assert subprocess.run(["bash", "-c", text], env=stand_ins, cwd=tmp_path, check=False).returncode != 99


@pytest.mark.parametrize("text", MAY)
def test_a_text_with_another_command_may_skip(text: str) -> None:
    assert not never_ends_with(text, 99, ("dbt",))


def test_other_names_of_dbt_are_dbt() -> None:
    assert never_ends_with("cd /opt && dbt-ol run", 99, ("dbt", "dbt-ol"))
    assert not never_ends_with("cd /opt && dbt-ol run", 99, ("dbt",))
