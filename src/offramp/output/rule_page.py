"""A rule's page, made of its mapping note; imports model only."""

from __future__ import annotations

import json
from collections.abc import Iterable

from offramp.model import Note, Rule
from offramp.output import rule_url

# The fields that a reader of the page wants, in this order, under these headings.
_CHAPTERS = {
    "intent": "",
    "source_context": "Background",
    "prefect_pattern": "On Prefect",
    "prefect_package": "Prefect package",
    "prefect_import": "Prefect import",
    "arguments": "Arguments",
    "example": "",
    "example/before": "Flagged",
    "example/after": "Afterwards",
    "not_flagged": "Not flagged",
    "notes": "Notes",
    "related_concepts": "Related",
}


def page(rule: Rule, note: Note) -> str:
    """The rule's page as Markdown."""
    default = "on by default" if rule.default else "off by default"
    parts = [
        f"# {rule.name} ({rule.code})",
        f"{rule.status.capitalize()}{f' since {rule.since}' if rule.since else ''}, {default}.",
    ]
    parts += [f"`{path}`" for path in note.paths[:1]]
    for field, heading in _CHAPTERS.items():
        text = note.fields.get(field, "").strip("\r\n")
        if text:
            parts += [f"## {heading}", text] if heading else [text]
    return "\n\n".join(parts) + "\n"


def overview(rules: Iterable[Rule]) -> str:
    """One line per rule: code, name, and whether it has to be asked for."""
    return "".join(f"{rule.code} {rule.name}{'' if rule.default else ' (off by default)'}\n" for rule in rules)


def json_pages(pages: Iterable[tuple[Rule, Note]]) -> str:
    """A JSON array with one object per rule; ``explanation`` is the page as Markdown."""
    return json.dumps([_object(rule, note) for rule, note in pages], indent=2, ensure_ascii=False)


def json_page(rule: Rule, note: Note) -> str:
    """A JSON object for one rule."""
    return json.dumps(_object(rule, note), indent=2, ensure_ascii=False)


def _object(rule: Rule, note: Note) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "status": rule.status,
        "since": rule.since,
        "default": rule.default,
        "summary": rule.message,
        "url": rule_url(rule.code),
        "paths": list(note.paths),
        "explanation": page(rule, note),
    }
