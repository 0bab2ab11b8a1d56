"""Keeps what files say from acting on terminals and CI services; imports nothing of offramp.

Names and texts of a checked project go into every output. A terminal obeys escape
sequences in them, people are misled by text that runs from right to left, and CI services
take commands from any line of a log: ``##vso[…]`` (Azure Pipelines), ``##teamcity[…]``,
``::add-mask::…`` at a line's beginning (GitHub).
"""

from __future__ import annotations

import re
from collections.abc import Callable

# The second character of what begins a command.
_COMMAND = r"(?<=#)#(?=[\w.-]*\[)|(?:(?<=\A:)|(?<=\s:)):(?=[A-Za-z][\w-]*(?:\s[^\n]*?)?::)"
# Spaces, which Python takes for unprintable.
_SPACES = frozenset("\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
_PICTURES = 0x2400
_DELETE, _PICTURE_OF_DELETE = 0x7F, "\u2421"
# Python's file names hold bytes that are not UTF-8 as these.
_BYTES = range(0xDC80, 0xDD00)


def escaped(text: str, escape: Callable[[str], str], *, kept: str = "") -> str:
    """``text`` with ``escape`` of each character that may reach no terminal and no log, save for those in ``kept``."""
    if not text.isprintable():
        harmless = _SPACES.union(kept)
        text = "".join(one if one.isprintable() or one in harmless else escape(one) for one in text)
    # Most text has neither, which is found out faster than that no command is in it.
    return re.sub(_COMMAND, lambda found: escape(found[0]), text) if "##" in text or "::" in text else text


def visible(text: str, *, kept: str = "") -> str:
    r"""``text`` on one line for people: control characters as pictures, others as in Python (``\u202e``)."""
    return escaped(text, _shown, kept=kept)


def as_json(value: object, *, indent: int | None = None, ascii_only: bool = True) -> str:
    """JSON with the same meaning for whoever reads it, and nothing for a terminal or a log to act on."""
    import json  # 2 ms that most runs need not spend

    return escaped(json.dumps(value, indent=indent, ensure_ascii=ascii_only), _in_json, kept="\n")


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return _PICTURE_OF_DELETE
    if code in _BYTES:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _in_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
