"""The import statements of a text that is known to parse, without a tree of all of it; imports nothing of offramp.

Making a tree of everything and walking it takes half as long again as parsing. What is not
certain from the text alone is left to such a tree.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache

_IS_F = rb"(?:(?<=[fFtT])|(?<=[fFtT][rR]))"
_NO_F = rb"(?<![fFtT])(?<![fFtT][rR])"
_ESCAPED = rb"\\(?:\r\n|.)"


# Patterns of strings: Q stands for their quote, O for the other one.
_LONG = _NO_F + rb"Q{3}[^Q\\]*(?:(?:\\.|Q(?!QQ))[^Q\\]*)*Q{3}"
_SHORT = _NO_F + rb"Q(?!QQ)[^Q\\\n]*(?:%b[^Q\\\n]*)*Q" % _ESCAPED
# Since Python 3.12 (PEP 701) the fields of an f-string may hold its own quotes, comments and line ends.
# Only those are read that end at the same place in every version.
_PART = rb"(?:[^{}\"'\\\n#]|O[^{}\"'\\\n#]*O)*"
_FIELD = rb"\{(?!\{)%b(?:\{%b\}%b)*\}" % (_PART, _PART, _PART)
_SHORT_F = _IS_F + rb"Q(?!QQ)(?:[^{}Q\\\n]|%b|\{\{|\}\}|%b)*Q" % (_ESCAPED, _FIELD)
_LONG_F = _IS_F + rb"Q{3}(?:[^{}Q\\]|Q(?!QQ)|\\.|\{\{|\}\}|%b)*Q{3}" % _FIELD


def _quoted(*patterns: bytes) -> bytes:
    """Any of some patterns of strings, in either quotes."""
    quotes = ((b'"', b"'"), (b"'", b'"'))
    return b"|".join(
        pattern.replace(b"Q", quote).replace(b"O", other) for quote, other in quotes for pattern in patterns
    )


# As far as it matches, what follows is neither in a string nor in a comment.
_CODE = rb"(?s)(?:[^#\"']+|#[^\n]*|%b)*" % _quoted(_LONG, _SHORT, _SHORT_F, _LONG_F)
_LONG_STRING = rb"(?s)" + _quoted(_LONG)
_KEYWORD = rb"(?:from|import)\b"
_BEGINNING = rb"([ \t\f]*)" + _KEYWORD
_LATER = rb"[:;][ \t\f]*" + _KEYWORD
_STATEMENT = _KEYWORD + rb"[^\n\r(#;\\\"']*(?:\((?:[^()#]|#[^\n]*\n)*\)[ \t\f]*)?(?=#|\r?\n|\Z)"
_ASCII = bytes(range(128))
_CONTINUED = (b"\\\n", b"\\\r\n")


def import_statements(utf8: bytes, needles: Iterable[bytes]) -> ast.Module | None:
    """A tree of the import statements whose modules' names begin with a needle, each in its place.

    ``utf8`` is a text that parses. The tree may hold more than those: other imports, and
    numbers before indented ones. None where it takes a tree of the whole text to tell.
    """
    try:
        return ast.parse("".join(_skeleton(utf8, needles)))
    except (_UnsureError, SyntaxError):
        return None


class _UnsureError(Exception):
    """Sign that it takes a tree of the whole text."""


def _skeleton(utf8: bytes, needles: Iterable[bytes]) -> Iterator[str]:
    """The statements alone, in their rows and columns; raises _UnsureError."""
    code, long_string, beginning, later, statement = _patterns()
    known = 0  # up to here it is known what is code
    written = 0
    for start, end in _candidates(utf8, needles):
        begins = beginning.match(utf8, start, end)
        if begins is None and later.search(utf8, start, end) is None:
            continue
        if known < start:
            known = _end(code.match(utf8, known, start))
            if known < start:
                known = _end(long_string.match(utf8, known))
        if known > end:
            continue
        if known != start or begins is None:
            raise _UnsureError
        place = begins.end(1)
        known = _end(statement.match(utf8, place))
        indent = place - start
        if indent == 1:
            raise _UnsureError
        yield "\n" * utf8.count(b"\n", written, start)
        yield f"1;{' ' * (indent - 2)}" if indent else ""
        yield utf8[place:known].decode()
        written = known


@cache
def _patterns() -> tuple[re.Pattern[bytes], ...]:
    return tuple(map(re.compile, (_CODE, _LONG_STRING, _BEGINNING, _LATER, _STATEMENT)))


def _end(match: re.Match[bytes] | None) -> int:
    if match is None:
        raise _UnsureError
    return match.end()


def _candidates(utf8: bytes, needles: Iterable[bytes]) -> list[tuple[int, int]]:
    """Return where the lines start and end, in order, on which a statement that is looked for may begin."""
    if utf8.count(b"\r") != utf8.count(b"\r\n") or not _plain(utf8):
        raise _UnsureError
    found = set()
    for needle in needles:
        place = utf8.find(needle)
        while place >= 0:
            start = utf8.rfind(b"\n", 0, place) + 1
            end = utf8.find(b"\n", place)
            end = len(utf8) if end < 0 else end
            if utf8.endswith(_CONTINUED, max(0, start - 3), start):
                raise _UnsureError
            found.add((start, end))
            place = utf8.find(needle, end)
    return sorted(found)


def _plain(utf8: bytes) -> bool:
    """Return whether no name can be written in characters that Python takes for others (PEP 3131)."""
    if utf8.isascii():
        return True
    from unicodedata import normalize

    others = set(utf8.translate(None, _ASCII).decode())
    return not any(f"a{char}".isidentifier() and normalize("NFKC", char) != char for char in others)
