"""Generated files: what one evaluation may cost does not end inside a table of constants."""

from __future__ import annotations

import pytest

from offramp.detect import find
from offramp.finding.bans import Bans
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Source
from offramp.reading.versions import find_versions
from offramp.settings import load

_IMPORT = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"


def _messages(code: str) -> list[str]:
    rulebook = load_rulebook([], pytest.fail)
    versions = find_versions(load("/", {}, isolated=True))
    found = find(Source("a.py", (_IMPORT + code).encode()), rulebook, frozenset({"OFR101"}), versions, Bans())
    return [finding.message for finding in found]


def test_a_table_of_thousands_of_jobs_is_known() -> None:
    jobs = ", ".join(f"'job_{number}': {number}" for number in range(5000))
    (message,) = _messages(f"JOBS = {{{jobs}}}\nDbtCloudRunJobOperator(task_id='a', job_id=JOBS['job_4999'])\n")
    assert "job `4999` through" in message


def test_an_attribute_set_in_hundreds_of_places_is_not_known() -> None:
    sets = "".join(f"        self.make = DbtCloudRunJobOperator if {number} else print\n" for number in range(300))
    code = f"class A:\n    def __init__(self):\n{sets}    def go(self):\n        self.make(task_id='a', job_id=1)\n"
    assert _messages(code) == []
