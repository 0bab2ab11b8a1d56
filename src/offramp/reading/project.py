"""The other files of a project, for what one file alone cannot tell; may import ``model``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence


class Project:
    """The Python files that a run covers; their bytes are read when first asked for and kept."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [(path, os.path.abspath(path)) for path in paths]
        self._texts: dict[str, bytes] = {}

    def quoting(self, text: str, besides: str) -> str | None:
        """Path of another file that has ``text`` as a string, such as a DAG's id; None if there is none."""
        wanted = text.encode("utf-8", "replace")
        needles = (b'"%b"' % wanted, b"'%b'" % wanted)
        return self._first(lambda raw: any(needle in raw for needle in needles), besides)

    def importing(self, path: str) -> str | None:
        """Path of another file that imports the module ``path``; None if there is none."""
        stem = os.path.splitext(os.path.basename(path))[0].encode("utf-8", "surrogateescape")
        if stem == b"__init__":
            stem = os.path.basename(os.path.dirname(os.path.abspath(path))).encode("utf-8", "surrogateescape")
        pattern = re.compile(rb"^[ \t]*(?:from|import)\b[^\n#]*\b" + re.escape(stem) + rb"\b", re.MULTILINE)
        return self._first(lambda raw: stem in raw and pattern.search(raw) is not None, path)

    def _first(self, holds: Callable[[bytes], object], besides: str) -> str | None:
        own = os.path.abspath(besides)
        for path, absolute in self._paths:
            if absolute != own and holds(self._text(path)):
                return path
        return None

    def _text(self, path: str) -> bytes:
        text = self._texts.get(path)
        if text is None:
            try:
                with open(path, "rb") as file:
                    text = file.read()
            except OSError:
                # Reported where the file itself is checked.
                text = b""
            self._texts[path] = text
        return text
