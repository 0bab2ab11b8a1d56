"""Gives every Airflow finding its fix, or every reason why it has none."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from offramp.finding.following.statements import build
from offramp.finding.graph import Blocker, Graph
from offramp.finding.operators import Module, Use, module_of
from offramp.fixing.elsewhere import looked_around
from offramp.fixing.expressions import Blocked
from offramp.fixing.options import Options
from offramp.fixing.recipes.conversion import Conversion
from offramp.fixing.recipes.dag_to_flow import convert
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Applicability, Edit, Finding, Fix, Refusal, Span
from offramp.reading.source import Source

if TYPE_CHECKING:
    from offramp.finding.project.index import Project


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
    result = []
    for finding in findings:
        match detectors.get(finding.code):
            case "" | "derived-operator" | "noted-operator":
                result.append(_for_operator(finding, module, source, graph, options, conversion))
            case "fire-and-forget-run":
                result.append(_wait(finding, module, source))
            case "deferrable-without-wait":
                result.append(_not_deferrable(finding, module, source))
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
            blockers.append(Blocker("its finding is suppressed, or its rule is not selected", use.callee))
    conversion = conversion._replace(blockers=tuple(blockers))
    if not graph.dags:
        return conversion
    return looked_around(module, source, graph, conversion, project, in_place=options.in_place)


def _for_operator(
    finding: Finding, module: Module, source: Source, graph: Graph, options: Options, conversion: Conversion
) -> Finding:
    use = next((use for use in module.uses if source.positions.span(use.callee) == finding.span), None)
    if not graph.dags and not graph.blockers and use is not None and use in graph.loose:
        return _bare(finding, module, source, use, options)
    if conversion.blockers or not conversion.edits:
        refusals = [_refusal(source, blocker) for blocker in conversion.blockers]
        if not refusals:
            refusals = [Refusal("is not part of a DAG that is built in this file", finding.span)]
        return finding._replace(
            refusals=tuple(sorted(dict.fromkeys(refusals), key=lambda refusal: refusal.span or Span(0, 0)))
        )
    number = len(conversion.flows)
    whole = f"Convert the {number} DAGs of this file to Prefect flows"
    title = "Convert this DAG to a Prefect flow" if number == 1 else whole
    if conversion.unwaited:
        title += f"; nobody waits for {', '.join(f'`{task}`' for task in conversion.unwaited)}, as decided by comment"
    applicability = Applicability.UNSAFE if conversion.doubts else Applicability.SAFE
    reason = "; ".join(conversion.doubts)
    fix = Fix(title, conversion.edits, applicability, reason, conversion.flows, conversion.connections)
    return finding._replace(fix=fix)


def _bare(finding: Finding, module: Module, source: Source, use: Use, options: Options) -> Finding:
    from offramp.fixing.recipes.call_to_flow import bare_flow

    try:
        flow = bare_flow(module, source, use, options)
    except Blocked as blocked:
        return finding._replace(refusals=(_refusal(source, blocked.blocker),))
    if flow.blockers:
        return finding._replace(refusals=tuple(_refusal(source, blocker) for blocker in flow.blockers))
    reason = "; ".join(("the operator stands in no DAG here and may be attached to one elsewhere", *flow.doubts))
    fix = Fix("Make it a flow of its own", flow.edits, Applicability.UNSAFE, reason, (), flow.connections)
    return finding._replace(fix=fix)


def _refusal(source: Source, blocker: Blocker) -> Refusal:
    return Refusal(blocker.reason, source.positions.span(blocker.node))


def _wait(finding: Finding, module: Module, source: Source) -> Finding:
    use = _use_at(module, source, finding)
    reason = "the DAG run then lasts as long as the dbt run, fails with it, and `retries` triggers it again"
    given = _keyword(use, "wait_for_termination")
    if given is None:
        return finding._replace(refusals=(Refusal("`wait_for_termination` is not given in this call", finding.span),))
    edit = Edit(source.positions.span(given.value), "True")
    return finding._replace(fix=Fix("Wait for the run", (edit,), Applicability.UNSAFE, reason))


def _not_deferrable(finding: Finding, module: Module, source: Source) -> Finding:
    use = _use_at(module, source, finding)
    given = _keyword(use, "deferrable")
    if given is None or use.call is None:
        return finding._replace(refusals=(Refusal("`deferrable` is not given in this call", finding.span),))
    edit = Edit(_argument_span(source, given), "")
    return finding._replace(fix=Fix("Remove `deferrable`, which has no effect", (edit,), Applicability.SAFE))


def _use_at(module: Module, source: Source, finding: Finding) -> Use:
    return next(use for use in module.uses if source.positions.span(use.callee) == finding.span)


def _keyword(use: Use, name: str) -> ast.keyword | None:
    call = use.made if isinstance(use.made, ast.Call) else use.call
    calls = [call, use.call]
    for one in calls:
        for keyword in one.keywords if one is not None else ():
            if keyword.arg == name:
                return keyword
    return None


def _argument_span(source: Source, keyword: ast.keyword) -> Span:
    """An argument with the comma and the blanks that go with it: its line, where it has one of its own."""
    positions = source.positions
    span = positions.span(keyword)
    text = source.utf8
    end = span.end
    while text[end : end + 1] in (b" ", b"\t"):
        end += 1
    if text[end : end + 1] == b",":
        end += 1
        while text[end : end + 1] in (b" ", b"\t"):
            end += 1
        line_start = positions.offset(keyword.lineno, 0)
        if not text[line_start : span.start].strip() and text[end : end + 1] in (b"\r", b"\n"):
            end += 2 if text[end : end + 2] == b"\r\n" else 1
            return Span(line_start, end)
        return Span(span.start, end)
    start = span.start
    while text[start - 1 : start] in (b" ", b"\t", b"\n", b"\r"):
        start -= 1
    if text[start - 1 : start] == b",":
        return Span(start - 1, span.end)
    return span
