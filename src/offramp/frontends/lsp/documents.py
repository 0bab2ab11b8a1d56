"""The open documents, text and notebooks, as they are typed; see the package for the layer rule."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from copy import copy
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlsplit

from lsprotocol import types

from offramp.frontends.lsp.notebooks import python_only
from offramp.frontends.lsp.positions import DocumentPositions
from offramp.model import FileResult, Finding, Span
from offramp.reading.source import Source, SourceError, stored
from offramp.record import NamedTuple
from offramp.settings import PYTHON_ENDINGS

if TYPE_CHECKING:
    from offramp.engine import Context

_PYTHON = "python"
_UNNAMED = "untitled"
_STAMPS = count(1)


class Part(NamedTuple):
    """A document's place in the text that is checked: all of it, or a cell of a notebook."""

    uri: str
    version: int | None
    start: int
    end: int
    positions: DocumentPositions


class Text(NamedTuple):
    """All that is checked as one file.

    ``uri`` names the document or the notebook, ``path`` its file, invented where it has
    none; ``stamp`` differs between any two texts of a session. ``raw`` is what the file
    would hold, ``parts`` are in order of place.
    """

    uri: str
    path: str
    version: int | None
    stamp: int
    raw: bytes
    parts: tuple[Part, ...]

    def part_at(self, offset: int) -> Part:
        """The part that an offset is in, or that it is nearest behind."""
        return next((part for part in reversed(self.parts) if part.start <= offset), self.parts[0])

    def location(self, start: int, end: int) -> types.Location:
        """Return where the bytes from ``start`` to ``end`` are shown; cut at the end of a cell."""
        part = self.part_at(start)
        return types.Location(part.uri, part.positions.range(start, min(end, part.end)))


class Checked:
    """One version of a document, or of a notebook as one of its cells shows it, and what checking it gave.

    ``result`` has the findings without their fixes, ``planned`` with them. ``kept`` are
    the findings of the last text that could be parsed, where this one cannot be;
    ``accepted`` says which of either the baseline holds. Offsets count in ``raw``,
    decoded; ``positions`` shows them in the document ``uri``, and ``text`` in whatever
    cell they are.
    """

    def __init__(
        self,
        text: Text,
        context: Context,
        result: FileResult,
        kept: tuple[Finding, ...] = (),
        accepted: frozenset[tuple[str, Span]] = frozenset(),
    ) -> None:
        self.text = text
        self.context = context
        self.result = result
        self.kept = kept
        self.accepted = accepted
        self.uri = text.uri
        self.path = text.path
        self.version = text.version
        self.raw = text.raw
        self.positions = text.parts[0].positions if text.parts else DocumentPositions(b"", "")
        self._worked_out = _WorkedOut(text, context, result)

    def seen_from(self, uri: str) -> Checked:
        """The same as the cell ``uri`` of a notebook shows it."""
        part = next((part for part in self.text.parts if part.uri == uri), None)
        if part is None or self.uri == uri:
            return self
        seen = copy(self)
        seen.uri, seen.positions = uri, part.positions
        return seen

    @property
    def source(self) -> Source | None:
        """The parsed text; None where it cannot be parsed."""
        return self._worked_out.source

    @property
    def planned(self) -> tuple[Finding, ...]:
        """The findings of ``result`` with their fixes and refusals, worked out when first asked for."""
        return self._worked_out.planned

    @property
    def is_planned(self) -> bool:
        """Return whether fixes and refusals are known already."""
        return "planned" in self._worked_out.__dict__


class _WorkedOut:
    """All that takes time to find out about a text, once for all its cells."""

    def __init__(self, text: Text, context: Context, result: FileResult) -> None:
        self._text = text
        self._context = context
        self._result = result

    @cached_property
    def source(self) -> Source | None:
        try:
            return Source(self._text.path, self._text.raw)
        except SourceError:
            return None

    @cached_property
    def planned(self) -> tuple[Finding, ...]:
        findings = self._result.findings
        if not findings or self.source is None:
            return findings
        from offramp.engine import planned

        return tuple(planned(self.source, findings, self._context))


class Document:
    """One text that the client has open."""

    def __init__(self, item: types.TextDocumentItem, encoding: str, home: str = "") -> None:
        """``home`` is where the file of a document without one would be."""
        self.uri = item.uri
        self.path = path_of(item.uri, home)
        self.language = item.language_id
        self.version: int | None = item.version
        self._encoding = encoding
        self._write(_utf8(item.text))

    def change(self, changes: Iterable[types.TextDocumentContentChangeEvent], version: int | None) -> None:
        """Apply what was typed, one change after the other."""
        for change in changes:
            new = _utf8(change.text)
            if isinstance(change, types.TextDocumentContentChangePartial):
                start, end = (self.positions.index(place) for place in (change.range.start, change.range.end))
                new = self.utf8[:start] + new + self.utf8[max(start, end) :]
            self._write(new)
        self.version = version

    def _write(self, utf8: bytes) -> None:
        self.utf8 = utf8
        self.stamp = next(_STAMPS)
        self.positions = DocumentPositions(utf8, self._encoding)

    @property
    def uris(self) -> list[str]:
        """Return what findings are shown in."""
        return [self.uri]

    @property
    def checkable(self) -> bool:
        """Return whether this is Python."""
        return self.language == _PYTHON or self.uri.endswith(PYTHON_ENDINGS)

    def text(self) -> Text:
        """The text to check."""
        part = Part(self.uri, self.version, 0, len(self.utf8), self.positions)
        return Text(self.uri, self.path, self.version, self.stamp, stored(self.utf8), (part,))


