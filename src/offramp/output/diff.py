"""What a fix changes, as a unified diff; imports nothing of offramp but how paths are shown."""

from __future__ import annotations

import difflib

from offramp.reading.discover import printable


def unified(path: str, before: bytes, after: bytes) -> str:
    """The unified diff of two texts of one file; a missing last line end is marked as ``diff`` does."""
    name = printable(path)
    lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: bytes) -> list[str]:
    return text.decode("utf-8", "replace").splitlines(keepends=True)
