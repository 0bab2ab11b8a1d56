"""Actions as a real client of the installed ``offramp server`` gets them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp.editor import Editor, abilities, editing
from lsp.test_actions import AWAITED, AWAITING, DAG, FLOW, FORGOTTEN, RETRIES, RETRYING, TRAP, UNDECIDED
from lsp.without_server import edited, edits_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

_EVERYTHING = types.Range(types.Position(0, 0), types.Position(10_000, 0))


def capabilities() -> types.ClientCapabilities:
    """Those of an editor that does what the protocol has for actions."""
    can = abilities("utf-8", "utf-16")
    assert can.workspace is not None
    assert can.text_document is not None
    can.workspace.workspace_edit = types.WorkspaceEditClientCapabilities(
        document_changes=True,
        resource_operations=[types.ResourceOperationKind.Create],
        change_annotation_support=types.ChangeAnnotationsSupportOptions(),
    )
    can.text_document.code_action = types.CodeActionClientCapabilities(
        data_support=True, resolve_support=types.ClientCodeActionResolveOptions(["edit"])
    )
    return can


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor with a project of Airflow 3.0.6 open."""
    root = tmp_path_factory.mktemp("acted")
    (root / "offramp.toml").write_text('airflow-version = "3.0.6"\nextend-select = ["OFR301"]\n')
    async with editing(root, capabilities=capabilities()) as opened:
        converter = opened.client.protocol._converter
        # lsprotocol takes an action that has a command for the command.
        converter.register_structure_hook(
            types.Command | types.CodeAction, lambda found, _: converter.structure(found, types.CodeAction)
        )
        yield opened


async def asked(editor: Editor, uri: str, only: Sequence[str] | None = None) -> dict[str, types.CodeAction]:
    """The actions for a whole document, by title."""
    context = types.CodeActionContext(editor.shown(uri), only=only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), _EVERYTHING, context)
    actions = await editor.client.text_document_code_action_async(params) or []
    found = {action.title: action for action in actions if isinstance(action, types.CodeAction)}
    assert len(found) == len(actions)
    return found


async def run(editor: Editor, action: types.CodeAction) -> None:
    """Run the command of an action."""
    assert action.command is not None
    params = types.ExecuteCommandParams(action.command.command, action.command.arguments)
    await editor.client.workspace_execute_command_async(params)


async def test_the_kinds_and_commands_are_declared(editor: Editor) -> None:
    options = editor.server.code_action_provider
    assert isinstance(options, types.CodeActionOptions)
    assert options.resolve_provider is True
    assert list(options.code_action_kinds or ()) == ["quickfix", "refactor.rewrite.offramp", "source.fixAll.offramp"]
    assert editor.server.execute_command_provider is not None
    assert sorted(editor.server.execute_command_provider.commands) == ["offramp.addToBaseline", "offramp.explain"]


async def test_a_fix_is_resolved_and_made(editor: Editor) -> None:
    uri = editor.open("fixed.py", TRAP)
    (diagnostic,) = await editor.shows(uri, "OFR211")
    fix = (await asked(editor, uri))[f"OFR211: Await it, and make `nightly` async (unsafe: {AWAITING})"]
    assert fix.edit is None
    assert list(fix.diagnostics or ()) == [diagnostic]
    fix = await editor.client.code_action_resolve_async(fix)
    new = edited(TRAP, edits_of(fix, uri), "utf-8")
    assert new == AWAITED
    editor.type(uri, new)
    await editor.shows(uri)
    assert await asked(editor, uri) == {}


async def test_actions_are_for_the_text_as_it_is_and_not_as_it_was_checked(editor: Editor) -> None:
    uri = editor.open("typed.py", "")
    editor.type(uri, TRAP)
    assert "Suppress OFR211 on line 7" in await asked(editor, uri)
    editor.type(uri, ((0, 0), (0, 0), "\n"))
    action = (await asked(editor, uri))["Suppress OFR211 on line 8"]
    resolved = await editor.client.code_action_resolve_async(action)
    assert edited("\n" + TRAP, edits_of(resolved, uri), "utf-8") == "\n" + TRAP.replace("=1)", "=1)  # noqa: OFR211")


async def test_an_action_for_an_older_text_is_not_resolved(editor: Editor) -> None:
    uri = editor.open("older.py", TRAP)
    action = (await asked(editor, uri))["Suppress OFR211 on line 7"]
    editor.type(uri, ((0, 0), (0, 0), "\n"))
    with pytest.raises(JsonRpcException, match="the document has changed since") as caught:
        await editor.client.code_action_resolve_async(action)
    assert caught.value.code == types.LSPErrorCodes.ContentModified


async def test_everything_safe_is_fixed_at_once(editor: Editor) -> None:
    uri = editor.open("all.py", FORGOTTEN)
    (action,) = (await asked(editor, uri, ["source.fixAll"])).values()
    resolved = await editor.client.code_action_resolve_async(action)
    assert edited(FORGOTTEN, edits_of(resolved, uri), "utf-8") == FORGOTTEN.replace(", deferrable=True", "")


