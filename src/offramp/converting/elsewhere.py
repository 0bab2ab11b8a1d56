"""Tells what other files have to do with a conversion: those that need the DAGs, and those that the flows would need.

A file of flows runs without Airflow, in its own directory, and beside files that stay
what they are. Part of this shows only in the converted text, so it is asked again of
every text that a fix has made (``proof.py``).
"""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offramp.converting.conversion import Conversion
from offramp.dags.graph import Graph
from offramp.finding.operators import Module
from offramp.knowledge.prefect_loads import LOADED
from offramp.model import Blocker, Edit
from offramp.project.imported import Imported, imported_by, is_airflow
from offramp.reading.source import Source, SourceError

if TYPE_CHECKING:
    from offramp.project.index import Project


def looked_around(
    module: Module, source: Source, graph: Graph, conversion: Conversion, project: Project | None, *, in_place: bool
) -> Conversion:
    """The conversion of a file of DAGs with what the rest of the project has against it.

    ``in_place`` are conversions whose flows run where the DAGs stand.
    """
    imports = imported_by(module.tree, source.utf8, as_script=True)
    blockers = [*conversion.blockers]
    doubts = list(conversion.doubts)
    if project is not None:
        blockers += _needed(source, graph, conversion.ids, project)
    blockers += _hidden(source, imports, graph, project if in_place else None)
    if conversion.edits:
        found, guarded = _left(module, source, graph, imports, conversion.edits, project)
        blockers += found
        doubts += guarded
    return conversion._replace(blockers=tuple(blockers), doubts=tuple(doubts))


def _needed(source: Source, graph: Graph, ids: Sequence[str], project: Project) -> list[Blocker]:
    """The files that import this one or refer to its DAGs."""
    found = []
    importer = project.importing(source.path)
    if importer is not None:
        found.append(Blocker(f"{importer} imports this file", graph.dags[0].maker))
    for dag, own_id in zip(graph.dags, ids, strict=True):
        mention = project.referring(own_id, source.path)
        if mention is not None:
            names = "names" if mention.certain else "may name"
            found.append(Blocker(f"{mention.path} {names} the DAG `{own_id}` (its line {mention.row})", dag.maker))
    return found


def _hidden(source: Source, imports: Sequence[Imported], graph: Graph, project: Project | None) -> list[Blocker]:
    """Modules that the flows need and that this file, or one beside it, would be taken for."""
    maker = graph.dags[0].maker
    stem = os.path.splitext(os.path.basename(source.path))[0]
    own = {one.module.partition(".")[0] for one in imports if not is_airflow(one)}
    if stem in LOADED or stem in own:
        return [Blocker(f"a flow in a file of this name hides the module `{stem}` from what imports it", maker)]
    beside = sorted(project.neighbours(source.path) & LOADED) if project is not None else []
    return [
        Blocker(f"`{name}` beside this file hides the module of that name from a flow that is run here", maker)
        for name in beside
    ]


def _left(
    module: Module,
    source: Source,
    graph: Graph,
    imports: Sequence[Imported],
    edits: Sequence[Edit],
    project: Project | None,
) -> tuple[list[Blocker], list[str]]:
    """Return what the converted text still has that leads to Airflow, or no longer has and exports; with doubts."""
    exports = "__all__" in module.names.module.bindings
    called = [one for one in imports if is_airflow(one) and isinstance(one.node, ast.expr)]
    own = [one for one in imports if not is_airflow(one)]
    way = project.way_to_airflow(source.path, own) if project is not None else None
    if not (exports or called or way):
        return [], []
    from offramp.converting.proof import airflow_after, unexported
    from offramp.editing.edits import apply

    try:
        after = Source(source.path, source.encoded(apply(source.utf8, edits)))
    except (SourceError, ValueError):
        # The proof of the fix says why.
        return [], []
    found = []
    if exports:
        node = module.names.module.bindings["__all__"][0].node or module.tree.body[0]
        missing = unexported(module.tree, after.tree)
        found += [Blocker(f"`__all__` names `{name}`, which goes with the DAG's code", node) for name in missing]
    need = airflow_after(after, project)
    if need is None:
        return found, []
    if need.guarded:
        return found, [need.sentence]
    began = called[0] if called else way.begin if way is not None else None
    return [*found, Blocker(need.sentence, began.node if began is not None else graph.dags[0].maker)], []
