"""What is offered for findings, under which title, and what it does to the text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lsprotocol import types

from lsp.without_server import ONLY_EDITS, RESOLVING, edited, edits_of, folders, offered, opened, resolved
from offramp.frontends.lsp.actions import Abilities, Actions, add_to_baseline
from offramp.frontends.lsp.checks import check
from offramp.frontends.lsp.documents import Checked, Notebook
from offramp.model import OfframpError, UnprovenError

DAG = """\
from datetime import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("nightly", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    build = DbtCloudRunJobOperator(task_id="build", job_id=12345)
"""
FLOW = """\
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion


@task(name="build", cache_policy=NO_CACHE)
async def build():
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"),
        job_id=12345,
        max_wait_seconds=604800,
        poll_frequency_seconds=60,
        retry_filtered_models_attempts=0,
    )


@flow(name="nightly", log_prints=True)
def nightly():
    build_future = build.submit()
    return [build_future]


if __name__ == "__main__":
    nightly.serve(name="nightly")
"""
FORGOTTEN = DAG.replace("job_id=12345", "job_id=12345, wait_for_termination=False, deferrable=True")
UNSAFE_DAG = DAG.replace("import DAG\n", "import DAG\nfrom airflow.operators.bash import BashOperator\n") + (
    '    BashOperator(task_id="load", bash_command="exit 99", retries=1) >> build\n'
)
TRAP = """\
from prefect import flow
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion as run_job


@flow
def nightly(credentials):
    run_job(dbt_cloud_credentials=credentials, job_id=1)
