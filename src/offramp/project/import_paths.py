"""Where an import leads inside the project: the file that Python would run for it; reads no file.

Python takes the first directory of its path that has the first part of a name, and merges directories without
``__init__.py``. The order of the path is not known here. So where two files could be meant, none is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cached_property

from offramp.project.around import is_below, project_root
from offramp.record import NamedTuple
from offramp.settings import Settings, settings_for

# The directories that Airflow adds to the path, in the home directory of Airflow (`airflow.settings.prepare_syspath`).
_OF_AIRFLOW = ("dags", "plugins", "config")
# Where packages are installed, and the libraries that a project may have directories of the names of.
_INSTALLED = ("site-packages", "dist-packages")
_LIBRARIES = frozenset({"airflow", "astronomer", "cosmos", "dbt", "prefect", "prefect_dbt", "prefect_shell"})

# More names than these take longer to look for than import statements.
_MOST_NAMES = 40


class Target(NamedTuple):
    """What a dotted path leads to: a module's file, the name that it has there, and what follows the module's name."""

    file: str
    module: str
    rest: tuple[str, ...]


class Directories:
    """The Python files and directories in those of a project, each looked at once."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, bool]] = {}
        self._links: set[str] = set()
        self._inside: dict[tuple[str, str], bool] = {}

    def entries(self, directory: str) -> dict[str, bool]:
        """The names of Python files and directories in a directory, with whether each is a directory."""
        entries = self._entries.get(directory)
        if entries is None:
            entries = self._entries[directory] = {}
            try:
                with os.scandir(directory) as found:
                    for one in found:
                        if one.name.endswith(".py") or one.is_dir():
                            entries[one.name] = one.is_dir()
                            self._links.update([one.path] if one.is_symlink() else ())
            except OSError:
                entries.clear()
        return entries

    def has_file(self, path: str) -> bool:
        """Return whether a path is that of a Python file."""
        directory, name = os.path.split(path)
        return self.entries(directory).get(name) is False

    def is_inside(self, file: str, root: str) -> bool:
        """Return whether a file is one of a project: no link leads out, and it is not installed."""
        if file in self._links:
            return _is_inside(file, root)
        key = (os.path.dirname(file), root)
        if key not in self._inside:
            self._inside[key] = _is_inside(*key)
        return self._inside[key]


def _is_inside(path: str, root: str) -> bool:
    real = os.path.realpath(path)
    return is_below(real, os.path.realpath(root)) and not set(_INSTALLED) & set(real.split(os.sep))


