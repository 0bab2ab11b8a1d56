"""Deploys the flows of a file: as text that serves them, and as entries of a prefect.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from offramp.converting.argument_text import Expressions
from offramp.converting.cases.case import Case
from offramp.converting.tasks.task_plan import DagPlan, Plan
from offramp.dags.graph import Argument, Dag
from offramp.editing.text import INDENT, call_lines, repr_text
from offramp.model import Blocked, Flow
from offramp.python.values import Constant, Items
from offramp.record import NamedTuple


class Deployments(NamedTuple):
    """The flows, and the lines that serve them with what these import."""

    flows: tuple[Flow, ...] = ()
    lines: tuple[str, ...] = ()
    imports: frozenset[tuple[str, str]] = frozenset()


def deployments(case: Case, plan: Plan, names: Mapping[Dag, str], expressions: Expressions) -> Deployments:
    """The deployments of all flows, whose ``names`` are given.

    Raises Blocked for what only Python can say, where none is written for it.
    """
    flows = tuple(_flow(case, dag, names[dag.dag]) for dag in plan.dags)
    if not case.options.serves:
        return Deployments(flows)
    served = [_served(case, dag, expressions) for dag in plan.dags]
    imports = {pair for dag in plan.dags if dag.schedule is not None for pair in dag.schedule.imports}
    if len(served) == 1:
        return Deployments(flows, tuple(call_lines(f"{flows[0].function}.serve", served[0])), frozenset(imports))
    lines = ["serve("]
    for flow, arguments in zip(flows, served, strict=True):
        lines += [INDENT + line for line in call_lines(f"{flow.function}.to_deployment", arguments, indent=8)]
        lines[-1] += ","
    return Deployments(flows, (*lines, ")"), frozenset(imports | {("prefect", "serve")}))


def _served(case: Case, plan: DagPlan, expressions: Expressions) -> dict[str, str]:
    """The arguments that deploy a flow."""
    given = plan.dag.arguments
    arguments = {"name": repr_text(plan.id)}
    if plan.schedule is not None and plan.schedule.text:
        arguments["schedule"] = plan.schedule.text
    if "tags" in given and case.constant(given["tags"]) != Constant(None):
        arguments["tags"] = expressions.text(given["tags"])
    if "max_active_runs" in given:
        name = "limit" if len(case.graph.dags) == 1 else "concurrency_limit"
        arguments[name] = expressions.text(given["max_active_runs"])
    return arguments


def _flow(case: Case, plan: DagPlan, name: str) -> Flow:
    given = plan.dag.arguments
    paused = given.get("is_paused_upon_creation")
    limit = _known(case, given, "max_active_runs")
    return Flow(
        plan.id,
        name,
        plan.schedule.entries if plan.schedule is not None else (),
        _tags(case, given),
        paused is not None and case.constant(paused) not in (Constant(False), Constant(None)),
        limit if isinstance(limit, int) else None,
    )


def _known(case: Case, given: Mapping[str, Argument], name: str) -> object:
    if name not in given:
        return None
    known = case.constant(given[name])
    if known is None:
        _check_python(case, name, given[name])
    return known.value if known is not None else None


def _tags(case: Case, given: Mapping[str, Argument]) -> tuple[str, ...] | None:
    if "tags" not in given or case.constant(given["tags"]) == Constant(None):
        return ()
    values = case.module.values
    items = values.single(given["tags"].node)
    if isinstance(items, Items) and items.complete:
        known = [values.single(node) for node in items.nodes]
        tags = [value.value for value in known if isinstance(value, Constant) and isinstance(value.value, str)]
        # prefect.yaml is a template itself.
        if len(tags) == len(known) and (case.options.serves or not any("{{" in tag for tag in tags)):
            return tuple(tags)
    _check_python(case, "tags", given["tags"])
    return None


def _check_python(case: Case, name: str, argument: Argument) -> None:
    if not case.options.serves:
        raise Blocked(f"`{name}` is not known here, and a prefect.yaml holds no Python", argument.node)
