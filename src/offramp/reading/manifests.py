"""Dependency manifests -> the distributions and entry points that they name; may import ``settings`` and ``model``.

Each format goes through its own parser; places are found afterwards, since few
parsers tell them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from offramp.model import Span
from offramp.reading.source import SourceError
from offramp.record import NamedTuple

_KIND = re.compile(
    r"""(?:^|/)(?:
      (?P<requirements>requirements/[^/]+\.(?:txt|in)
        |(?:[^/]*[-_.])?(?:requirements|constraints)[^/]*\.(?:txt|in))
    | (?P<pyproject>pyproject\.toml)
    | (?P<setup_cfg>setup\.cfg)
    | (?P<pipfile>Pipfile)
    | (?P<pipfile_lock>Pipfile\.lock)
    | (?P<environment>(?:[^/]*[-_.])?environment[^/]*\.ya?ml)
    | (?P<lock>(?:uv|poetry|pdm)\.lock|pylock(?:\.[^/]+)?\.toml)
    | (?P<shell>(?:[^/]*[-_.])?(?:Dockerfile|Containerfile)(?:\.[^/]+)?|[^/]+\.(?:dockerfile|sh|bash))
    )\Z""",
    re.VERBOSE,
)
# What every manifest's path has at its end, or ("Dockerfile.dev") somewhere: most files need no more than that.
_ENDINGS = (".txt", ".in", ".toml", ".cfg", ".lock", ".yml", ".yaml", ".dockerfile", ".sh", ".bash")
# Endings of requirements files that another one includes or the user names, whatever they are called.
_REQUIREMENTS = (".txt", ".in", ".pip", ".req")
_CONFLICT = re.compile(rb"^(?:<{7}|>{7}) ", re.MULTILINE)
_PREFECT_DBT = re.compile(rb"(?i)prefect[-_.]+dbt")
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\w+")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S+)")


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
    """Whether a file is a dependency manifest by its name; ``setup.py`` is a Python file."""
    return (path.endswith(_ENDINGS) or "file" in path) and _KIND.search(path) is not None


def manifest_kind(path: str) -> str:
    """The format of a file that is to be read as a manifest; empty for any other."""
    match = _KIND.search(path)
    if match is not None:
        return match.lastgroup or ""
    return "requirements" if path.endswith(_REQUIREMENTS) else ""


def names_prefect_dbt(text: bytes) -> bool:
    """Whether a manifest, or a piece of one, may name prefect-dbt."""
    return _PREFECT_DBT.search(text) is not None


def manifest_names(path: str, utf8: bytes, relevant: Callable[[bytes], bool]) -> Iterator[Named]:
    """What the manifest ``path`` with the text ``utf8`` names.

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


def includes(path: str, utf8: bytes) -> Iterator[Include]:
    """The local files that a requirements file includes or is constrained by; none for other manifests."""
    if manifest_kind(path) != "requirements":
        return
    for offset, line in _requirement_lines(utf8):
        match = _INCLUDE.match(line)
        if match and "://" not in match[1] and "$" not in match[1]:
            target = match[1].strip("\"'").removeprefix("file:")
            yield Include(os.path.normpath(os.path.join(os.path.dirname(path), target)), offset)


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
            raise SourceError(f"cannot parse: `{line}` is no requirement", self._find(line, line, within).start)
        if name:
            yield Named(name, False, self._find(name, line, within), extras(line))

    def requirements(self, value: Any) -> Iterator[Named]:
        """The same for a list of requirements; what is no string, as an included group, names none itself."""
        for line in value if isinstance(value, list) else ():
            if isinstance(line, str):
                yield from self.requirement(line)

    def keys(self, value: Any) -> Iterator[Named]:
        """The distributions that are the keys of a table."""
        for name, wanted in _table(value).items():
            if self.matters(name):
                asked = _table(wanted).get("extras")
                found = tuple(asked) if isinstance(asked, list) else ()
                yield Named(name, False, self._find(name, name, None), found)

    def entry_points(self, table: Mapping[str, Any]) -> Iterator[Named]:
        """The objects that entry points lead to: strings, or tables with a ``reference``."""
        for value in table.values():
            target = value.get("reference") if isinstance(value, dict) else value
            if isinstance(target, str) and self.matters(target):
                target = target.partition("[")[0].strip()
                yield Named(target, True, self._find(target, target, None))

    def _find(self, name: str, context: str, within: Span | None) -> Span:
        """The place of ``name`` in the next place of ``context`` that was not given out yet."""
        within = within or Span(0, len(self.utf8))
        for wanted in (context, name):
            pattern = re.compile(rb"(?<![\w-])" + re.escape(wanted.encode()) + rb"(?![\w-])")
            for match in pattern.finditer(self.utf8, within.start, within.end):
                start = match.start() + max(wanted.find(name), 0)
                line = self.utf8[self.utf8.rfind(b"\n", 0, start) + 1 : start]
                if start not in self._taken and not line.lstrip().startswith(b"#"):
                    self._taken.add(start)
                    return Span(start, start + len(name.encode()))
        return Span(within.start, within.start)


