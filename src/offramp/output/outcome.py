"""The result of a run, as it is to be shown; may import finding and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from offramp.model import FileResult, Note, Rule
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.finding.baseline import Entry

CANNOT_PARSE = "OFR901"


class Look(NamedTuple):
    """The way in which text for people looks.

    With colours, with links where rules are named, without the summary, and in how many
    ``columns``: 0 where lines have no end, as in a file.
    """

    colour: bool = False
    links: bool = False
    quiet: bool = False
    columns: int = 0


class Outcome(NamedTuple):
    """All that a run found.

    ``found`` are the files whose findings are shown, ``rules`` are by code and their
    ``notes`` by section, ``summary`` is the last line for people and ``problems`` are
    sentences about what could not be checked. Where the findings were ``compared`` with
    what was there before, ``found`` are new, ``known`` holds the others, and ``gone`` the
    entries without a finding, with paths like those of the results.
    """

    found: Sequence[FileResult]
    rules: Mapping[str, Rule]
    summary: str
    problems: Sequence[str] = ()
    compared: bool = False
    known: Sequence[FileResult] = ()
    gone: Sequence[Entry] = ()
    notes: Mapping[str, Note] = MappingProxyType({})

    @property
    def unparsed(self) -> bool:
        """Return whether a file could not be parsed, so that its other findings are unknown."""
        return any(finding.code == CANNOT_PARSE for result in self.found for finding in result.findings)
