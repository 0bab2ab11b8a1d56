"""Tells what a git repository tracks but has not written to its work tree; may import ``model``."""

from __future__ import annotations

import os
from functools import lru_cache

from offramp.reading.repository import repository_of
from offramp.record import NamedTuple

_PURPOSE = "a repository with a sparse checkout or submodules"


class _LeftOut(NamedTuple):
    """Tracked files outside of a sparse checkout, and the directories of submodules that are not checked out."""

    files: frozenset[str]
    submodules: tuple[str, ...]


def is_left_out(path: str) -> bool:
    """Return whether an absolute path that does not exist is tracked, and only left out of this work tree.

    git is asked only where a repository may leave something out. Raises OfframpError where git cannot say.
    """
    top = repository_of(os.path.dirname(path))
    if not top or not _may_leave_out(top):
        return False
    left_out = _left_out(top)
    return path in left_out.files or path.startswith(left_out.submodules)


@lru_cache(maxsize=64)
def _may_leave_out(top: str) -> bool:
    return os.path.exists(os.path.join(top, ".gitmodules")) or os.path.exists(
        os.path.join(_git_directory(top), "info", "sparse-checkout")
    )


def _git_directory(top: str) -> str:
    """``.git``, or where the file of this name leads, as in linked work trees and submodules."""
    place = os.path.join(top, ".git")
    if os.path.isfile(place):
        with open(place, encoding="utf-8", errors="surrogateescape") as file:
            place = os.path.join(top, file.read().strip().removeprefix("gitdir: "))
    return place


@lru_cache(maxsize=64)
def _left_out(top: str) -> _LeftOut:
    from offramp.reading.git import Git

    index = Git(top, _PURPOSE, inside=top != repository_of(os.getcwd())).tracked()
    submodules = (os.path.join(top, path, "") for path in index.submodules)
    return _LeftOut(
        frozenset(os.path.join(top, path) for path in index.left_out),
        tuple(path for path in submodules if not os.path.lexists(os.path.join(path, ".git"))),
    )
