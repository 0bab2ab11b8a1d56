"""The open documents: their text as it is typed, and what checking it gave; see the package for the layer rule."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from offramp.frontends.lsp.positions import DocumentPositions
from offramp.reading.source import Source, SourceError

if TYPE_CHECKING:
    from offramp.engine import Context
    from offramp.model import FileResult


class Checked:
    """One version of a document, and what checking it gave.

    ``path`` is real, or invented for a document that has none; ``raw`` is the text as
    offramp sees it; ``context`` is that of the file; ``result`` has neither fixes nor
    refusals, which are planned when actions are asked for.
    """

    def __init__(
        self,
        uri: str,
        path: str,
        version: int | None,
        raw: bytes,
        context: Context,
        result: FileResult,
        positions: DocumentPositions,
    ) -> None:
        self.uri = uri
        self.path = path
        self.version = version
        self.raw = raw
        self.context = context
        self.result = result
        self.positions = positions

    @cached_property
    def source(self) -> Source | None:
        """The parsed text; None where it does not parse."""
        try:
            return Source(self.path, self.raw)
        except (SourceError, RecursionError):
            return None
