"""Byte edits: applied all together or not at all, and proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from offramp.model import Applicability, Edit, Finding, Span
from offramp.reading.source import Source

_CANNOT_PARSE = "OFR901"


def overlap(edits: Iterable[Edit]) -> bool:
    """Whether two edits touch the same bytes, or insert at the same place."""
    ordered = sorted(edits, key=lambda edit: edit.span)
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

    Without ``converts``, fixes that take a DAG out of Airflow are left out.
    """
    wanted = (Applicability.SAFE, Applicability.UNSAFE) if unsafe else (Applicability.SAFE,)
    chosen: list[Finding] = []
    edits: list[Edit] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or fix.applicability not in wanted or (fix.flows and not converts):
            continue
        if any(fix.edits == other.fix.edits for other in chosen if other.fix is not None):
            chosen.append(finding)
        elif not overlap([*edits, *fix.edits]) and not any(other.fix and other.fix.flows for other in chosen):
            chosen.append(finding)
            edits += fix.edits
    return chosen


def edits_of(findings: Sequence[Finding], source: Source) -> list[Edit]:
    """The edits of some findings' fixes, each once, with the file's own line ends."""
    edits = dict.fromkeys(edit for finding in findings if finding.fix is not None for edit in finding.fix.edits)
    return [edit._replace(text=edit.text.replace("\n", source.newline)) for edit in edits]


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
    """Why a round of fixes is not as it should be; empty when it is.

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
