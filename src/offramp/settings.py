"""Tells what the user configured: ``[tool.offramp]`` in pyproject.toml, or offramp.toml; imports only ``model``.

As for ruff, the nearest configuration above a file applies to it, a pyproject.toml
without the table is passed over, and configurations are not merged.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from offramp.model import OfframpError, Rule
from offramp.record import NamedTuple

# The programs that are dbt; where `dbt` is one, so is `dbtf`, the other name of its Fusion engine.
DBT_COMMANDS = ("dbt", "dbt-ol")
DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
OUTPUT_FORMATS = (
    "full",
    "concise",
    "grouped",
    "json",
    "jsonl",
    "github",
    "gitlab",
    "azure",
    "junit",
    "sarif",
    "rdjson",
)
PYTHON_ENDINGS = (".py", ".pyi", ".pyw")
CONFIG_NAMES = ("offramp.toml", "pyproject.toml")
DEFAULT_BANNED = ("airflow", "airflow_dbt*", "cosmos")

_SELECTOR = r"ALL|OFR[0-9]{0,3}"
# Prefect takes no other names for blocks.
BLOCK_NAME = r"[a-z0-9-]+"
_VERSION = r"[0-9]+(\.[0-9]+)*"
_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*\*?"
GLOB_CHARACTERS = frozenset("*?[{\\")


class Selection(NamedTuple):
    """One layer of rule selection; ``select`` None means that the layer below stays."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


class Gate(NamedTuple):
    """All that one configuration says about the gate; ``merged_gate`` adds what its parents say.

    ``banned`` replaces the default list of modules and ``extend_banned`` adds to it. A
    module stands for itself and all below it; one that ends in ``*`` for every name
    that begins so. ``allow`` says which of them files may use all the same, with
    globs as in ``per_file_ignores``. ``baseline`` is an absolute path, or empty.
    """

    banned: tuple[str, ...] | None = None
    extend_banned: tuple[str, ...] = ()
    allow: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    baseline: str = ""

    def allowed(self, path: str) -> tuple[str, ...]:
        """The modules that the file ``path`` may use although they are banned."""
        absolute = os.path.abspath(path) if self.allow else ""
        return tuple(name for globs, names in self.allow if _applies(globs, absolute) for name in names)


class Settings(NamedTuple):
    """The settings of one directory tree.

    ``root`` is the absolute directory that patterns are relative to: the
    configuration file's, else where the search started. ``selections`` are the
    layers of rule selection, the file's before the command line's. The globs of
    ``exclude``, ``extend_exclude`` and ``per_file_ignores`` are absolute where they
    start with ``/`` (or ``!/``) and meant for a base name otherwise. ``notes`` are
    the absolute paths of existing note files, ``src`` absolute directories that imports begin
    at (none: the usual ones). ``overrides`` are what ``load`` was
    given, and ``fixed`` says that no nearer configuration may replace these settings.
    """

    root: str
    config_file: str = ""
    selections: tuple[Selection, ...] = ()
    per_file_ignores: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    notes: tuple[str, ...] = ()
    src: tuple[str, ...] = ()
    airflow_version: str = ""
    dbt_cloud_provider_version: str = ""
    prefect_version: str = ""
    output_format: str = "full"
    blocks: Mapping[str, str] = {}
    gate: Gate = Gate()
    convert_dags: bool = False
    dbt_cloud_pattern: str = "function"
    dbt_core_pattern: str = "auto"
    dbt_commands: tuple[str, ...] = DBT_COMMANDS
    deployment: str = "serve"
    overrides: Mapping[str, object] = {}
    fixed: bool = False


