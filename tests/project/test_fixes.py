"""Fixes of DAGs that take operators from other modules of the project: they convert or refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.engine import Context, fix_bytes, project_around
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

DAG = """\
from datetime import datetime

from airflow import DAG
{imported}

with DAG("nightly", schedule=None, start_date=datetime(2024, 1, 1){more}):
    {task}
"""
RUN = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as Run\n"


def fixed(folder: Path, module: str, imported: str, task: str, more: str = "", package: str = "") -> FileResult:
    """The DAG file after all fixes, beside a module ``common.dbt``."""
    (folder / "common").mkdir()
    (folder / "common" / "__init__.py").write_text(package)
    (folder / "common" / "dbt.py").write_text(module)
    path = folder / "dag.py"
    settings = load(str(path), {})
    rulebook = load_rulebook([], pytest.fail)
    enabled = enabled_codes(settings, rulebook.rules.values())
    context = Context(settings, rulebook, enabled, find_versions(settings))
    context.project = project_around([str(path)], settings)
    code = DAG.format(imported=imported, task=task, more=more).encode()
    result = fix_bytes(str(path), code, context, unsafe=True)
    assert not result.problem
    return result


def reasons(result: FileResult) -> str:
    """Return the reasons why a file was left as it is."""
    assert result.new_text is None
    return "\n".join(refusal.reason for finding in result.findings for refusal in finding.refusals)


def test_a_name_that_is_handed_on_is_converted_as_the_operator(tmp_path: Path) -> None:
    result = fixed(tmp_path, RUN, "from common.dbt import Run", 'Run(task_id="a", job_id=12)')
    assert result.new_text is not None
    assert b"job_id=12" in result.new_text
    assert b"common" not in result.new_text
    assert result.findings == ()


@pytest.mark.parametrize(
    ("module", "package"),
    [(f"{RUN}Run.execute = print\n", ""), (f"import os\n{RUN}os.environ.clear()\n", ""), (RUN, "print('imported')\n")],
)
def test_a_module_that_does_more_is_not_taken_away(tmp_path: Path, module: str, package: str) -> None:
    result = fixed(tmp_path, module, "from common.dbt import Run", 'Run(task_id="a", job_id=12)', package=package)
    assert "`Run` is defined elsewhere" in reasons(result)


WITHOUT_DATA = "`job` is of a module that does more than define, or imports one that does"


@pytest.mark.parametrize(
    ("definition", "call", "reason"),
    [
        ("def job(n):\n    print(n)\n    return Run(task_id=n, job_id=1)", 'job("a")', "`job` does more than return"),
        ("def job(n):\n    if n:\n        return Run(task_id=n, job_id=1)", 'job("a")', "`job` does more than return"),
        (
            "def job(n):\n    for _ in n:\n        pass\n    return Run(task_id=n, job_id=1)",
            'job("a")',
            "does more than",
        ),
        ("def job(n):\n    return Run(task_id=n, job_id=BASE + len(n))\n\n\nBASE = open", 'job("a")', "uses `BASE`"),
        ("def job(*n):\n    return Run(task_id=n[0], job_id=1)", 'job("a")', "more arguments than"),
        (
            "class job(Run):\n    def execute(self, context):\n        pass",
            'job(task_id="a", job_id=1)',
            "`execute` of",
        ),
        ("class job(Run):\n    retries = 3", 'job(task_id="a", job_id=1)', "`job` has `retries` of its own"),
        (
            "class job(Run):\n    def __init__(self, **more):\n        super().__init__(**more)\n        self.pool = 3",
            'job(task_id="a", job_id=1)',
            "a constructor that does more",
        ),
        (
            "class job(Run):\n    def __init__(self, **kwargs):\n        super().__init__(task_id='x')",
            'job(task_id="a", job_id=1)',
            "keeps arguments from its base",
        ),
        ("def job(n):\n    return Run(task_id=n, job_id=1)\n\n\nprint('imported')", 'job("a")', WITHOUT_DATA),
    ],
)
def test_wrappers_that_do_more_are_refused(definition: str, call: str, reason: str, tmp_path: Path) -> None:
    result = fixed(tmp_path, f"{RUN}\n\n{definition}\n", "from common.dbt import job", call)
    assert reason in reasons(result)


def test_default_args_may_fill_what_a_constructor_takes(tmp_path: Path) -> None:
    module = f"{RUN}\n\nclass Job(Run):\n    def __init__(self, timeout=60, **kwargs):\n"
    module += "        super().__init__(timeout=timeout, **kwargs)\n"
    imported = "from common.dbt import Job"
    call, defaults = 'Job(task_id="a", job_id=1)', ', default_args={"timeout": 5}'
    assert "takes `timeout` from `default_args`" in reasons(fixed(tmp_path, module, imported, call, defaults))


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("def load(**context):\n    print(context['ds'])\n", "the callable `load` uses Airflow's context"),
        ("def load():\n    yield 1\n", "the callable `load` is no plain function"),
        ("def load():\n    from airflow.models import Variable\n    return Variable.get('x')\n", "needs Airflow"),
        ("import functools\n\n\n@functools.cache\ndef load():\n    pass\n", "is no plain function"),
    ],
)
def test_callables_that_a_flow_cannot_call_are_refused(module: str, reason: str, tmp_path: Path) -> None:
    imported = f"{RUN}from airflow.operators.python import PythonOperator as Py\nfrom common.dbt import load"
    task = 'Py(task_id="load", python_callable=load) >> Run(task_id="a", job_id=1)'
    assert reason in reasons(fixed(tmp_path, module, imported, task))
