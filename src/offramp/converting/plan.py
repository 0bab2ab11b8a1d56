"""Chooses who gives a finding its fix, or every reason why it has none; loads nothing for findings without any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offramp.knowledge.rulebook import Rulebook
from offramp.model import Finding
from offramp.reading.source import Source

if TYPE_CHECKING:
    from offramp.converting.options import Options
    from offramp.project.index import Project

_OPERATORS = frozenset(
    {"", "derived-operator", "noted-operator", "fire-and-forget-run", "deferrable-without-wait", "double-wait"}
)
_PREFECT_TRAPS = frozenset(
    {
        "dbt-call-not-awaited",
        "returned-coroutine",
        "fire-and-forget-trigger",
        "wait-result-ignored",
        "future-not-resolved",
        "wait-window-too-short",
        "retries-without-effect",
        "wrong-call-form",
    }
)


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
    planned = list(findings)
    found = {rulebook.rules[code].detector for code in {finding.code for finding in findings}}
    if found.isdisjoint(_PREFECT_TRAPS | _OPERATORS):
        return planned
    detectors = {code: rule.detector for code, rule in rulebook.rules.items()}
    if found & _PREFECT_TRAPS:
        from offramp.converting.prefect_fixes import PrefectFixes
        from offramp.finding.operators import module_of

        fixes = PrefectFixes(module_of(source, rulebook), source, findings, detectors, options.versions, project)
        planned = [fixes.plan(one) if detectors.get(one.code) in _PREFECT_TRAPS else one for one in planned]
    if found & _OPERATORS:
        from offramp.converting.operator_fixes import plan_operators

        planned = plan_operators(source, planned, detectors, rulebook, options, project)
    return planned
