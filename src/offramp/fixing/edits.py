"""Byte edits: applied all together, or not at all."""

from __future__ import annotations

from collections.abc import Iterable

from offramp.model import Edit


def overlap(edits: Iterable[Edit]) -> bool:
    """Whether two edits touch the same bytes, or insert at the same place."""
    ordered = sorted(edits, key=lambda edit: edit.span)
    return any(
        after.span.start < before.span.end or after.span.start == before.span.start
        for before, after in zip(ordered, ordered[1:])  # noqa: B905 - pairs of neighbours
    )


def apply(utf8: bytes, edits: Iterable[Edit]) -> bytes:
    """The text with every edit made; ValueError when two overlap."""
    edits = sorted(edits, key=lambda edit: edit.span)
    if overlap(edits):
        raise ValueError("edits overlap")
    parts = []
    position = 0
    for edit in edits:
        parts += [utf8[position : edit.span.start], edit.text.encode("utf-8")]
        position = edit.span.end
    parts.append(utf8[position:])
    return b"".join(parts)
