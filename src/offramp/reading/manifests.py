"""Dependency manifests -> the distributions and entry points that they name; may import ``settings`` and ``model``.

Each format goes through its own parser; places are found afterwards, since few
parsers tell them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from offramp.model import Span
from offramp.reading.prefilter import SCRIPT_MARK
from offramp.reading.requirements import (
    distribution,
    extras,
    included,
    installed,
    installed_by,
    logical_lines,
    required,
    requirement_lines,
)
from offramp.reading.source import SourceError
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from configparser import RawConfigParser

_KIND = re.compile(
    r"""(?:^|/)(?:
      (?P<requirements>requirements/[^/]+\.(?:txt|in)
        |(?:[^/]*[-_.])?(?:requirements|constraints)[^/]*\.(?:txt|in|lock))
    | (?P<pyproject>pyproject\.toml)
    | (?P<tool>(?:pixi|tox|hatch|uv)\.toml)
    | (?P<tox_ini>tox\.ini)
    | (?P<pre_commit>\.pre-commit-config\.yaml)
    | (?P<setup_cfg>setup\.cfg)
    | (?P<pipfile>Pipfile)
    | (?P<pipfile_lock>Pipfile\.lock)
    | (?P<environment>(?:[^/]*[-_.])?environment[^/]*\.ya?ml)
    | (?P<lock>(?:uv|poetry|pdm)\.lock|pylock(?:\.[^/]+)?\.toml)
    | (?P<conda_lock>pixi\.lock|(?:[^/]*[-_.])?conda-lock\.ya?ml)
    | (?P<shell>(?:[^/]*[-_.])?(?:Dockerfile|Containerfile)(?:\.[^/]+)?|[^/]+\.(?:dockerfile|sh|bash))
    )\Z""",
    re.VERBOSE,
)
# What every manifest's path has at its end, or ("Dockerfile.dev") somewhere: most files need no more than that.
_ENDINGS = (".txt", ".in", ".toml", ".cfg", ".ini", ".lock", ".yml", ".yaml", ".dockerfile", ".sh", ".bash")
# Endings of requirements files that another one includes or the user names, whatever they are called.
_REQUIREMENTS = (".txt", ".in", ".pip", ".req")
# The pattern of the specification, for any line ends.
_SCRIPT = re.compile(rb"(?m)^# /// script[ \t]*\r?\n((?:#(?:| [^\n]*)\r?\n)+?)# ///[ \t]*\r?$")
_CONFLICT = re.compile(rb"^(?:<{7}|>{7}) ", re.MULTILINE)
_PREFECT_DBT = re.compile(rb"(?i)prefect[-_.]+dbt")


class Named(NamedTuple):
    """One distribution with its extras, or one entry point (``module:object``), that a manifest names, and where."""

    name: str
    is_entry_point: bool
    span: Span
    extras: tuple[str, ...] = ()


class Include(NamedTuple):
    """One file that a requirements file includes, and where."""

    path: str
    offset: int


def is_manifest(path: str) -> bool:
    """Return whether a file is a dependency manifest by its name; ``setup.py`` is a Python file."""
    return (path.endswith(_ENDINGS) or "file" in path) and _KIND.search(path) is not None


def manifest_kind(path: str) -> str:
    """The format of a file that is to be read as a manifest; empty for any other."""
    match = _KIND.search(path)
    if match is not None:
        return match.lastgroup or ""
    return "requirements" if path.endswith(_REQUIREMENTS) else ""


def names_prefect_dbt(text: bytes) -> bool:
    """Return whether a manifest, or a piece of one, may name prefect-dbt."""
    return _PREFECT_DBT.search(text) is not None


def manifest_names(path: str, utf8: bytes, relevant: Callable[[bytes], bool]) -> Iterator[Named]:
    """Yield what the manifest ``path`` with the text ``utf8`` names.

    ``relevant`` tells whether a piece of text can matter; the others need not be
    parsed. Raises SourceError for a text that its format does not allow.
    """
    conflict = _CONFLICT.search(utf8)
    if conflict:
        raise SourceError("cannot parse: this line is the mark of an unresolved merge", conflict.start())
    try:
        yield from _READERS[manifest_kind(path)](_Text(utf8, relevant))
    except RecursionError:
        raise SourceError("cannot parse: nested too deeply") from None


def script_names(utf8: bytes, relevant: Callable[[bytes], bool]) -> Iterator[Named]:
    """Yield what the block of a Python script names that tells runners what it needs (PEP 723)."""
    for block in _SCRIPT.finditer(utf8) if SCRIPT_MARK in utf8 else ():
        if relevant(block[0]):
            # Blanks in place of the marks of comments, and of all around the block, leave every byte in its place.
            plain = re.sub(rb"(?m)^#", b" ", block[1])
            blank = re.sub(rb"[^\r\n]", b" ", utf8[: block.start(1)])
            text = _Text(blank + plain, relevant)
            data = _toml(text.text)
            yield from text.requirements(data.get("dependencies"))
            yield from _of_tools(_table(data.get("tool")), text)


def includes(path: str, utf8: bytes) -> Iterator[Include]:
    """The local requirements files that a manifest includes or is constrained by; none of one that cannot be parsed."""
    finder = _INCLUDERS.get(manifest_kind(path))
    try:
        found = tuple(finder(utf8)) if finder is not None else ()
    except SourceError:
        # Said where the file is read for what it names.
        return
    for offset, target in found:
        yield Include(os.path.normpath(os.path.join(os.path.dirname(path), target)), offset)


def _included_in_requirements(utf8: bytes) -> Iterator[tuple[int, str]]:
    for offset, line in requirement_lines(utf8):
        if included(line):
            yield offset, included(line)


def _included_in_tox_ini(utf8: bytes) -> Iterator[tuple[int, str]]:
    parser = _ini(utf8.decode("utf-8", "replace"))
    for section in parser.sections():
        for line in _lines(parser.get(section, "deps", fallback="")):
            target = included(_without_factors(line))
            if target:
                yield _offset(line, utf8), target


def _included_in_pyproject(utf8: bytes) -> Iterator[tuple[int, str]]:
    """The files of setuptools' dynamic dependencies."""
    if b"setuptools" not in utf8 or b"dynamic" not in utf8:
        return
    tool = _table(_toml(utf8.decode("utf-8", "replace")).get("tool"))
    dynamic = _table(_table(tool.get("setuptools")).get("dynamic"))
    for table in (dynamic.get("dependencies"), *_table(dynamic.get("optional-dependencies")).values()):
        files = _table(table).get("file")
        for file in files if isinstance(files, list) else [files]:
            if isinstance(file, str):
                yield _offset(file, utf8), file


