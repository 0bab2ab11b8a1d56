"""Folders, configuration that changes, baselines and notebooks, by a client that counts bytes and watches files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from lsprotocol import types

from lsp.editor import Editor, abilities, codes_of, editing, places_of
from lsp.test_diagnostics import DAG, FLOW
from offramp.frontends.lsp.documents import uri_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTE = """\
{% section ours %}
## operator
OurDbtOperator
## module
ours.operators
## code
OFR801 our-operator
## message
`{operator}` is ours
{% endsection %}
"""
OURS = "from ours.operators import OurDbtOperator\nOurDbtOperator(task_id='x')\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    (first / "offramp.toml").write_text("")
    (second / "offramp.toml").write_text("ignore = ['OFR211']\n")
    (first / "nested").mkdir()
    (first / "nested" / "offramp.toml").write_text("ignore = ['OFR101']\n")
    async with editing(first, second, capabilities=abilities("utf-8", watches=True, plain=True)) as editor:
        yield editor


async def test_columns_count_bytes(editor: Editor) -> None:
    assert editor.server.position_encoding == "utf-8"
    uri = editor.open("wide.py", DAG.replace("run =", "漢, 字 = '😀',"))
    assert places_of(await editor.shows(uri, "OFR101")) == [("OFR101", 7, 23, 7, 45)]


async def test_what_the_client_does_not_understand_is_left_out(editor: Editor) -> None:
    (found,) = await editor.shows(editor.open("unused.py", "import os  # noqa: OFR101\n"), "OFR902")
    assert (found.code_description, found.tags, found.related_information) == (None, None, None)


async def test_files_that_matter_are_asked_to_be_watched(editor: Editor) -> None:
    (registered,) = editor.registered
    assert registered.method == "workspace/didChangeWatchedFiles"


async def test_each_folder_has_its_configuration(editor: Editor) -> None:
    await editor.shows(editor.open("flow.py", FLOW), "OFR211")
    await editor.shows(editor.open(uri_of(str(editor.others[0] / "flow.py")), FLOW))
    await editor.shows(editor.open("nested/dag.py", DAG))
    await editor.shows(editor.open("nested/flow.py", FLOW), "OFR211")


async def test_open_documents_follow_changed_configuration(editor: Editor) -> None:
    dag, nested = editor.open("one.py", DAG), editor.open("nested/one.py", DAG)
    await editor.shows(dag, "OFR101")
    editor.write("offramp.toml", "ignore = ['OFR101']\n")
    await editor.shows(dag)
    editor.write("nested/offramp.toml", "")
    await editor.shows(nested, "OFR101")
    editor.write("offramp.toml", "exclude = ['one.py']\n")
    await editor.shows(dag)
    editor.write("offramp.toml", "")
    await editor.shows(dag, "OFR101")


async def test_a_client_that_watches_nothing_is_up_to_date_when_it_saves_or_opens(editor: Editor) -> None:
    uri = editor.open("saved.py", FLOW)
    await editor.shows(uri, "OFR211")
    (editor.root / "offramp.toml").write_text("ignore = ['OFR211']\n")
    editor.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
    await editor.shows(uri)
    (editor.root / "offramp.toml").write_text("")
    editor.open("opened.py", "x = 1\n")
    await editor.shows(uri, "OFR211")


async def test_an_untitled_document_is_configured_as_the_first_folder(editor: Editor) -> None:
    editor.write("offramp.toml", "ignore = ['OFR211']\n")
    await editor.shows(editor.open("untitled:Untitled-1", DAG + FLOW), "OFR101")
    editor.write("offramp.toml", "")
    await editor.shows("untitled:Untitled-1", "OFR101", "OFR211")


async def test_bad_configuration_is_said_once_and_the_last_good_one_holds(editor: Editor) -> None:
    editor.write("offramp.toml", "ignore = ['OFR101']\n")
    uri = editor.open("two.py", DAG + FLOW)
    await editor.shows(uri, "OFR211")
    editor.write("offramp.toml", "ignore = ['OFR101']\nselekt = []\n")
    await editor.until(lambda: bool(editor.client.messages))
    editor.type(uri, DAG)
    await editor.shows(uri)
    editor.type(uri, FLOW)
    await editor.shows(uri, "OFR211")
    path = editor.root / "offramp.toml"
    assert [one.message for one in editor.client.messages] == [
        f"offramp: {path}:2: there is no option `selekt`; did you mean `select`?"
    ]
    editor.client.messages.clear()
    editor.write("offramp.toml", "")


async def test_notes_are_read_when_they_change(editor: Editor) -> None:
    uri = editor.open("ours.py", OURS)
    await editor.shows(uri)
    editor.write("notes/ours.md", NOTE)
    editor.write("offramp.toml", "notes = ['notes/*.md']\n")
    (found,) = await editor.shows(uri, "OFR801")
    assert found.message == "`OurDbtOperator` is ours"
    editor.write("notes/ours.md", NOTE.replace("is ours", "is theirs"))
    await editor.until(lambda: [one.message for one in editor.shown(uri)] == ["`OurDbtOperator` is theirs"])
    editor.write("notes/ours.md", NOTE.replace("OFR801", "OFR900"))
    await editor.until(lambda: bool(editor.client.messages))
    assert editor.client.messages[0].message.startswith(f"offramp: {editor.root / 'notes' / 'ours.md'}:7: ")
    editor.client.messages.clear()
    editor.write("offramp.toml", "")
    await editor.shows(uri)


async def test_what_the_baseline_accepts_is_a_hint(editor: Editor) -> None:
    uri = editor.open("accepted.py", DAG + DAG.partition("\n\n")[2])
    before = await editor.shows(uri, "OFR101", "OFR101")
    assert {one.severity for one in before} == {types.DiagnosticSeverity.Information}
    print_ = "DbtCloudRunJobOperator(task_id='run', job_id=1)"
    entry = f'{{"path": "accepted.py", "code": "OFR101", "name": "{print_}"}}'
    editor.write("offramp-baseline.json", f'[{{"offramp-baseline": 1}}\n,{entry}\n]\n')
    hint, information = types.DiagnosticSeverity.Hint, types.DiagnosticSeverity.Information
    await editor.until(lambda: [one.severity for one in editor.shown(uri)] == [hint, information])
    editor.write("offramp-baseline.json", "no baseline")
    await editor.until(lambda: bool(editor.client.messages))
    await editor.until(lambda: [one.severity for one in editor.shown(uri)] == [information, information])
    editor.client.messages.clear()
    (editor.root / "offramp-baseline.json").unlink()


async def test_folders_come_and_go(editor: Editor, tmp_path_factory: pytest.TempPathFactory) -> None:
    third = tmp_path_factory.mktemp("third")
    (third / "offramp.toml").write_text("ignore = ['OFR101']\n")
    folder = types.WorkspaceFolder(uri_of(str(third)), "third")
    event = types.WorkspaceFoldersChangeEvent(added=[folder], removed=[])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    await editor.shows(editor.open(uri_of(str(third / "dag.py")), DAG))
    event = types.WorkspaceFoldersChangeEvent(added=[], removed=[folder])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    # Outside of all folders, too, the nearest configuration counts.
    await editor.shows(editor.open(uri_of(str(third / "more.py")), DAG))
    await editor.shows(editor.open("still.py", DAG), "OFR101")


# -- notebooks ---------------------------------------------------------------------

NOTEBOOK = "book.ipynb"


def cell(editor: Editor, number: int) -> str:
    return f"vscode-notebook-cell://{editor.root}/{NOTEBOOK}#{number}"


def open_notebook(editor: Editor, *texts: str, markup: int = -1) -> str:
    uri = editor.uri(NOTEBOOK)
    kinds = types.NotebookCellKind
    cells = [
        types.NotebookCell(kinds.Markup if number == markup else kinds.Code, cell(editor, number))
        for number in range(len(texts))
    ]
    items = [
        types.TextDocumentItem(cell(editor, number), "markdown" if number == markup else "python", 1, text)
        for number, text in enumerate(texts)
    ]
    book = types.NotebookDocument(uri, "jupyter-notebook", 1, cells)
    editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(book, items))
    return uri


def change_notebook(editor: Editor, version: int, change: types.NotebookDocumentCellChanges) -> None:
    identifier = types.VersionedNotebookDocumentIdentifier(version, editor.uri(NOTEBOOK))
    event = types.NotebookDocumentChangeEvent(cells=change)
    editor.client.notebook_document_did_change(types.DidChangeNotebookDocumentParams(identifier, event))


def close_notebook(editor: Editor, *numbers: int) -> None:
    cells = [types.TextDocumentIdentifier(cell(editor, number)) for number in numbers]
    identifier = types.NotebookDocumentIdentifier(editor.uri(NOTEBOOK))
    editor.client.notebook_document_did_close(types.DidCloseNotebookDocumentParams(identifier, cells))


async def test_cells_of_a_notebook_are_one_text_and_show_their_own_findings(editor: Editor) -> None:
    imports, rest = FLOW.split("\n\n")
    open_notebook(editor, f"%pip install prefect\n{imports}", "# *dbt*", f"é = !ls\n{rest}", "x?", markup=1)
    found = await editor.shows(cell(editor, 2), "OFR211")
    assert places_of(found) == [("OFR211", 3, 4, 3, 53)]
    assert editor.shown(cell(editor, 0)) == []
    assert cell(editor, 1) not in editor.client.diagnostics
    close_notebook(editor, 0, 1, 2, 3)
    await editor.shows(cell(editor, 2))


async def test_a_notebook_follows_what_is_typed_and_moved(editor: Editor) -> None:
    imports, rest = FLOW.split("\n\n")
    open_notebook(editor, imports, "x = 1")
    await editor.shows(cell(editor, 1))
    edit = types.TextDocumentContentChangePartial(
        range=types.Range(types.Position(0, 0), types.Position(0, 5)), text=rest
    )
    typed = types.NotebookDocumentCellContentChanges(types.VersionedTextDocumentIdentifier(2, cell(editor, 1)), [edit])
    change_notebook(editor, 2, types.NotebookDocumentCellChanges(text_content=[typed]))
    await editor.shows(cell(editor, 1), "OFR211")
    # Without the cell of imports nothing is known of the call.
    array = types.NotebookCellArrayChange(0, 1, [])
    gone = [types.TextDocumentIdentifier(cell(editor, 0))]
    structure = types.NotebookDocumentCellChangeStructure(array, did_close=gone)
    change_notebook(editor, 3, types.NotebookDocumentCellChanges(structure=structure))
    await editor.shows(cell(editor, 1))
    assert codes_of(editor.shown(cell(editor, 0))) == []
    close_notebook(editor, 1)


async def test_a_broken_cell_is_shown_where_it_breaks(editor: Editor) -> None:
    open_notebook(editor, FLOW, "def (\n")
    await editor.shows(cell(editor, 1), "OFR901")
    assert editor.shown(cell(editor, 0)) == []
    close_notebook(editor, 0, 1)
