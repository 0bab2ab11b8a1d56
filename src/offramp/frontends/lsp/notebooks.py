"""The Python in a notebook's cell; imports nothing of offramp."""

from __future__ import annotations

import ast
import re
import warnings

# `%%bash` makes the whole cell something else; `%time`, `!ls` and `name?` take one line, also after `name =`.
_CELL_MAGIC = re.compile(rb"\s*%%")
_LINE_MAGIC = re.compile(
    rb"^(?P<before>[ \t]*(?:[\w\x80-\xff.,\[\]'\" \t]+=[ \t]*)?)"
    rb"(?P<magic>[%!?][^\r\n]*|[\w\x80-\xff.]+\?{1,2}[ \t]*(?=[\r\n]|\Z))",
    re.MULTILINE,
)
_NOT_A_LINE_END = re.compile(rb"[^\r\n]")


def python_only(cell: bytes) -> bytes:
    """The UTF-8 text of a cell with what only IPython understands replaced by as many bytes that do nothing."""
    if _CELL_MAGIC.match(cell):
        return _NOT_A_LINE_END.sub(b" ", cell)
    if not _LINE_MAGIC.search(cell) or _is_python(cell):
        return cell
    return _LINE_MAGIC.sub(lambda magic: magic["before"] + b"0".ljust(len(magic["magic"])), cell)


def _is_python(cell: bytes) -> bool:
    """Return whether a cell needs no change: a line in brackets or in a string may begin with `%` as well."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
