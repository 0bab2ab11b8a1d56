"""Links the files of a project by their imports: what a name is that a file takes from another.

Nothing is indexed. A file's imports are looked up in its text; only what they lead to is read, once a run, and of that
only modules are parsed from which a noted operator can come.
"""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from offramp.finding.operators import Module
from offramp.finding.other_modules import Definition, OtherModules, Written
from offramp.knowledge.rulebook import Rulebook
from offramp.project.import_paths import Directories, ImportPaths, Target
from offramp.python.effects import IMMUTABLE_LIBRARIES
from offramp.python.values import UNKNOWN, Constant, Items, Local, Made, Reference, Table, Value
from offramp.reading.source import Source, SourceError
from offramp.record import NamedTuple
from offramp.settings import Settings

# More bytes of texts than these are not kept: what is needed of them again is read again.
_MOST_KEPT = 50_000_000
_STATEMENT = re.compile(rb"[ \t]*(?:from[ \t]+([.\w]+)[ \t]+)?import\b[ \t]*(\([^)]*\)|(?:[^\n;\\]|\\\r?\n)*)")


class Links:
    """The links of a run."""

    def __init__(
        self,
        settings: Settings,
        rulebook: Rulebook,
        read: Callable[[str], bytes | None],
        searched: Callable[[bytes], bool],
    ) -> None:
        """``read`` gives the bytes of a file, ``searched`` says whether operators may be found in a text."""
        self._searched = searched
        self._settings = settings
        self._rulebook = rulebook
        self._read = read
        self._of_roots: dict[tuple[str, ...], _Linked] = {}
        self._of_directory: dict[str, _Linked] = {}
        self._directories = Directories()

    def of(self, path: str, raw: bytes) -> OtherModules | None:
        """The modules that one file imports, by its text; None where it imports none of the project."""
        if not path.endswith(".py"):
            return None
        file = os.path.abspath(path)
        directory = os.path.dirname(file)
        linked = self._of_directory.get(directory)
        if linked is None:
            paths = ImportPaths(directory, self._settings, self._directories)
            linked = self._of_roots.setdefault(paths.roots, _Linked(paths, self._rulebook, self._read, self._searched))
            self._of_directory[directory] = linked
        return linked.imported_by(file, raw)

    def forget(self, file: str) -> bool:
        """Let go of what was read if a file has changed that others import, or may now; say whether one does."""
        known = any(linked.has_read(file) for linked in list(self._of_roots.values()))
        if known or not self._directories.has_file(file):
            self._directories = Directories()
            self._of_roots.clear()
            self._of_directory.clear()
        return known


