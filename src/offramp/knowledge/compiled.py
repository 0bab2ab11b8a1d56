"""Keeps the rulebook as JSON in the user's cache directory; knowledge layer, imports the rulebook and the model.

One file holds everything: decoding also the long texts of 300 kB of notes takes
0.6 ms more than leaving them out, which is not worth a second file.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Sequence
from typing import Any

from offramp import __version__
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Argument, Note, Rule

_HERE = os.path.dirname(os.path.abspath(__file__))
# Editing any of these changes what the same notes compile to.
_CODE = (
    *(os.path.join(_HERE, name) for name in ("note_format.py", "assembly.py", "rulebook.py", "compiled.py")),
    os.path.join(os.path.dirname(_HERE), "model.py"),
)

Stamp = list[list[str | int]]


def cache_folder() -> str:
    """Directory for offramp's caches, which need not exist; relative where the user has no home directory."""
    if folder := os.environ.get("OFFRAMP_CACHE_DIR"):
        return folder
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "offramp")


def stamp(shipped: Sequence[str], notes: Sequence[str]) -> Stamp | None:
    """What a compiled rulebook of these notes depends on; None where a file cannot be looked at."""
    found: Stamp = [[__version__, len(shipped)]]
    try:
        for path in (*_CODE, *shipped, *notes):
            status = os.stat(path)
            found.append([path, os.path.abspath(path), status.st_size, status.st_mtime_ns])
    except OSError:
        # The parser will look at the same file and say what is wrong with it.
        return None
    return found


def load(current: Stamp) -> tuple[Rulebook, tuple[str, ...]] | None:
    """The rulebook and warnings stored for exactly this stamp, or None."""
    try:
        with open(_file(current), "rb") as file:
            stored = json.loads(file.read())
        if stored["stamp"] != current:
            return None
        notes = [_note(row) for row in stored["notes"]]
        rules = [Rule(*row) for row in stored["rules"]]
        return Rulebook(notes, rules), tuple(stored["warnings"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        # No cache, or one that another program damaged: the notes themselves are still there.
        return None


def store(current: Stamp, rulebook: Rulebook, warnings: Sequence[str]) -> None:
    """Keep the rulebook for this stamp, where the cache directory can be written."""
    import tempfile

    target = _file(current)
    if not os.path.isabs(target):
        return
    content = {
        "stamp": current,
        "warnings": warnings,
        "rules": list(rulebook.section_rules.values()),
        "notes": list(rulebook.notes.values()),
    }
    temporary = ""
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix="rulebook-", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, separators=(",", ":"))
        os.replace(temporary, target)
    except OSError:
        # A read-only home or a full disk costs time on the next run, nothing else.
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def _file(current: Stamp) -> str:
    """One file for each list of notes, so that projects with notes of their own do not evict each other."""
    names = repr([current[0][1], *(entry[:2] for entry in current[1:])])
    return os.path.join(cache_folder(), f"rulebook-{zlib.crc32(names.encode('utf-8', 'surrogateescape')):08x}.json")


def _note(row: list[Any]) -> Note:
    note = Note(*row)
    return note._replace(
        paths=tuple(note.paths),
        inherits=tuple(note.inherits),
        arguments=tuple(Argument(*cells) for cells in note.arguments),
    )
