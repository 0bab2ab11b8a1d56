"""Keeps the API keys that stand in a file out of everything that is shown of it; finding layer."""

from __future__ import annotations

import ast
import re

from offramp.finding.operators import module_of
from offramp.finding.prefect_arguments import keys_in
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Span
from offramp.reading.source import Source

# A shorter piece of a key tells nothing, and is found everywhere.
_SHORTEST_PIECE = 4


def masked(source: Source, rulebook: Rulebook) -> bytes:
    """The UTF-8 text of a file with asterisks for the API keys in it, every other byte in its place."""
    module = module_of(source, rulebook)
    keys = keys_in(module)
    text = source.utf8
    for key in keys:
        text = text.replace(key.encode(), b"*" * len(key.encode()))
    for node in module.names.strings if keys else ():
        value = node.value if isinstance(node, ast.Constant) else ""
        # Keys that are put together of pieces, or written with escapes, do not stand in the text as they are.
        if isinstance(value, str) and len(value) >= _SHORTEST_PIECE and any(value in key for key in keys):
            text = _starred(text, source.positions.span(node))
    return text


def _starred(text: bytes, span: Span) -> bytes:
    return text[: span.start] + re.sub(rb"[^\r\n]", b"*", text[span.start : span.end]) + text[span.end :]