class _Linked:
    """The modules of a project as the files see them whose imports begin at the same directories."""

    def __init__(
        self,
        paths: ImportPaths,
        rulebook: Rulebook,
        read: Callable[[str], bytes | None],
        searched: Callable[[bytes], bool],
    ) -> None:
        self._searched = searched
        self.paths = paths
        self.rulebook = rulebook
        self._read = read
        self._raw: dict[str, bytes] = {}
        self._room = _MOST_KEPT
        self._was_read: set[str] = set()
        self._imports: dict[str, tuple[str, ...]] = {}
        self._carrying: dict[str, bool] = {}
        # Paths in import statements; empty for those that no module of the project begins.
        self._beginning: dict[bytes, str] = {}
        self._leads: dict[str, bool] = {}
        self._modules: dict[str, _Linked.Loaded | None] = {}
        self._others: dict[str, _Others] = {}

    class Loaded(NamedTuple):
        """A parsed module, and the function at its end in which names are read as other modules read them."""

        module: Module
        reader: ast.FunctionDef

    def imported_by(self, file: str, raw: bytes) -> OtherModules | None:
        """The modules that a file imports; None where it imports none of the project."""
        if not self.paths.may_be_imported_in(raw):
            return None
        direct = self._found_in(file, raw)
        return _Others(self, file, direct) if direct else None

    def carriers(self, files: Iterable[str]) -> list[str]:
        """The modules among some and all that they import that name a noted operator."""
        leading = self._within(filter(self.leads_to_operators, files), self.leads_to_operators)
        return [one for one in leading if self._carries(one)]

    def naming(self, files: Iterable[str], name: str) -> list[str]:
        """The modules among some and all that they import whose texts have a name."""
        word = name.encode()
        return [one for one in self._within(files, lambda _one: True) if word in self.raw(one)]

    def only_define(self, file: str) -> bool:
        """Return whether a module, and all that are run for it, do nothing but import and define."""
        return all(map(self._only_defines, self._within((file,), lambda _one: True)))

    def _only_defines(self, file: str) -> bool:
        from offramp.project.plain_modules import only_defines

        around = [os.path.join(one, "__init__.py") for one in self._packages(file)]
        loaded = [self.loaded(one) for one in (file, *around)]
        return all(one is not None and only_defines(one.module) for one in loaded)

    def _packages(self, file: str) -> Iterator[str]:
        """The packages around a module, from the inside out."""
        directory = os.path.dirname(file)
        while self.paths.has_file(os.path.join(directory, "__init__.py")):
            yield directory
            directory = os.path.dirname(directory)

    def has_read(self, file: str) -> bool:
        """Return whether a module was read because another imports it."""
        return file in self._was_read

    def raw(self, file: str) -> bytes:
        """The bytes of a module."""
        raw = self._raw.get(file)
        if raw is None:
            raw = self._read(file) or b""
            self._was_read.add(file)
            if len(raw) <= self._room:
                self._room -= len(raw)
                self._raw[file] = raw
        return raw

    def leads_to_operators(self, file: str) -> bool:
        """Return whether a noted operator may come from a module, or from one that it imports."""
        if file not in self._leads:
            reached = self._within((file,), lambda one: one not in self._leads)
            importers: defaultdict[str, list[str]] = defaultdict(list)
            for one in reached:
                for imported in self._imports_of(one):
                    importers[imported].append(one)
            self._leads.update(dict.fromkeys(reached, False))
            waiting = [one for one in reached if self._carries(one)]
            waiting += [one for known, around in importers.items() if self._leads[known] for one in around]
            while waiting:
                one = waiting.pop()
                if not self._leads[one]:
                    self._leads[one] = True
                    waiting += importers[one]
        return self._leads[file]

    def loaded(self, file: str) -> Loaded | None:
        """A module's analysis; None where it cannot be parsed."""
        if file not in self._modules:
            self._modules[file] = None  # a module that imports itself in a circle is not known meanwhile
            self._modules[file] = self._load(file)
        return self._modules[file]

    def _load(self, file: str) -> Loaded | None:
        raw = self.raw(file)
        try:
            tree = Source(file, raw).tree
        except (SourceError, RecursionError):
            # Reported where the file itself is checked.
            return None
        reader = ast.parse("def read_by_others():\n    pass").body[0]
        assert isinstance(reader, ast.FunctionDef)
        tree = ast.Module([*tree.body, reader], [])
        return self.Loaded(Module(tree, self.rulebook, self.others(file)), reader)

    def others(self, file: str) -> _Others:
        """The modules that a module imports."""
        if file not in self._others:
            self._others[file] = _Others(self, file, self._imports_of(file))
        return self._others[file]

    def _carries(self, file: str) -> bool:
        carries = self._carrying.get(file)
        if carries is None:
            carries = self._carrying[file] = self._searched(self.raw(file))
        return carries

    def _within(self, files: Iterable[str], follow: Callable[[str], bool]) -> list[str]:
        """Modules, and all that they import, as far as that is to be followed."""
        reached = dict.fromkeys(files)
        waiting = [*reached]
        while waiting:
            new = [one for one in self._imports_of(waiting.pop()) if one not in reached and follow(one)]
            reached.update(dict.fromkeys(new))
            waiting += new
        return [*reached]

    def _imports_of(self, file: str) -> tuple[str, ...]:
        if file not in self._imports:
            self._imports[file] = self._found_in(file, self.raw(file))
        return self._imports[file]

    def _found_in(self, file: str, raw: bytes) -> tuple[str, ...]:
        """The modules of the project that a text's import statements name, and the packages around them."""
        found: dict[str, None] = {}
        for written, taken in _imported(raw):
            module = self._beginning.get(written)
            if module is None:
                module = written.decode("utf-8", "replace")
                module = self._beginning[written] = module if self.paths.begins(module) else ""
            if not module:
                continue
            target = self.paths.target(module, file)
            if target is not None:
                found[target.file] = None
            if target is None or target.file.endswith(f"{os.sep}__init__.py"):
                joint = "" if module.endswith(".") else "."
                inner = (self.paths.target(f"{module}{joint}{name}", file) for name in _names(taken))
                found.update(dict.fromkeys(one.file for one in inner if one is not None))
        found.pop(file, None)
        return tuple(found)


