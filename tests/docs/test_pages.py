"""The pages are made of the notes, and say when they are out of date."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest

from .conftest import COMMAND, ROOT, Run

ORIGINAL = ROOT / "tests" / "fixtures" / "original-note.md"
IN_HOUSE = """\
---
name: Operators of Acme
---

Seen with acme-operators 3.1.

{% section NightlyDbtOperator %}
## operator
NightlyDbtOperator

## module
acme.operators

## intent
Starts the nightly build. It is ours.

## arguments
| airflow | prefect | when absent | note |
|---|---|---|---|
| `dbt_cloud_conn_id` | `dbt_cloud_credentials` | `acme_nightly` | |
| `colour` | refused | | red \\| blue |
{% endsection %}
"""


def test_the_committed_pages_are_up_to_date(offramp: Run) -> None:
    done = offramp("docs", "--readme", "README.md", "--check", cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stale_page_is_named_with_the_command_that_mends_it(offramp: Run, tmp_path: Path) -> None:
    shutil.copy(ORIGINAL, tmp_path / "dbt.md")
    assert offramp("docs", "dbt.md").stdout == "4 files: 4 written, 0 removed.\n"
    assert offramp("docs", "dbt.md", "--check").returncode == 0
    page = tmp_path / "docs" / "rules" / "OFR101.md"
    page.write_text(page.read_text().replace("Triggers", "Starts"))
    stale = offramp("docs", "dbt.md", "--check")
    assert stale.returncode == 1
    assert stale.stderr == f"offramp: docs{os.sep}rules{os.sep}OFR101.md is out of date: run `offramp docs dbt.md`\n"
    assert "Starts" in page.read_text()
    assert offramp("docs", "dbt.md").stdout == "4 files: 1 written, 0 removed.\n"
    assert offramp("docs", "dbt.md").stdout == "4 files: all up to date.\n"


def test_a_page_of_a_rule_that_is_gone_is_removed_and_others_stay(offramp: Run, tmp_path: Path) -> None:
    shutil.copy(ORIGINAL, tmp_path / "dbt.md")
    offramp("docs", "dbt.md")
    rules = tmp_path / "docs" / "rules"
    shutil.copy(rules / "OFR101.md", rules / "OFR850.md")
    (rules / "guide.md").write_text("By hand.\n")
    stray = offramp("docs", "dbt.md", "--check")
    assert stray.returncode == 1
    assert "OFR850.md belongs to no rule any more: run `offramp docs dbt.md`" in stray.stderr
    assert offramp("docs", "dbt.md").stdout == "4 files: 0 written, 1 removed.\n"
    assert sorted(path.name for path in rules.iterdir()) == ["OFR101.md", "guide.md", "index.md"]


def test_the_original_note_alone_makes_a_page(offramp: Run, tmp_path: Path) -> None:
    shutil.copy(ORIGINAL, tmp_path / "dbt.md")
    offramp("docs", "dbt.md", "--out", "pages")
    page = (tmp_path / "pages" / "rules" / "OFR101.md").read_text()
    assert "# dbt-cloud-run-job-operator (OFR101)\n" in page
    assert "\n-from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n" in page
    assert "\n+        retry_filtered_models_attempts=3,\n" in page
    assert "- As a task of a DAG: **safe fix**, Convert this DAG to a Prefect flow\n" in page
    assert "Install `prefect-dbt[cloud]`." in page
    # The code that hangs under a bullet stays under it.
    assert "(run once before deploying):\n    ```python\n    from prefect_dbt.cloud import" in page
    assert "The note: [dbt.md](../../dbt.md), section `DbtCloudRunJobOperator`." in page


def test_a_note_of_ones_own(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('notes = ["acme.md"]\n')
    (tmp_path / "acme.md").write_text(IN_HOUSE)
    assert offramp("docs").stdout == "4 files: 4 written, 0 removed.\n"
    page = (tmp_path / "docs" / "rules" / "OFR800.md").read_text()
    assert "# NightlyDbtOperator (OFR800)\n" in page
    assert "Covers `acme.operators.NightlyDbtOperator`." in page
    assert "under `acme-nightly`" in page
    assert "| `colour` | **refused** |  | red \\| blue |\n" in page
    assert "Seen with acme-operators 3.1." in page
    index = (tmp_path / "docs" / "rules" / "index.md").read_text()
    assert "| [OFR800](OFR800.md) | noted-operator | Starts the nightly build | - | on | 0.1.0 |" in index
    assert "OFR101" not in index
    (tmp_path / "second.md").write_text(IN_HOUSE.replace("Nightly", "Hourly"))
    offramp("docs", "acme.md", "second.md")
    names = sorted(path.name for path in (tmp_path / "docs" / "rules").iterdir())
    assert names == ["OFR800-HourlyDbtOperator.md", "OFR800-NightlyDbtOperator.md", "index.md"]


def test_no_link_of_the_pages_is_dead() -> None:
    pages = [*(ROOT / "docs" / "rules").glob("*.md"), *(ROOT / "docs" / "operators").glob("*.md")]
    assert len(pages) > 30
    for page in pages:
        for way in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not way.startswith("https://"):
                assert (page.parent / way).is_file(), f"{page.name}: {way}"


def test_rules_json_follows_its_schema() -> None:
    schema = json.loads((ROOT / "docs" / "rules.schema.json").read_text(encoding="utf-8"))
    rules = json.loads((ROOT / "docs" / "rules.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(rules, schema)
    by_code = {rule["code"]: rule for rule in rules}
    assert by_code["OFR101"]["fix"] == "safe"
    assert by_code["OFR211"]["fix"] == "unsafe"
    assert by_code["OFR204"]["fix"] == "display-only"
    assert by_code["OFR301"]["fix"] is None
    assert by_code["OFR301"]["default"] is False
    assert {"name": "timeout", "target": "max_wait_seconds", "when_absent": "604800"}.items() <= next(
        row for row in by_code["OFR101"]["arguments"] if row["name"] == "timeout"
    ).items()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**by_code["OFR101"], "fix": "maybe"}], schema)


def test_a_readme_without_marks_and_notes_at_fault_are_one_sentence(offramp: Run, tmp_path: Path) -> None:
    shutil.copy(ORIGINAL, tmp_path / "dbt.md")
    (tmp_path / "README.md").write_text("# Ours\n")
    done = offramp("docs", "dbt.md", "--readme", "README.md")
    assert done.returncode == 2
    assert done.stderr.startswith("offramp: README.md: has no lines `<!-- rules: begin -->` and")
    assert not (tmp_path / "docs").exists()
    done = offramp("docs", "absent.md")
    assert (done.returncode, done.stderr) == (2, "absent.md:1: cannot be read: No such file or directory\n")
    (tmp_path / "docs").write_text("a file")
    done = offramp("docs", "dbt.md")
    assert done.returncode == 2
    assert done.stderr.startswith("offramp: docs")


def test_rule_prints_the_page_and_searches(offramp: Run) -> None:
    page = offramp("rule", "OFR204").stdout
    assert page.startswith("# double-wait (OFR204)\n\nStable since 0.1.0 · on by default · fix: none is applied")
    assert "\x1b" not in page
    assert offramp("rule", "--search", "TIMEDELTA").stdout == ""
    assert offramp("rule", "--search", "604800").stdout.splitlines()[:2] == [
        "OFR101 dbt-cloud-run-job-operator",
        "OFR102 dbt-cloud-job-run-sensor",
    ]
    done = offramp("rule", "--search", "ornithopter")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "offramp: `ornithopter` stands on no rule's page\n"


def test_rule_lays_the_page_out_in_a_terminal(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "PAGER": "cat", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen([COMMAND, "rule", "OFR204"], stdout=slave, stdin=slave, cwd=tmp_path, env=environment)
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            read = os.read(master, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not read:
            break
        seen += read
    os.close(master)
    assert process.wait(60) == 0
    assert b"double-wait (OFR204)" in seen
    assert b"# double-wait" not in seen
    assert b"\x1b[1m" in seen
