"""Tells what a fix changes, as a unified diff; imports nothing of offramp but how texts are shown."""

from __future__ import annotations

import difflib

from offramp.escapes import visible


def unified(path: str, before: bytes, after: bytes) -> str:
    """The unified diff of two texts of one file; a missing last line end is marked as ``diff`` does.

    A terminal may have it: it can be applied unless the texts hold control characters, or API keys.
    """
    name = visible(path)
    lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
    return "".join(map(_shown, lines))


def _lines(text: bytes) -> list[str]:
    return [line.decode("utf-8", "replace") for line in text.splitlines(keepends=True)]


def _shown(line: str) -> str:
    body = line.rstrip("\r\n")
    end = line[len(body) :]
    text = visible(body, kept="\t")
    if not end:
        return f"{text}\n\\ No newline at end of file\n"
    return text + (end if end.endswith("\n") else f"{visible(end)}\n")
