"""Gives findings their fixes, or every reason why they have none; loads nothing for findings without any."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from offramp.finding.trap import trap_module
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Applicability, Blocked, Finding, Fix, Refusal
from offramp.reading.source import Source

if TYPE_CHECKING:
    from offramp.converting.options import Options
    from offramp.editing.planning import Planning
    from offramp.finding.operators import Use
    from offramp.project.index import Project


def plan(
    source: Source,
    findings: Sequence[Finding],
    rulebook: Rulebook,
    options: Options,
    project: Project | None,
) -> list[Finding]:
    """The findings with their fixes or refusals.

    ``project`` tells what other files need of this one; without it only the file
    itself is looked at.
    """
    fixing = _fixing({finding.code for finding in findings}, rulebook)
    if not fixing:
        return list(findings)
    from offramp.editing.planning import Planning

    planning = Planning(source, rulebook, findings, options.versions, project)
    planned = [_planned(planning, one, fixing[one.code]) if one.code in fixing else one for one in findings]
    operators = frozenset(code for code, module in fixing.items() if module is None)
    if operators and all(_has_no_conversion(one) for one in planned if one.code in operators):
        return [_unconverted(one) if one.code in operators else one for one in planned]
    if operators:
        from offramp.converting.operator_fixes import plan_operators

        planned = plan_operators(source, planned, operators, rulebook, options, project)
    return planned


def _fixing(codes: Collection[str], rulebook: Rulebook) -> dict[str, ModuleType | None]:
    """The modules of the codes whose findings can have fixes; None for what is converted with its DAG."""
    found: dict[str, ModuleType | None] = {}
    for code in codes:
        rule = rulebook.rules[code]
        module = trap_module(rule) if not rule.is_to_convert else None
        if module is None or hasattr(module, "fix"):
            found[code] = module
    return found


def _has_no_conversion(finding: Finding) -> bool:
    """Return whether a finding is of an operator that a shipped note knows no conversion of."""
    use: Use | None = finding.trap.learned if finding.trap is not None else None
    if use is None or use.derived is not None or use.role == "hook":
        return False
    return use.note.shipped and not use.note.kind and "rewrite" not in use.note.fields


def _unconverted(finding: Finding) -> Finding:
    """The finding of an operator that has no conversion, with that alone as its reason: no DAG has to be looked at."""
    assert finding.trap is not None
    name = finding.trap.learned.path.rpartition(".")[2]
    return finding._replace(refusals=(Refusal(f"`{name}` has no conversion yet", finding.span),))


def _planned(planning: Planning, finding: Finding, module: ModuleType | None) -> Finding:
    """A finding with the fix of its trap, or why it has none and what can be done by hand."""
    if module is None or finding.trap is None:
        return finding
    try:
        return finding._replace(fix=module.fix(planning, finding.trap.learned))
    except Blocked as blocked:
        refusal = Refusal(blocked.blocker.reason, planning.source.positions.span(blocked.blocker.node))
        by_hand = getattr(module, "HELP", "")
        fix = Fix(by_hand, (), Applicability.DISPLAY_ONLY) if by_hand else None
        return finding._replace(fix=fix, refusals=(refusal,))
