"""Places of findings, and what makes each unique, for the formats; may import finding, reading and model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from offramp.finding.baseline import Entry, entries_of
from offramp.model import FileResult, Finding
from offramp.output import well_formed
from offramp.reading.repository import repository_of
from offramp.reading.source import Positions
from offramp.record import NamedTuple


class Place(NamedTuple):
    """Place of a finding, in rows and columns from 1; columns count code points, the last one is exclusive."""

    row: int
    column: int
    end_row: int
    end_column: int


class Located(NamedTuple):
    """One finding with its place.

    ``path`` is relative to the repository, as in ``entry``; ``file`` is the path as the results have it.
    """

    file: str
    path: str
    finding: Finding
    entry: Entry
    positions: Positions

    @property
    def message(self) -> str:
        """The finding's message, fit for any reader."""
        return well_formed(self.finding.message)

    @property
    def place(self) -> Place:
        """Return where the finding stands."""
        span = self.finding.span
        return Place(*self.positions.location(span.start), *self.positions.location(span.end))


def located(results: Iterable[FileResult]) -> Iterator[Located]:
    """The findings one by one, with what all formats need."""
    within = Repository()
    for result in results:
        path = within.relative(result.path)
        positions = Positions(result.text)
        for finding, entry in zip(result.findings, entries_of(path, result.findings), strict=True):
            yield Located(result.path, path, finding, entry, positions)


def identity(entry: Entry) -> str:
    """A checksum that stays the same when lines move, and differs between all findings of a run."""
    from hashlib import sha256

    return sha256("\0".join(map(str, entry)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Repository:
    """The repository around the current directory, or that directory where there is none."""

    def __init__(self) -> None:
        here = os.getcwd()
        self._root = os.path.join(repository_of(here) or here, "")

    def relative(self, path: str) -> str:
        """A path as services show it: from the repository's root with ``/``, or absolute outside of it."""
        absolute = os.path.abspath(path)
        if path == "-":
            return path
        return absolute.removeprefix(self._root).replace(os.sep, "/")
