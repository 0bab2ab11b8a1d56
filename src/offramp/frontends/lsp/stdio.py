"""The standard streams of a server that nobody looks after; imports nothing of offramp."""

from __future__ import annotations

import os
import sys
from threading import Thread
from time import sleep
from typing import BinaryIO

# No header of the protocol is longer; whoever sends more speaks another.
_LONGEST_LINE = 1 << 16
_PIECE = 1 << 20
_SECONDS_BETWEEN_LOOKS = 2.0


class Input:
    """Reads what the client sends; a length that is announced takes no memory before it is there."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        """The next line, or a piece of one that is far too long; empty at the end."""
        return self._stream.readline(_LONGEST_LINE)

    def read(self, size: int) -> bytes:
        """Read as many bytes, or as many as there are before the end."""
        pieces = []
        while size > 0 and (piece := self._stream.read(min(size, _PIECE))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def take_stdout() -> BinaryIO:
    """A stream to where stdout goes, for the protocol alone; what is printed goes to stderr from now on."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


def leave_with(process: int) -> None:
    """End this process soon after another one, the client, has ended, though stdin may stay open.

    A process that is not seen from here, such as one outside of a container, is not
    waited for.
    """
    if os.name == "posix" and _runs(process):
        Thread(target=_watch, args=(process,), daemon=True).start()


def _watch(process: int) -> None:
    while _runs(process):
        sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
