"""A file of DAGs as a file of flows: one task per Airflow task, submitted in the order of the edges.

The whole file is converted or none of it. Everything that prevents it is collected,
so that one run shows all of it.
"""

from __future__ import annotations

from offramp.converting.cases.case import Case, case_of
from offramp.converting.conversion import Conversion
from offramp.converting.flows.flow_text import flow_texts
from offramp.converting.judges import deleted_code, kept_code, leaving_names, moved_names, shared_state
from offramp.converting.judges.judge import Judge, Verdict
from offramp.converting.options import Options
from offramp.converting.placing.placement import place
from offramp.converting.tasks.planning import plan_tasks
from offramp.dags.graph import Graph
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.reading.source import Source

# In the order in which they are asked; those of tasks and DAGs are asked as these are planned.
_JUDGES: tuple[Judge[Graph], ...] = (leaving_names.judge, shared_state.judge, moved_names.judge)


def convert(module: Module, source: Source, graph: Graph, options: Options) -> Conversion:
    """Convert every DAG of a file."""
    case = case_of(module, source, graph, options)
    graph = graph._replace(blockers=tuple(dict.fromkeys((*graph.blockers, *deleted_code.judge(case, graph)))))
    if not graph.dags:
        return Conversion((), (), graph.blockers, ())
    case = case._replace(graph=graph)
    verdicts = _judged(case)
    blockers = [*graph.blockers, *(verdict for verdict in verdicts if isinstance(verdict, Blocker))]
    doubts = [verdict.reason for verdict in verdicts if not isinstance(verdict, Blocker)]
    plan = plan_tasks(case, blocked=bool(blockers))
    texts = flow_texts(case, plan)
    # Whatever prevents it so far, the rest is tried too: it may be prevented as well.
    placed = place(case, plan, texts)
    blockers += [*plan.blockers, *texts.blockers, *placed.blockers]
    ids = tuple(case.ids[dag] for dag in graph.dags)
    if blockers:
        return Conversion((), (), tuple(dict.fromkeys(blockers)), (), ids=ids)
    tasks = [task for dag in plan.dags for task in dag.tasks]
    return Conversion(
        placed.edits,
        tuple(dict.fromkeys((*placed.value_doubts, *doubts, *plan.doubts))),
        (),
        placed.flows,
        plan.connections,
        tuple(task.task.id for task in tasks if task.unwaited),
        tuple(dict.fromkeys(package for task in tasks for package in task.packages)),
        ids,
    )


def _judged(case: Case) -> list[Verdict]:
    verdicts = [verdict for judge in _JUDGES for verdict in judge(case, case.graph)]
    for statement in case.graph.plain:
        if statement not in case.lookups:
            verdicts += kept_code.judge(case, statement)
    return verdicts
