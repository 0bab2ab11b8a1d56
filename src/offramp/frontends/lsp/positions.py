"""Between byte offsets and the positions of the language server protocol; may import reading.

Lines end as in ``reading.source``, which is how the protocol has them; columns count
units of the encoding that client and server agreed on.
"""

from __future__ import annotations

from codecs import BOM_UTF8

from lsprotocol.types import Position, PositionEncodingKind, Range

from offramp.reading.source import Positions

UTF8 = PositionEncodingKind.Utf8.value
UTF16 = PositionEncodingKind.Utf16.value


class DocumentPositions:
    """Converts for one text.

    Offsets count from after its byte order mark, as everywhere in offramp; ``start`` is
    added to them where the text is a part of a longer one.
    """

    __slots__ = ("_base", "_encoding", "_positions")

    def __init__(self, utf8: bytes, encoding: str, start: int = 0) -> None:
        self._encoding = encoding
        self._base = start - (len(BOM_UTF8) if utf8.startswith(BOM_UTF8) else 0)
        self._positions = Positions(utf8)

    def position(self, offset: int) -> Position:
        """The position of a byte offset; the text's nearer end for one outside of it."""
        utf8 = self._positions.utf8
        place = min(max(offset - self._base, 0), len(utf8))
        row = self._positions.row(place)
        return Position(row - 1, _columns(utf8[self._positions.offset(row, 0) : place], self._encoding))

    def range(self, start: int, end: int) -> Range:
        """The range between two byte offsets."""
        return Range(self.position(start), self.position(end))

    def offset(self, position: Position) -> int:
        """The byte offset of a position; behind the end of its line, that end."""
        return max(self.index(position) + self._base, 0)

    def index(self, position: Position) -> int:
        """Return where a position is in the text itself, its byte order mark counted."""
        positions = self._positions
        rows = positions.rows()
        if position.line >= rows:
            return len(positions.utf8)
        start = positions.offset(position.line + 1, 0)
        end = positions.offset(position.line + 2, 0) if position.line + 1 < rows else len(positions.utf8)
        line = positions.utf8[start:end].rstrip(b"\r\n")
        return start + _bytes_before(line, position.character, self._encoding)


def _columns(utf8: bytes, encoding: str) -> int:
    """Return how many columns the beginning of a line takes."""
    if encoding == UTF8 or utf8.isascii():
        return len(utf8)
    text = utf8.decode("utf-8", "replace")
    return len(text) + (sum(char > "\uffff" for char in text) if encoding == UTF16 else 0)


def _bytes_before(line: bytes, column: int, encoding: str) -> int:
    """Return how many bytes stand before a column; one in the midst of a character is taken for its beginning."""
    if line.isascii():
        return min(column, len(line))
    if encoding == UTF8:
        column = min(column, len(line))
        while column < len(line) and line[column] & 0xC0 == 0x80:
            column -= 1
        return column
    taken = 0
    for char in line.decode("utf-8", "surrogatepass"):
        column -= 2 if encoding == UTF16 and char > "\uffff" else 1
        if column < 0:
            break
        taken += len(char.encode("utf-8", "surrogatepass"))
    return taken
