"""A flow is told a limit that gives as many looks at a run as Airflow takes, in the libraries' own loops.

Every limit and interval of a grid is converted, and what is written is held against the DAG's: the runs that are seen
ended in time are the same. The clock is a fast one; ``fixtures/both/short_limits.py`` waits for real.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from equivalence.environments import python
from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

pytestmark = pytest.mark.equivalence

LIMITS = (-5, 0, 0.5, 1, 1.5, 2, 19, 20, 20.5, 59, 60, 61, 99.5, 119, 120, 121, 180, 200, 240)
INTERVALS = (1, 7, 20, 60, 100, 240)
# What cannot be seen ended after twelve looks is left out.
GRID = [(limit, interval) for limit, interval in product(LIMITS, INTERVALS) if limit <= 9 * interval]
_PATTERNS = {"function": ("function", "max_wait_seconds"), "block": ("job-block", "timeout_seconds")}
_DAG = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None):
    DbtCloudRunJobOperator(task_id="run_dbt", job_id=1, timeout={limit}, check_interval={interval})
"""


@cache
def _looks(environment: str) -> dict[str, list[int]]:
    """How many looks count for each pair of the grid, by the kinds of waits that an environment has."""
    if environment == "prefect3":
        asked = {kind: _written(kind) for kind in _PATTERNS}
    else:
        # Sensors take no limit below 0.
        above = [(max(limit, 0), interval) for limit, interval in GRID]
        asked = {"operator": GRID, "sensor": above, "trigger": GRID}
    cases = [{"kind": kind, "limit": limit, "interval": interval} for kind in asked for limit, interval in asked[kind]]
    script = Path(__file__).with_name("run_limits.py")
    ran = subprocess.run([python(environment), script, json.dumps(cases)], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    looks = iter(json.loads(ran.stdout.splitlines()[-1]))
    return {kind: [next(looks) for _ in GRID] for kind in asked}


def _written(kind: str) -> list[tuple[float, int]]:
    """The limits that conversions have for those of the grid."""
    pattern, name = _PATTERNS[kind]
    settings = load("/", {"dbt-cloud-pattern": pattern}, isolated=True)
    rulebook = load_rulebook((), print)
    context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
    found: list[tuple[float, int]] = []
    for limit, interval in GRID:
        dag = _DAG.format(limit=limit, interval=interval).encode()
        text = (fix_bytes("dag.py", dag, context, unsafe=True, named=True).new_text or b"").decode()
        found.append((int(text.partition(f"{name}=")[2].partition(",")[0]), interval))
    return found


@pytest.mark.parametrize("here", ["function", "block"])
@pytest.mark.parametrize("there", ["operator", "sensor"])
@pytest.mark.parametrize("environment", ["airflow2", "airflow3"])
def test_the_same_runs_end_in_time(environment: str, there: str, here: str) -> None:
    airflow, prefect = _looks(environment)[there], _looks("prefect3")[here]
    assert dict(zip(GRID, prefect, strict=True)) == dict(zip(GRID, airflow, strict=True))


@pytest.mark.parametrize("environment", ["airflow2", "airflow3"])
def test_a_deferred_task_looks_once_more_at_the_start(environment: str) -> None:
    looks = _looks(environment)
    assert looks["trigger"] == [one + 1 for one in looks["operator"]]
