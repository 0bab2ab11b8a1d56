"""Actions come fast enough to be asked for at every move of the cursor, and cost nothing before they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
from lsprotocol import types

from lsp.without_server import RESOLVING, folders, offered, opened, resolved

_LOADED = """
import sys
import offramp.frontends.lsp.server
rooms = ("offramp.converting.", "offramp.editing.", "difflib", "libcst")
print(*(name for name in sys.modules if name.startswith(rooms)))
"""
# What the engine needs to tell whether fixes overlap.
_LIGHT = {"offramp.editing.edits"}


def long_dag() -> str:
    """A DAG of 500 lines: 30 functions that tasks call, each with a dbt Cloud job behind it, one after the other."""
    lines = [
        "from datetime import datetime, timedelta",
        "from airflow import DAG",
        "from airflow.operators.python import PythonOperator",
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator",
    ]
    for number in range(30):
        lines += [
            f"def step_{number}():",
            f"    print({number})",
            "    total = 0",
            "    for value in range(10):",
            "        total += value",
            "    return total",
            "",
        ]
    lines += [
        'defaults = {"retries": 1, "retry_delay": timedelta(minutes=5)}',
        "start = datetime(2024, 1, 1)",
        'with DAG("long", schedule=None, start_date=start, catchup=False, default_args=defaults):',
    ]
    for number in range(30):
        lines += [
            f'    step{number} = PythonOperator(task_id="step{number}", python_callable=step_{number})',
            f"    run{number} = DbtCloudRunJobOperator(",
            f'        task_id="run{number}",',
            f"        job_id={number},",
            "        deferrable=True,",
            f'        trigger_reason="reason {number}",',
            "        timeout=3600,",
            "        check_interval=30,",
            "    )",
            f"    {f'run{number - 1} >> ' if number else ''}step{number} >> run{number}",
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def untraced() -> Iterator[None]:
    """No measuring of coverage, which takes the same work twice as long."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)


@pytest.mark.usefixtures("untraced")
def test_a_fix_of_a_long_dag_takes_less_than_400_ms_of_work(tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('airflow-version = "3.0.6"\n')
    workspace, text = folders(tmp_path), long_dag()
    assert 500 <= text.count("\n") < 520
    taken = []
    for _ in range(4):
        text = f"# another text\n{text}"
        row = text.splitlines().index("    run7 = DbtCloudRunJobOperator(")
        place = types.Range(types.Position(row, 15), types.Position(row, 15))
        begin = process_time()
        checked = opened(tmp_path / "dag.py", text, workspace=workspace)
        (convert, _, _) = offered(checked, place, capabilities=RESOLVING)
        resolved(checked, convert)
        taken.append(process_time() - begin)
    assert min(taken[1:]) < 0.4


def test_what_plans_and_proves_loads_with_the_first_action() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= _LIGHT