async def test_a_dag_is_converted_in_place_and_beside_itself(editor: Editor) -> None:
    uri = editor.open("nightly.py", DAG)
    actions = await asked(editor, uri)
    in_place = await editor.client.code_action_resolve_async(actions["OFR101: Convert this DAG to a Prefect flow"])
    assert in_place.is_preferred is True
    assert edited(DAG, edits_of(in_place, uri), "utf-8") == FLOW
    assert in_place.edit is not None
    assert [note.needs_confirmation for note in (in_place.edit.change_annotations or {}).values()] == [True]
    beside = actions["Convert this DAG to a Prefect flow, in a new file nightly_flow.py"]
    beside = await editor.client.code_action_resolve_async(beside)
    new = editor.uri("nightly_flow.py")
    assert edited("", edits_of(beside, new), "utf-8") == FLOW


async def test_why_there_is_no_fix_is_said(editor: Editor) -> None:
    uri = editor.open("why.py", FORGOTTEN)
    why = (await asked(editor, uri))[f"OFR101: no fix: {UNDECIDED}"]
    editor.client.messages.clear()
    await run(editor, why)
    await editor.until(lambda: bool(editor.client.messages))
    (message,) = editor.client.messages
    assert message.type == types.MessageType.Info
    assert f"- line 7: {UNDECIDED}\n" in message.message


async def test_a_finding_goes_into_the_baseline_once_its_file_is_saved(editor: Editor) -> None:
    title = "Add OFR301 to the baseline: `airflow.DAG` is imported from Airflow"
    editor.client.messages.clear()
    uri = editor.open("gated.py", DAG)
    await run(editor, (await asked(editor, uri))[title])
    baseline = editor.root / "offramp-baseline.json"
    await editor.until(lambda: len(editor.client.messages) == 1)
    assert editor.client.messages[0].message == (
        f"offramp: there is no baseline {baseline}: `offramp gate --accept-new` makes one"
    )
    editor.write("offramp-baseline.json", '[{"offramp-baseline": 1}\n]\n')
    await run(editor, (await asked(editor, uri))[title])
    await editor.until(lambda: len(editor.client.messages) == 2)
    assert editor.client.messages[1].message == (
        f"offramp: {editor.root / 'gated.py'}: save the file first, for the baseline holds what is in files"
    )
    editor.write("gated.py", DAG)
    await run(editor, (await asked(editor, uri))[title])
    assert json.loads(baseline.read_text())[1:] == [{"path": "gated.py", "code": "OFR301", "name": "airflow.DAG"}]
    await editor.until(lambda: hints(editor, uri) == ["OFR301"])
    assert title not in await asked(editor, uri)


def hints(editor: Editor, uri: str) -> list[object]:
    """The codes of findings that are shown as accepted."""
    return [one.code for one in editor.shown(uri) if one.severity == types.DiagnosticSeverity.Hint]


async def test_a_notebook_is_fixed_in_its_cells(editor: Editor) -> None:
    uris = [f"vscode-notebook-cell:{editor.root}/a.ipynb#{number}" for number in range(2)]
    cells = [types.NotebookCell(types.NotebookCellKind.Code, uri) for uri in uris]
    texts = zip(uris, (RETRIES, RETRYING), strict=True)
    items = [types.TextDocumentItem(uri, "python", 1, text) for uri, text in texts]
    notebook = types.NotebookDocument(editor.uri("a.ipynb"), "jupyter-notebook", 1, cells)
    editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, items))
    await editor.shows(uris[1], "OFR217")
    actions = await asked(editor, uris[1], ["quickfix"])
    fix = next(action for title, action in actions.items() if title.startswith("OFR217"))
    resolved = await editor.client.code_action_resolve_async(fix)
    assert edited(RETRYING, edits_of(resolved, uris[1]), "utf-8") == RETRYING.replace("=3)", "=0)")


async def test_an_untitled_document_is_fixed_but_not_converted_beside_itself(editor: Editor) -> None:
    text = DAG.replace("nightly", "untitled")
    uri = editor.open("untitled:Untitled-1", text)
    actions = await asked(editor, uri)
    assert [title for title in actions if "new file" in title] == []
    fix = await editor.client.code_action_resolve_async(actions["OFR101: Convert this DAG to a Prefect flow"])
    assert edited(text, edits_of(fix, uri), "utf-8") == FLOW.replace("nightly", "untitled")


async def test_nonsense_is_answered_with_an_error_and_survived(editor: Editor) -> None:
    uri = editor.open("nonsense.py", TRAP)
    for data in (None, 1, {"uri": uri}, {"uri": uri, "version": 1, "key": "fix:99"}, {"uri": "x", "version": 1}):
        with pytest.raises(JsonRpcException):
            await editor.client.code_action_resolve_async(types.CodeAction("?", data=data))
    assert "Suppress OFR211 on line 7" in await asked(editor, uri)
