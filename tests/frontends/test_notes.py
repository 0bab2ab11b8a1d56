"""``offramp notes``: notes are checked against the real libraries, tested by their examples, and begun from code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .conftest import ROOT, Run

ORIGINAL = ROOT / "tests" / "fixtures" / "original-note.md"
INHOUSE = ROOT / "examples" / "inhouse-note"

NOTE = """\
{% section Build %}
## operator
Build

## module
company.operators

## code
OFR801 company-build

## prefect_package
prefect-dbt

## inherits
- BaseOperator

## arguments
| airflow | prefect | when absent | note |
|---|---|---|---|
| `models` | `select` | `all` | |
| `tries` | `attempts` | `2` | |
| `where` | `refused` | | there is one place only |

## rewrite
call

```python
from company.flows import build

return await build(
    {arguments}
    label={models},
)
```

## example
### before
```python
from company.operators import Build

marts = Build(task_id="marts", models=["marts"])  # OFR801
```
### after
```python
from company.flows import build
from prefect import flow


@flow(name="marts")
async def marts():
    return await build(
        select=["marts"],
        attempts=2,
        label=["marts"],
    )
```
{% endsection %}
"""


DAG = """\
from datetime import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("nightly", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    DbtCloudRunJobOperator(task_id="marts", job_id=7, retries=2, trigger_reason="nightly")
"""


def test_the_original_note_keeps_the_fix(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    without = offramp("check", "dag.py", "--fix", "--diff", "--isolated").stdout
    assert "\n+        job_id=7,\n" in without
    shutil.copy(ORIGINAL, tmp_path / "dbt.md")
    (tmp_path / "offramp.toml").write_text('notes = ["dbt.md"]\n')
    assert offramp("check", "dag.py", "--fix", "--diff").stdout == without
    (tmp_path / "dbt.md").write_text(ORIGINAL.read_text().replace("## intent\n", "## rewrite\nnone\n\n## intent\n", 1))
    assert offramp("check", "dag.py", "--fix", "--diff").stdout == ""


def said(offramp: Run, note: str, folder: Path) -> list[str]:
    (folder / "note.md").write_text(note)
    lines = offramp("notes", "check", "note.md", "--isolated").stdout.splitlines()
    return [line.removeprefix("note.md:") for line in lines[:-1]]


def section(*fields: str) -> str:
    start = "{% section X %}\n## operator\nX\n## module\ncompany.x\n"
    return start + "\n".join(fields) + "\n{% endsection %}\n"


class TestCheck:
    def test_the_original_note(self, offramp: Run, tmp_path: Path) -> None:
        shutil.copy(ORIGINAL, tmp_path / "dbt.md")
        done = offramp("notes", "check", "dbt.md", "--isolated")
        assert done.returncode == 1
        assert done.stderr == ""
        lines = done.stdout.splitlines()
        assert lines[-1] == "5 errors, 1 warning (1 file checked)."
        call = "`trigger_dbt_cloud_job_run_and_wait_for_completion`"
        for line, expected in zip(
            lines,
            [
                "dbt.md:25: error: prefect-dbt has no extra `cloud`",
                f"dbt.md:54: error: OFR212 {call} is returned un-awaited",
                f"dbt.md:54: error: OFR401 {call} takes no `trigger_reason`",
                "dbt.md:58: warning: failed models are run again 3 times",
                "dbt.md:65: error: prefect-dbt has no extra `cloud`",
                "dbt.md:75: error: `DbtCoreOperation` is not in `prefect_dbt.core`; it is in `prefect_dbt`",
            ],
            strict=False,
        ):
            assert line.startswith(expected)
        assert len(lines) == 7

    def test_the_lines_are_those_of_the_original(self) -> None:
        lines = ORIGINAL.read_text().splitlines()
        assert lines[24] == "prefect-dbt[cloud]"
        assert lines[53].strip().startswith("result = trigger_dbt_cloud_job_run_and_wait_for_completion(")
        assert lines[57].strip() == "retry_filtered_models_attempts=3,"
        assert "prefect-dbt[cloud]" in lines[64]
        assert "`DbtCoreOperation` from `prefect_dbt.core`" in lines[74]

    def test_the_shipped_notes_are_clean(self, offramp: Run) -> None:
        done = offramp("notes", "check", "--isolated", cwd=ROOT)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Nothing to say (")

    def test_a_clean_note(self, offramp: Run, tmp_path: Path) -> None:
        assert said(offramp, NOTE, tmp_path) == []

    @pytest.mark.parametrize(
        ("field", "line", "sentence"),
        [
            ("## prefect_import\nfrom prefect import flw", 7, "error: `flw` is not in `prefect`"),
            ("## prefect_import\nfrom prefect_dbt.cloud import get_run_id", 7, "error: OFR403 `get_run_id` is not in"),
            ("## prefect_package\nprefect dbt", 7, "error: `prefect dbt` is not a package"),
            (
                "## prefect_pattern\n\nThe flow `prefect_dbt.cloud.jobs.run_it`.",
                8,
                "error: prefect-dbt has no `prefect_",
            ),
            ("## prefect_pattern\n`Corn` from `prefect.schedules`", 7, "error: `Corn` is not in `prefect.schedules`"),
            ("## rewrite\nrun_jbo", 7, "error: there is no recipe `run_jbo`, only call, command, dbt, list_jobs"),
            ("## rewrite\ncall", 7, "error: the recipe `call` needs a fenced block"),
            ("## colour\nred", 6, "note: field `colour` is not known"),
            ("## notes\n- Do:\n  ```python\n  x = (\n  ```", 9, "error: OFR901 cannot parse"),
            (
                "## example\n### after\n```python\nfrom prefect_dbt.cloud.jobs import get_run_id\n\nget_run_id()\n```",
                11,
                "error: `get_run_id` is called without `obj`",
            ),
            (
                "## notes\n```python\nfrom prefect_dbt import DbtCloudCredentials as C\n\nC(api_key='k')\n```",
                10,
                "error: `DbtCloudCredentials` is called without `account_id`",
            ),
            ("## notes\nThere is no `DbtCoreOperation` in `prefect_dbt.core`.", 0, ""),
            ("## notes\n- `prefect_dbt.cloud.jobs.DbtCloudJob.trigger` and `run(x)` from `somewhere.else`", 0, ""),
        ],
    )
    def test_each_fault(self, field: str, line: int, sentence: str, offramp: Run, tmp_path: Path) -> None:
        remarks = said(offramp, section(field), tmp_path)
        assert len(remarks) == (1 if line else 0)
        for remark in remarks:
            assert remark.startswith(f"{line}: {sentence}")

    def test_a_section_that_is_passed_over(self, offramp: Run, tmp_path: Path) -> None:
        note = "{% section Concepts %}\n## intent\nx\n{% endsection %}\n"
        assert said(offramp, note, tmp_path) == ["1: note: section `Concepts` has no operator: it is passed over"]

    def test_the_users_own_code_is_looked_at(self, offramp: Run, tmp_path: Path) -> None:
        (tmp_path / "company").mkdir()
        (tmp_path / "company" / "__init__.py").write_text("")
        (tmp_path / "company" / "flows.py").write_text("raise SystemExit('run')\ndef build(): ...\n")
        wrong = NOTE.replace("import build", "import biuld")
        assert said(offramp, wrong, tmp_path)[-1] == "45: error: `biuld` is not in `company.flows`"

    def test_a_file_that_is_not_there(self, offramp: Run) -> None:
        done = offramp("notes", "check", "nothing.md", "--isolated")
        assert (done.returncode, done.stderr) == (2, "nothing.md:1: cannot be read: No such file or directory\n")


class TestTrials:
    def run(self, offramp: Run, note: str, folder: Path) -> tuple[int, list[str]]:
        (folder / "note.md").write_text(note)
        done = offramp("notes", "test", "note.md", "--isolated")
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    def test_a_template_calls_any_function(self, offramp: Run, tmp_path: Path) -> None:
        assert self.run(offramp, NOTE, tmp_path) == (
            0,
            [
                "note.md:1: OFR801 Build",
                "  line 39, before: ok",
                "  line 45, after: ok",
                "  line 39, rewrite: ok",
                "3 examples, all ok.",
            ],
        )

    @pytest.mark.parametrize(
        ("old", "new", "outcome"),
        [
            (
                "  # OFR801",
                "  # OFR801 OFR201",
                "  line 39, before: FAILED: missed alarm: OFR201 is marked on line 41 and",
            ),
            ("Build(task_id", "Built(task_id", "  line 39, before: FAILED: missed alarm: OFR801"),
            ("before\n```python\n", "before\n```python\nx = 1  # OFR801\n", "  line 39, before: FAILED: missed alarm"),
            ("attempts=2,\n", "attempts=3,\n", "  line 39, rewrite: FAILED: the fix differs from the example:"),
            ("await build(\n        s", "await build(s", "  line 39, rewrite: FAILED: the fix differs"),
            (
                "await build(\n    {",
                "await build((\n    {",
                "  line 39, rewrite: FAILED: no fix: the template of the note",
            ),
            ('["marts"])', '["marts"], where="x")', "  line 39, rewrite: FAILED: no fix: `where`: there is one place"),
            (
                "from company.flows import build\nfrom prefect import",
                "from company.operators import Build\nBuild()\nfrom prefect import",
                "  line 45, after: FAILED: not silent: OFR801 on line 46",
            ),
        ],
    )
    def test_each_fault(self, old: str, new: str, outcome: str, offramp: Run, tmp_path: Path) -> None:
        assert old in NOTE
        code, lines = self.run(offramp, NOTE.replace(old, new), tmp_path)
        assert code == 1
        assert any(line.startswith(outcome) for line in lines), lines
        assert lines[-1].endswith("failed.")

    def test_the_shipped_notes(self, offramp: Run) -> None:
        done = offramp("notes", "test", "--isolated", cwd=ROOT)
        assert done.returncode == 0
        assert done.stdout.endswith("examples, all ok.\n")


class TestNew:
    def test_an_operator_of_the_environment(self, offramp: Run, tmp_path: Path) -> None:
        shutil.copytree(INHOUSE / "company", tmp_path / "company")
        done = offramp("notes", "new", "company.operators.NightlyDbtOperator")
        assert (done.returncode, done.stderr) == (0, "")
        assert "| `job` | `job_id` |" in done.stdout
        assert "| `give_up_after` | `max_wait_seconds` | `7200` |" in done.stdout
        assert 'run = NightlyDbtOperator(task_id="run", job=1)  # OFR801' in done.stdout
        (tmp_path / "note.md").write_text(done.stdout)
        assert offramp("notes", "check", "note.md").returncode == 0
        tested = offramp("notes", "test", "note.md")
        assert (tested.returncode, tested.stdout.splitlines()[-1]) == (0, "1 example, all ok.")

    def test_an_operator_of_a_file(self, offramp: Run, tmp_path: Path) -> None:
        code = "class Load(Base):\n    '''Load it.'''\n\n    def __init__(self, table: str, n=3, **kw): raise\n"
        (tmp_path / "code.py").write_text(code)
        done = offramp("notes", "new", "acme.Load", "code.py")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Load it." in done.stdout
        assert 'run = Load(task_id="run", table="table")  # OFR801' in done.stdout
        assert "| `n` | `refused` |" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["Load"], "`Load` is not a dotted path like company.operators.NightlyDbtOperator"),
            (["no.such.Load"], "there is no module `no.such` here: name the file that defines `Load`"),
            (["acme.Load", "none.py"], "none.py: cannot be read: No such file or directory"),
            (["acme.Load", "bad.py"], "bad.py:1: cannot be parsed: invalid syntax"),
            (["acme.Load", "empty.py"], "empty.py defines no class `Load`"),
        ],
    )
    def test_what_is_not_there(self, arguments: list[str], sentence: str, offramp: Run, tmp_path: Path) -> None:
        (tmp_path / "bad.py").write_text("class : x\n")
        (tmp_path / "empty.py").write_text("")
        done = offramp("notes", "new", *arguments)
        assert done.returncode == 2
        assert done.stderr.endswith(f"{sentence}\n")


class TestTheInhouseExample:
    @pytest.mark.parametrize("layout", ["json", "concise"])
    def test_its_rule_is_known_where_the_run_begins_above_its_configuration(
        self, layout: str, offramp: Run, tmp_path: Path
    ) -> None:
        shutil.copytree(INHOUSE, tmp_path / "x")
        done = offramp("check", "--output-format", layout)
        assert done.returncode == 1
        assert "OFR801" in done.stdout

    def test_a_note_alone_makes_rule_message_page_fix_and_test(self, offramp: Run, tmp_path: Path) -> None:
        shutil.copytree(INHOUSE, tmp_path / "x")
        folder = tmp_path / "x"
        found = offramp("check", "dags", "--output-format", "concise", "-q", cwd=folder)
        assert found.stdout.startswith(
            "dags/nightly.py:15:14: OFR801 `models` runs dbt Cloud job `48617` of the warehouse team"
        )
        assert "# nightly-dbt-operator (OFR801)" in offramp("rule", "OFR801", cwd=folder).stdout
        assert offramp("notes", "check", cwd=folder).returncode == 0
        assert offramp("notes", "test", cwd=folder).stdout.splitlines()[-1] == "4 examples, all ok."
        assert offramp("check", "dags", "--fix", "--unsafe-fixes", "-q", cwd=folder).returncode == 0
        flow = (folder / "dags" / "nightly.py").read_text()
        for line in (
            'aload("dbt-cloud-warehouse")',
            "job_id=48617",
            'TriggerJobRunOptions(cause="Nightly refresh")',
            "max_wait_seconds=3600",
            "poll_frequency_seconds=30",
            "models.submit(wait_for=[load_future])",
        ):
            assert line in flow