def _included_in_setup_cfg(utf8: bytes) -> Iterator[tuple[int, str]]:
    for value in _required_in_setup_cfg(_ini(utf8.decode("utf-8", "replace"))) if b"file:" in utf8 else ():
        files = value.strip().removeprefix("file:") if value.strip().startswith("file:") else ""
        for file in filter(None, map(str.strip, re.split("[,\n]", files))):
            yield _offset(file, utf8), file


def _offset(text: str, utf8: bytes) -> int:
    """Return where a text stands, to name its row."""
    return max(utf8.find(text.encode()), 0)


_WORD = rb"(?<![\w-])%b(?![\w-])"
# In TOML and JSON; also as a part of a table's name, but not of an address.
_KEY = rb"(?<![\w/-])%b(?=[\"']?[ \t]*[=:.\]])"


class _Text:
    """A manifest's text, which gives a place to each thing that was read from it."""

    def __init__(self, utf8: bytes, relevant: Callable[[bytes], bool]) -> None:
        self.utf8 = utf8
        self.text = utf8.decode("utf-8", "replace")
        self._relevant = relevant
        self._taken: set[int] = set()

    def matters(self, text: str) -> bool:
        return self._relevant(text.encode())

    def requirement(self, line: str, within: Span | None = None) -> Iterator[Named]:
        """The distribution that a requirement names, if it can matter."""
        if not self.matters(line):
            return
        name = distribution(line)
        if name is None:
            raise SourceError(f"cannot parse: `{line}` is not a requirement", self._find(line, line, within).start)
        if name:
            yield Named(name, False, self._find(name, line, within), extras(line))

    def requirements(self, value: Any) -> Iterator[Named]:
        """The same for a list of requirements; what is not a string, as an included group, names none itself."""
        for item in value if isinstance(value, list) else ():
            # Hatch's overrides are tables with a value and conditions, tox has lines of requirements files.
            line = item.get("value") if isinstance(item, dict) else item
            if isinstance(line, str) and required(line):
                yield from self.requirement(required(line))

    def commands(self, line: str, within: Span | None = None) -> Iterator[Named]:
        """Yield what the commands of a line install."""
        for wanted in installed_by(line) if self.matters(line) else ():
            yield from self.requirement(wanted, within)

    def command(self, words: list[str]) -> Iterator[Named]:
        """Yield what one command, given as words, installs."""
        for _, wanted in installed(words):
            yield from self.requirement(wanted)

    def keys(self, value: Any) -> Iterator[Named]:
        """The distributions that are the keys of a table."""
        for name, wanted in _table(value).items():
            if self.matters(name):
                asked = _table(wanted).get("extras")
                found = tuple(asked) if isinstance(asked, list) else ()
                yield Named(name, False, self._find(name, name, None, _KEY), found)

    def entry_points(self, table: Mapping[str, Any]) -> Iterator[Named]:
        """The objects that entry points lead to: strings, or tables with a ``reference``."""
        for value in table.values():
            target = value.get("reference") if isinstance(value, dict) else value
            if isinstance(target, str) and self.matters(target):
                target = target.partition("[")[0].strip()
                yield Named(target, True, self._find(target, target, None))

    def _find(self, name: str, context: str, within: Span | None, around: bytes = _WORD) -> Span:
        """The place of ``name`` in the next place of ``context`` that was not given out yet."""
        within = within or Span(0, len(self.utf8))
        for wanted in (context, name):
            pattern = re.compile(around % re.escape(wanted.encode()))
            for match in pattern.finditer(self.utf8, within.start, within.end):
                start = match.start() + max(wanted.find(name), 0)
                line = self.utf8[self.utf8.rfind(b"\n", 0, start) + 1 : start]
                if start not in self._taken and not line.lstrip().startswith(b"#"):
                    self._taken.add(start)
                    return Span(start, start + len(name.encode()))
        return Span(within.start, within.start)