"""
SKIPPED = "exit code 99 skips a Bash task in Airflow; with `retries` Prefect runs it again"
UNDECIDED = "nobody waits for this run: wait for it, or say why not: `# offramp: ignore[OFR201] reason`"
AWAITED = TRAP.replace("def nightly", "async def nightly").replace("    run_job(", "    await run_job(")
AWAITING = "what never ran until now then runs, and the run waits for it and fails with it"
PREVIEWS = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(
            document_changes=True, change_annotation_support=types.ChangeAnnotationsSupportOptions()
        )
    )
)


@pytest.fixture
def dag(tmp_path: Path) -> Path:
    """Where a DAG file is, in a project of Airflow 3.0.6."""
    (tmp_path / "offramp.toml").write_text('airflow-version = "3.0.6"\n')
    return tmp_path / "dag.py"


def titles(actions: list[types.CodeAction]) -> list[str]:
    return [action.title for action in actions]


def titled(actions: list[types.CodeAction], start: str) -> types.CodeAction:
    (action,) = [action for action in actions if action.title.startswith(start)]
    return action


def explained(action: types.CodeAction) -> str:
    """What the action has the server say."""
    assert action.command is not None
    assert action.command.command == "offramp.explain"
    (text,) = action.command.arguments or ()
    return str(text)


def at(line: int, character: int = 0) -> types.Range:
    return types.Range(types.Position(line, character), types.Position(line, character))


# -- fixes -------------------------------------------------------------------------


def test_a_safe_fix_is_preferred_and_an_unsafe_one_says_why(dag: Path) -> None:
    checked = opened(dag, FORGOTTEN)
    fixes = offered(checked, at(6, 15), only=["quickfix"])
    wait, useless = titled(fixes, "OFR201"), titled(fixes, "OFR202")
    assert wait.title == (
        "OFR201: Wait for the run (unsafe: the DAG run then lasts as long as the dbt run, fails with it, "
        "and `retries` triggers it again)"
    )
    assert wait.is_preferred is None
    assert edited(FORGOTTEN, edits_of(wait, checked.uri)) == FORGOTTEN.replace("termination=False", "termination=True")
    assert useless.title == "OFR202: Remove `deferrable`, which has no effect"
    assert useless.is_preferred is True
    assert edited(FORGOTTEN, edits_of(useless, checked.uri)) == FORGOTTEN.replace(", deferrable=True", "")


def test_a_refused_fix_says_why_and_changes_nothing(dag: Path) -> None:
    checked = opened(dag, FORGOTTEN.replace("12345", '"{{ var.value.job }}"'))
    refused = titled(offered(checked, at(6, 15)), "OFR101")
    assert refused.title == f"OFR101: no fix: {UNDECIDED} (and 1 more)"
    assert refused.kind == "quickfix"
    assert refused.edit is None
    first, *lines, url = explained(refused).splitlines()
    assert first.startswith("OFR101 dbt-cloud-run-job-operator: `DbtCloudRunJobOperator` runs dbt Cloud job")
    assert f"- line 7: {UNDECIDED}" in lines
    assert len(lines) == 2
    assert url == "https://offramp.readthedocs.io/rules/OFR101/"


def test_what_is_only_shown_says_what_to_do(dag: Path) -> None:
    checked = opened(
        dag,
        DAG.replace(
            "import DAG\n", "import DAG\nfrom airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor\n"
        )
        + '    build >> DbtCloudJobRunSensor(task_id="wait", run_id=build.output)\n',
    )
    shown = titled(offered(checked, at(8, 15)), "OFR204")
    assert shown.title == (
        "OFR204: by hand: Remove the sensor, or let only the sensor wait (`wait_for_termination=False`)"
    )
    assert shown.edit is None
    text = explained(shown)
    assert "(both waits are harmless)" in text
    assert "Keep one of the two" in text


def test_findings_that_share_a_fix_share_an_action(dag: Path) -> None:
    text = DAG + '    docs = DbtCloudRunJobOperator(task_id="docs", job_id=2)\n'
    checked = opened(dag, text)
    places = [checked.text.location(*finding.span).range for finding in checked.result.findings]
    diagnostics = [types.Diagnostic(place, "", code="OFR101") for place in places]
    context = types.CodeActionContext(diagnostics, only=["quickfix"])
    params = types.CodeActionParams(types.TextDocumentIdentifier(checked.uri), at(0), context)
    converting = titled(Actions(checked, Abilities(ONLY_EDITS)).offered(params), "OFR101")
    assert converting.diagnostics == diagnostics


def test_findings_elsewhere_get_no_actions(dag: Path) -> None:
    assert offered(opened(dag, TRAP), at(0)) == []
    assert titles(offered(opened(dag, TRAP), at(6, 4), only=["quickfix"])) == [
        f"OFR211: Await it, and make `nightly` async (unsafe: {AWAITING})",
        "Suppress OFR211 on this line",
    ]


def test_actions_are_found_by_the_diagnostics_of_the_line_too(dag: Path) -> None:
    checked = opened(dag, TRAP)
    diagnostic = types.Diagnostic(types.Range(types.Position(6, 4), types.Position(6, 11)), "", code="OFR211")
    context = types.CodeActionContext([diagnostic], only=["quickfix"])
    params = types.CodeActionParams(types.TextDocumentIdentifier(checked.uri), at(6, 50), context)
    actions = Actions(checked, Abilities(ONLY_EDITS)).offered(params)
    assert [action.diagnostics for action in actions] == [[diagnostic], [diagnostic]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("lead", ["", "\ufeff", "# -*- coding: latin-1 -*-\n"])
def test_edits_land_behind_any_character(dag: Path, encoding: str, newline: str, lead: str) -> None:
    wide = "é" if "latin" in lead else "🙂 日本"
    before, after = (
        (lead + text.replace("run_job(dbt", f'"{wide}"; run_job(dbt').replace('await "', '"')).replace("\n", newline)
        for text in (TRAP, AWAITED)
    )
    after = after.replace("; run_job(", "; await run_job(")
    checked = opened(dag, before, encoding)
    action = titled(offered(checked), "OFR211")
    assert edited(before, edits_of(action, checked.uri), encoding) == after


def test_edits_are_left_to_be_resolved_where_the_client_can(dag: Path) -> None:
    checked = opened(dag, TRAP)
    action = titled(offered(checked, capabilities=RESOLVING), "OFR211")
    assert action.edit is None
    assert action.data == {"uri": checked.uri, "version": 1, "key": "fix:0"}
    assert edited(TRAP, edits_of(resolved(checked, action), checked.uri)) == AWAITED


def test_clients_without_versions_get_changes_by_uri(dag: Path) -> None:
    checked = opened(dag, TRAP)
    action = titled(offered(checked, capabilities=types.ClientCapabilities()), "OFR211")
    assert action.edit is not None
    assert action.edit.document_changes is None
    assert action.edit.changes is not None
    assert edited(TRAP, action.edit.changes[checked.uri]) == AWAITED


def test_other_clients_get_the_version_that_edits_are_for(dag: Path) -> None:
    action = titled(offered(opened(dag, TRAP)), "OFR211")
    assert action.edit is not None
    (change,) = action.edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == 1


def test_a_text_that_cannot_be_parsed_gets_no_actions(dag: Path) -> None:
    assert offered(opened(dag, TRAP + "def\n")) == []


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["quickfix"], {"quickfix"}),
        (["refactor"], {"refactor.rewrite.offramp"}),
        (["refactor.rewrite"], {"refactor.rewrite.offramp"}),
        (["source"], {"source.fixAll.offramp"}),
        (["source.fixAll.offramp"], {"source.fixAll.offramp"}),
        (["source.fixAll.ruff"], set()),
        (["source.organizeImports", "quick"], set()),
        ([""], {"quickfix", "refactor.rewrite.offramp", "source.fixAll.offramp"}),
        (None, {"quickfix", "refactor.rewrite.offramp", "source.fixAll.offramp"}),
    ],
)
def test_only_the_kinds_that_are_asked_for_are_offered(dag: Path, only: list[str] | None, kinds: set[str]) -> None:
    (dag.parent / "offramp.toml").write_text('airflow-version = "3.0.6"\nconvert-dags = true\n')
    assert {action.kind for action in offered(opened(dag, DAG), only=only)} == kinds


# -- fixing all ----------------------------------------------------------------------


def test_fixing_all_leaves_dags_and_unsafe_fixes(dag: Path) -> None:
    checked = opened(dag, FORGOTTEN)
    (action,) = offered(checked, only=["source.fixAll.offramp"])
    assert action.title == "Apply all safe fixes of offramp"
    assert edited(FORGOTTEN, edits_of(action, checked.uri)) == FORGOTTEN.replace(", deferrable=True", "")
    assert offered(opened(dag, DAG), only=["source.fixAll"]) == []


def test_fixing_all_converts_dags_where_the_configuration_says_so(dag: Path) -> None:
    (dag.parent / "offramp.toml").write_text('airflow-version = "3.0.6"\nconvert-dags = true\n')
    checked = opened(dag, DAG)
    (action,) = offered(checked, only=["source.fixAll"])
    assert edited(DAG, edits_of(action, checked.uri)) == FLOW
    assert offered(opened(dag, UNSAFE_DAG), only=["source.fixAll"]) == []


# -- conversions ---------------------------------------------------------------------


def test_a_dag_is_converted_in_place_from_anywhere_in_it(dag: Path) -> None:
    checked = opened(dag, DAG)
    (in_place, _) = offered(checked, at(5, 8))
    assert (in_place.title, in_place.kind) == ("Convert this DAG to a Prefect flow", "refactor.rewrite.offramp")
    assert edited(DAG, edits_of(in_place, checked.uri)) == FLOW
    text = f"def other():\n    return 1\n\n\n{DAG}"
    assert offered(opened(dag, text), at(1, 4)) == []


def test_each_thing_that_can_be_done_is_offered_once(dag: Path) -> None:
    assert titles(offered(opened(dag, DAG))) == [
        "OFR101: Convert this DAG to a Prefect flow",
        "Suppress OFR101 on line 7",
        "Convert this DAG to a Prefect flow, in a new file dag_flow.py",
    ]
    assert offered(opened(dag, TRAP), only=["refactor"]) == []


def test_a_flow_that_differs_is_written_beside_its_dag_too(dag: Path) -> None:
    action = titled(offered(opened(dag, UNSAFE_DAG)), "Convert this DAG to a Prefect flow, in a new file dag_flow.py")
    assert action.title.endswith(f" (unsafe: {SKIPPED})")
    assert action.edit is not None


def test_a_conversion_is_confirmed_where_the_client_can_show_it_first(dag: Path) -> None:
    checked = opened(dag, UNSAFE_DAG)
    action = titled(offered(checked, at(7, 15), capabilities=PREVIEWS), "OFR101")
    assert action.edit is not None
    reason = SKIPPED
    assert action.edit.change_annotations == {
        "convert": types.ChangeAnnotation(
            "Convert this DAG to a Prefect flow",
            needs_confirmation=True,
            description=f"unsafe: {reason}; loads the blocks dbt-cloud-default",
        )
    }
    (change,) = action.edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert {edit.annotation_id for edit in change.edits if isinstance(edit, types.AnnotatedTextEdit)} == {"convert"}
    assert action.title == f"OFR101: Convert this DAG to a Prefect flow (unsafe: {reason})"
    trap = titled(offered(opened(dag, TRAP), capabilities=PREVIEWS), "OFR211")
    assert trap.edit is not None
    assert trap.edit.change_annotations is None


def test_a_dag_is_converted_in_a_new_file_that_replaces_none(dag: Path) -> None:
    (dag.parent / "dag_flow.py").write_text("taken = True\n")
    action = titled(offered(opened(dag, DAG)), "Convert this DAG to a Prefect flow, in a new file")
    assert action.title == "Convert this DAG to a Prefect flow, in a new file dag_flow2.py"
    assert action.edit is not None
    create, write = action.edit.document_changes or ()
    assert isinstance(create, types.CreateFile)
    assert create.uri.endswith("/dag_flow2.py")
    assert create.options == types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
    assert isinstance(write, types.TextDocumentEdit)
    assert write.text_document == types.OptionalVersionedTextDocumentIdentifier(create.uri, None)
    (edit,) = write.edits
    assert isinstance(edit, types.TextEdit)
    assert edit.new_text == FLOW


def test_the_new_file_is_deployed_as_migrated_files_are(dag: Path) -> None:
    (dag.parent / "offramp.toml").write_text('airflow-version = "3.0.6"\ndeployment = "prefect-yaml"\n')
    action = titled(offered(opened(dag, DAG)), "Convert this DAG to a Prefect flow, in a new file")
    assert action.edit is not None
    _, write = action.edit.document_changes or ()
    assert isinstance(write, types.TextDocumentEdit)
    assert isinstance(write.edits[0], types.TextEdit)
    assert write.edits[0].new_text == FLOW.partition("\n\nif __name__")[0]


def test_a_client_that_makes_files_need_not_say_that_it_knows_versions(dag: Path) -> None:
    edit = types.WorkspaceEditClientCapabilities(resource_operations=[types.ResourceOperationKind.Create])
    workspace = types.WorkspaceClientCapabilities(workspace_edit=edit)
    actions = offered(opened(dag, DAG), capabilities=types.ClientCapabilities(workspace=workspace))
    assert [action.title for action in actions if action.edit is not None and action.edit.changes] == []
    assert "Convert this DAG to a Prefect flow, in a new file dag_flow.py" in titles(actions)


def test_no_new_file_is_made_where_the_client_can_make_none(dag: Path) -> None:
    actions = offered(opened(dag, DAG), capabilities=PREVIEWS)
    assert [title for title in titles(actions) if "new file" in title] == []


def test_a_dag_that_another_file_needs_stays(dag: Path) -> None:
    (dag.parent / "other.py").write_text("import dag\n")
    actions = offered(opened(dag, DAG))
    assert titles(actions) == [f"OFR101: no fix: {dag.parent}/other.py imports this file", "Suppress OFR101 on line 7"]


# -- suppressing ---------------------------------------------------------------------


def test_a_finding_is_suppressed_on_its_line(dag: Path) -> None:
    text = TRAP.replace("job_id=1)", "job_id=1)  # noqa: E501")
    checked = opened(dag, text)
    action = titled(offered(checked, at(6, 4)), "Suppress OFR211 on this line")
    new = edited(text, edits_of(action, checked.uri))
    assert new == text.replace("E501", "E501, OFR211")
    assert opened(dag, new).result.findings == ()


def test_one_comment_for_equal_findings_of_a_statement(dag: Path) -> None:
    text = TRAP.replace("    run_job(", "    run_job(), run_job(")
    assert [finding.code for finding in opened(dag, text).result.findings] == ["OFR211", "OFR211"]
    actions = offered(opened(dag, text))
    assert [title for title in titles(actions) if "Suppress" in title] == ["Suppress OFR211 on line 7"]


def test_where_no_comment_can_stand_none_is_offered(dag: Path) -> None:
    text = TRAP.replace(
        "    run_job(dbt_cloud_credentials=credentials, job_id=1)\n",
        '    x = """\n""", run_job(dbt_cloud_credentials=credentials, job_id=1), """\n""", \\\n"""\n"""\\\n\n',
    )
    checked = opened(dag, text)
    assert len(checked.result.findings) == 1
    assert [title for title in titles(offered(checked)) if "Suppress" in title] == []
    action = titled(offered(checked, capabilities=RESOLVING), "Suppress")
    with pytest.raises(UnprovenError, match=r"dag\.py: no line of the statement can take a comment$"):
        resolved(checked, action)


# -- the baseline --------------------------------------------------------------------

EMPTY = '[{"offramp-baseline": 1}\n]\n'


@pytest.fixture
def gated(dag: Path) -> Path:
    """A file in a project where the gate's rules run, and accept nothing yet."""
    (dag.parent / "offramp.toml").write_text('airflow-version = "3.0.6"\nextend-select = ["OFR301"]\n')
    (dag.parent / "offramp-baseline.json").write_text(EMPTY)
    dag.write_text(DAG)
    return dag


