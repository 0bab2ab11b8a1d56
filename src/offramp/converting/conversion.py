"""The result of a conversion of a file of DAGs, or of an operator outside any DAG."""

from __future__ import annotations

from offramp.model import Blocker, Edit, Flow, LoadedBlock
from offramp.record import NamedTuple


class Conversion(NamedTuple):
    """The edits that convert a file, the reasons why that is not safe, or the blockers that prevent it.

    ``ids`` are those of the graph's DAGs, in order, empty where one is not known. ``unwaited`` are the ids of the tasks
    whose runs nobody waits for, as a comment in the DAG decides; ``packages`` is what the flows need to be installed.
    """

    edits: tuple[Edit, ...]
    doubts: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    flows: tuple[Flow, ...]
    connections: tuple[LoadedBlock, ...] = ()
    unwaited: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
