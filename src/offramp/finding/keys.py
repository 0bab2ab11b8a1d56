"""Keeps the API keys that stand in a file out of everything that is shown of it; finding layer."""

from __future__ import annotations

import ast
import re

from offramp.finding.nodes import walk
from offramp.finding.operators import Module, module_of
from offramp.finding.prefect_arguments import keys_in
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Span
from offramp.reading.source import Source

# What dbt Cloud gives out, and what stands behind a name that tells of a key, up to the end of its line: a fault of
# syntax is often a string that does not end.
_KEYS = re.compile(
    rb"""(?P<name>(?i:api_?key|token|secret|password)\w*['"]?\]?\s*(?::\s*[\w.]+\s*=|[:=])\s*[\w.]*\s*\(?\s*)"""
    rb"""(?P<key>['"][^\r\n]*(?:\r?\n\s*['"][^\r\n]*)*)"""
    rb"""|(?P<given>\bdbt[a-z]_[\w-]{16,}|\b[0-9a-f]{40}\b)"""
)
# A shorter piece of a key tells nothing, and is found everywhere.
_SHORTEST_PIECE = 4


def masked(source: Source, rulebook: Rulebook) -> bytes:
    """The UTF-8 text of a file with asterisks for the API keys in it, every other byte in its place."""
    module = module_of(source, rulebook)
    keys = keys_in(module)
    text = source.utf8
    for key in keys:
        text = text.replace(key.encode(), b"*" * len(key.encode()))
    # Keys that are put together of pieces, or written with escapes, do not stand in the text as they are.
    for node in module.names.strings if keys else ():
        if _is_piece(node, keys):
            text = _starred(text, source.positions.span(node))
    return text


def holds_key(module: Module, node: ast.AST) -> bool:
    """Whether an API key, or a piece of one, is written in an expression."""
    keys = keys_in(module)
    return bool(keys) and any(_is_piece(part, keys) for part in walk(node))


def _is_piece(node: ast.AST, keys: frozenset[str]) -> bool:
    value = node.value if isinstance(node, ast.Constant) else ""
    return isinstance(value, str) and len(value) >= _SHORTEST_PIECE and any(value in key for key in keys)


def masked_text(text: bytes) -> bytes:
    """The text of a file that cannot be parsed with asterisks for what may be a key, every other byte in its place."""
    return _KEYS.sub(lambda found: (found["name"] or b"") + _stars(found["key"] or found["given"]), text)


def _starred(text: bytes, span: Span) -> bytes:
    return text[: span.start] + _stars(text[span.start : span.end]) + text[span.end :]


def _stars(text: bytes) -> bytes:
    return re.sub(rb"[^\r\n]", b"*", text)