def test_findings_of_the_gate_can_be_added_to_the_baseline(gated: Path) -> None:
    checked = opened(gated, DAG)
    action = titled(offered(checked, at(2, 22)), "Add OFR301")
    assert action.title == "Add OFR301 to the baseline: `airflow.DAG` is imported from Airflow"
    assert action.command is not None
    assert (action.command.command, action.command.arguments) == (
        "offramp.addToBaseline",
        [checked.uri, "OFR301", "airflow.DAG"],
    )
    assert [title for title in titles(offered(checked, at(6, 15))) if title.startswith("Add")] == []
    file = gated.parent / "offramp-baseline.json"
    add_to_baseline(checked, str(file), "OFR301", "airflow.DAG")
    assert json.loads(file.read_text())[1:] == [{"path": "dag.py", "code": "OFR301", "name": "airflow.DAG"}]
    assert [title for title in titles(offered(opened(gated, DAG), at(2, 22))) if title.startswith("Add")] == []


def test_each_of_equal_findings_is_added_by_itself(gated: Path) -> None:
    text = DAG + "from airflow import DAG as Other\n"
    gated.write_text(text)
    file = gated.parent / "offramp-baseline.json"
    entries = []
    for _ in range(3):
        add_to_baseline(opened(gated, text), str(file), "OFR301", "airflow.DAG")
        entries.append(sorted(entry.get("nth", 1) for entry in json.loads(file.read_text())[1:]))
    assert entries == [[1], [1, 2], [1, 2]]


