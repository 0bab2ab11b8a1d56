"""Applies the fixes of one file round by round, and knows beforehand what that will do.

Every fix that is shown or counted was made and proven; one that fails is dropped alone, with the reason as its
refusal. May import ``finding``; who checks and plans is handed in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from offramp.converting.proof import airflow_after, broken, lost_comments
from offramp.editing.edits import applicable, apply, edits_of, unproven
from offramp.finding.operators import Module
from offramp.model import Applicability, Blocked, Edit, Finding, Refusal, UnprovenError
from offramp.reading.source import Source, SourceError
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.project.index import Project

# More rounds than this mean that fixes undo each other.
_MOST_ROUNDS = 10

_Fixes = tuple[tuple[Edit, ...], ...]


class Tools(NamedTuple):
    """All that the rounds of one file need: to check its new bytes, to plan findings and to ask about a text.

    ``check`` raises SourceError for what cannot be checked; ``converts`` is whether fixes
    may take DAGs out of Airflow, and ``project`` what these may import.
    """

    check: Callable[[bytes], tuple[Source, list[Finding]]]
    plan: Callable[[Source, Sequence[Finding]], list[Finding]]
    module: Callable[[Source], Module]
    converts: bool
    project: Project | None


class Round(NamedTuple):
    """Fixes that hold together: the findings that they are of, their edits, and the file with them."""

    applied: tuple[Finding, ...]
    edits: tuple[Edit, ...]
    source: Source
    findings: tuple[Finding, ...]


class Stage:
    """One state of a file between two rounds; ``findings`` are planned, those whose fixes fail without them."""

    def __init__(self, source: Source, planned: Sequence[Finding], tools: Tools) -> None:
        self.source = source
        self.findings = list(planned)
        self._tools = tools
        self._tried: dict[_Fixes, Round | str] = {}
        self._shown: set[tuple[Edit, ...]] = set()

    # -- one round -----------------------------------------------------------------

    def next_round(self, *, unsafe: bool) -> Round | None:
        """The fixes that are applied first, as many as hold together; None where there are none."""
        while chosen := applicable(self.findings, unsafe=unsafe, converts=self._tools.converts):
            if found := self._holding(chosen):
                return found
        return None

    def proven(self, chosen: Sequence[Finding]) -> Round:
        """The fixes of some findings made together; raises UnprovenError where they do not hold."""
        tried = self._proven(chosen)
        if isinstance(tried, Round):
            return tried
        codes = ", ".join(sorted({finding.code for finding in chosen}))
        raise UnprovenError(f"{self.source.path}: the fix of {codes} would not do what it should: {tried}")

    def after(self, done: Round) -> Stage:
        """The state that a round leaves."""
        return Stage(done.source, self._tools.plan(done.source, done.findings), self._tools)

    def _holding(self, chosen: Sequence[Finding]) -> Round | None:
        """The largest part found of some findings whose fixes hold together; a fix that fails alone is dropped."""
        groups = list(dict.fromkeys(finding.fix.edits for finding in chosen if finding.fix is not None))
        tried = self._try(chosen, groups)
        if isinstance(tried, Round):
            self._shown.update(groups)
            return tried
        if len(groups) == 1:
            self._drop(groups[0], tried)
            return None
        first = frozenset(groups[: len(groups) // 2])
        halves = [
            [one for one in chosen if (one.fix is not None and one.fix.edits in first) is is_first]
            for is_first in (True, False)
        ]
        held = [found for half in halves if (found := self._holding(half)) is not None]
        if len(held) < 2:
            return held[0] if held else None
        both = [finding for found in held for finding in found.applied]
        tried = self._try(both, list(dict.fromkeys(finding.fix.edits for finding in both if finding.fix is not None)))
        return tried if isinstance(tried, Round) else held[0]

    def _try(self, chosen: Sequence[Finding], groups: Sequence[tuple[Edit, ...]]) -> Round | str:
        key = tuple(sorted(groups))
        if key not in self._tried:
            self._tried[key] = self._proven(chosen)
        return self._tried[key]

    def _proven(self, applied: Sequence[Finding]) -> Round | str:
        """The round that some findings' fixes make, or the sentence that says why they must not be made."""
        source = self.source
        fixes = dict.fromkeys(finding.fix for finding in applied if finding.fix is not None)
        try:
            edits = edits_of(list(fixes), self._tools.module(source), source)
            changed, found = self._tools.check(source.encoded(apply(source.utf8, edits)))
        except (Blocked, UnicodeEncodeError, ValueError, SourceError) as error:
            return str(error)
        fault = unproven(self.findings, applied, found) or broken(
            self._tools.module(source).names, changed.tree, self._tools.module(changed).names
        )
        fault = fault or lost_comments(source, edits, changed)
        if not fault and any(fix.flows for fix in fixes):
            need = airflow_after(changed, self._tools.project)
            fault = need.sentence if need is not None and not need.guarded else ""
        return fault or Round(tuple(applied), tuple(edits), changed, tuple(found))

    def _drop(self, edits: tuple[Edit, ...], reason: str) -> None:
        sentence = f"the fix would not do what it should: {reason}"
        self.findings = [
            finding._replace(fix=None, refusals=(*finding.refusals, Refusal(sentence, finding.span)))
            if finding.fix is not None and finding.fix.edits == edits
            else finding
            for finding in self.findings
        ]

    # -- all of them ---------------------------------------------------------------

    def prove_all(self) -> None:
        """Prove every fix that is shown: those of the first rounds together, what conflicts with them by itself."""
        for unsafe in (False, True):
            self.next_round(unsafe=unsafe)
        while left := [
            finding
            for finding in self.findings
            if finding.fix is not None
            and finding.fix.applicability is not Applicability.DISPLAY_ONLY
            and finding.fix.edits not in self._shown
        ]:
            self._holding(applicable(left, unsafe=True, converts=True))


