"""Keeps the rulebook compiled, in the wheel and in the user's cache; knowledge layer, imports rulebook and model.

The wheel's own file serves a fresh container without user notes, the user's cache
directory everything else. One file holds everything: decoding also the long texts of
300 kB of notes takes less than leaving them out would save. ``marshal`` is what Python's own
compiled modules are written in: reading JSON would take a thirtieth of a check of one file. What
it reads must not be damaged, so a checksum stands before it.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from collections.abc import Sequence
from typing import Any

from offramp import __version__
from offramp.knowledge.rulebook import Rulebook
from offramp.model import ArgumentRow, Note, Rule

_HERE = os.path.dirname(os.path.abspath(__file__))
# Editing any of these changes what the same notes compile to.
_CODE = (
    *(
        os.path.join(_HERE, name)
        for name in ("note_format.py", "rewrites.py", "assembly.py", "rulebook.py", "compiled.py")
    ),
    os.path.join(os.path.dirname(_HERE), "model.py"),
)

PACKAGED = "rulebook.compiled"
# Every Python since 3.4 reads this version of the format.
_FORMAT = 4
_CHECKSUM = 4  # bytes

Stamp = list[list[str | int]]
Compiled = tuple[Rulebook, tuple[str, ...]]


def cache_folder() -> str:
    """Directory for offramp's caches, which need not exist; relative where the user has no home directory."""
    if folder := os.environ.get("OFFRAMP_CACHE_DIR"):
        return os.path.abspath(folder)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "offramp")


def stamp(shipped: Sequence[str], notes: Sequence[str]) -> Stamp | None:
    """Return what a compiled rulebook of these notes depends on; None where a file cannot be looked at."""
    found: Stamp = [[__version__, len(shipped)]]
    try:
        for path in (*_CODE, *shipped, *notes):
            status = os.stat(path)
            found.append([path, os.path.abspath(path), status.st_size, status.st_mtime_ns])
    except OSError:
        # The parser will look at the same file and say what is wrong with it.
        return None
    return found


def load(current: Stamp, rules: str) -> Compiled | None:
    """The rulebook and warnings compiled for exactly this stamp, or None; ``rules`` is the shipped notes' folder."""
    known = _read(_file(current), current)
    if known is None:
        known = _read(os.path.join(rules, PACKAGED), _portable(current))
        if known:
            rulebook, warnings = known
            notes = (note._replace(file=os.path.join(rules, note.file)) for note in rulebook.notes.values())
            known = Rulebook(notes, rulebook.section_rules.values()), warnings
    return known


def store(current: Stamp, known: Compiled) -> None:
    """Keep the rulebook for this stamp, where the cache directory can be written."""
    import tempfile

    target = _file(current)
    if not os.path.isabs(target):
        return
    temporary = ""
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix="rulebook-", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(_encode(current, known))
        os.replace(temporary, target)
    except OSError:
        # A read-only home or a full disk costs time on the next run, nothing else.
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def encode_packaged(current: Stamp, rulebook: Rulebook) -> bytes:
    """Return what the wheel carries as ``PACKAGED`` beside the shipped notes, wherever it is installed."""
    notes = (note._replace(file=os.path.basename(note.file)) for note in rulebook.notes.values())
    return _encode(_portable(current), (Rulebook(notes, rulebook.section_rules.values()), ()))


def _portable(current: Stamp) -> Stamp:
    """The stamp without directories and times, which installing changes."""
    return [current[0], *([os.path.basename(str(path)), size] for path, _, size, _ in current[1:])]


def _encode(current: Stamp, known: Compiled) -> bytes:
    rulebook, warnings = known
    content = {
        "stamp": current,
        "warnings": warnings,
        "rules": list(rulebook.section_rules.values()),
        "notes": list(rulebook.notes.values()),
    }
    import json  # slow to load

    # Only lists of plain values are left of named tuples and enumerations in JSON.
    body = marshal.dumps(json.loads(json.dumps(content)), _FORMAT)
    return _checksum(body) + body


def _read(path: str, current: Stamp) -> Compiled | None:
    try:
        with open(path, "rb") as file:
            checksum, body = file.read(_CHECKSUM), file.read()
        if checksum != _checksum(body):
            return None
        stored = marshal.loads(body)
        if stored["stamp"] != current:
            return None
        notes = [_note(row) for row in stored["notes"]]
        rules = [_rule(row) for row in stored["rules"]]
        return Rulebook(notes, rules), tuple(stored["warnings"])
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        # No cache, or one that another program wrote: the notes themselves are still there.
        return None


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECKSUM, "big")


def _file(current: Stamp) -> str:
    """One file for each list of notes, so that projects with notes of their own do not evict each other."""
    names = repr([current[0][1], *(entry[:2] for entry in current[1:])])
    return os.path.join(cache_folder(), f"rulebook-{zlib.crc32(names.encode('utf-8', 'surrogateescape')):08x}")


def _rule(row: list[Any]) -> Rule:
    rule = Rule(*row)
    return rule._replace(files=tuple(rule.files), needles=tuple(rule.needles))


def _note(row: list[Any]) -> Note:
    note = Note(*row)
    return note._replace(
        paths=tuple(note.paths),
        inherits=tuple(note.inherits),
        arguments=tuple(ArgumentRow(*cells) for cells in note.arguments),
    )