def test_without_a_baseline_none_is_made(gated: Path) -> None:
    file = gated.parent / "offramp-baseline.json"
    file.unlink()
    sentence = f"there is no baseline {file}: `offramp gate --accept-new` makes one"
    with pytest.raises(OfframpError, match=f"^{re.escape(sentence)}$"):
        add_to_baseline(opened(gated, DAG), str(file), "OFR301", "airflow.DAG")
    assert not file.exists()


@pytest.mark.parametrize("saved", ["", None])
def test_what_is_not_saved_is_not_accepted(gated: Path, saved: str | None) -> None:
    if saved is None:
        gated.unlink()
    else:
        gated.write_text(saved)
    file = gated.parent / "offramp-baseline.json"
    with pytest.raises(OfframpError, match=r"dag\.py: save the file first, for the baseline holds what is in files$"):
        add_to_baseline(opened(gated, DAG), str(file), "OFR301", "airflow.DAG")
    assert file.read_text() == EMPTY


# -- notebooks -----------------------------------------------------------------------


def notebook(path: Path, *cells: str) -> Checked:
    """A notebook as one of its cells, the last, shows it; cells have versions 1, 2, …"""
    uris = [f"vscode-notebook-cell:{path}#{number}" for number in range(len(cells))]
    document = types.NotebookDocument(
        f"file://{path}",
        "jupyter-notebook",
        7,
        [types.NotebookCell(types.NotebookCellKind.Code, uri) for uri in uris],
    )
    items = [
        types.TextDocumentItem(uri, "python", version, cell)
        for version, (uri, cell) in enumerate(zip(uris, cells, strict=True), 1)
    ]
    text = Notebook(document, items, "utf-16").text()
    return check(text, folders(path.parent), None).seen_from(uris[-1])


