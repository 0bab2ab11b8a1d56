"""The README shows what really happens: its sessions are run, its table is compared with the rules."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .conftest import ROOT, Run

README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"^```console\n\$ offramp ([^\n]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_it_opens_with_a_session() -> None:
    assert README.startswith("# offramp\n\n```console\n$ offramp check examples/dags/")
    assert len(SESSIONS) == 4


@pytest.mark.parametrize(("arguments", "shown"), SESSIONS, ids=[arguments for arguments, _ in SESSIONS])
def test_the_sessions_are_real(arguments: str, shown: str, offramp: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    assert offramp(*arguments.split()).stdout == shown


def test_the_table_lists_every_rule(offramp: Run) -> None:
    listed = [
        f"{code} {name}{' (off by default)' if 'off by default' in what else ''}"
        for code, name, what in re.findall(
            r"^\| \[(OFR\d+)\]\(docs/rules/\1\.md\) \| ([a-z-]+) \| ([^|]*) \| [a-z-]+ \|$", README, re.MULTILINE
        )
    ]
    assert listed == offramp("rule", "--all", cwd=ROOT).stdout.splitlines()
