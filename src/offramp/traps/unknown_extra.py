"""OFR404: extras that prefect-dbt does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.bans import normalised
from offramp.finding.trap import File, Trap
from offramp.reading.manifests import Named, manifest_kind, names_prefect_dbt

if TYPE_CHECKING:
    from offramp.finding.bans import Bans

SLOTS = ("extra", "known")
_PACKAGE = "prefect-dbt"
_LOCKED = ("lock", "conda_lock", "pipfile_lock")


def matters(raw: bytes, _bans: Bans) -> bool:
    """Return whether a manifest may name prefect-dbt."""
    return names_prefect_dbt(raw)


def find(file: File) -> Iterator[Trap]:
    """The extras that a file asks for, but for lock files; raises SourceError as the parser of a manifest does."""
    source = file.source
    if not names_prefect_dbt(source.utf8):
        return
    from offramp.finding.dependencies import required
    from offramp.knowledge.api_surface import surface

    offered = surface(file.versions.prefect, file.versions.prefect_dbt)
    if offered is None or (file.is_manifest and manifest_kind(source.path) in _LOCKED):
        return
    known = sorted({normalised(extra) for extra in offered.extras()})
    *first, last = (name for name in known if name != "dev")
    listed = " and ".join(filter(None, (", ".join(first), last)))
    for named in required(file, names_prefect_dbt):
        for extra in _unknown(named, known):
            yield Trap(named.span, {"extra": extra, "known": listed}, extra)


def _unknown(named: Named, known: list[str]) -> list[str]:
    if normalised(named.name) != _PACKAGE:
        return []
    return [extra for extra in named.extras if normalised(extra) not in known]