def changes(action: types.CodeAction) -> dict[str, tuple[int | None, list[tuple[str, str]]]]:
    """The version and the edits of every cell that an action changes, by the number of the cell."""
    assert action.edit is not None
    return {
        change.text_document.uri.rpartition("#")[2]: (
            change.text_document.version,
            [(str(edit.range), edit.new_text) for edit in change.edits if isinstance(edit, types.TextEdit)],
        )
        for change in action.edit.document_changes or ()
        if isinstance(change, types.TextDocumentEdit)
    }


RETRIES = """\
from prefect import flow
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion as run_job
from prefect_dbt.cloud.models import TriggerJobRunOptions
"""
RETRYING = """\
@flow
async def nightly(credentials):
    options = TriggerJobRunOptions(steps_override=["dbt build"])
    "🙂"; await run_job(credentials, 1, options, retry_filtered_models_attempts=3)
"""


def test_edits_of_a_notebook_land_in_the_right_cell(dag: Path) -> None:
    checked = notebook(dag.with_suffix(".ipynb"), RETRIES, "%matplotlib inline", RETRYING)
    actions = offered(checked)
    assert changes(titled(actions, "OFR217")) == {"2": (3, [("3:80-3:81", "0")])}
    assert changes(titled(actions, "Suppress")) == {"2": (3, [("3:82-3:82", "  # noqa: OFR217")])}
    assert changes(titled(actions, "Apply all")) == {
        "2": (3, [("3:0-4:0", RETRYING.splitlines(keepends=True)[3].replace("=3)", "=0)"))])
    }