# The options whose strings, or keys, are globs.
_GLOBS = frozenset({"exclude", "extend-exclude", "notes", "per-file-ignores", "gate.allow"})
_GATE_OPTIONS = {"banned": "modules", "extend-banned": "modules", "allow": "table of modules", "baseline": "string"}
# Option -> what its value must be; a tuple lists the allowed strings.
_OPTIONS: dict[str, str | tuple[str, ...]] = {
    "select": "codes",
    "extend-select": "codes",
    "ignore": "codes",
    "per-file-ignores": "table of codes",
    "exclude": "strings",
    "extend-exclude": "strings",
    "respect-gitignore": "boolean",
    "force-exclude": "boolean",
    "notes": "strings",
    "src": "strings",
    "airflow-version": "version",
    "dbt-cloud-provider-version": "version",
    "prefect-version": "version",
    "output-format": OUTPUT_FORMATS,
    "blocks": "table of block",
    "gate": "gate",
    "convert-dags": "boolean",
    "dbt-cloud-pattern": ("function", "job-block"),
    "dbt-core-pattern": ("auto", "command", "runner"),
    "dbt-commands": "strings",
    "deployment": ("serve", "prefect-yaml"),
}


def load(start: str, overrides: Mapping[str, object], *, config: str = "", isolated: bool = False) -> Settings:
    """Settings for the file or directory ``start``.

    The nearest offramp.toml, or pyproject.toml with a ``[tool.offramp]`` table, at or
    above ``start`` counts, unless ``config`` names the file or ``isolated`` asks for
    none. ``overrides`` maps option names as they stand in the file (``extend-select``)
    to values that win over the file's; their relative paths count from the current
    directory. Raises OfframpError with one sentence for bad configuration.
    """
    start = os.path.abspath(start)
    if config:
        path = os.path.abspath(config)
        named = _read(path)
        if named is None:
            raise OfframpError(f"{path}: there is no [tool.offramp] table")
        return _build(os.path.dirname(path), named, overrides, fixed=True)
    directory = start if os.path.isdir(start) else os.path.dirname(start)
    found = None if isolated else _nearest(directory, overrides)
    return found or _build(directory, _Config("", {}), overrides, fixed=isolated)


def settings_for(path: str, base: Settings) -> Settings:
    """Settings of one file: the nearest configuration above it, else ``base``.

    Always ``base`` where that was read from a named file or isolated. Searched once
    per directory. Raises OfframpError as ``load`` does.
    """
    if base.fixed:
        return base
    return _cached(os.path.dirname(os.path.abspath(path)), base)


def forget_settings() -> None:
    """Let go of what ``settings_for`` has found so far; files are read again for new bases anyway."""
    _CACHE.clear()


def settings_in(directory: str, base: Settings) -> Settings | None:
    """Settings of the configuration file that stands in ``directory`` itself, None without one."""
    for name in CONFIG_NAMES:
        path = os.path.join(directory, name)
        if path == base.config_file:
            return base
        if os.path.isfile(path):
            config = _read(path)
            if config is not None:
                return _build(directory, config, base.overrides, fixed=False)
    return None


def merged_gate(settings: Settings) -> Gate:
    """The gate of ``settings`` with those of the configurations in the directories above.

    Bans and exceptions add up, so that a nested configuration lifts no ban by
    accident; of ``baseline`` the nearest counts. ``banned`` is never None in the
    result. Raises OfframpError for bad configuration on the way.
    """
    gates = [settings.gate]
    directory = settings.root
    above = None if settings.fixed or not settings.config_file else os.path.dirname(directory)
    while above is not None and above != directory:
        parent = _nearest(above, settings.overrides)
        if parent is None:
            break
        gates.append(parent.gate)
        directory, above = parent.root, os.path.dirname(parent.root)
    given = [gate.banned for gate in gates if gate.banned is not None]
    banned = [name for names in given or [DEFAULT_BANNED] for name in names]
    banned += [name for gate in gates for name in gate.extend_banned]
    return Gate(
        banned=tuple(dict.fromkeys(banned)),
        allow=tuple(entry for gate in gates for entry in gate.allow),
        baseline=next((gate.baseline for gate in gates if gate.baseline), ""),
    )


