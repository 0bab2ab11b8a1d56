"""Each trap is shown by running it: with a dbt that fails, the script ends well, and no longer once it is fixed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offramp import settings
from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions

TRAPS = {
    "run": 'import subprocess\n\nsubprocess.run(["dbt", "run"])\n',
    "told": 'import subprocess\n\ndone = subprocess.run(["dbt", "run"])\nif done.returncode:\n    print("failed")\n',
    "call": 'import subprocess\n\nsubprocess.call(["dbt", "run"])\n',
    "system": 'import os\n\nos.system("dbt run")\n',
    "caught": (
        "import subprocess\n\ntry:\n"
        '    subprocess.run(["dbt", "run"], check=True)\n'
        'except subprocess.CalledProcessError:\n    print("failed")\n'
    ),
    "next": 'import subprocess\n\nsubprocess.run("dbt run; dbt ok", shell=True, check=True)\n',
    "background": 'import subprocess\n\nsubprocess.run("dbt run > log 2>&1 &", shell=True, check=True)\n',
    "process": 'import subprocess\n\nsubprocess.Popen(["dbt", "run"])\n',
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "dbt").write_text('#!/bin/sh\n[ "$1" != run ]\n')
    (folder / "dbt").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def ended(script: bytes, folder: Path, environment: dict[str, str]) -> int:
    (folder / "script.py").write_bytes(script)
    command = [sys.executable, "script.py"]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True).returncode


@pytest.mark.parametrize("name", TRAPS)
def test_the_fix_lets_the_failure_through(name: str, tmp_path: Path, environment: dict[str, str]) -> None:
    chosen = settings.load(str(tmp_path), {})
    rulebook = load_rulebook([], pytest.fail)
    enabled = frozenset({"OFR221", "OFR222", "OFR223"})
    script = TRAPS[name].encode()
    fixed = fix_bytes("script.py", script, Context(chosen, rulebook, enabled, find_versions(chosen)), unsafe=True)
    assert ended(script, tmp_path, environment) == 0
    assert fixed.new_text is not None
    assert ended(fixed.new_text, tmp_path, environment) != 0


DAG = """\
import subprocess

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator


def export():
    subprocess.run(["dbt", "run"])CALLED


with DAG("shop", schedule=None):
    models = BashOperator(task_id="models", bash_command="cd /opt/dbt; dbt run; dbt test")TEXT
    models >> PythonOperator(task_id="export", python_callable=export)
"""


@pytest.mark.parametrize(
    ("called", "text"),
    [
        ("", "  # offramp: ignore[OFR221] the tests decide"),
        ("  # offramp: ignore[OFR223] may fail", ""),
        ("  # offramp: ignore[OFR223] may fail", "  # offramp: ignore[OFR221]"),
        ("  # offramp: ignore[OFR223] may fail", "  # offramp: ignore[OFR221] the tests decide"),
    ],
)
def test_somebody_decides_before_a_dag_is_converted(called: str, text: str, tmp_path: Path) -> None:
    chosen = settings.load(str(tmp_path), {})
    rulebook = load_rulebook([], pytest.fail)
    context = Context(chosen, rulebook, frozenset({"OFR121"}), find_versions(chosen))
    code = DAG.replace("CALLED", called).replace("TEXT", text)
    fixed = fix_bytes("shop.py", code.encode(), context, unsafe=True)
    if "may fail" not in called or "decide" not in text:
        assert fixed.new_text is None
        return
    assert fixed.new_text is not None
    written = fixed.new_text.decode()
    assert "run_bash('cd /opt/dbt; dbt run; dbt test')" in written.replace('"', "'")
    assert called in written
