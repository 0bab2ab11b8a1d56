from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, Range

from offramp.frontends.lsp.positions import DocumentPositions

# In `x = "é漢😀"; y`, the letters take 2, 3 and 4 bytes of UTF-8, and 1, 1 and 2 units of UTF-16.
LINE = 'x = "é漢😀"; y'
TEXT = f"a\r\n{LINE}\n"
Y = len('a\r\nx = "é漢😀"; '.encode())
ENCODINGS = ("utf-8", "utf-16", "utf-32")


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 17), ("utf-16", 12), ("utf-32", 11)])
def test_columns_count_units_of_the_encoding(encoding: str, column: int) -> None:
    positions = DocumentPositions(TEXT.encode(), encoding)
    assert positions.position(Y) == Position(1, column)
    assert positions.offset(Position(1, column)) == Y
    assert positions.range(3, Y + 1) == Range(Position(1, 0), Position(1, column + 1))


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (0, 0)), (1, (0, 1)), (3, (1, 0)), (Y + 1, (1, 13)), (Y + 2, (2, 0)), (999, (2, 0))]
)
def test_rows_end_at_line_ends(offset: int, place: tuple[int, int]) -> None:
    assert DocumentPositions(TEXT.encode(), "utf-16").position(offset) == Position(*place)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_the_protocols_line_ends_end_lines(encoding: str, separator: str) -> None:
    before = f"a{separator}".encode()
    assert DocumentPositions(before + b"b\rc", encoding).position(len(before) + 2) == Position(1, 0)


@pytest.mark.parametrize(
    ("text", "place", "offset"),
    [
        ("ab\r\ncd", (0, 9), 2),
        ("ab\r\ncd", (1, 9), 6),
        ("ab\r\ncd", (7, 0), 6),
        ("", (0, 0), 0),
        ("", (3, 3), 0),
        ("ab\n", (1, 0), 3),
        ("😀", (0, 1), 0),
    ],
    ids=["behind a line", "behind the last", "below the text", "empty", "below nothing", "last row", "in a character"],
)
def test_places_that_are_not_there_are_the_nearest_before(text: str, place: tuple[int, int], offset: int) -> None:
    assert DocumentPositions(text.encode(), "utf-16").offset(Position(*place)) == offset


def test_bytes_in_the_midst_of_a_character_are_its_beginning() -> None:
    assert [DocumentPositions("é!".encode(), "utf-8").offset(Position(0, column)) for column in range(4)] == [
        0,
        0,
        2,
        3,
    ]


def test_a_byte_order_mark_is_shown_and_not_counted() -> None:
    positions = DocumentPositions("\ufeffx = 1\ny".encode(), "utf-16")
    assert positions.position(0) == Position(0, 1)
    assert positions.offset(Position(0, 1)) == 0
    assert positions.offset(Position(0, 0)) == 0
    assert positions.position(6) == Position(1, 0)


def test_a_part_of_a_longer_text_counts_from_its_start() -> None:
    positions = DocumentPositions(b"x\ny", "utf-16", start=10)
    assert positions.position(12) == Position(1, 0)
    assert positions.offset(Position(1, 1)) == 13
    assert (positions.position(3), positions.position(99)) == (Position(0, 0), Position(1, 1))


@given(st.text(st.sampled_from("aé漢😀\n\r\x0c\u2028\t"), max_size=30), st.sampled_from(ENCODINGS))
def test_there_and_back(text: str, encoding: str) -> None:
    utf8 = text.encode()
    positions = DocumentPositions(utf8, encoding)
    for index in range(len(text) + 1):
        offset = len(text[:index].encode())
        if text[index - 1 : index + 1] != "\r\n":
            assert positions.offset(positions.position(offset)) == offset