class ImportPaths:
    """Finds the modules that the files of one directory import."""

    def __init__(self, directory: str, settings: Settings, directories: Directories | None = None) -> None:
        """``directory`` is absolute; ``settings`` are those of its files."""
        self.root, self.roots = _roots(directory, settings)
        self._directories = directories or Directories()
        self._targets: dict[tuple[str, str], Target | None] = {}
        self._having: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _beginnings(self) -> tuple[bytes, ...]:
        """The names that absolute imports of the project begin with."""
        names = {name.removesuffix(".py") for root in self.roots for name in self._directories.entries(root)}
        names -= _LIBRARIES | sys.stdlib_module_names | {"__init__"}
        return tuple(name.encode() for name in names if name.isidentifier())

    def may_be_imported_in(self, raw: bytes) -> bool:
        """Return whether a text may import a module of the project: it names one, or is relative."""
        if b"import" not in raw or not self.roots:
            return False
        names = self._beginnings
        return len(names) > _MOST_NAMES or b"from ." in raw or any(name in raw for name in names)

    def begins(self, path: str) -> bool:
        """Return whether a module of the project may be what a dotted path begins with."""
        first = path.partition(".")[0]
        return not first or bool(self._roots_of(first))

    def _roots_of(self, first: str) -> tuple[str, ...]:
        """The directories in which a module is that an absolute path begins with; none where it is of a library."""
        roots = self._having.get(first)
        if roots is None and (first in _LIBRARIES or first in sys.stdlib_module_names):
            roots = self._having[first] = ()
        if roots is None:
            file = f"{first}.py"
            found = ((root, self._directories.entries(root)) for root in self.roots)
            roots = self._having[first] = tuple(root for root, entries in found if first in entries or file in entries)
        return roots

    def target(self, path: str, importing: str) -> Target | None:
        """Return where a dotted path leads that stands in the file ``importing``; None for what is not known.

        A relative path begins with dots. ``importing`` is absolute.
        """
        key = (path, os.path.dirname(importing) if path.startswith(".") else "")
        if key not in self._targets:
            self._targets[key] = self._relative(path, key[1]) if key[1] else self._absolute(path)
        return self._targets[key]

    def has_file(self, path: str) -> bool:
        """Return whether a path is that of a Python file."""
        return self._directories.has_file(path)

    def name_of(self, file: str) -> str:
        """The dotted path of a module's file, from the first root that it is below; empty where none is."""
        place = os.path.splitext(file)[0].removesuffix(f"{os.sep}__init__")
        for root in self.roots:
            inner = place.removeprefix(f"{root.rstrip(os.sep)}{os.sep}")
            if inner != place:
                return inner.replace(os.sep, ".")
        return ""

    def _absolute(self, path: str) -> Target | None:
        parts = path.split(".")
        return self._longest(self._roots_of(parts[0]), parts)

    def _relative(self, path: str, directory: str) -> Target | None:
        name = path.lstrip(".")
        for _ in range(len(path) - len(name) - 1):
            directory = os.path.dirname(directory)
        if not self.roots or not is_below(directory, self.root):
            return None
        parts = name.split(".") if name else []
        found = self._longest((directory,), parts)
        package = os.path.join(directory, "__init__.py")
        if found is None and self._is_module(package):
            found = Target(package, self.name_of(package), tuple(parts))
        return found

    def _longest(self, roots: tuple[str, ...], parts: list[str]) -> Target | None:
        """The innermost module on the way that the parts of a path describe, the same from all roots that have one."""
        found: dict[str, int] = {}
        for root in roots:
            file, depth = self._last_module(root, parts)
            if file:
                found[file] = depth
        if len(found) != 1:
            return None
        ((file, depth),) = found.items()
        if not self._directories.is_inside(file, self.root):
            return None
        return Target(file, self.name_of(file), tuple(parts[depth:]))

    def _last_module(self, root: str, parts: list[str]) -> tuple[str, int]:
        """The innermost module below a directory that a path runs through, and how many of the parts lead there."""
        place, file, depth = root, "", 0
        for number, part in enumerate(parts, 1):
            entries = self._directories.entries(place)
            inner = f"{place.rstrip(os.sep)}{os.sep}{part}"
            is_directory = entries.get(part) is True
            if is_directory and self._directories.entries(inner).get("__init__.py") is False:
                file, depth = f"{inner}{os.sep}__init__.py", number
            elif entries.get(f"{part}.py") is False:
                return f"{inner}.py", number
            elif not is_directory:
                break
            place = inner
        return file, depth

    def _is_module(self, file: str) -> bool:
        return self._directories.has_file(file) and self._directories.is_inside(file, self.root)


def _roots(directory: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The project's directory, and those that its imports begin at; none for what is installed."""
    if set(_INSTALLED) & set(directory.split(os.sep)):
        return directory, ()
    settings = settings_for(os.path.join(directory, "x"), settings)
    around = [*_ancestors(directory)]
    homes = [os.path.dirname(one) for one in around if os.path.basename(one) in _OF_AIRFLOW][:1]
    start = settings.root if is_below(directory, settings.root) else _above_packages(directory)
    root = project_root(directory, settings) or (homes[0] if homes and is_below(start, homes[0]) else start)
    if settings.src:
        return root, tuple(dict.fromkeys((*settings.src, directory)))
    inside = [one for one in around if is_below(one, root)]
    places = [place for one in inside for name in _OF_AIRFLOW if os.path.isdir(place := os.path.join(one, name))]
    homes = [os.path.dirname(place) for place in places if not place.endswith(_OF_AIRFLOW[-1])]
    configured = [settings.root] if settings.config_file and is_below(directory, settings.root) else []
    return root, tuple(dict.fromkeys((root, *configured, *homes, *places, directory)))


def _ancestors(directory: str) -> Iterator[str]:
    """A directory, and those around it."""
    yield directory
    while directory != (directory := os.path.dirname(directory)):
        yield directory


def _above_packages(directory: str) -> str:
    """The directory around the packages that a directory is in, itself where it is none."""
    return next(one for one in _ancestors(directory) if not os.path.isfile(os.path.join(one, "__init__.py")))
