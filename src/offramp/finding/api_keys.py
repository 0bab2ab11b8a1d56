"""Keeps the API keys that stand in a file out of everything that is shown of it; finding layer."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from copy import deepcopy

from offramp.finding.api_key_strings import CREDENTIALS, KeyStrings, is_key, is_mixed, text_of
from offramp.model import Finding, Refusal, Span
from offramp.python.nodes import walk
from offramp.reading.source import Source, SourceError

# Keys by their looks: dbt Cloud's, and what text gives to a name (`DBT_TOKEN=…`) that is mixed like one.
_LOOKS = rb"\bdbt[a-z]_[\w-]{16,}"
_GIVEN = (
    rb"(?i:api[_-]?key|token|secret|passw(?:or)?d|authorization)\w*['\"]?\s*[=:]\s*['\"]?(?:(?i:bearer|token|basic)\s+)?"
    rb"(?P<key>(?=[\w+/.~-]*\d)(?=[\w+/.~-]*[A-Za-z])[\w+/.~-]{12,})"
)
_COMMENT = rb"#[^\r\n]*"
# In a file that cannot be parsed: a name of a key, how a string is given to it, and strings, to their ends or those of
# their lines.
_NAME = rb"(?i)api[_-]?key|token|secret|passw(?:or)?d|authorization|DbtCloudCredentials"
_ASSIGNED = rb"\w*['\"]?\]?\s*(?::[^=\r\n]*)?[=:,(]"
_LOOKED_UP = rb"(?:[\w)\]]\[|\b(?:getenv|get|pop|setdefault|load)\()\s*\Z"
_STRING = (
    rb"(?s)'''(?:[^\\]|\\.)*?(?:'''|\Z)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)"
    rb"|'(?:[^'\\\r\n]|\\.)*'?|\"(?:[^\"\\\r\n]|\\.)*\"?"
)
_ESCAPE = r"(?s)\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|\r\n|.)"
_WORD = rb"[^\s'\"]{8,}"
# A shorter piece of a key tells nothing, and is found everywhere.
_SHORTEST = 8
_SHORTEST_PIECE = 4
_STAND_IN = "***"
# Stands for each byte of a key until it is known how that is shown; no text holds it.
_BLANK = b"\0"


class Keys:
    """The API keys in one file: the strings in its tree, and what is told by looks elsewhere in it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        strings = KeyStrings(source.tree, names_credentials=CREDENTIALS.encode() in source.utf8)
        nodes = {node: text_of(node) for node in strings.nodes}
        values = {value for value in (*nodes.values(), *strings.joined) if len(value) >= _SHORTEST}
        self._pieces = frozenset(piece for value in values for piece in _pieces(value))
        self._whole = [value for value in values if is_key(value)]
        nodes.update((node, text_of(node)) for node in strings.all if self._is_told_by(text_of(node)))
        self._nodes = nodes
        self._strings = strings.all
        self._hidden: dict[int, tuple[tuple[Refusal, ...], tuple[Refusal, ...]]] = {}

    def _is_told_by(self, text: str) -> bool:
        """Return whether a string elsewhere holds a key, or is a piece of one."""
        if any(piece in text for piece in self._pieces):
            return True
        return len(text) >= _SHORTEST_PIECE and any(text in value for value in self._whole)

    def text(self) -> bytes:
        """The UTF-8 text of the file with asterisks for the keys, every other byte in its place."""
        positions = self._source.positions
        text = bytearray(self._source.utf8)
        comments = (Span(*found.span()) for found in re.finditer(_COMMENT, self._source.utf8))
        for span in (*map(positions.span, self._strings), *comments):
            text[span.start : span.end] = re.sub(_GIVEN, _blank_value, bytes(text[span.start : span.end]))
        for node in self._nodes:
            span = positions.span(node)
            text[span.start : span.end] = _blank(bytes(text[span.start : span.end]))
        return self._masked(bytes(text)).replace(_BLANK, b"*")

    def _masked(self, text: bytes) -> bytes:
        """A text with as many blanks in place of what is known as a key anywhere."""
        return _without(re.sub(_LOOKS, lambda key: _blank(key[0]), text), text, self._pieces)

    def told(self, sentence: str) -> str:
        """A sentence about the file without the keys."""
        raw = sentence.encode("utf-8", "surrogatepass")
        return _sentence(re.sub(_GIVEN, _blank_value, self._masked(raw)))

    def unparsed(self, node: ast.AST) -> str:
        """The code of a node without the keys."""
        if not self.holds(node):
            return ast.unparse(node)
        stand_ins = {id(one): ast.Constant(_STAND_IN) for one in self._nodes}
        return ast.unparse(deepcopy(node, stand_ins))

    def holds(self, node: ast.AST) -> bool:
        """Return whether a key, or a piece of one, is written in an expression."""
        return any(part in self._nodes for part in walk(node))

    def hidden(self, finding: Finding) -> Finding:
        """A finding whose texts hold no key; the edits of its fix stay, since they are applied."""
        fix = finding.fix
        return finding._replace(
            message=self.told(finding.message),
            fingerprint=self.told(finding.fingerprint),
            fix=None if fix is None else fix._replace(title=self.told(fix.title), reason=self.told(fix.reason)),
            refusals=self._refused(finding.refusals),
            related=tuple(one._replace(message=self.told(one.message)) for one in finding.related),
        )

    def _refused(self, refusals: tuple[Refusal, ...]) -> tuple[Refusal, ...]:
        """Refusals without keys; findings that share thousands of them still do so then."""
        if id(refusals) not in self._hidden:
            told = tuple(one._replace(reason=self.told(one.reason)) for one in refusals)
            self._hidden[id(refusals)] = refusals, told
        return self._hidden[id(refusals)][1]

    def shown(self, finding: Finding) -> Finding:
        """The same without edits that would write a key again: outputs show edits."""
        finding = self.hidden(finding)
        fix = finding.fix
        # One text of all: the fixes of many findings may have very many edits.
        written = "\n".join([edit.text for edit in fix.edits]) if fix is not None else ""
        if fix is None or self.told(written) == written:
            return finding
        return finding._replace(fix=fix._replace(edits=()))


