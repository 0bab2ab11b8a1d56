"""Gives every Airflow finding its fix, or every reason why it has none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from offramp.converting.conversion import Conversion
from offramp.converting.dag_to_flow import convert
from offramp.converting.decisions import Decisions, decisions
from offramp.converting.elsewhere import looked_around
from offramp.converting.options import Options
from offramp.converting.writing_out import WrittenOut, written_out
from offramp.dags.builder import build
from offramp.dags.graph import Graph
from offramp.finding.helper_calls import helper_uses
from offramp.finding.operators import Module, Use, module_of, module_to_fix
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Applicability, Blocked, Blocker, Finding, Fix, Refusal, Span
from offramp.reading.source import Source

if TYPE_CHECKING:
    from offramp.project.index import Project


def plan_operators(
    source: Source,
    findings: Sequence[Finding],
    codes: Collection[str],
    rulebook: Rulebook,
    options: Options,
    project: Project | None,
) -> list[Finding]:
    """The findings with fixes or refusals for those of operators, which have one of some codes."""
    written = written_out(source, rulebook)
    module = module_to_fix(written.source, rulebook)
    graph = build(module)
    if not graph.dags and written.steps:
        written = WrittenOut(source)
        module = module_to_fix(source, rulebook)
        graph = build(module)
    whole = _whole_fix(source, written, module, graph, options, findings, project)
    loose = {use.callee: use for use in graph.loose if not graph.dags and not graph.blockers}
    result = []
    for finding in findings:
        use: Use | None = finding.trap.learned if finding.trap is not None else None
        if finding.code not in codes:
            result.append(finding)
        elif use is not None and use.callee in loose:
            result.append(_bare(finding, module, source, loose[use.callee], options))
        elif isinstance(whole, Fix):
            result.append(finding._replace(fix=whole))
        else:
            refusals = whole or (Refusal("is not part of a DAG that is built in this file", finding.span),)
            result.append(finding._replace(refusals=refusals))
    return result


def _whole_fix(
    source: Source,
    written: WrittenOut,
    module: Module,
    graph: Graph,
    options: Options,
    findings: Sequence[Finding],
    project: Project | None,
) -> Fix | tuple[Refusal, ...]:
    """The fix that converts a whole file, which may be ``written`` out before, or every reason why it is not."""
    conversion = convert(module, written.source, graph, options)
    decided = Decisions((), ())
    own: list[Blocker] = []
    if graph.dags:
        conversion = looked_around(module, written.source, graph, conversion, project, in_place=options.in_place)
        decided = decisions(module, written.source, options)
        own = list(_suppressed(source, module_of(source, module.rulebook), findings))
    blockers = [_refusal(written.source, one) for one in (*conversion.blockers, *decided.blockers)]
    refusals = [one._replace(span=written.origin(one.span)) if one.span is not None else one for one in blockers]
    refusals += [*(_refusal(source, one) for one in own), *(written.refusals if graph.dags else ())]
    if refusals or not conversion.edits:
        return tuple(sorted(dict.fromkeys(refusals), key=lambda refusal: refusal.span or Span(0, 0)))
    doubts = tuple(dict.fromkeys((*conversion.doubts, *written.doubts)))
    return _fix(conversion._replace(edits=written.edits_of(source, conversion.edits), doubts=doubts), decided.codes)


def _suppressed(source: Source, module: Module, findings: Sequence[Finding]) -> Iterator[Blocker]:
    """The operators whose findings nobody is shown, so that nobody asks for their conversion."""
    found = {finding.span for finding in findings}
    for use in (*module.uses, *(one.use for one in helper_uses(module))):
        if use.call is not None and use.role != "hook" and source.positions.span(use.callee) not in found:
            yield Blocker("this operator's finding is suppressed, or its rule not selected", use.callee)


def _fix(conversion: Conversion, decided: tuple[str, ...]) -> Fix:
    """The fix that converts a whole file.

    What is ``decided`` may be found again: the comment that says so need not stand where it would suppress that.
    """
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
        reveals=decided,
    )


def _bare(finding: Finding, module: Module, source: Source, use: Use, options: Options) -> Finding:
    from offramp.converting.call_to_flow import bare_flow

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
