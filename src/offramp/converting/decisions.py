"""Traps that a person decides on before a DAG is converted: a flow that loses a failure would lose it for good."""

from __future__ import annotations

import ast
import re

from offramp.converting.options import Options
from offramp.finding.bans import Bans
from offramp.finding.operators import Module
from offramp.finding.places import header
from offramp.finding.searched_text import SearchedText
from offramp.finding.suppress import ignored_with_reason
from offramp.finding.trap import File, trap_module
from offramp.model import Blocker, Edit, Rule, Span
from offramp.reading.source import Source
from offramp.record import NamedTuple

# The rules by what nobody hears of.
_UNDECIDED = {
    "hidden-dbt-failure": "a failure of dbt is lost here",
    "fire-and-forget-dbt": "nobody waits for dbt here",
    "dbt-result-ignored": "nobody looks at how dbt ended here",
}


class Decisions(NamedTuple):
    """The places that nobody has decided on, and the codes of the findings that somebody has, one for each."""

    blockers: tuple[Blocker, ...]
    codes: tuple[str, ...]


def decisions(module: Module, source: Source, options: Options) -> Decisions:
    """The decisions that a file needs before it is converted, whichever rules are selected."""
    text = SearchedText(source.utf8, module.rulebook, options.programs)
    file = File(source, module.rulebook, options.versions, Bans((), ()), programs=options.programs)
    blockers: list[Blocker] = []
    codes: list[str] = []
    for rule in module.rulebook.rules.values():
        if rule.detector not in _UNDECIDED or not text.holds(rule):
            continue
        for place in (trap.place for trap in trap_module(rule).find(file) if isinstance(trap.place, ast.expr)):
            if _reason(module, source, rule, place):
                codes.append(rule.code)
            else:
                what = _UNDECIDED[rule.detector]
                sentence = f"{what}: mend it, or say why it may be: `# offramp: ignore[{rule.code}] reason`"
                blockers.append(Blocker(sentence, place))
    return Decisions(tuple(blockers), tuple(codes))


def decided(module: Module, source: Source, place: ast.expr) -> list[str]:
    """What is lost at a place by somebody's decision, each with the reason that they give."""
    return [
        f"{what}, as decided: {reason}"
        for rule in module.rulebook.rules.values()
        if (what := _UNDECIDED.get(rule.detector)) and (reason := _reason(module, source, rule, place))
    ]


def told(module: Module, source: Source, place: ast.expr) -> list[Edit]:
    """The edits that make plain comments of those that decide on a place, where their rules find nothing any more."""
    statement = module.names.statement(place)
    rows = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    first, last = source.positions.offset(rows[0], 0), source.positions.offset(rows[-1] + 1, 0)
    return [
        Edit(Span(first + found.start(), first + found.end()), f"# {what[0].upper()}{what[1:]}, as decided:")
        for rule in module.rulebook.rules.values()
        if (what := _UNDECIDED.get(rule.detector)) and _reason(module, source, rule, place)
        for found in re.finditer(rb"#\s*offramp:\s*ignore\[" + rule.code.encode() + rb"\]", source.utf8[first:last])
    ]


def _reason(module: Module, source: Source, rule: Rule, place: ast.expr) -> str:
    statement = header(source, module.names.statement(place), place)
    return ignored_with_reason(source, rule.code, source.positions.span(place), statement)