def keys_of(source: Source) -> Keys:
    """The keys of a parsed file, worked out once."""
    return source.kept(Keys) or source.keep(Keys(source))


def told(sentence: str) -> str:
    """A sentence without what looks like a key."""
    raw = sentence.encode("utf-8", "surrogatepass")
    return _sentence(re.sub(_GIVEN, _blank_value, re.sub(_LOOKS, lambda key: _blank(key[0]), raw)))


def told_code(code: str) -> str:
    """A piece of code, as an earlier offramp wrote it into a baseline, without keys."""
    raw = code.encode("utf-8", "surrogatepass")
    try:
        return Keys(Source("-", raw)).told(code)
    except SourceError:
        return masked_text(raw).decode("utf-8", "surrogatepass")


def masked_text(text: bytes) -> bytes:
    """The text of a file that cannot be parsed with asterisks for what may be a key, every other byte in its place.

    That is, where keys are named: what is given to them, and every string that could be one.
    """
    masked = bytearray(re.sub(_GIVEN, _blank_value, re.sub(_LOOKS, lambda key: _blank(key[0]), text)))
    names = [name.end() for name in re.finditer(_NAME, text)]
    pieces: set[str] = set()
    for string in re.finditer(_STRING, text) if names or b"\\" in text else ():
        place = bisect_right(names, string.start())
        value = string[0].strip(b"'\"")
        plain = _without_escapes(value)
        named = names and re.fullmatch(_WORD, value)
        given = place and _is_given(text[names[place - 1] : string.start()])
        if named or given or re.search(_LOOKS, plain.encode("utf-8", "surrogatepass")):
            masked[string.start() : string.end()] = _blank(string[0])
            pieces.update(_pieces(value.decode("utf-8", "replace")))
            pieces.update(_pieces(plain))
    return _without(bytes(masked), text, pieces).replace(_BLANK, b"*")


def _without_escapes(value: bytes) -> str:
    """Return what the inside of a string means, each of its escapes decoded; one that is cut short stays."""
    text = value.decode("utf-8", "replace")
    return re.sub(_ESCAPE, _unescaped, text) if b"\\" in value else text


def _unescaped(found: re.Match[str]) -> str:
    try:
        return found[0].encode("ascii", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        return found[0]


def _is_given(between: bytes) -> bool:
    """Return whether a string is given to the name of a key, by the text between them."""
    if not re.match(_ASSIGNED, between) or re.search(_LOOKED_UP, between):
        return False
    code = re.sub(_STRING, b"", between)
    is_inside = sum(map(code.count, (b"(", b"[", b"{"))) > sum(map(code.count, (b")", b"]", b"}")))
    return is_inside or b"\n" not in code.replace(b"\\\n", b"") or not code.partition(b"=")[2].strip()


def _pieces(value: str) -> Iterator[str]:
    """The pieces of a string by which it is known wherever a part of it stands: words have no digits in them."""
    if len(value) >= _SHORTEST:
        yield value
    for start in range(len(value) - _SHORTEST + 1):
        if is_mixed(window := value[start : start + _SHORTEST]):
            yield window


def _without(masked: bytes, text: bytes, pieces: Iterable[str]) -> bytes:
    """A masked text with blanks, too, in place of each of the pieces that stand in the text."""
    found = bytearray(masked)
    for piece in pieces:
        wanted = piece.encode("utf-8", "surrogatepass")
        start = text.find(wanted)
        while start >= 0:
            found[start : start + len(wanted)] = _blank(wanted)
            start = text.find(wanted, start + 1)
    return bytes(found)


def _blank(text: bytes) -> bytes:
    return re.sub(rb"[^\r\n]", _BLANK, text)


def _blank_value(found: re.Match[bytes]) -> bytes:
    """Return what gives a key to a name, without the key."""
    return found[0][: -len(found["key"])] + _blank(found["key"])


def _sentence(blanked: bytes) -> str:
    return re.sub(rb"\0+", _STAND_IN.encode(), blanked).decode("utf-8", "surrogatepass")