class _Others:
    """The modules that one file imports."""

    def __init__(self, linked: _Linked, file: str, direct: tuple[str, ...]) -> None:
        """``direct`` are the files of the modules that its text names."""
        self._linked = linked
        self._file = file
        self._direct = direct
        self._found: dict[str, tuple[str, Definition | None]] = {}
        self._data: dict[str, tuple[Value, ...]] = {}
        self._active: set[str] = set()

    @cached_property
    def texts(self) -> tuple[bytes, ...]:
        return tuple(self._linked.raw(one) for one in self._linked.carriers(self._direct) if one != self._file)

    def stands_for(self, path: str) -> str:
        return self._resolved(path)[0]

    def definition(self, path: str) -> Definition | None:
        return self._resolved(path)[1]

    def offers(self, path: str) -> bool:
        module, _, name = path.rpartition(".")
        target = self._linked.paths.target(module, self._file)
        if target is None or target.rest:
            return False
        if not self._linked.leads_to_operators(target.file) and not self._has_data(target._replace(rest=(name,))):
            return False
        loaded = self._linked.loaded(target.file)
        if loaded is None:
            return False
        listed = _values(loaded, ("__all__",)) if "__all__" in loaded.module.names.module.bindings else None
        if listed is None:
            return not name.startswith("_") and bool(_bindings(loaded, name))
        known = listed[0] if len(listed) == 1 else None
        names = map(loaded.module.values.single, known.nodes) if isinstance(known, Items) and known.complete else ()
        return Constant(name) in names

    def data(self, path: str) -> tuple[Value, ...]:
        if path not in self._data:
            self._data[path] = ()  # of modules that import each other in a circle, nothing is known meanwhile
            self._data[path] = self._data_of(path)
        return self._data[path]

    def _data_of(self, path: str) -> tuple[Value, ...]:
        target = self._linked.paths.target(path, self._file)
        if target is None or not target.rest or not self._has_data(target):
            return ()
        loaded = self._linked.loaded(target.file)
        if loaded is None:
            return ()
        from offramp.finding.nameless import exported

        found = tuple(exported(loaded.module.values, one) for one in _values(loaded, target.rest))
        return found if UNKNOWN not in found and self._is_only_read(target, found) else ()

    def written(self, path: str) -> Written | None:
        target = self._linked.paths.target(path, self._file)
        loaded = self._linked.loaded(target.file) if target is not None and target.rest else None
        if loaded is None or target is None:
            return None
        values = _values(loaded, target.rest)
        if len(values) != 1:
            return None
        if isinstance(values[0], Reference):
            return self._linked.others(target.file).written(values[0].path)
        if isinstance(values[0], Constant | Items | Table):
            return Written(values[0], loaded.module) if self.data(path) else None
        if isinstance(values[0], Made):
            from offramp.finding.only_read import only_reads

            read = only_reads(loaded.module, target.rest[-1], values) and self._is_only_read(target, values)
            return Written(values[0], loaded.module) if read and _is_harmless(loaded, values[0]) else None
        return Written(values[0], loaded.module)

    def leads_into_project(self, path: str) -> bool:
        return self._linked.paths.target(path, self._file) is not None

    def only_defines(self, path: str) -> bool:
        target = self._linked.paths.target(path, self._file)
        return target is not None and self._linked.only_define(target.file)

    def _has_data(self, target: Target) -> bool:
        """Return whether a name may be anything else than a class or a function, by its module's text."""
        raw = self._linked.raw(target.file)
        word = re.escape(target.rest[0].encode())
        if re.search(rb"(?m)^[ \t]*(?:\w+[ \t]*=[ \t]*)*" + word + rb"[ \t]*(?::[^=\n]*)?=(?!=)", raw):
            return True
        if re.search(rb"(?m)^(?:async )?(?:def|class)[ \t]+" + word + rb"\b", raw):
            return len(target.rest) > 1
        return re.search(rb"import[ \t]*\*", raw) is not None or any(
            re.search(rb"\b" + word + rb"\b", part[begin.end() :])
            for part in raw.split(b"#")
            if (begin := re.search(rb"\bimport\b", part)) is not None
        )

    def _is_only_read(self, target: Target, values: tuple[Value, ...]) -> bool:
        """Return whether the modules that are imported do nothing to a name of one of them but reading it."""
        from offramp.finding.only_read import only_reads

        for file in self._linked.naming(self._direct, target.rest[-1]):
            loaded = self._linked.loaded(file) if file not in (target.file, self._file) else None
            if loaded is not None and not only_reads(loaded.module, target.rest[-1], values):
                return False
        return True

    def _resolved(self, path: str) -> tuple[str, Definition | None]:
        """The path that a dotted path stands for, and the class or function of the project that it is."""
        known = self._found.get(path)
        if known is None:
            if path in self._linked.rulebook.operators or path in self._active:
                return path, None
            self._active.add(path)
            known = self._found[path] = self._follow(path)
            self._active.discard(path)
        return known

    def _follow(self, path: str) -> tuple[str, Definition | None]:
        target = self._linked.paths.target(path, self._file)
        if target is None:
            return path, None
        name = ".".join((target.module, *target.rest))
        if not target.module or name in self._linked.rulebook.operators:
            return name or path, None
        if not target.rest or not self._linked.leads_to_operators(target.file):
            return name, None
        loaded = self._linked.loaded(target.file)
        if loaded is None:
            return name, None
        return self._named(loaded, target, name)

    def _named(self, loaded: _Linked.Loaded, target: Target, name: str) -> tuple[str, Definition | None]:
        """Return what a name of a module is."""
        values = [one for one in _values(loaded, target.rest) if not isinstance(one, Constant)]
        value = values[0] if len(values) == 1 else None
        if isinstance(value, Reference):
            others = self._linked.others(target.file)
            return others.stands_for(value.path), others.definition(value.path)
        if isinstance(value, Local) and not isinstance(value.node, ast.Lambda):
            return name, Definition(value.node, loaded.module, target.file)
        return name, None

    def for_fixes(self) -> OtherModules:
        return _HandedOn(self, self._linked, self._file)


