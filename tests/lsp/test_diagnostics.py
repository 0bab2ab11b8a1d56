"""What is pushed to an editor, by one server for all tests of this file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from lsp.editor import Editor, abilities, codes_of, editing, places_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEAD = """\
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor

with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
"""
DAG = f"{HEAD}    run = DbtCloudRunJobOperator(task_id='run', job_id=1)\n"
FLOW = """\
from prefect import flow
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion

@flow
def nightly():
    trigger_dbt_cloud_job_run_and_wait_for_completion(dbt_cloud_credentials=None, job_id=1)
"""
AT_END = (8, 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    root = tmp_path_factory.mktemp("folder")
    (root / "pyproject.toml").write_text("[tool.offramp]\nairflow-version = '3.0.6'\nexclude = ['left_out']\n")
    async with editing(root, capabilities=abilities()) as editor:
        yield editor


async def test_a_finding_says_what_it_is_and_links_to_its_page(editor: Editor) -> None:
    uri = editor.open("flow.py", FLOW)
    (found,) = await editor.shows(uri, "OFR211")
    assert found.range == types.Range(types.Position(5, 4), types.Position(5, 53))
    assert found.source == "offramp"
    assert found.severity == types.DiagnosticSeverity.Warning
    assert found.code_description == types.CodeDescription("https://offramp.readthedocs.io/rules/OFR211/")
    assert found.message.startswith("`trigger_dbt_cloud_job_run_and_wait_for_completion` is not awaited")


async def test_no_message_shows_an_api_key(editor: Editor) -> None:
    key = "q03zT7Jw.03-mX4vR9y"
    uri = editor.open("keys.py", f"{DAG}    DBT_TOKEN = '{key}'\n".replace("job_id=1", f"job_id='{key}'"))
    (found,) = await editor.shows(uri, "OFR101")
    assert "dbt Cloud job `***`" in found.message
    assert key not in str(found)


async def test_what_works_is_only_noted(editor: Editor) -> None:
    (found,) = await editor.shows(editor.open("works.py", DAG), "OFR101")
    assert found.severity == types.DiagnosticSeverity.Information


async def test_findings_follow_what_is_typed(editor: Editor) -> None:
    uri = editor.open("typed.py", DAG)
    await editor.shows(uri, "OFR101")
    editor.type(uri, (AT_END, AT_END, "    more = DbtCloudRunJobOperator(task_id='more', job_id=2)\n"))
    assert [place[1] for place in places_of(await editor.shows(uri, "OFR101", "OFR101"))] == [7, 8]
    editor.type(uri, ((0, 0), (0, 0), "# 1\n"), ((0, 0), (0, 0), "# 2\n"), ((9, 0), (10, 0), ""))
    assert [place[1] for place in places_of(await editor.shows(uri, "OFR101"))] == [9]
    editor.type(uri, "")
    await editor.shows(uri)


async def test_a_syntax_error_keeps_the_last_good_findings(editor: Editor) -> None:
    text = DAG + "    more = DbtCloudRunJobOperator(task_id='more', job_id=2)\n"
    uri = editor.open("broken.py", text)
    await editor.shows(uri, "OFR101", "OFR101")
    editor.type(uri, (AT_END, AT_END, "    def (\n"))
    kept = await editor.shows(uri, "OFR101", "OFR101", "OFR901")
    assert [place[1:] for place in places_of(kept)] == [(7, 10, 7, 32), (9, 11, 9, 33), (8, 8, 8, 8)]
    assert kept[2].severity == types.DiagnosticSeverity.Error
    # What is changed itself is not kept, and the other findings still move.
    editor.type(uri, ((7, 10), (7, 13), "x"))
    moved = await editor.shows(uri, "OFR101", "OFR901")
    assert [place[1:] for place in places_of(moved)] == [(9, 11, 9, 33), (8, 8, 8, 8)]
    editor.type(uri, text)
    await editor.shows(uri, "OFR101", "OFR101")


async def test_what_cannot_be_offramps_business_may_be_broken(editor: Editor) -> None:
    await editor.shows(editor.open("unrelated.py", "def (:\n"))


async def test_only_the_last_of_a_burst_is_shown(editor: Editor) -> None:
    uri = editor.open("burst.py", "")
    for number in range(30):
        editor.type(uri, DAG if number % 2 else FLOW)
    await editor.shows(uri, "OFR101")


async def test_blockers_are_shown_where_they_are(editor: Editor) -> None:
    blocker = "    other = BashOperator(task_id='b', bash_command=open('x').read())\n"
    uri = editor.open("blocked.py", DAG + blocker)
    await editor.until(lambda: any(one.related_information for one in editor.shown(uri)))
    (found,) = editor.shown(uri)
    assert found.related_information is not None
    (related,) = found.related_information
    assert (related.location.uri, related.location.range.start.line) == (uri, 8)
    assert related.message.startswith("prevents a fix: ")


async def test_the_other_end_of_a_pair_is_shown(editor: Editor) -> None:
    text = HEAD + (
        "    run = DbtCloudRunJobOperator(task_id='run', job_id=1, wait_for_termination=False)\n"
        "    done = BashOperator(task_id='done', bash_command='true')\n"
        "    run >> done\n"
        "    two = DbtCloudRunJobOperator(task_id='two', job_id=2)\n"
        "    DbtCloudJobRunSensor(task_id='wait', run_id=two.output)\n"
    )
    uri = editor.open("pair.py", text)
    found = await editor.shows(uri, "OFR101", "OFR201", "OFR101", "OFR102", "OFR204")
    pairs = {}
    for one in (found[1], found[4]):
        assert one.related_information is not None
        pairs[one.code] = [
            (related.location.range.start.line, related.location.range.start.character, related.message)
            for related in one.related_information[:1]
        ]
    assert pairs == {
        "OFR201": [(8, 11, "`done` starts when the run is triggered, not when it has ended")],
        "OFR204": [(10, 10, "waits for the run itself, until it has ended")],
    }
    assert list(found[4].tags or ()) == [types.DiagnosticTag.Unnecessary]
    assert found[1].tags is None


async def test_an_unused_suppression_is_shown_faded(editor: Editor) -> None:
    (found,) = await editor.shows(editor.open("unused.py", "import os  # noqa: OFR101\n"), "OFR902")
    assert list(found.tags or ()) == [types.DiagnosticTag.Unnecessary]


@pytest.mark.parametrize(
    ("name", "text"),
    [("crlf", DAG.replace("\n", "\r\n")), ("cr", DAG.replace("\n", "\r")), ("mark", f"\ufeff{DAG}")],
)
async def test_line_ends_and_byte_order_marks(editor: Editor, name: str, text: str) -> None:
    uri = editor.open(f"{name}.py", text)
    found = await editor.shows(uri, "OFR101")
    assert places_of(found) == [("OFR101", 7, 10, 7, 32)]
    editor.type(uri, ((7, 56), (7, 99), ")  # é"))
    editor.type(uri, ((7, 4), (7, 7), "x"))
    await editor.until(lambda: places_of(editor.shown(uri)) == [("OFR101", 7, 8, 7, 30)])


async def test_wide_characters_and_odd_separators(editor: Editor) -> None:
    # Form feeds and line separators end no line for the protocol, whatever Python's splitlines says.
    text = DAG.replace("\nwith", "\n\x0cx = '漢字 \u2028 \x85'\nwith").replace("run = Dbt", "r = '😀', Dbt")
    uri = editor.open("wide.py", text)
    assert places_of(await editor.shows(uri, "OFR101")) == [("OFR101", 8, 14, 8, 36)]
    editor.type(uri, ((8, 8), (8, 14), ""))
    await editor.until(lambda: places_of(editor.shown(uri)) == [("OFR101", 8, 8, 8, 30)])


async def test_a_cookie_says_how_the_file_is_stored(editor: Editor) -> None:
    uri = editor.open("cookie.py", "# -*- coding: latin-1 -*-\n" + DAG.replace("'run'", "'é'").replace("run =", "é ="))
    assert places_of(await editor.shows(uri, "OFR101")) == [("OFR101", 8, 8, 8, 30)]


async def test_an_untitled_document_is_checked(editor: Editor) -> None:
    uri = editor.open("untitled:Untitled-1", DAG)
    await editor.shows(uri, "OFR101")
    editor.close(uri)
    await editor.shows(uri)


async def test_other_languages_are_left_alone(editor: Editor) -> None:
    editor.open("notes.txt", DAG, "plaintext")
    # Answered in order: what comes after has been shown.
    await editor.shows(editor.open("after.py", DAG), "OFR101")
    await asyncio.sleep(0.1)
    assert editor.uri("notes.txt") not in editor.client.diagnostics


async def test_excluded_files_are_not_checked(editor: Editor) -> None:
    await editor.shows(editor.open("left_out/dag.py", DAG))


async def test_closed_documents_show_nothing(editor: Editor) -> None:
    uri = editor.open("closed.py", DAG)
    await editor.shows(uri, "OFR101")
    editor.close(uri)
    await editor.shows(uri)


async def test_a_document_may_be_opened_again(editor: Editor) -> None:
    uri = editor.open("again.py", DAG)
    await editor.shows(uri, "OFR101")
    editor.close(uri)
    editor.open("again.py", FLOW)
    await editor.shows(uri, "OFR211")


async def test_changes_of_what_is_not_open_do_no_harm(editor: Editor) -> None:
    uri = editor.open("not_open.py", DAG)
    editor.close(uri)
    editor.type(uri, "x")
    editor.close(uri)
    await editor.shows(editor.open("still.py", DAG), "OFR101")
    assert [one.message for one in editor.client.log_messages] == []


async def test_fixtures_of_other_tests_left_no_message(editor: Editor) -> None:
    assert [one.message for one in editor.client.messages] == []


async def test_codes(editor: Editor, tmp_path: Path) -> None:
    text = DAG + "    x = DbtCloudJobRunSensor(task_id='w', run_id=1)\n"
    uri = editor.open(str((tmp_path / "outside.py").as_uri()), text)
    assert codes_of(await editor.shows(uri, "OFR101", "OFR102")) == ["OFR101", "OFR102"]
