"""Tells which paths one .gitignore file covers; may import ``settings`` and ``model``.

Written here because importing a package for it takes as long as checking a
thousand files.
"""

from __future__ import annotations

import os
import re

from offramp.settings import GLOB_CHARACTERS, glob_regex

# Ends the path of a directory while it is matched; no file name can have it.
_DIRECTORY = "\0"
_BARRIER = "/" + _DIRECTORY


class GitIgnore:
    """The patterns of one ignore file, which count from ``directory``.

    The last pattern that covers a path decides, as in Git; patterns of the same kind
    that follow each other are tested at once.
    """

    __slots__ = ("_groups", "_skip")

    def __init__(self, directory: str, raw: bytes) -> None:
        """Compile the file's content ``raw``."""
        self._skip = len(directory.rstrip("/")) + 1
        groups: list[tuple[bool, list[str]]] = []
        for line in os.fsdecode(raw.removeprefix(b"\xef\xbb\xbf")).split("\n"):
            pattern = _trimmed(line)
            if not pattern or pattern.startswith("#"):
                continue
            negated = pattern.startswith("!")
            if not groups or groups[-1][0] is not negated:
                groups.append((negated, []))
            groups[-1][1].append(pattern.removeprefix("!"))
        self._groups = [(not negated, _Group(patterns)) for negated, patterns in reversed(groups)]

    def verdict(self, path: str, name: str, *, is_directory: bool) -> bool | None:
        """Return whether the absolute ``path`` with base name ``name`` is ignored; None when no pattern covers it."""
        end = _DIRECTORY if is_directory else ""
        for ignored, group in self._groups:
            if group.covers(path[self._skip :] + end, name + end):
                return ignored
        return None


class _Group:
    __slots__ = ("_base", "_full", "_names")

    def __init__(self, patterns: list[str]) -> None:
        names: set[str] = set()
        base: list[str] = []
        full: list[str] = []
        for pattern in patterns:
            body = pattern.removesuffix("/")
            directory = _DIRECTORY if body != pattern else f"{_DIRECTORY}?"
            if "/" in body:
                full.append(glob_regex(body.removeprefix("/"), barrier=_BARRIER, braces=False) + directory)
            elif GLOB_CHARACTERS.isdisjoint(body):
                names.update((body, body + _DIRECTORY) if body == pattern else (body + _DIRECTORY,))
            else:
                base.append(glob_regex(body, barrier=_BARRIER, braces=False) + directory)
        self._names = names
        self._base = _compile(base)
        self._full = _compile(full)

    def covers(self, path: str, name: str) -> bool:
        return (
            name in self._names
            or (self._base is not None and self._base.fullmatch(name) is not None)
            or (self._full is not None and self._full.fullmatch(path) is not None)
        )


def _compile(regexes: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(regexes), re.DOTALL) if regexes else None


def _trimmed(line: str) -> str:
    """A pattern without its line end and without trailing blanks that no backslash protects."""
    line = line.removesuffix("\r")
    bare = line.rstrip(" ")
    return bare + " " if bare != line and bare.endswith("\\") else bare