def _read_requirements(text: _Text) -> Iterator[Named]:
    for offset, line in requirement_lines(text.utf8):
        wanted = required(line)
        if wanted:
            yield from text.requirement(wanted, Span(offset, offset + len(line.encode())))


def _read_pyproject(text: _Text) -> Iterator[Named]:
    data = _toml(text.text)
    project, tool = _table(data.get("project")), _table(data.get("tool"))
    poetry, pdm, flit = (_table(tool.get(name)) for name in ("poetry", "pdm", "flit"))
    flit = _table(flit.get("metadata"))
    lists = [
        project.get("dependencies"),
        *_table(project.get("optional-dependencies")).values(),
        *_table(data.get("dependency-groups")).values(),
        _table(data.get("build-system")).get("requires"),
        *_table(pdm.get("dev-dependencies")).values(),
        flit.get("requires"),
        *_table(flit.get("requires-extra")).values(),
    ]
    for entries in lists:
        yield from text.requirements(entries)
    for group in (poetry, *_table(poetry.get("group")).values()):
        for key in ("dependencies", "dev-dependencies"):
            yield from text.keys(_table(group).get(key))
    yield from text.keys(_table(pdm.get("resolution")).get("overrides"))
    yield from _of_tools({name: tool.get(name) for name in ("hatch", "pixi", "rye", "tox", "uv")}, text)
    for owner in (project, poetry):
        groups = _table(owner.get("entry-points")) | _table(owner.get("plugins"))
        for table in (owner.get("scripts"), owner.get("gui-scripts"), *groups.values()):
            yield from text.entry_points(_table(table))


def _read_tool(text: _Text) -> Iterator[Named]:
    yield from _of_tools(_toml(text.text), text)


# Where Hatch, pixi, Rye, tox and uv have lists of requirements, and tables of them; no name means two things.
_LISTS = frozenset(
    "dependencies extra-dependencies dev-dependencies constraint-dependencies override-dependencies "
    "build-constraint-dependencies deps requires".split()
)
_TABLES = frozenset(
    "dependencies host-dependencies build-dependencies run-dependencies pypi-dependencies dependency-overrides".split()
)
_COMMANDS = frozenset("commands commands_pre commands_post install_command".split())


