r"""One file's bytes, text and syntax tree, and the way between its positions.

offramp counts in byte offsets into the UTF-8 text without byte order mark. A
line ends at ``\r\n``, ``\n`` or ``\r``, as for CPython's tokenizer.
"""

from __future__ import annotations

import ast
import gc
import re
import warnings
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from offramp.model import Span
from offramp.reading.import_statements import import_statements
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from tokenize import TokenInfo

_TWO_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)?[^\r\n]*")
_COOKIE = re.compile(rb"(?:^|(?<=[\r\n]))[ \t\f]*#[^\r\n]*?coding[:=]")


class Location(NamedTuple):
    """A place as people write it: ``row`` and ``column`` from 1, the column in code points."""

    row: int
    column: int


class SourceError(Exception):
    """A file that cannot be decoded or parsed: one sentence, and the offset of the fault in its readable text."""

    def __init__(self, sentence: str, offset: int = 0) -> None:
        super().__init__(sentence)
        self.offset = offset


class Positions:
    """Converts between byte offsets and (row, column) for one UTF-8 text."""

    __slots__ = ("_found", "utf8")

    def __init__(self, utf8: bytes) -> None:
        self.utf8 = utf8
        self._found: list[int] | None = None

    @property
    def _starts(self) -> list[int]:
        """Return where each row starts; found when first asked for, since most files have nothing to place."""
        if self._found is None:
            # bytes.splitlines knows the same three line ends as the tokenizer, and no others.
            lines = self.utf8.splitlines(keepends=True)
            self._found = [0, *accumulate(map(len, lines))]
            if lines and not lines[-1].endswith((b"\n", b"\r")):
                self._found.pop()
        return self._found

    def offset(self, row: int, byte_column: int) -> int:
        """Byte offset of ``ast``'s 1-based line and 0-based UTF-8 byte column."""
        return self._starts[row - 1] + byte_column

    def span(self, node: ast.AST) -> Span:
        """Span of a located ``ast`` node."""
        starts = self._starts
        return Span(
            starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def row(self, offset: int) -> int:
        """1-based row of a byte offset."""
        return bisect_right(self._starts, offset)

    def location(self, offset: int) -> Location:
        """1-based row, and 1-based column in code points, of a byte offset."""
        starts = self._starts
        row = bisect_right(starts, offset)
        start = starts[row - 1]
        return Location(row, len(self.utf8[start:offset].decode("utf-8", "replace")) + 1)

    def line(self, row: int) -> str:
        """Text of a 1-based row without its line end; empty past the last row."""
        starts = self._starts
        if row > len(starts):
            return ""
        start = starts[row - 1]
        end = starts[row] if row < len(starts) else len(self.utf8)
        return self.utf8[start:end].rstrip(b"\r\n").decode("utf-8", "replace")

    def rows(self) -> int:
        """Number of rows, counting an unfinished last one."""
        return len(self._starts)


@lru_cache(maxsize=2)
def positions_in(utf8: bytes) -> Positions:
    """The positions in a text, which what shows findings asks for again right after they were found."""
    return Positions(utf8)


_Kept = TypeVar("_Kept")


class Source:
    """A parsed file.

    ``raw`` is the file as read; ``utf8`` its text as UTF-8 without byte order mark
    (equal to ``raw`` for nearly every file); ``encoding`` what it was decoded with.
    What the layers above work out from it they keep here, by its type (``kept``, ``keep``).
    """

    __slots__ = ("_kept", "_tokens", "_tree", "bom", "encoding", "path", "positions", "raw", "text", "utf8")

    def __init__(self, path: str, raw: bytes, tree: ast.Module | None = None, *, lazily: bool = False) -> None:
        """Decode and parse; ``tree`` is used instead of parsing where a front end has one.

        ``lazily`` only finds out whether the file parses, in two thirds of the time, and makes the tree
        when it is asked for. Raises SourceError where CPython would refuse the file.
        """
        self._kept: dict[type, object] = {}
        self._tokens: tuple[TokenInfo, ...] | None = None
        self.path = path
        self.raw = raw
        self.bom = raw.startswith(BOM_UTF8)
        self.encoding, self.text = _decode(raw)
        plain = self.encoding == "utf-8" and not self.bom
        self.utf8 = raw if plain else _utf8(self.text)
        self.positions = positions_in(self.utf8)
        self._tree = tree
        if tree is None and not (lazily and _parses(self.text)):
            self._tree = _parse(self.text, self.positions)

    def kept(self, kind: type[_Kept]) -> _Kept | None:
        """Return what was kept of a type; None where nothing was."""
        found = self._kept.get(kind)
        return found if isinstance(found, kind) else None

    def keep(self, made: _Kept) -> _Kept:
        """Keep what was worked out from the file, for all that ask for its type."""
        self._kept[type(made)] = made
        return made

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the whole text."""
        if self._tree is None:
            self._tree = _parse(self.text, self.positions)
        return self._tree

    def import_statements(self, needles: Iterable[bytes]) -> ast.Module:
        """A tree that has every import of modules whose names begin with a needle, in its place."""
        found = import_statements(self.utf8, needles) if self._tree is None else None
        return found or self.tree

    def encoded(self, utf8: bytes) -> bytes:
        """UTF-8 text in this file's encoding, with its byte order mark; UnicodeEncodeError where it cannot be."""
        body = utf8 if self.encoding == "utf-8" else utf8.decode("utf-8").encode(self.encoding)
        return BOM_UTF8 + body if self.bom else body

    @property
    def tokens(self) -> tuple[TokenInfo, ...]:
        """The tokens of ``text``, any line end read as one; found when first asked for, since that is slow."""
        if self._tokens is None:
            import io
            import tokenize

            self._tokens = tuple(tokenize.generate_tokens(io.StringIO(self.text, newline=None).readline))
        return self._tokens

    @property
    def newline(self) -> str:
        """The line end that the file uses most."""
        return newline_of(self.utf8)

    def segment(self, span: Span) -> str:
        """The text of a span."""
        return self.utf8[span.start : span.end].decode("utf-8", "replace")


def newline_of(utf8: bytes) -> str:
    """The line end that a text uses most."""
    return "\r\n" if utf8.count(b"\r\n") * 2 > utf8.count(b"\n") else "\n"


def readable(raw: bytes) -> bytes:
    """A file's text as UTF-8 without byte order mark, replacement characters standing for what cannot be decoded."""
    body = raw.removeprefix(BOM_UTF8)
    try:
        text = body.decode(_encoding(raw), "replace")
    except (SourceError, UnicodeError):
        text = body.decode("utf-8", "replace")
    return _utf8(text)


def stored(utf8: bytes) -> bytes:
    """The file that holds a text: in the encoding that the text's cookie names, where that has all its characters."""
    try:
        encoding = _encoding(utf8)
        return utf8 if encoding == "utf-8" else utf8.decode().encode(encoding)
    except (SourceError, UnicodeError):
        # No file can hold it; what is wrong is said when it is read.
        return utf8


def _decode(raw: bytes) -> tuple[str, str]:
    encoding = _encoding(raw)
    body = raw.removeprefix(BOM_UTF8)
    if 0 in body:
        raise SourceError("cannot parse: source contains a null byte", len(readable(raw[: raw.index(0)])))
    try:
        return encoding, body.decode(encoding)
    except UnicodeDecodeError as error:
        sentence = f"cannot decode as {encoding}: byte 0x{body[error.start]:02x}"
        raise SourceError(sentence, len(_utf8(body[: error.start].decode(encoding)))) from None
    except UnicodeError as error:
        raise SourceError(f"cannot decode as {encoding}: {error}") from None


def _encoding(raw: bytes) -> str:
    body = raw.removeprefix(BOM_UTF8)
    two_lines = _TWO_LINES.match(body, 0, 4096)
    cookie = _COOKIE.search(body, 0, two_lines.end() if two_lines else 0)
    if cookie is None:
        return "utf-8"
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        " ".encode(encoding)  # Python knows encodings that are not between text and bytes
    except SyntaxError as error:
        sentence = error.msg
    except (LookupError, UnicodeError):
        sentence = f"unknown encoding: {encoding}"
    else:
        return encoding.removesuffix("-sig")
    raise SourceError(f"cannot decode: {sentence}", len(_utf8(body[: cookie.start()].decode("utf-8", "replace"))))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _parses(text: str) -> bool:
    """Return whether the text certainly parses.

    CPython's compiler refuses unknown features right after parsing, before it does anything
    else with the whole text (seen in 3.10 to 3.13).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(f"from __future__ import offramp\n{text}", "", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg == "future feature offramp is not defined"
    except (RecursionError, MemoryError, ValueError, OverflowError):
        return False
    return False


def _parse(text: str, positions: Positions) -> ast.Module:
    # The cyclic collector walks every new node again and again: parsing is four times
    # faster without it. Warnings (invalid escapes) are the user's linter's business.
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        row = min(max(error.lineno or 1, 1), positions.rows())
        column = max((error.offset or 1) - 1, 0)
        start = positions.offset(row, len(positions.line(row)[:column].encode("utf-8")))
        raise SourceError(f"cannot parse: {error.msg}", start) from None
    except (RecursionError, MemoryError):
        raise SourceError("cannot parse: nested too deeply") from None
    except (ValueError, OverflowError) as error:
        raise SourceError(f"cannot parse: {error}") from None
    finally:
        if collecting:
            gc.enable()
