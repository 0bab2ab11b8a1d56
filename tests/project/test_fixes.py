"""What fixes make of DAGs that take operators from other modules of the project: they convert or refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.engine import Context, fix_bytes
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
    code = DAG.format(imported=imported, task=task, more=more).encode()
    result = fix_bytes(str(path), code, context, unsafe=True)
    assert not result.problem
    return result


def reasons(result: FileResult) -> str:
    """Why a file was left as it is."""
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


@pytest.mark.parametrize(
    ("module", "task"),
    [
        (f"{RUN}\n\nclass Job(Run):\n    pass\n", 'Job(task_id="a", job_id=1)'),
        (f"{RUN}\n\ndef Job(name):\n    return Run(task_id=name, job_id=1)\n", 'Job("a")'),
    ],
)
def test_wrappers_and_helpers_are_refused(tmp_path: Path, module: str, task: str) -> None:
    assert "`Job` is defined elsewhere" in reasons(fixed(tmp_path, module, "from common.dbt import Job", task))


def test_values_of_another_module_are_not_written_into_flows(tmp_path: Path) -> None:
    module = 'DEFAULTS = {"retries": 2}\n'
    imported = f"from common.dbt import DEFAULTS\n{RUN}"
    result = fixed(tmp_path, module, imported, 'Run(task_id="a", job_id=1)', ", default_args=DEFAULTS")
    assert "`default_args` of the DAG are not known here" in reasons(result)
