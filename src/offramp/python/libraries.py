"""The facts about libraries that reading a file needs and the file does not show; whoever asks hands them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.python.values import Value


def _none(_path: str) -> bool:
    return False


def _nothing(_path: str) -> tuple[Value, ...]:
    return ()


class Libraries(NamedTuple):
    """The facts about libraries whose code is not seen.

    ``exists`` tells whether a dotted path is a known name, ``offers`` whether a star import gives it. ``data``
    gives the constants, lists and dicts that a path may be, of modules that can be seen; none where it is not
    known. ``meaning`` gives the same for two paths that mean the same, so that it does not matter which of them an
    attempt or a condition imports. ``stands_for`` gives the path that a library's module only hands on.
    ``importers`` are functions that import a module or object by its name, with their parameters. An object keeps
    ``kept_arguments`` as attributes of those names, and the text of its ``own_texts`` gives them back. What a
    method whose name begins with ``mapping`` is given, one call each takes a part of; the call that its object was
    made by gives all of them the rest. ``runners`` are the first names of libraries that call nothing of what they
    are given while a file is loaded, and change none of it; decorators of the ``deferring`` ones call their
    functions later, unless their names are among ``immediate``. ``harmless`` libraries change nothing that they are
    given.
    """

    exists: Callable[[str], bool] = _none
    offers: Callable[[str], bool] = _none
    data: Callable[[str], tuple[Value, ...]] = _nothing
    meaning: Callable[[str], object] = str
    stands_for: Callable[[str], str] = str
    importers: Mapping[str, tuple[str, ...]] = {}
    kept_arguments: frozenset[str] = frozenset()
    own_texts: frozenset[str] = frozenset()
    mapping: str = ""
    runners: frozenset[str] = frozenset()
    deferring: frozenset[str] = frozenset()
    immediate: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()

    def is_mapping(self, method: str) -> bool:
        """Return whether a method makes one call of each part of what it is given."""
        return bool(self.mapping) and method.startswith(self.mapping)


NO_LIBRARIES = Libraries()


def absolute(path: str, package: object) -> str:
    """A module's dotted path, a relative one from ``package``; empty where that is not known."""
    if not path.startswith("."):
        return path
    if not isinstance(package, str):
        return ""
    name = path.lstrip(".")
    base = package.split(".")
    base = base[: len(base) - (len(path) - len(name) - 1)]
    return ".".join([*base, name]) if base and name else ""
