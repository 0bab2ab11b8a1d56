"""Tells what the files of a project need of each other: the one place that knows more than one file.

Nothing is read before the first question. Then every file is read once, and of each only
what its bytes tell is kept: which modules it may import, and whether it may refer to a DAG.
The few files that an answer depends on are parsed, once each.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from offramp.knowledge.libraries import AIRFLOW
from offramp.project.dag_needles import may_refer
from offramp.project.import_paths import ImportPaths
from offramp.project.imported import CALL_NEEDLES, Imported, imported_by, is_airflow
from offramp.project.modules import Modules, module_name
from offramp.python.code import values_of
from offramp.python.names import Names
from offramp.python.values import Constant
from offramp.reading.source import Source, SourceError
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.project.dag_references import References
    from offramp.settings import Settings

# Among the names of modules, stands for whatever calls import.
_BY_CALLS = "()"
_WORD = re.compile(rb"\w+")


class Mention(NamedTuple):
    """A file that refers to a DAG, and the row; ``certain`` where the id is known and not only a part of it."""

    path: str
    row: int
    certain: bool = True


class Way(NamedTuple):
    """Way in which a file comes to need Airflow: the import it begins with, and the project's files it goes through.

    ``row`` is that of Airflow's import in the last of them, 0 where that is the file's own;
    ``guarded`` where every import of the way's end may fail.
    """

    begin: Imported
    files: tuple[str, ...]
    row: int
    guarded: bool


class _Seen(NamedTuple):
    """All that a file's bytes tell: which modules it may import, and whether it may refer to DAGs or import by calls.

    A module stands there by each part of its name, and with the package before it as ``package.module``.
    """

    modules: tuple[str, ...]
    refers: bool
    calls: bool


class Project:
    """The Python files of a project, asked what they need of each other."""

    def __init__(self, paths: Iterable[str], settings: Settings | None = None) -> None:
        """``paths`` are gone through when other files are first asked for, and again where one is new.

        By ``settings`` imports are followed to files that are not among them.
        """
        self._given = paths
        self._settings = settings
        self._import_paths: dict[str, ImportPaths] = {}
        self._seen: dict[str, _Seen] = {}
        self._imports: dict[str, list[Imported]] = {}
        self._references: dict[str, References] = {}
        self._constant: dict[tuple[str, str], list[str]] = {}
        self._harmless: set[str] = set()
        self._neighbours: dict[str, frozenset[str]] = {}
        # Which files import a module, as far as it was asked for, and the names and files that were followed for it.
        self._imported_by: defaultdict[str, list[str]] = defaultdict(list)
        self._followed: set[str] = set()

    # -- questions -----------------------------------------------------------------

    def referring(self, dag_id: str, besides: str) -> Mention | None:
        """Another file that refers to a DAG; None if there is none."""
        own = os.path.abspath(besides)
        for file, row in self._mentions.get(dag_id, ()):
            if file != own:
                return Mention(self._files[file], row)
        for file in self._hands_over(dag_id):
            row = self._handed_by(file).get(dag_id, 0)
            if file != own and row:
                return Mention(self._files[file], row)
        for pattern, file, row in self._patterns:
            if file != own and pattern.fullmatch(dag_id):
                return Mention(self._files[file], row, certain=False)
        return None

    def importing(self, path: str) -> str | None:
        """Path of another file that imports the module ``path``; None if there is none."""
        own = os.path.abspath(path)
        if self._modules.add(own):
            # An editor's file that is not written yet, or one that is left out of the project.
            self._seen.clear()
            self._reset()
        name = module_name(own)
        package = module_name(os.path.dirname(own))
        for key in (name, f"{package}.{name}", f".{name}", _BY_CALLS):
            if key not in self._followed:
                self._followed.add(key)
                for file in self._importers.get(key, ()):
                    self._follow(file)
        return next((self._files[file] for file in self._imported_by.get(own, ()) if file != own), None)

    def way_to_airflow(self, path: str, imports: Sequence[Imported]) -> Way | None:
        """Return how the imports of the file ``path`` lead to Airflow through the project; None where none does.

        An import that may fail counts only where no other does.
        """
        own = os.path.abspath(path)
        doubtful = None
        for begin in imports:
            for file in self._run_by(begin, own):
                way = self._way(file, begin, own)
                if way is not None and not way.guarded:
                    return way
                doubtful = doubtful or way
        return doubtful

    def neighbours(self, path: str) -> frozenset[str]:
        """The names of the modules and packages in a file's directory, but for its own."""
        directory, file = os.path.split(os.path.abspath(path))
        names = self._neighbours.get(directory)
        if names is None:
            names = self._neighbours[directory] = frozenset(_modules_in(directory))
        return names - {os.path.splitext(file)[0]}

    def forget(self, path: str) -> None:
        """A file has changed, come or gone: look at it again when asked next."""
        file = os.path.abspath(path)
        if file not in self.__dict__.get("_files", {file: path}) or not os.path.exists(file):
            self.__dict__.pop("_files", None)
            self.__dict__.pop("_modules", None)
            self._seen.clear()
        for known in (self._seen, self._imports, self._references):
            known.pop(file, None)
        self._reset()

    def _reset(self) -> None:
        """Let go of what was put together from the files; what each has is kept."""
        self._import_paths.clear()
        for derived in (self._constant, self._harmless, self._neighbours, self._imported_by, self._followed):
            derived.clear()
        for name in ("_importers", "_mentions", "_patterns", "_handed_to", "_words", "_handed"):
            self.__dict__.pop(name, None)

    # -- files -----------------------------------------------------------------------

    @cached_property
    def _files(self) -> dict[str, str]:
        """The paths as they are shown, by absolute ones."""
        found: dict[str, str] = {}
        for path in self._given:
            found.setdefault(os.path.abspath(path), path)
        return found

    @cached_property
    def _modules(self) -> Modules:
        return Modules(self._files)

    def _source(self, file: str) -> Source | None:
        try:
            return Source(self._files.get(file, file), _read(file))
        except SourceError:
            # Reported where the file itself is checked; it runs nowhere.
            return None
        except RecursionError:
            return None

    def _look(self, file: str) -> _Seen:
        """Return what one file's bytes tell."""
        seen = self._seen.get(file)
        if seen is None:
            text = _read(file)
            modules = {key for key in _imported_names(text) if key.rpartition(".")[2] in self._modules.names}
            calls = any(needle in text for needle in CALL_NEEDLES)
            seen = self._seen[file] = _Seen(tuple(modules), may_refer(text), calls)
        return seen

    # -- imports ---------------------------------------------------------------------

    @cached_property
    def _importers(self) -> dict[str, list[str]]:
        """The files that may import a module, by its name; those that may import by a call have a key of their own."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for file in self._files:
            seen = self._look(file)
            for name in seen.modules:
                found[name].append(file)
            if seen.calls:
                found[_BY_CALLS].append(file)
        return found

    def _follow(self, file: str) -> None:
        """Find out which files of the project the imports of one run."""
        if file not in self._followed:
            self._followed.add(file)
            for one in self._imported(file):
                for run in self._run_by(one, file):
                    self._imported_by[run].append(file)

    def _imported(self, file: str) -> list[Imported]:
        imports = self._imports.get(file)
        if imports is None:
            source = self._source(file)
            imports = self._imports[file] = imported_by(source.tree, source.utf8) if source is not None else []
        return imports

    def _run_by(self, imported: Imported, file: str) -> list[str]:
        if imported.path:
            return self._modules.at(imported.path)
        return self._modules.run_by(imported.module, imported.name, file) or self._beside(imported, file)

    def _beside(self, imported: Imported, file: str) -> list[str]:
        """The module that an import runs which nothing says to be of the project, where findings look through it."""
        if self._settings is None:
            return []
        directory = os.path.dirname(file)
        if directory not in self._import_paths:
            self._import_paths[directory] = ImportPaths(directory, self._settings)
        joint = "" if imported.module.endswith(".") else "."
        inner = "" if imported.name in ("", "*") else f"{joint}{imported.name}"
        target = self._import_paths[directory].target(f"{imported.module}{inner}", file)
        return [target.file] if target is not None else []

    def _way(self, file: str, begin: Imported, own: str) -> Way | None:
        """The shortest way from one module of the project to Airflow."""
        if file in self._harmless:
            return None
        before: dict[str, str] = {file: ""}
        pending = deque([file])
        doubtful = None
        while pending:
            current = pending.popleft()
            for one in self._imported(current):
                if is_airflow(one):
                    way = Way(begin, tuple(self._trail(before, current)), one.node.lineno, one.guarded)
                    if not one.guarded:
                        return way
                    doubtful = doubtful or way
                for other in self._run_by(one, current):
                    if other not in before and other != own and other not in self._harmless:
                        before[other] = current
                        pending.append(other)
        if doubtful is None:
            self._harmless.update(before)
        return doubtful

    def _trail(self, before: dict[str, str], file: str) -> Iterator[str]:
        trail = [file]
        while before[trail[-1]]:
            trail.append(before[trail[-1]])
        return (self._files.get(one) or os.path.relpath(one) for one in reversed(trail))

    # -- references to DAGs ------------------------------------------------------------

    def _refers(self, file: str) -> References:
        references = self._references.get(file)
        if references is None:
            from offramp.project.dag_references import NO_REFERENCES, references_in

            source = self._source(file)
            references = references_in(source.tree) if source is not None else NO_REFERENCES
            self._references[file] = references
        return references

    @cached_property
    def _mentions(self) -> dict[str, list[tuple[str, int]]]:
        """The files that refer to a DAG, with rows, by its id."""
        found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for file in self._files:
            if self._look(file).refers:
                references = self._refers(file)
                for dag_id, row in references.ids.items():
                    found[dag_id].append((file, row))
                for path, row in references.imported:
                    for dag_id in self._constants(path, file):
                        found[dag_id].append((file, row))
        return found

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str, int]]:
        return [
            (re.compile(pattern), file, row)
            for file, references in self._references.items()
            for pattern, row in references.patterns
        ]

    def _constants(self, path: str, file: str) -> list[str]:
        """The strings that a name of another module of the project has, by its dotted path."""
        module, _, name = path.rpartition(".")
        if not module.strip("."):
            module += "."
        for other in self._modules.run_by(module, "", file):
            if module_name(other) == module.rpartition(".")[2]:
                key = (other, name)
                if key not in self._constant:
                    self._constant[key] = self._strings(other, name)
                return self._constant[key]
        return []

    def _strings(self, file: str, name: str) -> list[str]:
        source = self._source(file)
        if source is None:
            return []
        names = Names(source.tree)
        values = values_of(names, AIRFLOW)
        bindings = names.module.bindings.get(name, ())
        nodes = [binding.node for binding in bindings if binding.kind == "value" and binding.node is not None]
        found = [value.value for node in nodes for value in values.evaluate(node) if isinstance(value, Constant)]
        return [value for value in found if isinstance(value, str)]

    @cached_property
    def _handed_to(self) -> dict[str, list[str]]:
        """The files that import a module in which ids of DAGs are what others call it with: by file, these modules."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        taking = [file for file, references in self._references.items() if references.handed]
        for module in taking:
            for file in self._importers.get(module_name(module), ()):
                if file != module:
                    found[file].append(module)
        return found

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        """The files among these that have a word in quotes, by the word."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for file in self._handed_to:
            for word in set(re.findall(r"[\"']([\w.-]+)[\"']", _read(file).decode("utf-8", "replace"))):
                found[word].append(file)
        return found

    def _hands_over(self, dag_id: str) -> list[str]:
        return self._words.get(dag_id, []) if self._handed_to else []

    @cached_property
    def _handed(self) -> dict[str, dict[str, int]]:
        return {}

    def _handed_by(self, file: str) -> dict[str, int]:
        """The strings, with rows, that a file hands to modules that take ids of DAGs."""
        handed = self._handed.get(file)
        if handed is None:
            handed = self._handed[file] = self._hands(file)
        return handed

    def _hands(self, file: str) -> dict[str, int]:
        source = self._source(file)
        if source is None:
            return {}
        names = Names(source.tree)
        bound = {
            name
            for name, bindings in names.module.bindings.items()
            for binding in bindings
            if binding.kind == "import" and self._leads_to(binding.target, file)
        }
        from offramp.project.dag_references import handed_strings

        return handed_strings(source.tree, bound)

    def _leads_to(self, target: str, file: str) -> bool:
        module, _, name = target.rpartition(".")
        runs = self._modules.run_by(module or name, name if module else "", file)
        return any(one in runs for one in self._handed_to[file])


def _read(file: str) -> bytes:
    try:
        with open(file, "rb", buffering=0) as opened:
            return opened.read()
    except OSError:
        # Reported where the file itself is checked.
        return b""


def _imported_names(text: bytes) -> Iterator[str]:
    """The names of modules in what looks like import statements: each part, and ``package.name`` for what is taken."""
    at = text.find(b"import")
    while at >= 0:
        end = at + 6
        if text[end : end + 1] in (b" ", b"\t", b"(", b"\\") and (at == 0 or text[at - 1 : at] in b" \t\n\r;:\f"):
            taken = _WORD.findall(_rest(text, end))
            before = text[max(0, at - 300) : at].rsplit(None, 2)
            if len(before) > 1 and before[-2].endswith(b"from"):
                parts = before[-1].decode("utf-8", "replace").split(".")
                yield from parts
                yield from (f"{parts[-1]}.{name.decode()}" for name in taken)
            else:
                yield from (name.decode() for name in taken)
        at = text.find(b"import", end)


def _rest(text: bytes, start: int) -> bytes:
    """The rest of an import statement, which a line holds unless it has brackets or goes on behind a backslash."""
    stop = text.find(b"\n", start)
    line = text[start : stop if stop >= 0 else len(text)]
    if b"(" not in line and b"\\" not in line:
        return line
    tail = text[start : start + 3000].lstrip(b" \t\\\r\n")
    close = tail.find(b")") if tail[:1] == b"(" else tail.replace(b"\\\n", b"  ").find(b"\n")
    return tail[: close if close >= 0 else len(tail)]


def _modules_in(directory: str) -> Iterator[str]:
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                stem, suffix = os.path.splitext(entry.name)
                if suffix in (".py", ".pyw") or (
                    not suffix and os.path.exists(os.path.join(entry.path, "__init__.py"))
                ):
                    yield stem
    except OSError:
        return