class _HandedOn:
    """The modules that one file imports, for fixes: only names that their modules do nothing but hand on."""

    texts = ()

    def __init__(self, others: _Others, linked: _Linked, file: str) -> None:
        self._others = others
        self._linked = linked
        self._file = file

    def stands_for(self, path: str) -> str:
        found = self._others.stands_for(path)
        if found == path or found not in self._linked.rulebook.operators:
            return path
        target = self._linked.paths.target(path, self._file)
        noted = target is not None and found == ".".join((target.module, *target.rest))
        return found if noted or self._others.only_defines(path) else path

    def offers(self, path: str) -> bool:
        return self.stands_for(path) != path and self._others.offers(path)

    def data(self, path: str) -> tuple[Value, ...]:
        del path  # what a flow does has to be written in it
        return ()

    def written(self, path: str) -> Written | None:
        del path  # the same
        return None

    def leads_into_project(self, path: str) -> bool:
        return self._others.leads_into_project(path)

    def only_defines(self, path: str) -> bool:
        return self._others.only_defines(path)

    def definition(self, path: str) -> Definition | None:
        del path  # what its calls make is written out before (``converting.writing_out``)
        return None

    def for_fixes(self) -> OtherModules:
        return self


def _imported(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The modules that the import statements of a text name, with the text of what is taken from each."""
    at = raw.find(b"import")
    while at >= 0:
        start = raw.rfind(b"\n", 0, at) + 1
        before = raw[start:at]
        if b":" in before or b";" in before:
            start += max(before.rfind(b":"), before.rfind(b";")) + 1
        found = _STATEMENT.match(raw, start)
        if found is not None and found.end() > at:
            module, taken = found.groups()
            if module is not None:
                yield module, taken
            else:
                yield from ((one.encode(), b"") for one in _names(taken))
        at = raw.find(b"import", at + 6)


def _names(taken: bytes) -> list[str]:
    names = (one.split(None, 1)[:1] for one in _without_comments(taken).replace(b"\\", b" ").split(b","))
    return [name[0].decode("utf-8", "replace") for name in names if name and name[0] != b"*"]


def _without_comments(taken: bytes) -> bytes:
    return re.sub(rb"#[^\n]*", b"", taken).strip(b"() \t\r\n")


def _is_harmless(loaded: _Linked.Loaded, made: Made) -> bool:
    """Return whether an object is of a library that does nothing when one is made, as Cosmos with configurations."""
    path = made.callee.path if isinstance(made.callee, Reference) else ""
    return path.partition(".")[0] in loaded.module.values.libraries.harmless | IMMUTABLE_LIBRARIES


def _bindings(loaded: _Linked.Loaded, name: str) -> bool:
    return bool(loaded.module.names.module.bindings.get(name))


def _values(loaded: _Linked.Loaded, path: Sequence[str]) -> tuple[Value, ...]:
    """Return what a name of a module, or an attribute of it, may be for the modules that import it."""
    return loaded.module.values.evaluate(loaded.module.names.read_in(loaded.reader, path))
