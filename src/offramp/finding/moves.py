"""Moved files, told by the findings that were accepted in them; may import ``baseline`` and ``model``."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from offramp.finding.baseline import Entry
from offramp.model import FileResult

_Key = TypeVar("_Key")
# Hundreds of files that were renamed and edited at once are told apart no more: they count as gone and new.
_MOST_COMPARED = 100_000
# Each finding of a file, by code and fingerprint, with a number for equal ones.
_Content = frozenset[tuple[str, str, int]]


def moved(
    results: Collection[tuple[str, FileResult]],
    accepted: Collection[Entry],
    codes: Collection[str],
    is_new: Callable[[str], bool],
    is_gone: Callable[[str], bool],
) -> dict[str, str]:
    """The paths of moved files, old -> new, as entries have them.

    A file was moved where one is gone and a new one has its accepted findings, or at least
    half of what either has. Each that is gone was moved once, and of those that are still
    there the others are copies. ``is_new`` and ``is_gone`` are asked of as few paths as may be.
    """
    found = {path: result.findings for path, result in results if result.findings}
    # Nearly always all files with findings have entries, and that is all that has to be known.
    known = {entry.path for entry in accepted if entry.path in found}
    arrived = {
        path: _content((finding.code, finding.fingerprint) for finding in findings)
        for path, findings in found.items()
        if path not in known and is_new(path)
    }
    if not arrived:
        return {}
    gone: dict[str, list[tuple[str, str]]] = {
        path: [] for path in {entry.path for entry in accepted}.difference(found) if is_gone(path)
    }
    for entry in accepted:
        if entry.path in gone and entry.code in codes:
            gone[entry.path].append((entry.code, entry.name))
    pairs = _Pairs({path: _content(keys) for path, keys in gone.items() if keys}, arrived)
    pairs.take_equal(lambda path, content: (os.path.basename(path), content))
    pairs.take_equal(lambda _path, content: content)
    pairs.take_alike(os.path.basename)
    pairs.take_alike(lambda _path: "")
    return pairs.found


class _Pairs:
    """Files that are gone and files that arrived; each is taken once."""

    def __init__(self, gone: dict[str, _Content], arrived: dict[str, _Content]) -> None:
        self._gone = gone
        self._arrived = arrived
        self.found: dict[str, str] = {}

    def take_equal(self, key: Callable[[str, _Content], _Key]) -> None:
        """Take files together that have the same key, in order of their paths."""
        arrived = _grouped(self._arrived, key)
        for same, olds in _grouped(self._gone, key).items():
            self._take(olds, arrived.get(same, []))

    def take_alike(self, key: Callable[[str], str]) -> None:
        """Take files together that have the same key and half of their findings in common."""
        arrived = _grouped(self._arrived, lambda path, _content: key(path))
        for same, olds in _grouped(self._gone, lambda path, _content: key(path)).items():
            self._take_most_alike(olds, arrived.get(same, []))

    def _take_most_alike(self, olds: Iterable[str], news: Iterable[str]) -> None:
        # Files of one folder often have the same few imports: what has to be compared are different contents.
        gone = _grouped({path: self._gone[path] for path in olds}, lambda _path, content: content)
        arrived = _grouped({path: self._arrived[path] for path in news}, lambda _path, content: content)
        if len(gone) * len(arrived) > _MOST_COMPARED:
            return
        alike = sorted(
            (-_likeness(one, other), gone[one], arrived[other])
            for one in gone
            for other in arrived
            if 2 * len(one & other) >= max(len(one), len(other))
        )
        for _, some, others in alike:
            self._take(some, others)

    def _take(self, gone: Iterable[str], arrived: Iterable[str]) -> None:
        olds = [path for path in gone if path in self._gone]
        news = [path for path in arrived if path in self._arrived]
        for old, new in zip(olds, news, strict=False):
            del self._gone[old], self._arrived[new]
            self.found[old] = new


def _content(keys: Iterable[tuple[str, str]]) -> _Content:
    seen: Counter[tuple[str, str]] = Counter()
    content = []
    for code, name in keys:
        seen[code, name] += 1
        content.append((code, name, seen[code, name]))
    return frozenset(content)


def _grouped(files: Mapping[str, _Content], key: Callable[[str, _Content], _Key]) -> dict[_Key, list[str]]:
    """The files' paths, in order, by a key."""
    groups: defaultdict[_Key, list[str]] = defaultdict(list)
    for path in sorted(files):
        groups[key(path, files[path])].append(path)
    return dict(groups)


def _likeness(one: _Content, other: _Content) -> float:
    return len(one & other) / max(len(one), len(other))
