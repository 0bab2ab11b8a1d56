"""Whose exit code a shell text ends with, compared with what Bash does."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from offramp.settings import DBT_COMMANDS
from offramp.shell.outcome import ARRIVES, BACKGROUND, HIDDEN, UNCLEAR, Verdict, verdicts

CASES = (Path(__file__).parent / "outcomes.md").read_text()
DBT = """#!/bin/sh
case "$*" in *ok) exit 0;; esac
[ -z "$FAILING" ] || [ "$1" = "$FAILING" ] || exit 0
echo failed >> "$MARK"
exit 1
"""
NO_SCRIPTS: dict[str, str] = {}
# The parts of random texts: ends, and what may hold others.
SIMPLE = (
    "O|true|echo x|false|cd /|rc=$?|O > /dev/null|exit 0|exit $?|exit $rc|exit 1|[ $? -eq 0 ]|[ $rc -ne 0 ]|"
    "[[ $rc == 0 ]]|set -e|set +e|set -o pipefail|set -eo pipefail|trap 'exit 0' EXIT|trap 'echo t' EXIT|"
    "trap 'rc=$?; exit $rc' EXIT|echo ${PIPESTATUS[0]}|exit ${PIPESTATUS[0]}|f|rc=0|rc=1|shopt -s inherit_errexit"
).split("|")
AROUND = (
    "{0} && {1}|{0} || {1}|{{ {0}; {1}; }}|( {0}; {1} )|if {0}; then {1}; fi|if {0}; then {1}; else {2}; fi|"
    "x=$({0})|echo $({0}; {1})|export x=$({0})|for i in 1 2; do {0}; {1}; done|case $? in 0) {0};; *) {1};; esac|"
    "f() {{ {0}; {1}; }}|( {0} ) & {1}|{{ {0}; }} > /dev/null|{0}; {1}; {2}|! {{ {0}; }}"
).split("|")
AROUND += ["{0} | {1}", "{0} && {1} 2>&1 | {2}", "{0} || {1} > log | {2}", "case a in a) {0} &\n{1};; esac"]


def texts(section: str) -> list[str]:
    found = re.search(rf"## {section}\n\n```sh\n(.*?)```", CASES, re.DOTALL)
    assert found is not None
    return [line.replace("⏎", "\n") for line in found[1].splitlines()]


def judged(text: str) -> list[Verdict]:
    return verdicts(text, DBT_COMMANDS, NO_SCRIPTS.get)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "dbt").write_text(DBT)
    (folder / "O").write_text("#!/bin/sh\nexit 0\n")
    for program in folder.iterdir():
        program.chmod(0o755)
    return folder


def ran(programs: Path, cwd: Path, text: str, failing: str = "") -> tuple[int, bool]:
    """The exit code that Bash gives a text, and whether dbt has failed."""
    mark = cwd / "mark"
    mark.unlink(missing_ok=True)
    environment = {"PATH": f"{programs}:{os.defpath}:/usr/bin", "FAILING": failing, "MARK": str(mark)}
    done = subprocess.run(
        ["bash", "-c", text], env=environment, cwd=cwd, check=False, timeout=20, capture_output=True, input=b""
    )
    return done.returncode, mark.exists()


@pytest.mark.parametrize("text", texts(ARRIVES))
def test_the_failure_is_the_texts(text: str, programs: Path, tmp_path: Path) -> None:
    assert [one.outcome for one in judged(text)][-1:] == [ARRIVES]
    assert ran(programs, tmp_path, text)[0] != 0


@pytest.mark.parametrize("text", texts(HIDDEN))
def test_the_failure_is_hidden(text: str, programs: Path, tmp_path: Path) -> None:
    assert {one.outcome for one in judged(text)} == {HIDDEN}
    assert ran(programs, tmp_path, text)[0] == 0


@pytest.mark.parametrize("text", texts(BACKGROUND))
def test_the_failure_is_in_the_background(text: str, programs: Path, tmp_path: Path) -> None:
    assert {one.outcome for one in judged(text)} == {BACKGROUND}
    assert ran(programs, tmp_path, text)[0] == 0


@pytest.mark.parametrize("text", texts(UNCLEAR))
def test_nothing_is_claimed(text: str) -> None:
    assert {one.outcome for one in judged(text)} <= {UNCLEAR, ARRIVES}


@pytest.mark.parametrize(
    "text", ["dbt run; fi", "coproc dbt run; O", "watch dbt run; O", "dbt run; kubectl run x -- dbt run"]
)
def test_what_is_not_understood_has_no_verdicts(text: str) -> None:
    assert judged(text) == []


def test_scripts_are_followed() -> None:
    scripts = {"strict.sh": "#!/bin/bash -e\ndbt run\nO\n", "loose.sh": "dbt run\nO\n", "env.sh": "set -e\n"}
    outcomes = [
        verdicts(text, DBT_COMMANDS, scripts.get)[0].outcome
        for text in (
            "strict.sh",
            "bash strict.sh",
            "bash -e loose.sh",
            "loose.sh",
            "source loose.sh",
            ". env.sh; dbt run; O",
            "bash env.sh; dbt run; O",
        )
    ]
    assert outcomes == [ARRIVES, HIDDEN, ARRIVES, HIDDEN, HIDDEN, ARRIVES, HIDDEN]


def test_jinja_that_may_change_options_prevents_claims() -> None:
    assert judged("{{ params.setup }}\ndbt run\nO")[0].outcome == UNCLEAR
    assert judged("dbt run -s {{ params.model }}\nO")[0].outcome == HIDDEN


def random_text(chance: random.Random, count: Iterator[int], depth: int) -> str:
    if depth == 0 or chance.random() < 0.25:
        return f"dbt run{next(count)}" if chance.random() < 0.4 else chance.choice(SIMPLE)
    parts = [random_text(chance, count, depth - 1) for _ in range(3)]
    return chance.choice(AROUND).format(*parts)


@pytest.mark.parametrize("seed", range(30))
def test_random_texts_end_as_bash_ends_them(seed: int, programs: Path, tmp_path: Path) -> None:
    chance = random.Random(seed)
    start = chance.choice(["", "set -e\n", "set -eo pipefail\n"])
    text = f"f() {{ O; }}; rc=0\n{start}" + random_text(chance, iter(range(1000)), 3)
    for verdict in judged(text):
        code, failed = ran(programs, tmp_path, text, verdict.run.words[0])
        if failed and verdict.outcome != UNCLEAR:
            assert (code != 0) == (verdict.outcome == ARRIVES), (text, verdict)