class Outcome(NamedTuple):
    """The result of a file's rounds: the last state, the findings that were fixed on the way and how many are gone.

    ``gone`` counts those of the first state's findings that are not there any more.
    """

    stage: Stage
    applied: tuple[Finding, ...]
    gone: int


def run(stage: Stage, *, unsafe: bool) -> Outcome:
    """Apply fixes until none is left that can be; where one fails, the others are applied."""
    there: list[tuple[str, int]] = [(finding.code, finding.span.start) for finding in stage.findings]
    applied: list[Finding] = []
    count = len(there)
    for _ in range(_MOST_ROUNDS):
        done = stage.next_round(unsafe=unsafe)
        if done is None:
            break
        applied += done.applied
        there = _still_there(there, done)
        stage = stage.after(done)
    return Outcome(stage, tuple(applied), count - len(there))


def counts(stage: Stage) -> tuple[int, int]:
    """Return how many findings ``--fix`` would do away with, and how many more with unsafe fixes."""
    found = {finding.fix.applicability for finding in stage.findings if finding.fix is not None and finding.fix.edits}
    safe = run(stage, unsafe=False).gone if Applicability.SAFE in found else 0
    if safe == len(stage.findings) or not found:
        return safe, 0
    return safe, max(run(stage, unsafe=True).gone - safe, 0)


def _still_there(there: Iterable[tuple[str, int]], done: Round) -> list[tuple[str, int]]:
    """Return where those of some findings are that a round has left, by code and offset."""
    left: dict[str, list[int]] = {}
    for finding in done.findings:
        insort(left.setdefault(finding.code, []), finding.span.start)
    edits = sorted(done.edits, key=lambda edit: edit.span)
    ends = [edit.span.end for edit in edits]
    grown = [0, *accumulate(len(edit.text.encode()) - (edit.span.end - edit.span.start) for edit in edits)]
    found = []
    for code, start in there:
        index = bisect_right(ends, start)
        begin = start + grown[index]
        end = begin + 1
        if index < len(edits) and edits[index].span.start <= start:
            begin = edits[index].span.start + grown[index]
            end = begin + len(edits[index].text.encode())
        starts = left.get(code, [])
        place = bisect_left(starts, begin)
        if place < len(starts) and starts[place] < end:
            found.append((code, starts.pop(place)))
    return found
