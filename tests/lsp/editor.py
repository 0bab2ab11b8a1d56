"""A real client of the installed ``offramp server``, over stdio."""

from __future__ import annotations

import asyncio
import sysconfig
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

from offramp.frontends.lsp.documents import uri_of

COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")
PATIENCE = 20.0
MARKDOWN = types.MarkupKind.Markdown


def abilities(
    *encodings: str, pulls: bool = False, watches: bool = False, plain: bool = False
) -> types.ClientCapabilities:
    """What a client can do; a ``plain`` one shows nothing but messages and ranges."""
    shown = types.PublishDiagnosticsClientCapabilities(
        related_information=not plain,
        code_description_support=not plain,
        version_support=True,
        tag_support=None if plain else types.ClientDiagnosticsTagOptions(list(types.DiagnosticTag)),
    )
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=[*encodings]) if encodings else None,
        text_document=types.TextDocumentClientCapabilities(
            synchronization=types.TextDocumentSyncClientCapabilities(did_save=True),
            publish_diagnostics=shown,
            diagnostic=types.DiagnosticClientCapabilities(related_information=not plain) if pulls else None,
            hover=types.HoverClientCapabilities(content_format=[MARKDOWN]),
            code_action=types.CodeActionClientCapabilities(),
        ),
        notebook_document=types.NotebookDocumentClientCapabilities(types.NotebookDocumentSyncClientCapabilities()),
        workspace=types.WorkspaceClientCapabilities(
            workspace_folders=True,
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=watches),
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=pulls),
        ),
        window=types.WindowClientCapabilities(work_done_progress=True),
    )


class Editor:
    """An editor with some folders open, the first of which is ``root``."""

    server: types.ServerCapabilities

    def __init__(self, client: LanguageClient, roots: Sequence[Path]) -> None:
        self.client = client
        self.root, *self.others = roots
        self.registered: list[types.Registration] = []
        client.feature(types.CLIENT_REGISTER_CAPABILITY)(partial(self._register))
        self._versions: dict[str, int] = {}
        self.progress: defaultdict[types.ProgressToken, list[dict[str, Any]]] = defaultdict(list)
        # pytest-lsp takes progress of work, but no parts of results.
        client.protocol.fm.features[types.PROGRESS] = self._note_progress

    def _note_progress(self, params: types.ProgressParams) -> None:
        assert params.value is not None
        self.progress[params.token].append(params.value)

    def _register(self, params: types.RegistrationParams) -> None:
        self.registered += params.registrations

    def uri(self, name: str) -> str:
        """The URI of a file in the first folder."""
        return uri_of(str(self.root / name))

    def write(self, name: str, text: str) -> Path:
        """Write a file in the first folder, and say so as a watcher would."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        event = types.FileEvent(uri_of(str(path)), types.FileChangeType.Changed)
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        return path

    def open(self, name: str, text: str, language: str = "python") -> str:
        """Open a text under a file's name, or under a URI, and return the URI."""
        uri = name if ":" in name else self.uri(name)
        self._versions[uri] = 1
        item = types.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def type(self, uri: str, *changes: tuple[tuple[int, int], tuple[int, int], str] | str) -> None:
        """Change ranges (from, to, text), one after the other, or the whole text."""
        self._versions[uri] += 1
        events: list[types.TextDocumentContentChangeEvent] = []
        for change in changes:
            if isinstance(change, str):
                events.append(types.TextDocumentContentChangeWholeDocument(change))
            else:
                start, end, text = change
                place = types.Range(types.Position(*start), types.Position(*end))
                events.append(types.TextDocumentContentChangePartial(range=place, text=text))
        identifier = types.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, events))

    def close(self, uri: str) -> None:
        """Close a document."""
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def shown(self, uri: str) -> list[types.Diagnostic]:
        """The diagnostics that were pushed last."""
        return list(self.client.diagnostics.get(uri, ()))

    async def shows(self, uri: str, *codes: str) -> list[types.Diagnostic]:
        """The diagnostics that are pushed for a document, once they have these codes."""
        await self.until(lambda: uri in self.client.diagnostics and codes_of(self.shown(uri)) == list(codes))
        return self.shown(uri)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to hold."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "it never came"
            await asyncio.sleep(0.005)

    async def pulled(self, uri: str, previous: str | None = None) -> types.DocumentDiagnosticReport:
        """What the server answers when it is asked for a document's diagnostics."""
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=previous)
        return await self.client.text_document_diagnostic_async(params)


def codes_of(diagnostics: Sequence[types.Diagnostic]) -> list[str]:
    """The codes of diagnostics, in order."""
    return [str(one.code) for one in diagnostics]


def places_of(diagnostics: Sequence[types.Diagnostic]) -> list[tuple[str, int, int, int, int]]:
    """(code, line, character, line, character) of diagnostics."""
    return [
        (str(one.code), one.range.start.line, one.range.start.character, one.range.end.line, one.range.end.character)
        for one in diagnostics
    ]


@asynccontextmanager
async def editing(*roots: Path, capabilities: types.ClientCapabilities) -> AsyncIterator[Editor]:
    """An editor, until it leaves as it should."""
    client = await ClientServerConfig([COMMAND, "server"]).start()
    assert isinstance(client, LanguageClient)
    editor = Editor(client, roots)
    folders = [types.WorkspaceFolder(uri_of(str(root)), root.name) for root in roots]
    answer = await client.initialize_session(types.InitializeParams(capabilities, workspace_folders=folders))
    editor.server = answer.capabilities
    try:
        yield editor
    finally:
        await client.shutdown_session()
        await client.stop()  # type: ignore[no-untyped-call]