def distribution(line: str) -> str | None:
    """The distribution that one requirement names; empty for a nameless one, None for no requirement.

    Addresses and files count by their ``egg`` or file name.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    plain = _VARIABLE.sub("0", line)
    try:
        return Requirement(plain).name
    except InvalidRequirement:
        address, _, fragment = line.partition("#")
    egg = re.search(r"(?:^|&)egg=([\w.-]+)", fragment)
    if egg:
        return egg[1]
    file = address.partition(" ")[0].rpartition("/")[2]
    try:
        return parse_wheel_filename(file)[0] if file.endswith(".whl") else parse_sdist_filename(file)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return "" if "/" in address or address in (".", "..") else None


def extras(line: str) -> tuple[str, ...]:
    """The extras that one requirement asks for; none where it is no requirement."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return tuple(sorted(Requirement(_VARIABLE.sub("0", line)).extras))
    except InvalidRequirement:
        return ()


def _requirement_lines(utf8: bytes) -> Iterator[tuple[int, str]]:
    """Offset and text of each logical line of a requirements file, without its comment."""
    for offset, raw in _logical_lines(utf8):
        line = re.sub(r"(?:^|(?<=\s))#.*", "", raw.decode("utf-8", "replace")).rstrip()
        if line.strip():
            yield offset + len(line) - len(line.lstrip()), line.strip()


def _logical_lines(utf8: bytes) -> Iterator[tuple[int, bytes]]:
    r"""Offset and bytes of each line, where ``\`` joins it with the next; every byte keeps its place."""
    start = 0
    joined = re.sub(rb"\\\r?\n", lambda match: b" " * len(match[0]), utf8)
    for line in joined.splitlines(keepends=True):
        yield start, line
        start += len(line)


def _read_requirements(text: _Text) -> Iterator[Named]:
    for offset, line in _requirement_lines(text.utf8):
        if _INCLUDE.match(line):
            continue
        editable = re.match(r"(?:-e|--editable)(?:\s*=\s*|\s+)", line)
        if line.startswith("-") and not editable:
            continue
        wanted = re.split(r"\s+--?[a-z]", line[editable.end() :] if editable else line, maxsplit=1)[0]
        yield from text.requirement(wanted, Span(offset, offset + len(line.encode())))


def _read_pyproject(text: _Text) -> Iterator[Named]:
    data = _toml(text.text)
    project, tool = _table(data.get("project")), _table(data.get("tool"))
    poetry, uv, pdm = (_table(tool.get(name)) for name in ("poetry", "uv", "pdm"))
    lists = [
        project.get("dependencies"),
        *_table(project.get("optional-dependencies")).values(),
        *_table(data.get("dependency-groups")).values(),
        _table(data.get("build-system")).get("requires"),
        *(uv.get(f"{kind}-dependencies") for kind in ("dev", "constraint", "override")),
        *_table(pdm.get("dev-dependencies")).values(),
    ]
    for environment in _table(_table(tool.get("hatch")).get("envs")).values():
        lists += [_table(environment).get(key) for key in ("dependencies", "extra-dependencies")]
    for entries in lists:
        yield from text.requirements(entries)
    for group in (poetry, *_table(poetry.get("group")).values()):
        for key in ("dependencies", "dev-dependencies"):
            yield from text.keys(_table(group).get(key))
    for owner in (project, poetry):
        groups = _table(owner.get("entry-points")) | _table(owner.get("plugins"))
        for table in (owner.get("scripts"), owner.get("gui-scripts"), *groups.values()):
            yield from text.entry_points(_table(table))


def _read_setup_cfg(text: _Text) -> Iterator[Named]:
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text.text)
    except configparser.Error as error:
        raise SourceError(f"cannot parse: {_first_line(error)}") from None
    lists = [
        parser.get("options", kind, fallback="") for kind in ("install_requires", "setup_requires", "tests_require")
    ]
    if parser.has_section("options.extras_require"):
        lists += [value for _, value in parser.items("options.extras_require")]
    for value in lists:
        for line in value.splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield from text.requirement(line.strip())
    if parser.has_section("options.entry_points"):
        for _, value in parser.items("options.entry_points"):
            yield from text.entry_points(dict(_assignments(value)))


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


