"""The other files of a project, for what one file alone cannot tell; may import ``model``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import cached_property

_IMPORT = (
    rb"(?m)^[ \t]*(?:from[ \t]+(?P<module>[\w.]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#]*)"
    rb"|import[ \t]+(?P<modules>[^\n#]*))"
)


class Project:
    """The Python files of a project; their bytes are read when first asked for and kept."""

    def __init__(self, paths: Iterable[str]) -> None:
        """``paths`` are gone through when other files are first asked for, and again where one is new."""
        self._given = paths
        self._texts: dict[str, bytes] = {}

    @cached_property
    def _paths(self) -> list[tuple[str, str]]:
        places: dict[str, str] = {}
        for path in self._given:
            places.setdefault(os.path.abspath(path), path)
        return [(path, place) for place, path in places.items()]

    def quoting(self, text: str, besides: str) -> str | None:
        """Path of another file that has ``text`` as a string, such as a DAG's id; None if there is none."""
        wanted = text.encode("utf-8", "replace")
        needles = (b'"%b"' % wanted, b"'%b'" % wanted)
        return self._first(lambda raw: any(needle in raw for needle in needles), besides)

    def importing(self, path: str) -> str | None:
        """Path of another file that imports the module ``path``; None if there is none."""
        absolute = os.path.abspath(path)
        folder, file = os.path.split(absolute)
        stem = os.path.splitext(file)[0]
        if stem == "__init__":
            folder, stem = os.path.split(folder)
        name = stem.encode("utf-8", "surrogateescape")
        package = os.path.basename(folder).encode("utf-8", "surrogateescape")

        def imports(raw: bytes) -> bool:
            return name in raw and any(_takes(found, name, package) for found in re.finditer(_IMPORT, raw))

        return self._first(imports, path)

    def forget(self, path: str) -> None:
        """A file has changed, come or gone: look at it again when asked next."""
        absolute = os.path.abspath(path)
        paths = self.__dict__.get("_paths", ())
        known = [given for given, place in paths if place == absolute]
        if paths and not known:
            del self._paths
        for given in known:
            self._texts.pop(given, None)

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


def _takes(statement: re.Match[bytes], name: bytes, package: bytes) -> bool:
    """Whether an import statement takes the module ``name`` of a package, or something out of it."""
    module = statement["module"]
    if module is None:
        modules = [one.split()[0] for one in statement["modules"].split(b",") if one.split()]
        return any(one.rpartition(b".")[2] == name for one in modules)
    last = module.rpartition(b".")[2]
    # What a package gives may be one of its modules.
    return last == name or (last in (b"", package) and name in re.findall(rb"[^\s,()]+", statement["names"]))
