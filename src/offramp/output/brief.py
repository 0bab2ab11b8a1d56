"""Tells what notes say in one sentence, for pages and editors; imports ``model`` only."""

from __future__ import annotations

import re

from offramp.model import ArgumentRow, Note

_SENTENCE = re.compile(r"(.+?[.:])(?:\s|$)", re.DOTALL)
_TARGETS = {
    "dropped": "dropped: has no effect there",
    "refused": "**refused**",
    "retried": "**refused** where the task has retries, else dropped",
    "selects": "chooses the pattern",
}


def summary(note: Note) -> str:
    """The first sentence of what the rule finds, on one line; empty where the note does not say."""
    match = _SENTENCE.match(note.fields.get("intent", ""))
    return " ".join(match[1].split()).rstrip(".:") if match else ""


def becomes(row: ArgumentRow) -> str:
    """Return what an argument becomes on Prefect, as Markdown."""
    return _TARGETS.get(row.target) or (f"`{row.target}`" if row.target else "")
