"""The findings of all files of a workspace, open or not; see the package for the layer rule."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from offramp.engine import check_bytes
from offramp.frontends.lsp.documents import path_of, uri_of
from offramp.frontends.lsp.folders import Folders
from offramp.frontends.lsp.positions import DocumentPositions
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from pygls.progress import Progress

    from offramp.frontends.lsp.session import Session

# Seconds of work between two looks at what else the client wants.
_PIECE = 0.05
# Fewer files are checked before a progress bar could be read.
_WORTH_A_BAR = 200
# Clients ask again as soon as they are answered. One that knows everything is answered when anything changes, or
# after these seconds.
_HELD = 20.0


class Known(NamedTuple):
    """All that the client has of one file: under which URI, and which result."""

    uri: str
    result: str


class Everything:
    """Answers ``workspace/diagnostic``; remembers which files were clean, so that they are not checked again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clean: dict[str, str] = {}
        self._answered = False
        self._generation = 0

    async def report(self, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        """Return what differs from the results that the client names, as it is found where the client takes it so."""
        known = {path_of(one.uri): Known(one.uri, one.value) for one in params.previous_result_ids}
        until = monotonic() + _HELD
        while True:
            self._session.changed.clear()
            answer: list[types.WorkspaceDocumentDiagnosticReport] = []
            differs = not self._answered
            async for reports in self._differences(known, params.work_done_token):
                differs = True
                if params.partial_result_token is None:
                    answer += reports
                else:
                    piece = types.WorkspaceDiagnosticReportPartialResult(reports)
                    self._session.progress(params.partial_result_token, piece)
            self._answered = True
            left = until - monotonic()
            if differs or left <= 0:
                return types.WorkspaceDiagnosticReport(answer)
            try:
                await asyncio.wait_for(self._session.changed.wait(), left)
            except asyncio.TimeoutError:
                return types.WorkspaceDiagnosticReport([])

    async def _differences(
        self, known: Mapping[str, Known], token: types.ProgressToken | None
    ) -> AsyncIterator[list[types.WorkspaceDocumentDiagnosticReport]]:
        session = self._session
        folders, generation = session.folders, session.generation
        opened = {path_of(document.uri): document.uri for document in session.documents}
        shown = {path_of(uri) for document in session.documents for uri in document.uris}
        paths = await session.apart(_files, folders)
        gone = [known[path].uri for path in known.keys() - shown - set(paths)]
        if gone:
            yield [_full(uri, None) for uri in gone]
        for uri in opened.values():
            reports = await self._of_open(uri, known)
            if reports:
                yield reports
        pending = iter([path for path in paths if path not in opened])
        bar = await self._bar(token, len(paths), first=generation != self._generation)
        self._generation = generation
        done = len(opened)
        try:
            while True:
                count, reports = await session.apart(self._check_some, pending, folders, generation, known)
                if not count:
                    break
                if reports:
                    yield reports
                done += count
                bar.show(done)
        finally:
            bar.end()

    async def _of_open(self, uri: str, known: Mapping[str, Known]) -> list[types.WorkspaceDocumentDiagnosticReport]:
        session = self._session
        checked = await session.checked(uri)
        if checked is None:
            return []
        result = session.result_id(checked)
        found = await session.apart(session.shape.of_document, checked)
        reports: list[types.WorkspaceDocumentDiagnosticReport] = []
        for shown, diagnostics in found.items():
            before = known.get(path_of(shown))
            if before.result != result if before is not None else diagnostics:
                version = checked.version if shown == uri else None
                reports.append(_full(shown, result, diagnostics, version))
        return reports

    def _check_some(
        self, pending: Iterator[str], folders: Folders, generation: int, known: Mapping[str, Known]
    ) -> tuple[int, list[types.WorkspaceDocumentDiagnosticReport]]:
        """Check files for a short time; how many, and the reports of those that differ."""
        reports: list[types.WorkspaceDocumentDiagnosticReport] = []
        until = monotonic() + _PIECE
        for count, path in enumerate(pending, 1):
            report = self._check(path, folders, generation, known.get(path))
            if report is not None:
                reports.append(report)
            if monotonic() > until:
                return count, reports
        return len(reports), reports

    def _check(
        self, path: str, folders: Folders, generation: int, known: Known | None
    ) -> types.WorkspaceFullDocumentDiagnosticReport | None:
        try:
            status = os.stat(path)
            result = f"{generation}.{status.st_mtime_ns}.{status.st_size}"
            if (known.result if known is not None else self._clean.get(path)) == result:
                return None
            with open(path, "rb") as file:
                raw = file.read()
        except OSError:
            return None
        context = folders.context(path)
        found = check_bytes(path, raw, context)
        if found.problem:
            self._session.log(found.problem)
        if not found.findings:
            self._clean[path] = result
            return _full(known.uri, None) if known is not None else None
        self._clean.pop(path, None)
        uri = known.uri if known is not None else uri_of(path)
        positions = DocumentPositions(found.text, self._session.documents.encoding)
        accepted = folders.accepted(found)
        diagnostics = [
            self._session.shape.of(
                finding,
                context.rulebook,
                lambda start, end: types.Location(uri, positions.range(start, end)),
                accepted=(finding.code, finding.span) in accepted,
            )
            for finding in found.findings
        ]
        return _full(uri, result, diagnostics)

    async def _bar(self, token: types.ProgressToken | None, total: int, *, first: bool) -> _Bar:
        """A progress bar: the one that the request brings, or for a long search one of our own."""
        progress = self._session.server.work_done_progress
        window = self._session.server.client_capabilities.window
        if token is None and first and total >= _WORTH_A_BAR and window is not None and window.work_done_progress:
            token = f"offramp-{uuid4()}"
            try:
                await progress.create_async(token)
            except JsonRpcException:
                token = None
        return _Bar(progress, token, total)


class _Bar:
    """Shows the client how many files are done; nothing without a token."""

    def __init__(self, progress: Progress, token: types.ProgressToken | None, total: int) -> None:
        self._progress = progress
        self._token = token
        self._total = total
        if token is not None:
            progress.begin(token, types.WorkDoneProgressBegin("offramp", message=f"{total} files", percentage=0))

    def show(self, done: int) -> None:
        if self._token is not None:
            value = types.WorkDoneProgressReport(
                message=f"{done}/{self._total} files", percentage=min(100 * done // max(self._total, 1), 100)
            )
            self._progress.report(self._token, value)

    def end(self) -> None:
        if self._token is not None:
            self._progress.end(self._token, types.WorkDoneProgressEnd())


def _files(folders: Folders) -> list[str]:
    return list(dict.fromkeys(path for root in folders.roots for path in folders.files(root)))


def _full(
    uri: str, result: str | None, diagnostics: Sequence[types.Diagnostic] = (), version: int | None = None
) -> types.WorkspaceFullDocumentDiagnosticReport:
    return types.WorkspaceFullDocumentDiagnosticReport(uri, diagnostics, version=version, result_id=result)