def _read_environment(text: _Text) -> Iterator[Named]:
    import yaml

    try:
        root = yaml.compose(text.text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        offset = error.problem_mark.index if error.problem_mark else 0
        raise SourceError(f"cannot parse: {error.problem}", len(text.text[:offset].encode())) from None
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "dependencies" and isinstance(value, yaml.SequenceNode):
            for node in value.value:
                if isinstance(node, yaml.ScalarNode):
                    # conda's own form: channel::name=version=build
                    name = re.split(r"[\s=<>!~\[]", node.value.rpartition("::")[2].strip(), maxsplit=1)[0]
                    yield from text.requirement(name, _node_span(text, node))
                elif isinstance(node, yaml.MappingNode):
                    yield from _pip_of_environment(text, node)


def _pip_of_environment(text: _Text, node: Any) -> Iterator[Named]:
    for _, lines in node.value:
        for line in lines.value if isinstance(lines.value, list) else ():
            if isinstance(line.value, str) and not line.value.startswith("-"):
                yield from text.requirement(line.value, _node_span(text, line))


def _node_span(text: _Text, node: Any) -> Span:
    start, end = (len(text.text[: mark.index].encode()) for mark in (node.start_mark, node.end_mark))
    return Span(start, end)


_INSTALLERS = re.compile(r"(?:.*/)?(?:pip[0-9.]*|pipx|uv|poetry|pdm|pipenv|conda|mamba|micromamba)\Z")
_TALKERS = frozenset({"cat", "echo", "grep", "printf"})
_INSTALLS = re.compile(rb"\b(?:install|add)\b")
# Options of pip, uv and the others that take the next word with them.
_WITH_VALUE = frozenset(
    "-r --requirement -c --constraint -i --index-url --extra-index-url -f --find-links -t --target --prefix --root "
    "-n --name -p --python --group -G --extra --platform --python-version --implementation --abi --channel "
    "--trusted-host --proxy --timeout --retries --cert --cache-dir --log --progress-bar --src --default-index".split()
)


def _read_shell(text: _Text) -> Iterator[Named]:
    for offset, raw in _logical_lines(_without_comment_lines(text.utf8)):
        if _INSTALLS.search(raw) and text.matters(raw.decode("utf-8", "replace")):
            line = Span(offset, offset + len(raw))
            for words in _commands(raw.decode("utf-8", "replace")):
                for word in _installed(words):
                    if distribution(word) is not None:
                        yield from text.requirement(word, line)


def _without_comment_lines(utf8: bytes) -> bytes:
    """Blanks comment lines, which may stand between the continued lines of one Dockerfile instruction."""
    return re.sub(rb"(?m)^[ \t]*#[^\n]*\n", lambda match: b" " * (len(match[0]) - 1) + b" ", utf8)


def _commands(line: str) -> Iterator[list[str]]:
    """The simple commands of a line as words; those in a quoted argument too, as of ``sh -c``."""
    import shlex

    lexer = shlex.shlex(re.sub(r"^\s*RUN\s+\[(.*)\]\s*$", _exec_form, line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        tokens = list(lexer)
    except ValueError:
        # The quotation ends on a later line; what stands on this one still names what it installs.
        tokens = re.sub("[\"']", " ", line).split()
    for token in tokens:
        if token.startswith("#"):
            break
        if re.fullmatch(r"[();<>|&]+|`", token) and not token.startswith(("<", ">")):
            yield words
            words = []
        elif " " in token.strip() and _INSTALLS.search(token.encode()):
            yield from _commands(token)
        else:
            words.append(token)
    yield words


def _exec_form(match: re.Match[str]) -> str:
    return match[1].replace(",", " ")


def _installed(words: list[str]) -> Iterator[str]:
    """The arguments of an installing command that are not options."""
    start = next((place for place, word in enumerate(words) if _INSTALLERS.match(word)), None)
    verb = next((place for place, word in enumerate(words) if word in ("install", "add")), None)
    if start is None or verb is None or verb < start or words[0] in _TALKERS:
        return
    rest = iter(words[verb + 1 :])
    for word in rest:
        if word in _WITH_VALUE or word.startswith((">", "<")):
            next(rest, None)
        elif not word.startswith("-"):
            # conda writes one equals sign
            yield re.sub(r"(?<![=<>!~])=(?!=)", "==", word)


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


_READERS: dict[str, Callable[[_Text], Iterator[Named]]] = {
    "requirements": _read_requirements,
    "pyproject": _read_pyproject,
    "setup_cfg": _read_setup_cfg,
    "pipfile": _read_pipfile,
    "pipfile_lock": _read_pipfile_lock,
    "environment": _read_environment,
    "lock": _read_lock,
    "shell": _read_shell,
}
