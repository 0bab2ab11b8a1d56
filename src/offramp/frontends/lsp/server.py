"""``offramp server``: a language server over stdin and stdout; see the package for the layer rule."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, cast

from lsprotocol import types
from pygls.exceptions import FeatureRequestError, JsonRpcException, PyglsError
from pygls.lsp.server import LanguageServer

from offramp import __version__
from offramp.frontends.lsp import stdio
from offramp.frontends.lsp.actions import ADD_TO_BASELINE, EXPLAIN, KINDS, ActionRequests
from offramp.frontends.lsp.session import Session
from offramp.frontends.terminal import CLEAN, FOUND

# Where a notebook's cells are Python.
_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    [types.NotebookDocumentFilterWithNotebook("*", [types.NotebookCellLanguage("python")])]
)


class Server(LanguageServer):
    """Pygls's server; what goes wrong between requests stands in the client's log, and does not pop up."""

    def report_server_error(self, error: Exception, source: type[PyglsError | JsonRpcException]) -> None:
        """Log an error, save those that a request is answered with."""
        if source is not FeatureRequestError:
            sentence = " ".join(f"{type(error).__name__}: {error}".split())
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, sentence))


def serve() -> int:
    """Serve one client until it leaves; the exit code is 1 where it left without a word."""
    if not os.environ.get("OFFRAMP_DEBUG"):
        logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    server = Server("offramp", __version__, notebook_document_sync=_NOTEBOOKS)
    session = Session(server)
    actions = ActionRequests(session)
    handlers: dict[str, Callable[[Any], object]] = {
        types.INITIALIZE: session.initialize,
        types.INITIALIZED: session.initialized,
        types.SHUTDOWN: session.shutdown,
        types.TEXT_DOCUMENT_DID_OPEN: session.open,
        types.TEXT_DOCUMENT_DID_CHANGE: session.change,
        types.TEXT_DOCUMENT_DID_SAVE: session.save,
        types.TEXT_DOCUMENT_DID_CLOSE: session.close,
        types.NOTEBOOK_DOCUMENT_DID_OPEN: session.open_notebook,
        types.NOTEBOOK_DOCUMENT_DID_CHANGE: session.change_notebook,
        types.NOTEBOOK_DOCUMENT_DID_CLOSE: session.close_notebook,
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: session.change_folders,
        types.WORKSPACE_DID_CHANGE_CONFIGURATION: session.change_configuration,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES: session.change_files,
        types.TEXT_DOCUMENT_DIAGNOSTIC: session.pull,
        types.WORKSPACE_DIAGNOSTIC: session.pull_all,
        types.TEXT_DOCUMENT_CODE_ACTION: actions.offer,
        types.CODE_ACTION_RESOLVE: actions.resolve,
        types.TEXT_DOCUMENT_HOVER: session.hover,
    }
    options = {
        types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(KINDS, resolve_provider=True),
        types.TEXT_DOCUMENT_DIAGNOSTIC: types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=True, identifier="offramp"
        ),
    }
    for method, handler in handlers.items():
        if method.startswith(("textDocument/did", "notebookDocument/did")):
            # pygls's own texts have line ends where the protocol has none, such as form feeds.
            server.protocol.fm.builtin_features.pop(method, None)
        server.feature(method, options.get(method))(partial(handler))
    server.command(EXPLAIN)(partial(actions.explain))
    server.command(ADD_TO_BASELINE)(partial(actions.add_to_baseline))
    # What is loaded by now stays for good: no collection of garbage need look at it.
    gc.freeze()
    server.start_io(cast(BinaryIO, stdio.Input(sys.stdin.buffer)), stdio.take_stdout())
    return CLEAN if session.stopped else FOUND
