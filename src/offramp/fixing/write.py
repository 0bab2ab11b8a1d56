"""Writes a fixed file: the old text or the new one, never a part of either."""

from __future__ import annotations

import os
import tempfile

from offramp.model import OfframpError


def replace(path: str, before: bytes, after: bytes) -> None:
    """Replace a file's content in one step, keeping its mode; a symlink stays one and its target is replaced.

    Raises OfframpError when the file has changed since it was read as ``before``, or
    cannot be written; it is then as it was.
    """
    target = os.path.realpath(path)
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
