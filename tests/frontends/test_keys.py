"""No output shows an API key: a canary goes through every layout, the baseline and the diff of every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

FIRST, SECOND = "dbtc_4fKq81LzPw0v", "Rt7mXe2uYb9s"
ESCAPED = "\\x73ecr3tQmZkR7vB2xW"
DECODED = "secr3tQmZkR7vB2xW"
CODE = f'''\
from pydantic import SecretStr
from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion

KEY = "{FIRST}" + "{SECOND}"  # {FIRST}{SECOND}
credentials = DbtCloudCredentials(api_key=KEY, account_id=1, host="x")
DbtCloudCredentials(api_key=SecretStr("{ESCAPED}"), account_id=1, domain="https://x")


@flow
def nightly():
    trigger_dbt_cloud_job_run_and_wait_for_completion(
        DbtCloudCredentials(api_key="{FIRST}" "{SECOND}", account_id=1), 5, trigger_reason="x"
    )
    trigger_dbt_cloud_job_run_and_wait_for_completion(DbtCloudCredentials(**{{"api_key": "{FIRST}{SECOND}"}}), 5)
'''


def shown(text: str) -> list[str]:
    return [piece for piece in (FIRST[5:], SECOND, ESCAPED[4:], DECODED) if piece in text]


@pytest.mark.parametrize("layout", ["full", "concise", "grouped", "json"])
@pytest.mark.parametrize("rules", ["OFR", "OFR2", "OFR401"])
def test_no_layout_shows_a_key(layout: str, rules: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    done = offramp("check", "a.py", "--select", rules, "--output-format", layout)
    assert done.returncode == 1
    assert shown(done.stdout + done.stderr) == []


def test_the_layout_of_the_excerpt_stays(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    lines = offramp("check", "a.py", "--select", "OFR401").stdout.splitlines()
    stars = "*" * len(f'"{FIRST}"'), "*" * len(f'"{SECOND}"'), "*" * len(f"{FIRST}{SECOND}")
    assert f"6 | KEY = {stars[0]} + {stars[1]}  # {stars[2]}" in lines


def test_every_key_is_found(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    done = offramp("check", "a.py", "--select", "OFR402", "--output-format", "concise", "-q")
    assert [line.split(":")[1] for line in done.stdout.splitlines()] == ["7", "8", "14", "16"]


def test_the_gate_keeps_no_key(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    done = offramp("gate", "--extend-select", "OFR2,OFR4", "--accept-new")
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path.name != "a.py")
    assert "OFR211" in written
    assert shown(written + done.stdout + done.stderr) == []
