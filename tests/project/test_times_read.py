"""Reads of a project's modules while its files are checked: in proportion to their number."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from time import process_time

import pytest

from offramp.engine import Context, check_bytes, text_of
from offramp.knowledge.rulebook import load_rulebook
from offramp.project import linked_modules
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

WRAPPER = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

class Nightly(DbtCloudRunJobOperator):
    pass
"""
# Each statement is one that the module before it is imported by; the last but one module leads on to the wrapper.
CHAINED = (
    "import include.step_{}\n",
    "from include import step_{}\n",
    "from . import (\n    step_{}, # the next\n)\n",
    "x = 1; import json, include.step_{} as step\n",
    "if True: from .step_{} import *\n",
    "import os, \\\n    include.step_{}\n",
)


def _project(root: Path, steps: int) -> Context:
    """A chain of modules that ends in a wrapper, and as many DAGs that import its beginning."""
    for name in (".git", "dags", "include"):
        (root / name).mkdir(parents=True)
    for number in range(steps):
        statement = CHAINED[number % len(CHAINED)].format(number + 1)
        (root / f"include/step_{number}.py").write_text(statement)
        (root / f"dags/dag_{number}.py").write_text("import include.step_0\nfrom include.wrapper import Nightly\n")
    (root / f"include/step_{steps}.py").write_text("from include.wrapper import Nightly\n")
    (root / "include/wrapper.py").write_text(WRAPPER)
    settings = load(str(root / "dags"), {})
    rulebook = load_rulebook(settings.notes, lambda _sentence: None)
    enabled = enabled_codes(settings, rulebook.rules.values())
    return Context(settings, rulebook, enabled, find_versions(settings))


def _check_all(root: Path, context: Context) -> Counter[str]:
    """Check every DAG, and return how often each module was read because another imports it."""
    read: Counter[str] = Counter()

    def counting(path: str) -> bytes | None:
        read[Path(path).name] += 1
        return text_of(path)

    context.read = counting
    for file in sorted(root.glob("dags/*.py")):
        others = context.imported_by(str(file), file.read_bytes())
        assert others is not None
        assert WRAPPER.encode() in others.texts
        assert check_bytes(str(file), file.read_bytes(), context).problem == ""
    return read


@pytest.mark.parametrize("steps", [12, 48])
def test_each_module_is_read_once(tmp_path: Path, steps: int) -> None:
    read = _check_all(tmp_path, _project(tmp_path, steps))
    names = {"wrapper.py", *(f"step_{number}.py" for number in range(steps + 1))}
    assert read == dict.fromkeys(names, 1)


def test_texts_are_kept_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked_modules, "_MOST_KEPT", 0)
    context = _project(tmp_path, 12)
    read = _check_all(tmp_path, context)
    # Which modules it imports, and whether it names operators, is known of each after two looks.
    assert {read[f"step_{number}.py"] for number in range(12)} == {2}
    assert context.links.forget(str(tmp_path / "include/step_3.py"))


def test_thousands_of_imports_are_gone_through_once(tmp_path: Path) -> None:
    context = _project(tmp_path, 1)
    many = "".join(f"import a_{number}\n" for number in range(20_000))
    (tmp_path / "include/step_0.py").write_text(many + "from include.wrapper import Nightly\n")
    dag = tmp_path / "dags/dag_0.py"
    text = b"from include.step_0 import Nightly, absent\nNightly(task_id='one', job_id=absent)\n"
    begin = process_time()
    assert [one.code for one in check_bytes(str(dag), text, context).findings] == ["OFR101"]
    assert process_time() - begin < 10  # nearly a minute where each import is held against all that follows


def test_a_plain_dag_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    dag = tmp_path / "dag.py"
    dag.write_text(
        "from datetime import datetime\n"
        "from airflow import DAG\n"
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"
        'with DAG("one", schedule="@daily", start_date=datetime(2024, 1, 1)):\n'
        '    DbtCloudRunJobOperator(task_id="run", job_id=1)\n'
    )
    code = (
        "import sys\n"
        "from offramp.frontends.cli import main\n"
        "main(['check', '--isolated', sys.argv[1]])\n"
        "print('\\n'.join(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(dag)]
    subprocess.run(command, capture_output=True, check=True)  # compiles the notes, where nothing else did yet
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("\n"))
    assert "offramp.converting.dag_to_flow" in loaded
    # What only templates, shell texts, loops and groups, or sensors of runs need; and what takes long to load.
    assert not loaded & {
        "offramp.converting.recipes.filling",
        "offramp.converting.tasks.bash_tasks",
        "offramp.converting.families.dbt_core.operators",
        "offramp.dags.loops",
        "offramp.dags.groups",
        "offramp.editing.insertions",
        "offramp.finding.run_flow",
        "offramp.shell.reading",
        "tree_sitter",
        "dataclasses",
        "inspect",
        "json",
        "tokenize",
    }