def test_what_would_become_async_in_a_notebook_is_left_to_its_user(dag: Path) -> None:
    imports, flow = TRAP.split("\n\n\n")
    actions = offered(notebook(dag.with_suffix(".ipynb"), imports, "%time nightly(None)", flow))
    assert titles(actions) == ["OFR211: by hand: Await it, and make `nightly` async", "Suppress OFR211 on line 3"]
    assert actions[0].edit is None


def test_findings_of_other_cells_get_no_actions(dag: Path) -> None:
    assert offered(notebook(dag.with_suffix(".ipynb"), TRAP, "print()")) == []


def test_a_diagnostic_is_of_its_own_cell(dag: Path) -> None:
    checked = notebook(dag.with_suffix(".ipynb"), TRAP, TRAP)
    assert [checked.text.location(*finding.span).range for finding in checked.result.findings] == [
        types.Range(types.Position(6, 4), types.Position(6, 11))
    ] * 2
    diagnostic = types.Diagnostic(types.Range(types.Position(6, 4), types.Position(6, 11)), "", code="OFR211")
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(checked.uri), at(0), types.CodeActionContext([diagnostic])
    )
    suppress = titled(Actions(checked, Abilities(ONLY_EDITS)).offered(params), "Suppress")
    assert changes(suppress) == {"1": (2, [("6:56-6:56", "  # noqa: OFR211")])}


def test_dags_in_notebooks_stay(dag: Path) -> None:
    (dag.parent / "offramp.toml").write_text('airflow-version = "3.0.6"\nconvert-dags = true\n')
    mixed = notebook(dag.with_suffix(".ipynb"), DAG, RETRIES + RETRYING)
    assert set(changes(titled(offered(mixed), "Apply all"))) == {"1"}
    assert titles(offered(notebook(dag.with_suffix(".ipynb"), DAG))) == [
        "OFR101: by hand: Convert this DAG to a Prefect flow",
        "Suppress OFR101 on line 7",
    ]