class Notebook:
    """A notebook and its cells of Python."""

    def __init__(
        self, notebook: types.NotebookDocument, items: Iterable[types.TextDocumentItem], encoding: str, home: str = ""
    ) -> None:
        self.uri = notebook.uri
        self.path = path_of(notebook.uri, home)
        self.version = notebook.version
        self.stamp = next(_STAMPS)
        self._encoding = encoding
        self._cells = list(notebook.cells)
        self._documents = {item.uri: Document(item, encoding) for item in items}

    checkable = True

    @property
    def uris(self) -> list[str]:
        """The cells that the client has shown."""
        return list(self._documents)

    def change(self, change: types.NotebookDocumentChangeEvent, version: int) -> None:
        """Take cells in and out, and apply what was typed into them."""
        self.version = version
        self.stamp = next(_STAMPS)
        cells = change.cells
        if cells is None:
            return
        if cells.structure is not None:
            array = cells.structure.array
            self._cells[array.start : array.start + array.delete_count] = array.cells or ()
            for item in cells.structure.did_open or ():
                self._documents[item.uri] = Document(item, self._encoding)
            for closed in cells.structure.did_close or ():
                self._documents.pop(closed.uri, None)
        for typed in cells.text_content or ():
            if typed.document.uri in self._documents:
                self._documents[typed.document.uri].change(typed.changes, typed.document.version)

    def text(self) -> Text:
        """All cells of Python, one below the other."""
        pieces: list[bytes] = []
        parts: list[Part] = []
        start = 0
        for document in self._code():
            code = python_only(document.utf8)
            positions = DocumentPositions(document.utf8, self._encoding, start)
            parts.append(Part(document.uri, document.version, start, start + len(code), positions))
            pieces.append(code if code.endswith((b"\n", b"\r")) else code + b"\n")
            start += len(pieces[-1])
        return Text(self.uri, self.path, self.version, self.stamp, b"".join(pieces), tuple(parts))

    def _code(self) -> Iterator[Document]:
        for cell in self._cells:
            document = self._documents.get(cell.document)
            if document is not None and cell.kind == types.NotebookCellKind.Code and document.language == _PYTHON:
                yield document


class Documents:
    """Everything that the client has open."""

    def __init__(self) -> None:
        self.encoding = types.PositionEncodingKind.Utf16.value
        self.home = ""
        self._open: dict[str, Document | Notebook] = {}
        self._notebooks: dict[str, str] = {}

    def __iter__(self) -> Iterator[Document | Notebook]:
        return iter(list(self._open.values()))

    def get(self, uri: str) -> Document | Notebook | None:
        """The document, the notebook, or the notebook that has this cell."""
        return self._open.get(self._notebooks.get(uri, uri))

    def open(self, item: types.TextDocumentItem) -> Document:
        """A document was opened."""
        document = self._open[item.uri] = Document(item, self.encoding, self.home)
        return document

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> Notebook:
        """A notebook was opened."""
        notebook = Notebook(params.notebook_document, params.cell_text_documents, self.encoding, self.home)
        self._open[notebook.uri] = notebook
        self._notebooks.update(dict.fromkeys(notebook.uris, notebook.uri))
        return notebook

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> list[str]:
        """A notebook was changed; the URIs of the cells that went out of it."""
        notebook = self._open.get(params.notebook_document.uri)
        if not isinstance(notebook, Notebook):
            return []
        before = notebook.uris
        notebook.change(params.change, params.notebook_document.version)
        gone = [cell for cell in before if cell not in notebook.uris]
        for cell in gone:
            del self._notebooks[cell]
        self._notebooks.update(dict.fromkeys(notebook.uris, notebook.uri))
        return gone

    def close(self, uri: str) -> Document | Notebook | None:
        """A document or notebook was closed; what was open."""
        closed = self._open.pop(uri, None)
        for cell in closed.uris if isinstance(closed, Notebook) else ():
            del self._notebooks[cell]
        return closed


def path_of(uri: str, home: str = "") -> str:
    """The path of a URI; of one that names no file, a Python file of that name in ``home``."""
    parts = urlsplit(uri)
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if parts.scheme == "file":
        if parts.netloc:
            path = f"//{parts.netloc}{path}"
        elif re.match("/[A-Za-z]:", path):
            path = path[1:]
        return os.path.normpath(path)
    name = re.sub(r"[^\w.-]", "_", os.path.basename(path)) or _UNNAMED
    return os.path.abspath(os.path.join(home, name if name.endswith(PYTHON_ENDINGS) else f"{name}.py"))


def uri_of(path: str) -> str:
    """The URI of an absolute path."""
    slashed = path.replace(os.sep, "/")
    return "file://" + quote(os.fsencode(slashed if slashed.startswith("/") else f"/{slashed}"))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
