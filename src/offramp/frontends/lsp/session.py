"""Tells what the server does for its client, message by message; see the package for the layer rule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError

from offramp.frontends.lsp.checks import Good, check, is_broken
from offramp.frontends.lsp.diagnostics import Shape
from offramp.frontends.lsp.documents import Checked, Document, Documents, Notebook, path_of
from offramp.frontends.lsp.folders import Folders
from offramp.frontends.lsp.stdio import leave_with
from offramp.frontends.lsp.workspace_findings import Everything
from offramp.settings import PYTHON_ENDINGS, forget_settings

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

P = ParamSpec("P")
T = TypeVar("T")

# Seconds without a change before a text is checked, and before its fixes are planned, to show what prevents them.
_CHECK_AFTER = 0.02
_PLAN_AFTER = 0.5
_RELOAD_AFTER = 0.1
_WATCHED = ("**/*.{py,pyi,pyw}", "**/*.{toml,md,json,lock,txt,cfg}", "**/Pipfile")


class Session:
    """One client, its documents and folders.

    Messages are taken by the event loop; all that reads files or analyses code runs in
    one thread beside it, piece by piece, so that requests can be cancelled.
    """

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self.documents = Documents()
        self.folders = Folders((), self.say)
        self.generation = 0
        # The texts of files that are open, by path, and how often one changed that others import.
        self._unsaved: dict[str, bytes] = {}
        self._imported = 0
        self.shape = Shape(types.ClientCapabilities())
        self.pulls = False
        self.stopped = False
        self.changed = asyncio.Event()
        self._everything = Everything(self)
        self._known: dict[str, _Known] = {}
        self._thread = ThreadPoolExecutor(1, "offramp")
        self._loop: asyncio.AbstractEventLoop
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the client comes and goes -------------------------------------------------

    def initialize(self, params: types.InitializeParams) -> None:
        """Learn what the client can do, and which folders it has open."""
        self._loop = asyncio.get_running_loop()
        capabilities = params.capabilities
        self.shape = Shape(capabilities)
        encoding = self.server.workspace.position_encoding
        self.documents.encoding = str(getattr(encoding, "value", encoding))
        document = capabilities.text_document
        self.pulls = document is not None and document.diagnostic is not None
        self._reload()
        if params.process_id is not None:
            leave_with(params.process_id)

    def initialized(self, _params: types.InitializedParams) -> None:
        """Ask to hear of changed files, where the client offers that, and read the configuration meanwhile."""
        files = self._workspace_abilities().did_change_watched_files
        if files is not None and files.dynamic_registration:
            watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("offramp", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            self.server.client_register_capability(types.RegistrationParams([registration]))
        self._start(self.apart(self.folders.load))

    def shutdown(self, _params: None) -> None:
        """The client is about to leave."""
        self.stopped = True

    # -- documents -----------------------------------------------------------------

    def open(self, params: types.DidOpenTextDocumentParams) -> None:
        """A document was opened."""
        self._typed(self.documents.open(params.text_document), 0)
        self._start(self._notice_configuration())

    def change(self, params: types.DidChangeTextDocumentParams) -> None:
        """A document was typed into."""
        document = self.documents.get(params.text_document.uri)
        if isinstance(document, Document):
            document.change(params.content_changes, params.text_document.version)
            self._typed(document, _CHECK_AFTER)

    def save(self, params: types.DidSaveTextDocumentParams) -> None:
        """A document was written; the client may watch no files."""
        self._written(path_of(params.text_document.uri))
        self._start(self._notice_configuration())

    def close(self, params: types.DidCloseTextDocumentParams) -> None:
        """A document was closed: its findings are shown no longer."""
        self._closed(params.text_document.uri, [params.text_document.uri])

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """A notebook was opened."""
        self._typed(self.documents.open_notebook(params), 0)

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """A notebook was typed into, or has other cells."""
        gone = self.documents.change_notebook(params)
        notebook = self.documents.get(params.notebook_document.uri)
        if notebook is not None:
            self._clear(gone)
            self._typed(notebook, _CHECK_AFTER)

    def close_notebook(self, params: types.DidCloseNotebookDocumentParams) -> None:
        """A notebook was closed."""
        notebook = self.documents.get(params.notebook_document.uri)
        self._closed(params.notebook_document.uri, notebook.uris if notebook is not None else [])

    def _closed(self, uri: str, shown: Iterable[str]) -> None:
        document = self.documents.get(uri)
        self.documents.close(uri)
        if isinstance(document, Document) and self._unsaved.pop(document.path, None) is not None:
            self._changed_for_others(document)
        self._known.pop(uri, None)
        for purpose in ("check", "plan"):
            self._stop_timer(f"{purpose} {uri}")
        self._clear(shown)
        self._wake()

    def _clear(self, uris: Iterable[str]) -> None:
        for uri in () if self.pulls else uris:
            self.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    # -- configuration -------------------------------------------------------------

    def change_folders(self, _params: types.DidChangeWorkspaceFoldersParams) -> None:
        """Folders were added to the workspace, or removed."""
        self._reload()
        self._show_again()

    def change_configuration(self, _params: types.DidChangeConfigurationParams) -> None:
        """The client has other settings; offramp's are in files, which may be read anew."""
        self._later("reload", 0, self._reload_and_show)

    def change_files(self, params: types.DidChangeWatchedFilesParams) -> None:
        """Files were changed, by the client or beside it."""
        for change in params.changes:
            self._written(path_of(change.uri))

    def _written(self, path: str) -> None:
        if path.endswith(PYTHON_ENDINGS):
            self.folders.touched(path)
            if self.folders.forget_imported(path):
                self.generation += 1
                self._show_again()
            self._wake()
        elif self.folders.watches(path):
            self._later("reload", _RELOAD_AFTER, self._reload_and_show)

    async def _notice_configuration(self) -> None:
        """Find out what a client that watches no files could not tell."""
        folders = self.folders
        if await self.apart(folders.outdated) and folders is self.folders:
            self._reload_and_show()

    def _reload(self) -> None:
        workspace = self.server.workspace
        roots = [path_of(folder.uri) for folder in workspace.folders.values()]
        if not roots and workspace.root_uri:
            roots = [path_of(workspace.root_uri)]
        self.documents.home = roots[0] if roots else ""
        self.generation += 1
        forget_settings()
        self.folders = Folders(roots, self.say, self.folders, unsaved=self._unsaved)

    def _reload_and_show(self) -> None:
        self._reload()
        self._show_again()

    def _show_again(self) -> None:
        """Bring what the client shows up to date."""
        self._wake()
        if not self.pulls:
            for document in self.documents:
                self._typed(document, 0)
        else:
            self._refresh()

    def _refresh_if_pulling(self) -> None:
        if self.pulls:
            self._refresh()

    def _refresh(self) -> None:
        """Have a client that pulls pull again."""
        diagnostics = self._workspace_abilities().diagnostics
        if diagnostics is not None and diagnostics.refresh_support:
            self.server.workspace_diagnostic_refresh(None)

    def _workspace_abilities(self) -> types.WorkspaceClientCapabilities:
        return self.server.client_capabilities.workspace or types.WorkspaceClientCapabilities()

    # -- checking ------------------------------------------------------------------

    async def apart(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` gives, done in the thread that analyses code."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *args, **kwargs))

    async def checked(self, uri: str) -> Checked | None:
        """The document, or the cell, as it is now; None for what is not open, and what is no Python."""
        while (document := self.documents.get(uri)) is not None:
            if not document.checkable:
                return None
            known = self._known.setdefault(document.uri, _Known())
            async with known.lock:
                if known.state != self._state(document):
                    state, folders, text = self._state(document), self.folders, document.text()
                    found = await self.apart(check, text, folders, known.good)
                    known.take(found, state)
                    if found.result.problem:
                        self.log(found.result.problem)
                checked, state = known.checked, known.state
            if checked is not None and state == self._state(self.documents.get(uri)):
                return checked.seen_from(uri)
        return None

    def result_id(self, checked: Checked) -> str:
        """Differs where the diagnostics of a document may differ."""
        return f"{self.generation}.{self._imported}.{checked.text.stamp}.{int(checked.is_planned)}"

    def _state(self, document: Document | Notebook | None) -> tuple[int, int, int]:
        return (self.generation, self._imported, document.stamp if document is not None else 0)

    def _typed(self, document: Document | Notebook, after: float) -> None:
        self._wake()
        if isinstance(document, Document) and document.path.endswith(".py"):
            raw = document.text().raw
            if raw != self._unsaved.get(document.path):
                self._unsaved[document.path] = raw
                self._changed_for_others(document)
        self._show_later(document, after)

    def _changed_for_others(self, document: Document) -> None:
        """Check the open documents again that may import one whose text has changed."""
        if self.folders.forget_imported(document.path):
            self._imported += 1
            for other in () if self.pulls else self.documents:
                if other is not document:
                    self._show_later(other, _CHECK_AFTER)
            self._refresh_if_pulling()

    def _show_later(self, document: Document | Notebook, after: float) -> None:
        uri = document.uri
        if document.checkable:
            self._stop_timer(f"plan {uri}")
            if self.pulls:
                self._plan_later(uri)
            else:
                self._later(f"check {uri}", after, lambda: self._start(self._show(uri)))

    async def _show(self, uri: str) -> None:
        """Push the findings of a document."""
        checked = await self.checked(uri)
        if checked is None:
            return
        found = await self.apart(self.shape.of_document, checked)
        document = self.documents.get(uri)
        if document is None or document.stamp != checked.text.stamp:
            return
        version = checked.version if isinstance(document, Document) else None
        for shown, diagnostics in found.items():
            params = types.PublishDiagnosticsParams(shown, diagnostics, version)
            self.server.text_document_publish_diagnostics(params)
        if not checked.is_planned:
            self._plan_later(uri)

    def _plan_later(self, uri: str) -> None:
        if self.shape.related:
            self._later(f"plan {uri}", _PLAN_AFTER, lambda: self._start(self._plan(uri)))

    async def _plan(self, uri: str) -> None:
        """Find out what prevents fixes, and show that too."""
        checked = await self.checked(uri)
        if checked is None:
            return
        planned = await self.apart(lambda: checked.planned)
        if not any(refusal.span is not None for finding in planned for refusal in finding.refusals):
            return
        if not self.pulls:
            await self._show(uri)
        else:
            self._refresh()

    # -- being asked ---------------------------------------------------------------

    async def pull(self, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        """The findings of one document."""
        uri = params.text_document.uri
        checked = await self.checked(uri)
        if checked is None:
            return types.RelatedFullDocumentDiagnosticReport([])
        result = self.result_id(checked)
        if params.previous_result_id == result:
            return types.RelatedUnchangedDocumentDiagnosticReport(result)
        found = await self.apart(self.shape.of_document, checked)
        return types.RelatedFullDocumentDiagnosticReport(found.get(uri, []), result_id=result)

    async def pull_all(self, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        """The findings of every file of the workspace, as they are found where the client can take them so."""
        return await self._everything.report(params)

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        """Return what the notes say of the code under the pointer."""
        checked = await self.checked(params.text_document.uri)
        return None if checked is None else await self.apart(self._hover, checked, params.position)

    def _hover(self, checked: Checked, position: types.Position) -> types.Hover | None:
        from offramp.frontends.lsp.hover import hover, plain

        if checked.source is None:
            return None
        offset = checked.positions.offset(position)
        shown = hover(checked.source, checked.result.findings, checked.context.rulebook, offset)
        if shown is None:
            return None
        content = types.MarkupContent(types.MarkupKind.Markdown, shown.text)
        if not self.shape.markdown:
            content = types.MarkupContent(types.MarkupKind.PlainText, plain(shown.text))
        return types.Hover(content, checked.text.location(*shown.span).range)

    # -- odds and ends -------------------------------------------------------------

    def say(self, sentence: str) -> None:
        """Show the user one sentence; any thread may say it."""
        params = types.ShowMessageParams(types.MessageType.Error, f"offramp: {sentence}")
        self._loop.call_soon_threadsafe(self.server.window_show_message, params)

    def log(self, sentence: str) -> None:
        """Write a sentence into the client's log of this server; any thread may."""
        params = types.LogMessageParams(types.MessageType.Error, sentence)
        self._loop.call_soon_threadsafe(self.server.window_log_message, params)

    def progress(self, token: types.ProgressToken, value: object) -> None:
        """Send a part of a result."""
        self.server.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))

    def _wake(self) -> None:
        self.changed.set()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.server.report_server_error(error, JsonRpcInternalError)

    def _later(self, purpose: str, seconds: float, work: Callable[[], None]) -> None:
        """Do ``work`` once nothing for the same purpose has come for some time."""
        self._stop_timer(purpose)
        self._timers[purpose] = self._loop.call_later(seconds, self._now, purpose, work)

    def _now(self, purpose: str, work: Callable[[], None]) -> None:
        del self._timers[purpose]
        work()

    def _stop_timer(self, purpose: str) -> None:
        timer = self._timers.pop(purpose, None)
        if timer is not None:
            timer.cancel()


class _Known:
    """All that is known of one open document; the lock lets one check at a time find it out."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.state = (0, 0, 0)
        self.checked: Checked | None = None
        self.good: Good | None = None

    def take(self, checked: Checked, state: tuple[int, int, int]) -> None:
        self.checked = checked
        self.state = state
        if not is_broken(checked.result):
            self.good = Good(checked.raw, checked.result.findings)
