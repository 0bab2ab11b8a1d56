"""Exit codes, sentences and colours that the commands share when they talk to people."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from itertools import islice
from typing import TextIO

from offramp.escapes import visible

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130

# What the environment tells of terminals that open links, as ruff and cargo take it.
_LINKING_PROGRAMS = frozenset({"Hyper", "iTerm.app", "terminology", "WezTerm", "vscode", "ghostty", "zed"})
_LINKING_TERMS = frozenset({"xterm-kitty", "xterm-ghostty", "alacritty", "alacritty-direct"})
_LINKING_VTE = 5000  # GNOME's and others, by the version of their library

_LINES_AT_ONCE = 256

_PLACED = r".+:[0-9]+: "


def complain(sentence: str) -> None:
    """Print one sentence on stderr; one that begins with its ``file:line:`` needs no other sender."""
    line = visible(sentence)
    write(sys.stderr, f"{line}\n" if re.match(_PLACED, line) else f"offramp: {line}\n")


def write(stream: TextIO, text: str) -> None:
    """Write and flush; a reader that has gone away is not an error."""
    write_all(stream, (text,))


def write_all(stream: TextIO, parts: Iterable[str]) -> None:
    """The same piece by piece, as they are made."""
    try:
        pieces = iter(parts)
        # A write for every line of a long text would take as long as making it.
        while chunk := list(islice(pieces, _LINES_AT_ONCE)):
            stream.write("".join(chunk))
        stream.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`). The interpreter flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def draws(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that understands escape sequences."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """The columns of the terminal that stdout is; 0 where it is none."""
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 0


def use_colour(choice: str) -> bool:
    """Return whether ``auto``, ``always`` or ``never`` means colour on stdout here.

    The variables are those of no-color.org, force-color.org and bixense.com/clicolors;
    NO_COLOR wins, as does whatever the option says.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return os.environ.get("CLICOLOR") != "0" and draws(sys.stdout)


def use_links(choice: str) -> bool:
    """Return whether the same choice means links (OSC 8) on stdout: where colours go, on terminals known to open them.

    FORCE_HYPERLINK decides for all others; many of them would show the address as it is.
    """
    if not use_colour(choice):
        return False
    if forced := os.environ.get("FORCE_HYPERLINK"):
        return forced != "0"
    vte = os.environ.get("VTE_VERSION", "")
    known = (
        os.environ.get("TERM_PROGRAM") in _LINKING_PROGRAMS
        or os.environ.get("TERM") in _LINKING_TERMS
        or any(os.environ.get(name) for name in ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM"))
        or (vte.isdecimal() and int(vte) >= _LINKING_VTE)
    )
    return known and draws(sys.stdout)


def processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
