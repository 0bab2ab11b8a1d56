"""A client that pulls, counts columns in code points, and has a folder of files that it does not open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from lsprotocol import types

from lsp.editor import Editor, abilities, codes_of, editing
from lsp.test_diagnostics import DAG, FLOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLEAN = 250


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    root = tmp_path_factory.mktemp("pulled")
    (root / "offramp.toml").write_text("airflow-version = '3.0.6'\nexclude = ['left_out']\n")
    (root / "left_out").mkdir()
    (root / "left_out" / "dag.py").write_text(DAG)
    (root / "dag.py").write_text(DAG)
    (root / "flow.py").write_text(FLOW)
    (root / "odd name;#%.py").write_text(FLOW)
    for number in range(CLEAN):
        (root / f"clean_{number}.py").write_text("x = 1\n")
    async with editing(root, capabilities=abilities("utf-32", "utf-16", pulls=True)) as editor:
        yield editor


async def everything(
    editor: Editor, known: dict[str, str] | None = None, **tokens: str
) -> dict[str, types.WorkspaceDocumentDiagnosticReport]:
    previous = [types.PreviousResultId(uri, value) for uri, value in (known or {}).items()]
    params = types.WorkspaceDiagnosticParams(
        previous, work_done_token=tokens.get("work"), partial_result_token=tokens.get("partial")
    )
    report = await editor.client.workspace_diagnostic_async(params)
    return {item.uri: item for item in report.items}


def codes(report: types.WorkspaceDocumentDiagnosticReport | types.DocumentDiagnosticReport) -> list[str]:
    assert isinstance(
        report, types.WorkspaceFullDocumentDiagnosticReport | types.RelatedFullDocumentDiagnosticReport
    ), report
    return codes_of(report.items)


def results(reports: dict[str, types.WorkspaceDocumentDiagnosticReport]) -> dict[str, str]:
    return {uri: report.result_id for uri, report in reports.items() if report.result_id is not None}


async def test_columns_are_in_the_first_encoding_that_is_offered(editor: Editor) -> None:
    assert editor.server.position_encoding == "utf-32"
    uri = editor.open("wide.py", DAG.replace("run =", "漢, 字 = '😀',"))
    report = await editor.pulled(uri)
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert [one.range for one in report.items] == [types.Range(types.Position(7, 16), types.Position(7, 38))]


async def test_a_document_is_answered_for_when_asked_and_never_pushed(editor: Editor) -> None:
    uri = editor.open("asked.py", DAG)
    assert codes(await editor.pulled(uri)) == ["OFR101"]
    editor.type(uri, FLOW)
    assert codes(await editor.pulled(uri)) == ["OFR211"]
    await asyncio.sleep(0.2)
    assert editor.client.diagnostics == {}


async def test_an_unchanged_document_is_not_sent_again(editor: Editor) -> None:
    uri = editor.open("same.py", FLOW)
    first = await editor.pulled(uri)
    assert first.result_id is not None
    again = await editor.pulled(uri, first.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    editor.type(uri, ((0, 0), (0, 0), "\n"))
    assert codes(await editor.pulled(uri, first.result_id)) == ["OFR211"]


async def test_what_is_not_open_has_no_findings(editor: Editor) -> None:
    assert codes(await editor.pulled(editor.uri("nowhere.py"))) == []


async def test_blockers_make_the_client_pull_again(editor: Editor) -> None:
    uri = editor.open("blocked.py", DAG + "    other = object()\n    other >> run\n")
    first = await editor.pulled(uri)
    answer = first
    while not isinstance(answer, types.RelatedFullDocumentDiagnosticReport) or answer is first:
        count = editor.client.diagnostic_refresh_count
        await editor.until(lambda count=count: editor.client.diagnostic_refresh_count > count)  # type: ignore[misc]
        answer = await editor.pulled(uri, first.result_id)
    assert answer.items[0].related_information


async def test_all_files_of_the_folder(editor: Editor) -> None:
    for name in ("wide", "asked", "same", "blocked"):
        editor.close(editor.uri(f"{name}.py"))
    found = await everything(editor)
    assert {uri.rpartition("/")[2]: codes(report) for uri, report in found.items()} == {
        "dag.py": ["OFR101"],
        "flow.py": ["OFR211"],
        "odd%20name%3B%23%25.py": ["OFR211"],
    }


async def test_only_what_differs_is_sent_again(editor: Editor) -> None:
    known = results(await everything(editor))
    editor.write("flow.py", FLOW.replace("nightly", "hourly"))
    editor.write("clean_1.py", FLOW)
    editor.write("dag.py", "x = 1\n")
    found = await everything(editor, known)
    assert {uri.rpartition("/")[2]: codes(report) for uri, report in found.items()} == {
        "clean_1.py": ["OFR211"],
        "dag.py": [],
        "flow.py": ["OFR211"],
    }
    (editor.root / "clean_1.py").unlink()
    editor.write("dag.py", DAG)
    found = await everything(editor, {**known, **results(found)})
    assert {uri.rpartition("/")[2]: codes(report) for uri, report in found.items()} == {
        "clean_1.py": [],
        "dag.py": ["OFR101"],
    }


async def test_open_documents_count_as_they_are_typed(editor: Editor) -> None:
    known = results(await everything(editor))
    uri = editor.open("clean_2.py", "x = 1\n")
    asked = asyncio.create_task(everything(editor, known))
    await asyncio.sleep(0.3)
    assert not asked.done(), "a client that knows everything is answered when something changes"
    editor.type(uri, FLOW)
    found = await asked
    assert {uri: codes(report) for uri, report in found.items()} == {uri: ["OFR211"]}
    editor.close(uri)
    assert codes((await everything(editor, {**known, **results(found)}))[uri]) == []


async def test_results_come_piece_by_piece_and_progress_is_shown(editor: Editor) -> None:
    assert await everything(editor, partial="piece", work="bar") == {}
    items = [item for piece in editor.progress["piece"] for item in piece["items"]]
    assert sorted(item["uri"].rpartition("/")[2] for item in items) == [
        "dag.py",
        "flow.py",
        "odd%20name%3B%23%25.py",
    ]
    bar = editor.progress["bar"]
    assert [value["kind"] for value in bar] == ["begin", *["report"] * (len(bar) - 2), "end"]
    assert all(0 <= value["percentage"] <= 100 for value in bar[:-1])


async def test_a_request_can_be_cancelled(editor: Editor) -> None:
    known = results(await everything(editor))
    asked = asyncio.create_task(everything(editor, known))
    await asyncio.sleep(0.1)
    number = next(iter(editor.client.protocol._request_futures))
    editor.client.cancel_request(types.CancelParams(number))
    with pytest.raises(Exception, match="cancel"):
        await asked
    assert codes(await editor.pulled(editor.open("after.py", FLOW))) == ["OFR211"]


async def test_new_configuration_makes_the_client_pull_again(editor: Editor) -> None:
    uri = editor.open("configured.py", FLOW)
    first = await editor.pulled(uri)
    before = editor.client.diagnostic_refresh_count
    editor.write("offramp.toml", "ignore = ['OFR211']\n")
    await editor.until(lambda: editor.client.diagnostic_refresh_count > before)
    assert codes(await editor.pulled(uri, first.result_id)) == []
