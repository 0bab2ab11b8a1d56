"""``offramp server``: a language server over stdin and stdout; the topmost layer, loads pygls."""

from __future__ import annotations

import os
import sys

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from offramp import __version__
from offramp.engine import Context, check_bytes
from offramp.frontends.lsp.documents import Checked
from offramp.frontends.lsp.positions import DocumentPositions
from offramp.knowledge.rulebook import load_rulebook
from offramp.output import rule_url
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load


class OfframpServer(LanguageServer):
    """The language server of one client."""

    def __init__(self) -> None:
        super().__init__("offramp", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.documents: dict[str, Checked] = {}

    def check(self, uri: str) -> Checked:
        """Check the current text of a document."""
        document = self.workspace.get_text_document(uri)
        path = to_fs_path(uri) or os.path.abspath(f"{document.filename}.py")
        settings = load(path, {})
        rulebook = load_rulebook(settings.notes, lambda _sentence: None)
        context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
        raw = document.source.encode("utf-8", "surrogatepass")
        result = check_bytes(path, raw, context)
        positions = DocumentPositions(raw, str(getattr(self.workspace.position_encoding, "value", "utf-16")))
        checked = Checked(uri, path, document.version, raw, context.of(path), result, positions)
        self.documents[uri] = checked
        return checked

    def publish(self, uri: str) -> None:
        """Send the diagnostics of a document."""
        checked = self.check(uri)
        diagnostics = [
            types.Diagnostic(
                range=checked.positions.range(*finding.span),
                severity=types.DiagnosticSeverity.Warning,
                code=finding.code,
                code_description=types.CodeDescription(rule_url(finding.code)),
                source="offramp",
                message=finding.message,
            )
            for finding in checked.result.findings
        ]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, checked.version))


def serve() -> int:
    """Serve until the client leaves; the exit code."""
    server = OfframpServer()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: OfframpServer, params: types.DidOpenTextDocumentParams) -> None:
        ls.publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: OfframpServer, params: types.DidChangeTextDocumentParams) -> None:
        ls.publish(params.text_document.uri)

    # Whatever prints goes to stderr: stdout carries the protocol.
    stdout = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server.start_io(sys.stdin.buffer, stdout)
    return 0
