"""Runs the examples of mapping notes as tests; above the engine, below the front ends.

What is marked is found and nothing else, the end of an example is silent, and a note
with a rewrite turns the one into the other, byte for byte and once.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from offramp.engine import Context, check_bytes, fix_bytes
from offramp.knowledge.assembly import read_note
from offramp.knowledge.note_format import Fence, Section, fences, parse_notes
from offramp.model import Note
from offramp.reading.source import Positions
from offramp.record import NamedTuple

_MARK = re.compile(r"[ \t]*# (OFR\d{3}(?: OFR\d{3})*)[ \t]*$", re.MULTILINE)


class Outcome(NamedTuple):
    """The way in which one example fared: where it begins, which it is, and what went wrong, if anything did."""

    line: int
    what: str
    fault: str


class Trial(NamedTuple):
    """The outcomes of one section's examples."""

    line: int
    section: str
    code: str
    outcomes: tuple[Outcome, ...]


def try_file(path: str, context: Context) -> list[Trial]:
    """The trials of the sections of one note file that report. Raises NoteError for a file that is not a note file."""
    sections = parse_notes(path, read_note(path), shipped=True).sections
    return [
        Trial(section.note.line, section.note.section, rule.code, tuple(_outcomes(section, rule.code, context)))
        for section in sections
        if (rule := context.rulebook.section_rules.get(section.note.section)) is not None
    ]


def _outcomes(section: Section, code: str, context: Context) -> Iterator[Outcome]:
    befores, afters, others = (
        [_placed(section, name, fence) for fence in fences(section.note.fields.get(name, ""))]
        for name in ("example/before", "example/after", "not_flagged")
    )
    for line, text in befores:
        yield Outcome(line, "before", _flagged(text, code, line, context))
    for line, text in afters:
        yield Outcome(line, "after", _silent(text, code, line, context, kept=kept_findings(section.note)))
    for line, text in others:
        yield Outcome(line, "not flagged", _silent(text, code, line, context, only=not section.note.operator))
    if "rewrite" in section.note.fields and befores and afters:
        yield Outcome(befores[0][0], "rewrite", _rewritten(befores[0][1], afters[0][1], code, context))


def kept_findings(note: Note) -> set[str]:
    """The codes of the findings that a trap's fix leaves in its example: what runs dbt there still does."""
    marks = _MARK.findall(note.fields.get("example/before", ""))
    return set() if note.operator else {code for mark in marks for code in mark.split()} - {note.code}


def _placed(section: Section, field: str, fence: Fence) -> tuple[int, str]:
    return section.lines[field] + fence.line, fence.content


def _found(text: str, code: str, context: Context) -> tuple[set[tuple[int, str]], str]:
    """Row and code of each finding, and the problem if there is one."""
    raw = text.encode()
    name = "requirements.txt" if context.rulebook.rules[code].manifests == "only" else "example.py"
    chosen = Context(context.settings, context.rulebook, context.enabled | {code}, context.versions)
    result = check_bytes(name, raw, chosen, named=True)
    positions = Positions(raw)
    return {(positions.row(finding.span.start), finding.code) for finding in result.findings}, result.problem


def _flagged(text: str, code: str, line: int, context: Context) -> str:
    """An example that has no marks need only have a finding of its rule."""
    found, problem = _found(text, code, context)
    marked = {
        (row, mark)
        for row, source in enumerate(text.splitlines(), 1)
        if (match := _MARK.search(source))
        for mark in match[1].split()
    }
    if problem:
        return problem
    if not marked:
        return "" if code in {one for _, one in found} else f"{code} finds nothing"
    if missed := sorted(marked - found):
        return f"missed alarm: {missed[0][1]} is marked on line {line + missed[0][0] - 1} and not found"
    if more := sorted(found - marked):
        return f"false alarm: {more[0][1]} on line {line + more[0][0] - 1} is not marked"
    return ""


def _silent(text: str, code: str, line: int, context: Context, *, only: bool = False, kept: Container[str] = ()) -> str:
    found, problem = _found(text, code, context)
    more = sorted((row, one) for row, one in found if one == code or not (only or one in kept))
    return problem or (f"not silent: {more[0][1]} on line {line + more[0][0] - 1}" if more else "")


def _rewritten(before: str, after: str, code: str, context: Context) -> str:
    raw = _MARK.sub("", before).encode()
    context = Context(context.settings, context.rulebook, context.enabled | {code}, context.versions)
    result = fix_bytes("example.py", raw, context, unsafe=True, named=True)
    if result.problem:
        return result.problem
    if result.new_text is None:
        left = next((finding for finding in result.findings if finding.code == code), None)
        reasons = [refusal.reason for refusal in left.refusals] if left is not None else []
        return "no fix" + (f": {reasons[0]}" if reasons else "")
    fixed = result.new_text.decode()
    if fixed != after:
        return "the fix differs from the example:\n" + _difference(after, fixed)
    if fix_bytes("example.py", result.new_text, context, unsafe=True, named=True).new_text is not None:
        return "the fix can be fixed again"
    return ""


def _difference(wanted: str, fixed: str) -> str:
    import difflib

    lines = difflib.unified_diff(wanted.splitlines(), fixed.splitlines(), "after", "fixed", lineterm="")
    return "\n".join(f"    {line}" for line in lines)
