"""The snapshot of dbt's commands is what the installed dbt has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from equivalence.environments import python

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ROOT / "src" / "offramp" / "knowledge" / "dbt_commands.json"


@pytest.mark.equivalence
def test_the_snapshot_is_what_is_installed() -> None:
    before = COMMANDS.read_text(encoding="utf-8")
    try:
        script = [sys.executable, str(ROOT / "scripts" / "snapshot_dbt_commands.py"), str(python("prefect3"))]
        subprocess.run(script, check=True)
        assert COMMANDS.read_text(encoding="utf-8") == before
    finally:
        COMMANDS.write_text(before, encoding="utf-8")
