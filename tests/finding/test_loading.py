"""What checking a file costs: the Prefect rules are loaded only where prefect-dbt is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from offramp.finding.bans import Bans
from offramp.detect import find
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Source
from offramp.reading.versions import find_versions
from offramp.settings import load

rulebook = load_rulebook([], print)
find(Source("a.py", sys.argv[1].encode()), rulebook, frozenset(rulebook.rules), find_versions(load("/", {})), Bans())
print(sorted(name.rpartition(".")[2] for name in sys.modules if "prefect" in name))
"""
AIRFLOW = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\nDbtCloudRunJobOperator()\n"


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        (AIRFLOW, []),
        ("from prefect import flow\n", []),
        (
            "import prefect_dbt\n",
            [
                "call_places",
                "context",
                "coroutines",
                "credentials",
                "prefect_code",
                "prefect_dbt_calls",
                "run_calls",
                "signatures",
                "value_paths",
            ],
        ),
    ],
)
def test_prefect_rules_are_loaded_only_for_prefect_dbt(code: str, loaded: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{loaded}\n"