def enabled_codes(settings: Settings, rules: Iterable[Rule], path: str = "") -> frozenset[str]:
    """Codes of the rules that run, on the file ``path`` where one is given.

    Within one layer the longer selector wins, as in ruff; a layer with ``select``
    replaces what stood before it. Raises OfframpError for a selector without a rule.
    """
    rules = tuple(rules)
    codes = tuple(rule.code for rule in rules)
    enabled = {rule.code for rule in rules if rule.default}
    for layer, (select, extend_select, ignore) in enumerate(settings.selections):
        named = settings.config_file if layer == 0 else ""
        asked = [(selector, True) for selector in (*(select or ()), *extend_select)]
        asked += [(selector, False) for selector in ignore]
        if select is not None:
            enabled = set()
        for selector, add in sorted(asked, key=_specificity):
            matching = _matching(selector, codes, named)
            enabled = enabled | matching if add else enabled - matching
    for patterns, selectors in settings.per_file_ignores:
        matching = frozenset().union(*(_matching(selector, codes, settings.config_file) for selector in selectors))
        if path and _applies(patterns, os.path.abspath(path)):
            enabled -= matching
    return frozenset(enabled)


class PathMatcher:
    """Tells whether a path is covered by globs written as ``Settings`` holds them.

    As in ruff, ``*`` also crosses ``/``, ``**/`` is any number of directories, and
    ``{a,b}`` and ``[…]`` work.
    """

    __slots__ = ("_base", "_full", "_names")

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile ``patterns``."""
        patterns = tuple(patterns)
        plain = [pattern for pattern in patterns if not pattern.startswith("/")]
        self._names = frozenset(pattern for pattern in plain if GLOB_CHARACTERS.isdisjoint(pattern))
        self._base = _compile(pattern for pattern in plain if pattern not in self._names)
        self._full = _compile(pattern for pattern in patterns if pattern.startswith("/"))

    def matches(self, path: str, name: str) -> bool:
        """Return whether the absolute ``path``, whose base name is ``name``, is covered by itself."""
        return (
            name in self._names
            or (self._base is not None and self._base.match(name) is not None)
            or (self._full is not None and self._full.match(path) is not None)
        )


@lru_cache(maxsize=64)
def excluder(patterns: tuple[str, ...]) -> PathMatcher:
    """The matcher of ``settings.exclude + settings.extend_exclude``, made once."""
    return PathMatcher(patterns)


class _Config(NamedTuple):
    """One layer of configuration: a file's table with its text, or the command line's (no path)."""

    path: str
    table: Mapping[str, Any]
    text: str = ""

    def fail(self, sentence: str, option: str, inner: str = "") -> NoReturn:
        """Raise OfframpError, naming the line of ``option`` or of the string ``inner`` at or below it."""
        raise OfframpError(f"{self.path}:{self.row(option, inner)}: {sentence}" if self.path else sentence)

    def row(self, option: str, inner: str) -> int:
        lines = self.text.splitlines()
        start = next((row for row, line in enumerate(lines) if re.match(r"\s*\[\s*tool\.offramp\b", line)), 0)
        key = re.compile(rf"""\s*(\[.*\b)?["']?{re.escape(option)}["']?\s*[=.\]]""")
        row = next((row for row in range(start, len(lines)) if option and key.match(lines[row])), start)
        word = re.compile(rf"(?<![\w-]){re.escape(inner)}(?![\w-])")
        return next((below for below in range(row, len(lines)) if inner and word.search(lines[below])), row) + 1


def _nearest(directory: str, overrides: Mapping[str, object]) -> Settings | None:
    bare = Settings(root=directory, overrides=overrides)
    while True:
        found = settings_in(directory, bare)
        parent = os.path.dirname(directory)
        if found is not None or parent == directory:
            return found
        directory = parent


_CACHE: dict[tuple[str, int], tuple[Settings, Settings]] = {}


def _cached(directory: str, base: Settings) -> Settings:
    # Keyed by the identity of base, which the entry keeps alive: Settings hold dicts and cannot be hashed.
    passed = []
    while (entry := _CACHE.get((directory, id(base)))) is None:
        passed.append(directory)
        found = settings_in(directory, base)
        parent = os.path.dirname(directory)
        if found is not None or parent == directory:
            entry = (base, found or base)
            break
        directory = parent
    for below in passed:
        _CACHE[below, id(base)] = entry
    return entry[1]


def _read(path: str) -> _Config | None:
    """The offramp table of a TOML file, None for a pyproject.toml without one."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        raise OfframpError(f"{path}: cannot read the configuration: {error.strerror}") from None
    is_pyproject = os.path.basename(path) == "pyproject.toml"
    if is_pyproject and b"offramp" not in raw:
        return None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = raw.decode()
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise OfframpError(f"{path}:{row}: the configuration is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        sentence = re.sub(r" \(at .*\)$", "", str(error))
        place = re.search(r"\(at line (\d+)", str(error))
        row = int(place[1]) if place else text.count("\n") + 1
        raise OfframpError(f"{path}:{row}: the configuration is not valid TOML: {sentence}") from None
    except RecursionError:
        raise OfframpError(f"{path}: the configuration is nested too deeply") from None
    if not is_pyproject:
        return _Config(path, data, text)
    tool = data.get("tool")
    table = tool.get("offramp") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        _Config(path, {}, text).fail("[tool.offramp] must be a table", "offramp")
    return None if table is None else _Config(path, table, text)


def _build(root: str, file: _Config, overrides: Mapping[str, object], *, fixed: bool) -> Settings:
    values: dict[str, Any] = {}
    layers = ((file, root), (_Config("", overrides), os.getcwd() if overrides else root))
    for layer, anchor in layers:
        for option, value in layer.table.items():
            _validate(layer, option, value)
            values[option.replace("-", "_")] = _absolute(layer, option, value, anchor)
    for option in ("select", "extend_select", "ignore"):
        values.pop(option, None)
    return Settings(
        root=root,
        config_file=file.path,
        selections=tuple(
            Selection(
                tuple(layer.table["select"]) if "select" in layer.table else None,
                tuple(layer.table.get("extend-select", ())),
                tuple(layer.table.get("ignore", ())),
            )
            for layer, _ in layers
        ),
        overrides=overrides,
        fixed=fixed,
        **values,
    )


def _validate(config: _Config, option: str, value: object) -> None:
    expected = _OPTIONS.get(option)
    if expected is None:
        config.fail(f"there is no option `{option}`{_hint(option, _OPTIONS)}", option)
    if isinstance(expected, tuple):
        if value not in expected:
            allowed = ", ".join(f'"{choice}"' for choice in expected)
            config.fail(f"`{option}` must be one of {allowed}", option)
    elif expected == "gate":
        _validate_gate(config, value)
    elif not expected.startswith("table"):
        _validate_value(config, option, value, expected)
    elif not isinstance(value, Mapping):
        config.fail(f"`{option}` must be a table", option)
    else:
        for key, entry in value.items():
            _validate_glob(config, option, key)
            _validate_value(config, option, entry, expected.removeprefix("table of "), key)


def _validate_glob(config: _Config, option: str, glob: str) -> None:
    if option in _GLOBS and (fault := _glob_fault(glob)):
        config.fail(f"`{glob}` in `{option}` is not a glob: {fault}", option.rpartition(".")[2], glob)


def _validate_gate(config: _Config, value: object) -> None:
    if not isinstance(value, Mapping):
        config.fail("`gate` must be a table", "gate")
    for option, entry in value.items():
        expected = _GATE_OPTIONS.get(option)
        if expected is None:
            config.fail(f"there is no option `gate.{option}`{_hint(option, _GATE_OPTIONS)}", "gate", option)
        if not expected.startswith("table"):
            _validate_value(config, "gate", entry, expected, option)
        elif not isinstance(entry, Mapping):
            config.fail(f"`gate.{option}` must be a table", "gate", option)
        else:
            for glob, modules in entry.items():
                _validate_glob(config, f"gate.{option}", glob)
                _validate_value(config, f"gate.{option}", modules, expected.removeprefix("table of "), glob)


def _validate_value(config: _Config, option: str, value: object, expected: str, key: str = "") -> None:
    name = f"{option}.{key}" if key else option
    if expected == "boolean":
        if not isinstance(value, bool):
            config.fail(f"`{name}` must be true or false", option, key)
    elif expected in ("codes", "modules", "strings"):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            config.fail(f"`{name}` must be a list of strings", option, key)
        for item in value:
            _validate_form(config, option, item, expected, name)
            _validate_glob(config, option, item)
    elif expected in ("version", "string", "block"):
        if not isinstance(value, str):
            config.fail(f"`{name}` must be a string", option, key)
        _validate_form(config, option, value, expected, name, key)


_FORMS = {
    "codes": (_SELECTOR, '"{value}" in `{name}` is not a rule code, a prefix of one or ALL'),
    "modules": (_MODULE, '"{value}" in `{name}` is not a module, such as "airflow.providers"'),
    "version": (_VERSION, '`{name}` must be a version such as "2.10", not "{value}"'),
    "block": (BLOCK_NAME, '`{name}` must be lower case letters, digits and dashes, not "{value}"'),
}


def _validate_form(config: _Config, option: str, value: str, expected: str, name: str, key: str | None = None) -> None:
    """Fail where a string does not have the form of its kind; the place is the item's own where no key is named."""
    pattern, message = _FORMS.get(expected, (".*", ""))
    if not re.fullmatch(pattern, value, re.DOTALL):
        config.fail(message.format(value=value, name=name), option, value if key is None else key)


def _absolute(config: _Config, option: str, value: Any, anchor: str) -> Any:
    """An option's value with its globs and paths made absolute; lists become tuples."""
    if option in ("exclude", "extend-exclude"):
        return tuple(glob for pattern in value for glob in _anchor(pattern, anchor))
    if option == "per-file-ignores":
        return tuple((_anchor(pattern, anchor), tuple(codes)) for pattern, codes in value.items())
    if option == "notes":
        return _expand(config, value, anchor)
    if option == "src":
        return tuple(os.path.normpath(os.path.join(anchor, directory)) for directory in value)
    if option == "gate":
        baseline = value.get("baseline", "")
        return Gate(
            banned=tuple(value["banned"]) if "banned" in value else None,
            extend_banned=tuple(value.get("extend-banned", ())),
            allow=tuple((_anchor(glob, anchor), tuple(names)) for glob, names in value.get("allow", {}).items()),
            baseline=os.path.join(anchor, baseline) if baseline else "",
        )
    return value


def _hint(word: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word.replace("_", "-"), known, 1, 0.7)
    return f"; did you mean `{close[0]}`?" if close else ""


def _specificity(asked: tuple[str, bool]) -> tuple[int, bool]:
    selector, add = asked
    return (0 if selector == "ALL" else len(selector), not add)


def _matching(selector: str, codes: Sequence[str], config_file: str) -> frozenset[str]:
    if selector == "ALL":
        return frozenset(codes)
    found = frozenset(code for code in codes if code.startswith(selector))
    if not found:
        config = (_read(config_file) if config_file else None) or _Config("", {})
        config.fail(f"no rule has the code or prefix `{selector}`{_hint(selector, codes)}", "", selector)
    return found


def _anchor(pattern: str, root: str) -> tuple[str, ...]:
    """A pattern as the user wrote it -> the forms that ``PathMatcher`` understands."""
    bang, pattern = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    absolute = pattern if pattern.startswith("/") else f"{_escape(root).rstrip('/')}/{pattern}"
    absolute = bang + os.path.normpath(absolute)
    if "/" in pattern:
        return (absolute,)
    return (bang + pattern, absolute) if not GLOB_CHARACTERS.isdisjoint(pattern) else (bang + pattern,)


def _escape(path: str) -> str:
    return re.sub(r"([*?\[\]{}\\])", r"[\1]", path)


def _applies(patterns: tuple[str, ...], path: str) -> bool:
    negated = patterns[0].startswith("!")
    return _per_file(patterns).matches(path, os.path.basename(path)) is not negated


@lru_cache(maxsize=256)
def _per_file(patterns: tuple[str, ...]) -> PathMatcher:
    return PathMatcher(pattern.removeprefix("!") for pattern in patterns)


def _compile(patterns: Iterable[str]) -> re.Pattern[str] | None:
    joined = "|".join(glob_regex(pattern) for pattern in patterns)
    return re.compile(f"(?s:{joined})\\Z") if joined else None


# Strings, compiled by ``re`` when first used: most projects configure no glob.
_GLOB_TOKEN = r"(?s)(?P<any>/\*\*/|^\*\*/|/\*\*$)|(?P<star>\*+)|\?|\[(?P<no>[!^])?(?P<set>.[^\]]*)\]|[{},]|\\?."
_MEMBER = r"(?s)(?P<first>.)-(?P<last>.)|."


def glob_regex(glob: str, *, barrier: str = "", braces: bool = True) -> str:
    """A regular expression for one glob.

    ``barrier`` holds the characters that ``*``, ``?`` and ``[!…]`` do not match; with
    ``braces``, ``{a,b}`` are alternatives, and unbalanced braces stand for themselves.
    """
    one = f"[^{barrier}]" if barrier else "."
    depth = 0
    braces = braces and glob.count("{") == glob.count("}")
    out = []
    for token in re.finditer(_GLOB_TOKEN, glob):
        text = token[0]
        if token["any"]:
            out.append({"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.+"}[text])
        elif token["star"]:
            out.append(one + "*")
        elif text == "?":
            out.append(one)
        elif token["set"]:
            members = "".join(map(_member, re.finditer(_MEMBER, token["set"])))
            out.append(f"[^{barrier}{members}]" if token["no"] else f"[{members}]")
        elif text == "{" and braces:
            depth += 1
            out.append("(?:")
        elif text == "}" and depth:
            depth -= 1
            out.append(")")
        elif text == "," and depth:
            out.append("|")
        else:
            out.append(re.escape(text[-1]))
    return "".join(out) + ")" * depth


def _member(member: re.Match[str]) -> str:
    """A character or range of a set; a range that runs backwards is its first character, as for Git."""
    if member["last"] is None:
        return re.escape(member[0])
    if member["first"] > member["last"]:
        return re.escape(member["first"])
    return f"{re.escape(member['first'])}-{re.escape(member['last'])}"


def _glob_fault(glob: str) -> str:
    """Return what is wrong with a glob of the configuration, as ruff sees it; empty for nothing."""
    depth = 0
    for token in re.finditer(_GLOB_TOKEN, glob):
        if token["set"]:
            for member in re.finditer(_MEMBER, token["set"]):
                if member["last"] is not None and member["first"] > member["last"]:
                    return f"the range `{member[0]}` runs backwards"
        elif token[0] == "[":
            return "its `[` is never closed"
        elif token[0] == "\\":
            return "its last backslash protects nothing"
        depth += (token[0] == "{") - (token[0] == "}")
        if depth < 0:
            return "its `}` closes nothing"
    return "its `{` is never closed" if depth else ""


def _expand(config: _Config, patterns: Sequence[str], root: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for pattern in patterns:
        paths = [os.path.join(root, pattern)]
        if not GLOB_CHARACTERS.isdisjoint(pattern):
            import glob

            paths = sorted(glob.glob(os.path.join(glob.escape(root), pattern), recursive=True))
        paths = [os.path.normpath(path) for path in paths if os.path.isfile(path)]
        if not paths:
            config.fail(f"`notes`: no file matches `{pattern}`", "notes", pattern)
        found.update(dict.fromkeys(paths))
    return tuple(found)
