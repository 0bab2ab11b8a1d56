"""Tells whether a file, or what is shown of it, may hold API keys, before what finds them is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from offramp.model import Finding
from offramp.reading.source import Source
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.finding.api_keys import Keys

# Only a file with one of these, in any case, or with what looks like a key of dbt Cloud may hold an API key. One
# expression for all of it takes ten times as long.
_KEY_NEEDLES = tuple(b"apikey api_key api-key token secret passw authorization credentials".split())
_KEY_LOOKS = re.compile(rb"dbt[a-z]_[\w-]{16}", re.IGNORECASE)
# Strings and comments begin so; elsewhere nobody writes a key.
_BEFORE_TEXT = ("'", '"', "#")
# Layouts show so many rows before and after that of a finding.
_SHOWN_AROUND = 2
_BLANKED = bytes(byte if byte in b"\r\n" else ord("*") for byte in range(256))


def keys_in(source: Source) -> Keys | None:
    """The API keys in a parsed file, which no output shows; None where there can be none."""
    if not _may_hold_keys(source):
        return None
    from offramp.finding.api_keys import keys_of

    return keys_of(source)


class _Needles(NamedTuple):
    """Answer to whether a file holds one of the texts without which it has no API key."""

    found: bool


def _may_hold_keys(source: Source) -> bool:
    needles = source.kept(_Needles)
    if needles is None:
        small = source.utf8.lower()
        needles = source.keep(_Needles(any(needle in small for needle in _KEY_NEEDLES) or _looks_like_key(small)))
    return needles.found


def _looks_like_key(utf8: bytes) -> bool:
    return b"dbt" in utf8.lower() and _KEY_LOOKS.search(utf8) is not None


def without_keys(source: Source, findings: Iterable[Finding]) -> bytes | None:
    """The text of a file whose findings can show no API key, with asterisks for what they do not show if need be.

    None where they may show one: where a string or a comment is told of, or stands on a row that is shown. To look
    for keys in a file takes far longer than to find imports in it.
    """
    if not _may_hold_keys(source):
        return source.utf8
    if _looks_like_key(source.utf8):
        return None
    positions = source.positions
    last = positions.rows()
    text = bytearray(source.utf8.translate(_BLANKED))
    for finding in findings:
        first = max(1, positions.row(finding.span.start) - _SHOWN_AROUND)
        after = positions.row(finding.statement.end) + _SHOWN_AROUND + 1
        start, end = positions.offset(first, 0), positions.offset(after, 0) if after <= last else len(text)
        shown = source.utf8[start:end]
        told = f"{finding.message}{finding.fingerprint}{shown.decode('utf-8', 'replace')}"
        if finding.fix is not None or finding.refusals or finding.related or any(sign in told for sign in _BEFORE_TEXT):
            return None
        text[start:end] = shown
    return bytes(text)
