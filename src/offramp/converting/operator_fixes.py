"""Gives every Airflow finding its fix, or every reason why it has none."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from offramp.converting.elsewhere import looked_around
from offramp.converting.options import Options
from offramp.converting.recipes.conversion import Conversion
from offramp.converting.recipes.dag_to_flow import convert
from offramp.dags.builder import build
from offramp.dags.graph import Graph
from offramp.editing.bracketed import call_arguments, does_more
from offramp.finding.operators import Module, Use, module_of
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Applicability, Blocked, Blocker, Edit, Finding, Fix, Refusal, Span
from offramp.reading.source import Source

if TYPE_CHECKING:
    from offramp.project.index import Project


def plan_operators(
    source: Source,
    findings: Sequence[Finding],
    detectors: Mapping[str, str],
    rulebook: Rulebook,
    options: Options,
    project: Project | None,
) -> list[Finding]:
    """The findings with fixes or refusals for those of operators and of their waiting, by code in ``detectors``."""
    module = module_of(source, rulebook)
    graph = build(module)
    conversion = _conversion(module, source, graph, options, findings, project)
    uses = {source.positions.span(use.callee): use for use in reversed(module.uses)}
    whole = _whole(source, conversion)
    loose = {use.callee for use in graph.loose} if not graph.dags and not graph.blockers else set()
    result = []
    for finding in findings:
        match detectors.get(finding.code):
            case "" | "derived-operator" | "noted-operator":
                use = uses.get(finding.span)
                if use is not None and use.callee in loose:
                    result.append(_bare(finding, module, source, use, options))
                elif isinstance(whole, Fix):
                    result.append(finding._replace(fix=whole))
                else:
                    refusals = whole or (Refusal("is not part of a DAG that is built in this file", finding.span),)
                    result.append(finding._replace(refusals=refusals))
            case "fire-and-forget-run":
                result.append(_wait(finding, uses[finding.span], source))
            case "deferrable-without-wait":
                result.append(_not_deferrable(finding, module, uses[finding.span], source))
            case "double-wait":
                title = "Remove the sensor, or let only the sensor wait (`wait_for_termination=False`)"
                fix = Fix(title, (), Applicability.DISPLAY_ONLY, "both waits are harmless")
                result.append(finding._replace(fix=fix))
            case _:
                result.append(finding)
    return result


def _conversion(
    module: Module,
    source: Source,
    graph: Graph,
    options: Options,
    findings: Sequence[Finding],
    project: Project | None,
) -> Conversion:
    try:
        conversion = convert(module, source, graph, options)
    except Blocked as blocked:
        return Conversion((), (), (blocked.blocker,), ())
    blockers = list(conversion.blockers)
    found = {finding.span for finding in findings}
    for use in module.uses:
        reports = use.call is not None and use.role != "hook"
        if graph.dags and reports and source.positions.span(use.callee) not in found:
            blockers.append(Blocker("this operator's finding is suppressed, or its rule not selected", use.callee))
    conversion = conversion._replace(blockers=tuple(blockers))
    if not graph.dags:
        return conversion
    return looked_around(module, source, graph, conversion, project, in_place=options.in_place)


def _whole(source: Source, conversion: Conversion) -> Fix | tuple[Refusal, ...]:
    """The fix that converts a whole file, or every reason why it is not converted."""
    if conversion.blockers or not conversion.edits:
        refusals = dict.fromkeys(_refusal(source, blocker) for blocker in conversion.blockers)
        return tuple(sorted(refusals, key=lambda refusal: refusal.span or Span(0, 0)))
    number = len(conversion.flows)
    title = f"Convert the {number} DAGs of this file to Prefect flows"
    if number == 1:
        title = "Convert this DAG to a Prefect flow"
    if conversion.unwaited:
        title += f"; nobody waits for {', '.join(f'`{task}`' for task in conversion.unwaited)}, as decided by comment"
    applicability = Applicability.UNSAFE if conversion.doubts else Applicability.SAFE
    reason = "; ".join(conversion.doubts)
    return Fix(
        title,
        conversion.edits,
        applicability,
        reason,
        conversion.flows,
        conversion.connections,
        packages=conversion.packages,
    )


def _bare(finding: Finding, module: Module, source: Source, use: Use, options: Options) -> Finding:
    from offramp.converting.recipes.call_to_flow import bare_flow

    try:
        flow = bare_flow(module, source, use, options)
    except Blocked as blocked:
        return finding._replace(refusals=(_refusal(source, blocked.blocker),))
    if flow.blockers:
        return finding._replace(refusals=tuple(_refusal(source, blocker) for blocker in flow.blockers))
    reason = "; ".join(("the operator stands in no DAG here and may be attached to one elsewhere", *flow.doubts))
    fix = Fix(
        "Make it a flow of its own",
        flow.edits,
        Applicability.UNSAFE,
        reason,
        (),
        flow.connections,
        packages=flow.packages,
    )
    return finding._replace(fix=fix)


def _refusal(source: Source, blocker: Blocker) -> Refusal:
    return Refusal(blocker.reason, source.positions.span(blocker.node))


def _wait(finding: Finding, use: Use, source: Source) -> Finding:
    reason = "the DAG run then lasts as long as the dbt run, fails with it, and `retries` triggers it again"
    given = _given(finding, use, "wait_for_termination")
    if isinstance(given, Refusal):
        return finding._replace(refusals=(given,))
    edit = Edit(source.positions.span(given[1].value), "True")
    return finding._replace(fix=Fix("Wait for the run", (edit,), Applicability.UNSAFE, reason))


def _not_deferrable(finding: Finding, module: Module, use: Use, source: Source) -> Finding:
    given = _given(finding, use, "deferrable")
    if isinstance(given, Refusal):
        return finding._replace(refusals=(given,))
    call, keyword = given
    if _in_default_args(module, use, keyword):
        edit = Edit(source.positions.span(keyword.value), "False")
        title = "Set `deferrable=False`, since `default_args` set it too and it has no effect"
        return finding._replace(fix=Fix(title, (edit,), Applicability.SAFE))
    arguments = call_arguments(source, call)
    assert arguments is not None  # a generator expression that stands alone has no keyword beside it
    fix = Fix("Remove `deferrable`, which has no effect", (arguments.removed(keyword),), Applicability.SAFE)
    return finding._replace(fix=fix)


def _in_default_args(module: Module, use: Use, given: ast.keyword) -> bool:
    """Return whether an argument of a call is one of the ``default_args`` that reach it as well."""
    defaults = dict(module.dags.inherited(use.around).given)
    assert use.call is not None
    for call in (use.call, use.made):
        own = module.values.arguments(call).given if isinstance(call, ast.Call) else {}
        if "default_args" in own:
            module.dags.defaults(own["default_args"], defaults)
    return given.arg in defaults


def _given(finding: Finding, use: Use, name: str) -> tuple[ast.Call, ast.keyword] | Refusal:
    """An argument where it stands: in the call, or in the ``.partial(…)`` before it; else why it cannot be changed."""
    for call in (use.made, use.call):
        for keyword in call.keywords if isinstance(call, ast.Call) else ():
            if keyword.arg == name and does_more(keyword.value):
                return Refusal(f"`{name}` is an expression that does something else as well", finding.span)
            if keyword.arg == name and isinstance(call, ast.Call):
                return call, keyword
    return Refusal(f"`{name}` is not given in this call", finding.span)
