"""Tells from a file's bytes whether any rule can hold in it, so that most files are never parsed.

A use of a noted operator spells its class name somewhere in the file. The names are looked for by the few prefixes that
they share: one search for ``Dbt`` is many times faster than one for each of them, or a regular expression of all.
"""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST_PREFIX = 3
# Begins the block of a script that says what it needs (PEP 723).
SCRIPT_MARK = b"# /// script"


def declares_dependencies(path: str, raw: bytes) -> bool:
    """Return whether a Python file may say what is to be installed: for a project, Nox sessions, or itself."""
    return path.endswith(("setup.py", "noxfile.py")) or SCRIPT_MARK in raw


class Prefilter:
    """Matches the bytes of files against a set of needles."""

    __slots__ = ("_needles",)

    def __init__(self, needles: Iterable[bytes]) -> None:
        """``needles`` are byte strings of which a relevant file contains at least one."""
        needles = sorted(set(needles))
        # By the prefix that they share: what only begins like a needle is seldom, so the rest is compared one by one.
        self._needles = {
            prefix: [needle for needle in needles if needle.startswith(prefix)] for prefix in _shared_prefixes(needles)
        }

    def matches(self, raw: bytes) -> bool:
        """Return whether the file may hold anything to find."""
        return any(
            prefix in raw and any(needle in raw for needle in needles) for prefix, needles in self._needles.items()
        )


def _shared_prefixes(needles: list[bytes]) -> list[bytes]:
    """The fewest prefixes of at least three bytes that every sorted needle starts with one of."""
    prefixes: list[bytes] = []
    for needle in needles:
        if prefixes:
            shared = _common(prefixes[-1], needle)
            if len(shared) >= min(_SHORTEST_PREFIX, len(prefixes[-1])):
                prefixes[-1] = shared
                continue
        prefixes.append(needle)
    return prefixes


def _common(one: bytes, other: bytes) -> bytes:
    length = 0
    for left, right in zip(one, other):  # noqa: B905 - the common length is what is compared
        if left != right:
            break
        length += 1
    return one[:length]
