"""Tells what the notes say of the operator or the argument under the cursor; may import finding and output."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence

from offramp.finding.operators import Module, module_of
from offramp.knowledge.rulebook import Rulebook
from offramp.model import ArgumentRow, Finding, Note, Span
from offramp.output import SITE, rule_url
from offramp.output.brief import becomes, summary
from offramp.python.values import Partial, Reference
from offramp.reading.source import Source
from offramp.record import NamedTuple

_BLANK_LINES = re.compile(r"\n\s*\n")
_ADDRESS = re.compile(r"<(https?://[^>]*)>")
_NODES = (ast.Name, ast.Attribute, ast.Call, ast.ImportFrom)


class Shown(NamedTuple):
    """All that is shown of the code at ``span``, as Markdown."""

    span: Span
    text: str


def hover(source: Source, findings: Sequence[Finding], rulebook: Rulebook, offset: int) -> Shown | None:
    """Return what the notes say of the code at a byte offset: an argument, an operator, or else a finding."""
    module = module_of(source, rulebook)
    here = [finding for finding in findings if finding.span.start <= offset <= finding.span.end]
    for node in _around(source, offset):
        shown = _argument(module, source, node, offset) if isinstance(node, ast.Call) else None
        shown = shown or _operator(module, source, node, offset, here)
        if shown is not None:
            return shown
    traps = [text for finding in here if (text := _trap(rulebook, finding))]
    return Shown(here[0].span, "\n\n".join(dict.fromkeys(traps))) if traps else None


def plain(markdown: str) -> str:
    """The text of what is shown, for clients that know no Markdown."""
    return _ADDRESS.sub(r"\1", markdown).replace("**", "").replace("`", "")


def _around(source: Source, offset: int) -> Iterator[ast.expr | ast.ImportFrom]:
    """The names that are read, the calls and the imports that hold an offset, the innermost first."""
    span = source.positions.span
    holding = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, _NODES) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if span(node).start <= offset <= span(node).end
    ]
    yield from sorted(holding, key=lambda node: span(node).end - span(node).start)


def _argument(module: Module, source: Source, call: ast.Call, offset: int) -> Shown | None:
    note = _note_of(module, call)
    if note is None:
        return None
    rows = module.rulebook.arguments(note)
    for keyword in call.keywords:
        start = source.positions.span(keyword).start
        span = Span(start, start + len((keyword.arg or "").encode()))
        row = rows.get(keyword.arg or "")
        if row is not None and span.start <= offset <= span.end:
            return Shown(span, _row(row, note))
    return None


def _note_of(module: Module, call: ast.Call) -> Note | None:
    """The note of the operator that a call makes, also through ``.partial(…)`` and ``.expand(…)``."""
    use = module.use_of(call)
    if use is not None:
        return use.note
    value = module.values.single(call.func)
    while isinstance(value, Partial):
        value = value.callee
    return module.rulebook.note(value.path.removesuffix(".partial")) if isinstance(value, Reference) else None


def _operator(
    module: Module, source: Source, node: ast.expr | ast.ImportFrom, offset: int, here: Sequence[Finding]
) -> Shown | None:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            span = source.positions.span(alias)
            note = module.rulebook.note(f"{node.module}.{alias.name}") if not node.level else None
            if note is not None and span.start <= offset <= span.end:
                return Shown(span, _note(module.rulebook, note, here))
        return None
    if isinstance(node, ast.Call):
        return None
    value = module.values.single(node)
    note = module.rulebook.note(module.noted(value) or (value.path if isinstance(value, Reference) else ""))
    return Shown(source.positions.span(node), _note(module.rulebook, note, here)) if note is not None else None


def _note(rulebook: Rulebook, note: Note, here: Sequence[Finding]) -> str:
    name = note.operator or note.section
    reports = note.section in rulebook.section_rules
    rule = f" · {note.code} {rulebook.rule_for(note).name}" if reports else ""
    traps = [text for finding in here if finding.code != note.code and (text := _trap(rulebook, finding))]
    parts = [f"**{name}**{rule}", _first(note.fields.get("prefect_pattern", "")), *dict.fromkeys(traps), _page(note)]
    return "\n\n".join(filter(None, parts))


def _row(row: ArgumentRow, note: Note) -> str:
    name = note.operator or note.section
    lines = [f"`{row.name}` of **{name}** · on Prefect: {becomes(row)}"]
    if row.when_absent:
        lines.append(f"Where it is not given: `{row.when_absent}`.")
    if row.note:
        doubt = row.note.startswith("unsafe:")
        text = row.note.removeprefix("unsafe:").strip()
        lines.append(f"A fix that uses it is **unsafe**: {text}." if doubt else f"{text[:1].upper()}{text[1:]}.")
    return "\n\n".join([*lines, *filter(None, [_page(note)])])


def _trap(rulebook: Rulebook, finding: Finding) -> str:
    rule = rulebook.rules.get(finding.code)
    note = rulebook.notes[rule.section] if rule is not None else None
    if rule is None or note is None or rule.is_operator:
        return ""
    link = f" <{rule_url(rule.code)}>" if note.shipped else ""
    return f"**{rule.code} {rule.name}**: {summary(note)}.{link}"


def _page(note: Note) -> str:
    """The address of what else is known; a user's notes have no page on the site."""
    if not note.shipped:
        return ""
    if note.code:
        return f"<{rule_url(note.code)}>"
    family = os.path.splitext(os.path.basename(note.file))[0]
    return f"<{SITE}operators/{family}/#{note.section.lower()}>"


def _first(text: str) -> str:
    """The first paragraph on one line, and what a colon at its end announces."""
    first, *rest = _BLANK_LINES.split(text.strip())
    return "\n\n".join([" ".join(first.split()), *(rest[:1] if first.endswith(":") else [])])
