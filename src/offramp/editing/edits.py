"""Byte edits: applied all together or not at all, and proven."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from offramp.finding.operators import Module
from offramp.model import Applicability, Edit, Finding, Fix, Span
from offramp.reading.source import Source

_CANNOT_PARSE = "OFR901"


def overlap(edits: Iterable[Edit]) -> bool:
    """Return whether two edits touch the same bytes, or insert at the same place; equal ones are one."""
    ordered = sorted(set(edits), key=lambda edit: edit.span)
    return any(
        after.span.start < before.span.end or after.span.start == before.span.start
        for before, after in pairwise(ordered)
    )


def apply(utf8: bytes, edits: Iterable[Edit]) -> bytes:
    """The text with every edit made; ValueError when two overlap."""
    edits = sorted(edits, key=lambda edit: edit.span)
    if overlap(edits):
        raise ValueError("its edits overlap")
    parts = []
    position = 0
    for edit in edits:
        parts += [utf8[position : edit.span.start], edit.text.encode("utf-8")]
        position = edit.span.end
    parts.append(utf8[position:])
    return b"".join(parts)


def applicable(findings: Sequence[Finding], *, unsafe: bool, converts: bool) -> list[Finding]:
    """The findings whose fixes can be applied in one round: those that share a fix, and what does not touch it.

    Two fixes of one call wait for each other: the first may do away with what the second is for. Without
    ``converts``, fixes that take a DAG out of Airflow are left out.
    """
    wanted = (Applicability.SAFE, Applicability.UNSAFE) if unsafe else (Applicability.SAFE,)
    chosen: list[Finding] = []
    fixes: set[tuple[Edit, ...]] = set()
    calls: set[Span] = set()
    edits: list[Edit] = []
    whole = False
    for finding in findings:
        fix = finding.fix
        if fix is None or fix.applicability not in wanted or (fix.flows and not converts):
            continue
        if fix.edits not in fixes:
            if whole or finding.span in calls or any(not _fits(edit, edits) for edit in fix.body):
                continue
            for edit in fix.body:
                insort(edits, edit)
            fixes.add(fix.edits)
            whole = bool(fix.flows)
        calls.add(finding.span)
        chosen.append(finding)
    return chosen


def _fits(edit: Edit, edits: Sequence[Edit]) -> bool:
    """Return whether an edit touches none of those that are sorted already, or is one of them."""
    index = bisect_left(edits, edit)
    if index < len(edits) and edits[index] == edit:
        return True
    return not overlap([*edits[max(0, index - 1) : index + 1], edit])


def edits_of(fixes: Sequence[Fix], module: Module, source: Source) -> list[Edit]:
    """The edits of some fixes, equal ones once, with the file's own line ends.

    Their imports are made anew where they are several: what one of them needs or leaves
    behind changes what the others find. Raises Blocked where that cannot be done.
    """
    needing = [fix for fix in fixes if fix.importing]
    edits = [edit for fix in fixes for edit in (fix.edits if len(needing) < 2 else fix.body)]
    if len(needing) > 1:
        from offramp.editing.imports import import_edits

        needed = frozenset(pair for fix in needing for pair in fix.needs)
        edits += import_edits(module, source, edits, needed, leaves_airflow=False)
    return [edit._replace(text=edit.text.replace("\n", source.newline)) for edit in dict.fromkeys(edits)]


def between(before: bytes, after: bytes) -> list[Edit]:
    """Edits of whole lines that make one text of another, in order."""
    from difflib import SequenceMatcher

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, old))]
    return [
        Edit(Span(starts[first], starts[last]), b"".join(new[begin:end]).decode("utf-8", "surrogatepass"))
        for kind, first, last, begin, end in SequenceMatcher(None, old, new).get_opcodes()
        if kind != "equal"
    ]


def unproven(before: Sequence[Finding], applied: Sequence[Finding], after: Sequence[Finding]) -> str:
    """The reason why a round of fixes is not as it should be; empty when it is.

    The applied findings must be gone, and nothing may have come but what their fixes reveal.
    """
    for finding in after:
        if finding.code == _CANNOT_PARSE:
            return f"the result does not parse: {finding.message}"
    expected = Counter(finding.code for finding in before)
    expected.subtract(finding.code for finding in applied)
    fixes = {finding.fix.edits: finding.fix for finding in applied if finding.fix is not None}
    for fix in fixes.values():
        expected.update(fix.reveals)
    left = Counter(finding.code for finding in after)
    for code, count in left.items():
        if count > expected[code]:
            return f"{code} is found {count} times afterwards, not {max(expected[code], 0)} times"
    return ""