def _of_tools(table: Mapping[str, Any], text: _Text) -> Iterator[Named]:
    """Yield what the tables of tools name, which nest environments, features and platforms as they like."""
    for key, value in table.items():
        if isinstance(value, list) and key in _LISTS:
            yield from text.requirements(value)
        elif isinstance(value, list) and key in _COMMANDS:
            for words in value if value and isinstance(value[0], list) else [value]:
                yield from text.command([word for word in words if isinstance(word, str)])
        elif isinstance(value, dict) and key in _TABLES:
            yield from text.keys(value)
        elif isinstance(value, dict):
            yield from _of_tools(value, text)
        elif key == "legacy_tox_ini" and isinstance(value, str):
            parser = _ini(value)
            yield from _of_tox(parser, parser.sections(), text)


def _read_tox_ini(text: _Text) -> Iterator[Named]:
    parser = _ini(text.text)
    yield from _of_tox(parser, parser.sections(), text)


def _without_factors(line: str) -> str:
    """A line without the environments that it is for, as in ``py312, airflow: apache-airflow``."""
    return re.sub(r"^[!\w.{},-][!\w.{},\s-]*:\s+", "", line)


def _of_tox(parser: RawConfigParser, sections: Iterable[str], text: _Text) -> Iterator[Named]:
    for section in sections:
        for key, value in parser.items(section):
            for line in _lines(value) if key in ("deps", "requires") else ():
                wanted = required(_without_factors(line))
                if wanted and not wanted.startswith("{["):
                    yield from text.requirement(wanted)
            for line in _lines(value) if key in _COMMANDS else ():
                yield from text.commands(line)


def _read_setup_cfg(text: _Text) -> Iterator[Named]:
    parser = _ini(text.text)
    for value in _required_in_setup_cfg(parser):
        for line in _lines(value):
            if not line.startswith("file:"):
                yield from text.requirement(line)
    if parser.has_section("options.entry_points"):
        for _, value in parser.items("options.entry_points"):
            yield from text.entry_points(dict(_assignments(value)))
    yield from _of_tox(parser, (name for name in parser.sections() if name.startswith(("tox", "testenv"))), text)


def _required_in_setup_cfg(parser: RawConfigParser) -> Iterator[str]:
    for kind in ("install_requires", "setup_requires", "tests_require"):
        yield parser.get("options", kind, fallback="")
    if parser.has_section("options.extras_require"):
        for _, value in parser.items("options.extras_require"):
            yield value


def _read_pipfile(text: _Text) -> Iterator[Named]:
    for name, table in _toml(text.text).items():
        if name not in ("source", "requires", "pipenv", "scripts"):
            yield from text.keys(table)


def _read_pipfile_lock(text: _Text) -> Iterator[Named]:
    import json

    try:
        data = json.loads(text.text)
    except json.JSONDecodeError as error:
        raise SourceError(f"cannot parse: {error.msg}", len(text.text[: error.pos].encode())) from None
    for name, table in _table(data).items():
        if name != "_meta":
            yield from text.keys(table)


def _read_lock(text: _Text) -> Iterator[Named]:
    # A lock file of one megabyte takes seconds to parse, so only the packages that matter are.
    for match in re.finditer(rb"(?ms)^\[\[packages?\]\][^\n]*\n(.*?)(?=^\[\[packages?\]\]|^\[metadata|\Z)", text.utf8):
        chunk = match[1].decode("utf-8", "replace")
        if text.matters(chunk):
            name = _toml(chunk, match.start(1)).get("name")
            if isinstance(name, str):
                yield from text.requirement(name, Span(*match.span(1)))


