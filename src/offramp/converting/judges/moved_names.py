"""Judges names that move to module level with the body of a DAG's function, and the parameters that its flow takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.dags.graph import Graph
from offramp.model import Blocker

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case


def judge(case: Case, graph: Graph) -> Iterator[Blocker]:
    """The names that exist at module level already, and what the DAGs' ``params`` hold that no flow could take."""
    for dag in graph.dags:
        for name in case.leaving.moving[dag.function] if dag.function is not None else ():
            if name in case.module.names.module.bindings:
                assert dag.function is not None
                yield Blocker(f"`{name}` also exists at module level", dag.function)
    for dag in graph.dags:
        yield from case.parameters[dag].problems.values()
