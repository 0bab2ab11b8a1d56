"""A progress bar on standard error for long runs; imports nothing of offramp."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

_T = TypeVar("_T")

_PATIENCE = 1.0
_REDRAW = 0.1
_CELLS = 30


def progress(items: Iterable[_T], total: int) -> Iterator[_T]:
    """Hand the items on; after a second, draw on a terminal how many of ``total`` are done."""
    if not sys.stderr.isatty():
        yield from items
        return
    due = time.monotonic() + _PATIENCE
    drawn = False
    try:
        for done, item in enumerate(items, 1):
            now = time.monotonic()
            if now >= due:
                due = now + _REDRAW
                drawn = True
                bar = "#" * (_CELLS * done // total)
                sys.stderr.write(f"\r[{bar:<{_CELLS}}] {done}/{total} files")
                sys.stderr.flush()
            yield item
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