def _read_conda_lock(text: _Text) -> Iterator[Named]:
    import yaml

    start = re.search(rb"(?m)^packages?:", text.utf8)
    # As above: one package after the other, as an item of a list.
    for match in re.finditer(rb"(?m)^( *)- .*\n(?:\1 +.*\n|\s*\n)*", text.utf8[start.end() :] if start else b""):
        chunk = match[0].decode("utf-8", "replace")
        if start is None or not text.matters(chunk):
            continue
        place = Span(*(start.end() + offset for offset in match.span()))
        try:
            (package,) = yaml.load(chunk, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise SourceError(f"cannot parse: {_first_line(error)}", place.start) from None
        package = _table(package)
        address = str(package.get("conda") or package.get("pypi") or "")
        # conda's files are called name-version-build.
        name = package.get("name") or address.rpartition("/")[2].rsplit("-", 2)[0]
        if isinstance(name, str) and name:
            yield from text.requirement(name, place)


def _read_environment(text: _Text) -> Iterator[Named]:
    for key, value in _yaml(text):
        for node in _items(value) if key == "dependencies" else ():
            if isinstance(node.value, str):
                # conda's own form: channel::name=version=build
                name = re.split(r"[\s=<>!~\[]", node.value.rpartition("::")[2].strip(), maxsplit=1)[0]
                yield from text.requirement(name, _node_span(text, node))
            else:
                for _, lines in _entries(node):
                    for line in _items(lines):
                        if isinstance(line.value, str) and required(line.value):
                            yield from text.requirement(required(line.value), _node_span(text, line))


def _read_pre_commit(text: _Text) -> Iterator[Named]:
    for key, repositories in _yaml(text):
        for repository in _items(repositories) if key == "repos" else ():
            for hooks in (value for name, value in _entries(repository) if name == "hooks"):
                for name, lines in (entry for hook in _items(hooks) for entry in _entries(hook)):
                    for line in _items(lines) if name == "additional_dependencies" else ():
                        # Hooks of other languages have requirements of other forms.
                        if isinstance(line.value, str) and distribution(line.value):
                            yield from text.requirement(line.value, _node_span(text, line))


def _yaml(text: _Text) -> Iterator[tuple[str, Any]]:
    """The entries of a YAML file's mapping, as nodes that know their places."""
    import yaml

    try:
        root = yaml.compose(text.text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        offset = error.problem_mark.index if error.problem_mark else 0
        raise SourceError(f"cannot parse: {error.problem}", len(text.text[:offset].encode())) from None
    yield from _entries(root)


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    """The keys and the values' nodes of a mapping; none of any other node."""
    for key, value in node.value if type(node).__name__ == "MappingNode" else ():
        yield str(key.value), value


def _items(node: Any) -> list[Any]:
    """The nodes of a sequence; none of any other node."""
    return list(node.value) if type(node).__name__ == "SequenceNode" else []


def _node_span(text: _Text, node: Any) -> Span:
    start, end = (len(text.text[: mark.index].encode()) for mark in (node.start_mark, node.end_mark))
    return Span(start, end)


def _read_shell(text: _Text) -> Iterator[Named]:
    for offset, raw in logical_lines(_without_comment_lines(text.utf8)):
        yield from text.commands(raw.decode("utf-8", "replace"), Span(offset, offset + len(raw)))


def _without_comment_lines(utf8: bytes) -> bytes:
    """Blanks comment lines, which may stand between the continued lines of one Dockerfile instruction."""
    return re.sub(rb"(?m)^[ \t]*#[^\n]*\n", lambda match: b" " * (len(match[0]) - 1) + b" ", utf8)


def _ini(text: str) -> RawConfigParser:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except Error as error:
        raise SourceError(f"cannot parse: {_first_line(error)}") from None
    return parser


def _lines(value: str | None) -> Iterator[str]:
    """The lines of a value without comments."""
    for line in (value or "").splitlines():
        plain = re.sub(r"(?:^|(?<=\s))#.*", "", line).strip()
        if plain:
            yield plain


def _toml(text: str, offset: int = 0) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        row = int(place[1]) - 1 if place else text.count("\n")
        before = "".join(text.splitlines(keepends=True)[:row])
        sentence = re.sub(r" \(at .*\)$", "", str(error))
        raise SourceError(f"cannot parse: {sentence}", offset + len(before.encode())) from None
    return table


def _assignments(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(), value.strip()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_INCLUDERS: dict[str, Callable[[bytes], Iterator[tuple[int, str]]]] = {
    "requirements": _included_in_requirements,
    "pyproject": _included_in_pyproject,
    "tox_ini": _included_in_tox_ini,
    "setup_cfg": _included_in_setup_cfg,
}
_READERS: dict[str, Callable[[_Text], Iterator[Named]]] = {
    "requirements": _read_requirements,
    "pyproject": _read_pyproject,
    "tool": _read_tool,
    "tox_ini": _read_tox_ini,
    "pre_commit": _read_pre_commit,
    "conda_lock": _read_conda_lock,
    "setup_cfg": _read_setup_cfg,
    "pipfile": _read_pipfile,
    "pipfile_lock": _read_pipfile_lock,
    "environment": _read_environment,
    "lock": _read_lock,
    "shell": _read_shell,
}
