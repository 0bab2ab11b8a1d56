"""OFR303: banned distributions in what a file says that has to be installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap

if TYPE_CHECKING:
    from offramp.finding.bans import Bans

SLOTS = ("name",)


def matters(raw: bytes, bans: Bans) -> bool:
    """Return whether a manifest may name something banned."""
    return bans.relevant(raw)


def find(file: File) -> Iterator[Trap]:
    """The banned distributions; raises SourceError as the parser of a manifest does."""
    from offramp.finding.dependencies import required

    for named in required(file, file.bans.relevant):
        if file.bans.distribution(named.name):
            yield Trap(named.span, {"name": named.name}, named.name)
