"""The Python files of a project by the names that imports have for them; reads no file."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable

_SUFFIXES = (".py", ".pyw")


class Modules:
    """Finds the files that an import may run.

    Which directories Python searches is not known: Airflow's folders of DAGs and plugins,
    a ``src`` directory, the directory of a script. So a file is meant by every dotted
    path that its own path ends with; those below a directory around the importing file
    come first.
    """

    def __init__(self, files: Iterable[str]) -> None:
        """``files`` are absolute paths; stubs run nowhere."""
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        # Many files may have one name (`dag.py` in every team's directory), few in directories of one name.
        self._by_two: defaultdict[str, list[str]] = defaultdict(list)
        for file in files:
            self.add(file)

    def add(self, file: str) -> bool:
        """Take one more file, and say whether it is new."""
        known = self._by_name[module_name(file)]
        is_new = file.endswith(_SUFFIXES) and file not in known
        if is_new:
            known.append(file)
            self._by_two[".".join(_place(file).split(os.sep)[-2:])].append(file)
        return is_new

    @property
    def names(self) -> Collection[str]:
        """The last part of every module's dotted path."""
        return self._by_name.keys()

    def run_by(self, module: str, name: str, importing: str) -> list[str]:
        """The files that ``import module``, or ``from module import name`` with a name, runs in a file.

        These are the module's own, those of the packages around it, and that of a
        module which ``name`` is.
        """
        if module.startswith("."):
            found = self._relative(module, name, importing)
        else:
            found = self._absolute(module, importing)
            if name and name != "*":
                found += self._absolute(f"{module}.{name}", importing)
        return [file for file in dict.fromkeys(found) if file != importing]

    def at(self, path: str) -> list[str]:
        """The files that a path may name, which may be relative to any directory."""
        parts = path.replace(os.sep, "/").lstrip("./")
        return [file for file in self._by_name.get(module_name(path), ()) if f"/{parts}" in file.replace(os.sep, "/")]

    def _absolute(self, module: str, importing: str) -> list[str]:
        parts = module.split(".")
        if parts[0] in sys.stdlib_module_names:
            return []
        roots: dict[str, list[str]] = {}
        for depth in range(len(parts), 0, -1):
            # The packages around it are run before it.
            last = ".".join(parts[max(0, depth - 2) : depth])
            for file in (self._by_two if depth > 1 else self._by_name).get(last, ()):
                root = _root(file, parts[:depth])
                if root and (depth == len(parts) or os.path.basename(file).startswith("__init__.")):
                    roots.setdefault(root, []).append(file)
        around = [root for root in roots if importing.startswith(root)]
        whole = [root for root in around or roots if any(_root(file, parts) for file in roots[root])]
        return [file for root in whole for file in roots[root]]

    def _relative(self, module: str, name: str, importing: str) -> list[str]:
        path = module.lstrip(".")
        package = os.path.dirname(importing)
        for _ in range(len(module) - len(path) - 1):
            package = os.path.dirname(package)
        found = self._inits(package)
        for part in path.split(".") if path else ():
            package = os.path.join(package, part)
            found += self._inits(package)
        for suffix in _SUFFIXES:
            found += self._known(package + suffix)
            if name and name != "*":
                found += self._known(os.path.join(package, name + suffix))
        return found + (self._inits(os.path.join(package, name)) if name else [])

    def _inits(self, package: str) -> list[str]:
        return [file for suffix in _SUFFIXES for file in self._known(os.path.join(package, f"__init__{suffix}"))]

    def _known(self, file: str) -> list[str]:
        return [file] if file in self._by_name.get(module_name(file), ()) else []


def module_name(file: str) -> str:
    """The last part of a file's dotted path: its stem, or the package's name."""
    stem = os.path.splitext(os.path.basename(file))[0]
    return os.path.basename(os.path.dirname(file)) if stem == "__init__" else stem


def _root(file: str, parts: list[str]) -> str:
    """The directory from which a file has a dotted path; empty where it has it from none."""
    place = _place(file)
    tail = os.sep + os.sep.join(parts)
    return place[: -len(tail) + 1] if place.endswith(tail) else ""


def _place(file: str) -> str:
    """A module's path without what an import leaves out."""
    return os.path.splitext(file)[0].removesuffix(f"{os.sep}__init__")
