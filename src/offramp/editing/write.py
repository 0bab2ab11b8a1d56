"""Writes fixed and migrated files: the old text or the new one, never a part of either."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping

from offramp.model import OfframpError


def replace(path: str, before: bytes, after: bytes) -> None:
    """Replace a file's content in one step, keeping its mode; a symlink stays one and its target is replaced.

    Raises OfframpError when the file has changed since it was read as ``before``, or
    cannot be written; it is then as it was.
    """
    target = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        # Reading a pipe again would wait for ever.
        raise OfframpError(f"{path}: cannot write: this is not a regular file; use --diff, or - for stdin")
    try:
        with open(target, "rb") as file:
            if file.read() != before:
                raise OfframpError(f"{path}: changed while it was checked; it was left as it is")
            status = os.fstat(file.fileno())
        if not os.access(target, os.W_OK):
            raise OfframpError(f"{path}: cannot write: the file is read-only")
        handle, temporary = tempfile.mkstemp(prefix=".offramp-", dir=os.path.dirname(target))
    except OSError as error:
        raise OfframpError(f"{path}: cannot write: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, status.st_mode & 0o7777)
        if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(temporary, status.st_uid, status.st_gid)
        os.replace(temporary, target)
    except OSError as error:
        os.unlink(temporary)
        raise OfframpError(f"{path}: cannot write: {error.strerror}") from None


def place(directory: str, files: Mapping[str, bytes], *, force: bool, spared: Iterable[str]) -> None:
    """Write files into a directory, by their paths below it.

    A new directory appears with all of them in one step. In one that exists each file
    appears, or with ``force`` is replaced, in one step, in the order of ``files``; a
    symlink is replaced, not followed. Raises OfframpError, with nothing written, where
    a file exists and ``force`` is off, and where one of the files ``spared`` would be
    replaced.
    """
    base = os.path.realpath(directory)
    targets = {name: os.path.join(base, name) for name in files}
    _check_free(directory, targets, force=force, spared=frozenset(os.path.realpath(path) for path in spared))
    exists = os.path.isdir(base)
    # Where files can be moved from in one step: a directory that exists may be a file system of its own.
    gathered = os.path.join(base, ".offramp") if exists else f"{base}.offramp"
    gathered += f"-{os.getpid()}"
    try:
        os.makedirs(gathered)
        for name, content in files.items():
            path = os.path.join(gathered, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if not exists:
            os.rename(gathered, base)
            return
        for target in targets.values():
            os.makedirs(os.path.dirname(target), exist_ok=True)
        for name, target in targets.items():
            os.replace(os.path.join(gathered, name), target)
    except OSError as error:
        raise OfframpError(f"{directory}: cannot write: {error.strerror}") from None
    finally:
        shutil.rmtree(gathered, ignore_errors=True)


def _check_free(directory: str, targets: Mapping[str, str], *, force: bool, spared: frozenset[str]) -> None:
    taken = [name for name, target in targets.items() if os.path.lexists(target)]
    for name, target in targets.items():
        if os.path.join(os.path.realpath(os.path.dirname(target)), os.path.basename(target)) in spared:
            raise OfframpError(f"{os.path.join(directory, name)} is one of the DAG files, which are never overwritten")
        if os.path.isdir(target) and not os.path.islink(target):
            raise OfframpError(f"{os.path.join(directory, name)} is a directory")
    if taken and not force:
        more = f" (and {len(taken) - 1} more)" if len(taken) > 1 else ""
        raise OfframpError(f"{os.path.join(directory, taken[0])}{more} exists: --force overwrites")
