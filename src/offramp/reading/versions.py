"""Tells which versions of Airflow, its dbt Cloud provider and Prefect a project uses; may import ``settings``.

What cannot be known stays unknown: a meaning that differs between versions is never
guessed from the newest.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from offramp.record import NamedTuple
from offramp.settings import Settings

if TYPE_CHECKING:
    from packaging.specifiers import Specifier

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
_RELEVANT = re.compile(rb"airflow|prefect", re.IGNORECASE)
# Airflow publishes one constraints file per release, at an address that says which.
_CONSTRAINTS_URL = r"apache/airflow/constraints-([0-9]+\.[0-9]+\.[0-9]+)/"


class Interval(NamedTuple):
    """The versions that are possible: from ``low`` (inclusive) to ``high`` (exclusive; None: open)."""

    low: tuple[int, ...] = ()
    high: tuple[int, ...] | None = None

    def at_least(self, version: tuple[int, ...]) -> bool | None:
        """Return whether every possible version is ``version`` or later; False when none is, None when some are."""
        version = _short(version)
        if self.low >= version:
            return True
        if self.high is not None and self.high <= version:
            return False
        return None


UNKNOWN = Interval()


class Versions:
    """Interval of each library, ``UNKNOWN`` where nothing says it; files are read when first asked."""

    def __init__(self, settings: Settings) -> None:
        """Answer from ``settings``, else from the manifests around ``settings.root``."""
        self._settings = settings

    @cached_property
    def airflow(self) -> Interval:
        """Version of ``apache-airflow``."""
        return self._find(self._settings.airflow_version, "apache-airflow")

    @cached_property
    def provider(self) -> Interval:
        """Version of ``apache-airflow-providers-dbt-cloud``."""
        return self._find(self._settings.dbt_cloud_provider_version, "apache-airflow-providers-dbt-cloud")

    @cached_property
    def prefect(self) -> Interval:
        """Version of ``prefect``."""
        return self._find(self._settings.prefect_version, "prefect")

    @cached_property
    def prefect_dbt(self) -> Interval:
        """Version of ``prefect-dbt``."""
        return self._find("", "prefect-dbt")

    def is_own(self, package: str) -> bool:
        """Return whether a package is the project's own, so that the published releases say nothing about it."""
        root = self._settings.root
        return any(os.path.isfile(os.path.join(root, *place, package, "__init__.py")) for place in ((), ("src",)))

    def _find(self, setting: str, distribution: str) -> Interval:
        if setting:
            return _series(_numbers(setting))
        return self._found.get(distribution, UNKNOWN)

    @cached_property
    def _found(self) -> dict[str, Interval]:
        for directory in _around(self._settings.root):
            names = sorted(os.listdir(directory))
            locked = [pair for name in names if name in _LOCKS for pair in _locked(os.path.join(directory, name))]
            asked = [pair for name in names for pair in _asked(os.path.join(directory, name), name)]
            if locked or asked:
                return {**_hulls(asked), **_hulls(locked)}
        return {}


def find_versions(settings: Settings) -> Versions:
    """The versions that ``settings`` name, else those of the nearest lock files or requirements.

    A lock file wins over requirements; several files, or several entries for one
    library, leave every version possible that lies between them. Reads no file yet.
    """
    return Versions(settings)


def _around(root: str) -> Iterator[str]:
    """``root``, and the directories above it up to the top of its repository."""
    chain = [root]
    while not os.path.exists(os.path.join(chain[-1], ".git")):
        parent = os.path.dirname(chain[-1])
        if parent == chain[-1]:
            chain = [root]
            break
        chain.append(parent)
    return (directory for directory in chain if os.access(directory, os.R_OK))


def _hulls(found: Iterable[tuple[str, Interval]]) -> dict[str, Interval]:
    hulls: dict[str, Interval] = {}
    for name, interval in found:
        if interval != UNKNOWN:
            hulls[name] = _hull(hulls[name], interval) if name in hulls else interval
    return hulls


def _hull(one: Interval, other: Interval) -> Interval:
    high = None if one.high is None or other.high is None else max(one.high, other.high)
    return Interval(min(one.low, other.low), high)


def _common(intervals: Iterable[Interval]) -> Interval:
    low: tuple[int, ...] = ()
    high: tuple[int, ...] | None = None
    for interval in intervals:
        low = max(low, interval.low)
        if interval.high is not None:
            high = interval.high if high is None else min(high, interval.high)
    return UNKNOWN if high is not None and low >= high else Interval(low, high)


def _short(version: tuple[int, ...]) -> tuple[int, ...]:
    """Without trailing zeros, so that 4.7 equals 4.7.0."""
    while version and version[-1] == 0:
        version = version[:-1]
    return version


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", text.strip().removeprefix("v"))
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _series(version: tuple[int, ...]) -> Interval:
    """Every version that begins with ``version``."""
    return Interval(_short(version), _bumped(version)) if version else UNKNOWN


def _exactly(version: tuple[int, ...]) -> Interval:
    return _series(version + (0,) * (3 - len(version))) if version else UNKNOWN


def _bumped(version: tuple[int, ...]) -> tuple[int, ...]:
    return (*version[:-1], version[-1] + 1)


def _read(path: str) -> bytes:
    # A manifest that cannot be read, or parsed below, says nothing: it is another tool's input.
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError:
        return b""
    return raw if _RELEVANT.search(raw) else b""


def _locked(path: str) -> list[tuple[str, Interval]]:
    raw = _read(path)
    if path.endswith("Pipfile.lock"):
        if not raw:
            return []
        import json

        try:
            data = json.loads(raw)
        except ValueError:
            return []
        return [
            (_name(name), _exactly(_numbers(entry["version"].lstrip("="))))
            for section in ("default", "develop")
            for name, entry in _table(_table(data).get(section)).items()
            if isinstance(_table(entry).get("version"), str)
        ]
    # By pattern, since reading a lock file of one megabyte as TOML takes seconds.
    pairs = re.findall(r'^name = "([^"]+)"\r?\nversion = "([^"]+)"', raw.decode("utf-8", "replace"), re.MULTILINE)
    return [(_name(name), _exactly(_numbers(version))) for name, version in pairs]


def _asked(path: str, name: str) -> Iterable[tuple[str, Interval]]:
    if name == "requirements" and os.path.isdir(path):
        inner = [entry for entry in sorted(os.listdir(path)) if entry.endswith(".txt")]
        return [pair for entry in inner for pair in _requirements(os.path.join(path, entry))]
    if name.startswith("requirements") and name.endswith(".txt"):
        return _requirements(path)
    if name == "pyproject.toml":
        return _pyproject(path)
    return _setup_cfg(path) if name == "setup.cfg" else ()


def _requirements(path: str) -> list[tuple[str, Interval]]:
    """Return what one requirements file asks for, with the files that it includes and is constrained by."""
    together: dict[str, list[Interval]] = {}
    _collect(path, together, set())
    return [(name, _common(intervals)) for name, intervals in together.items()]


def _collect(path: str, together: dict[str, list[Interval]], seen: set[str]) -> None:
    path = os.path.normpath(path)
    if path in seen:
        return
    seen.add(path)
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            text = file.read()
    except OSError:
        return
    uncommented = re.sub(r"(?m)(^|[ \t])#.*", "", re.sub(r"\\\n", " ", text))
    for line in map(str.strip, uncommented.splitlines()):
        if include := re.match(r"(-r|--requirement|-c|--constraint)[\s=]*(\S+)", line):
            if url := re.search(_CONSTRAINTS_URL, include[2]):
                together.setdefault("apache-airflow", []).append(_exactly(_numbers(url[1])))
            elif "://" not in include[2]:
                _collect(os.path.join(os.path.dirname(path), include[2]), together, seen)
        elif _RELEVANT.search(line.encode()):
            for name, interval in _requirement(re.split(r"\s--", line, maxsplit=1)[0]):
                together.setdefault(name, []).append(interval)


def _requirement(line: str) -> list[tuple[str, Interval]]:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return []
    return [(_name(requirement.name), _common(_specified(one) for one in requirement.specifier))]


def _specified(specifier: Specifier) -> Interval:
    version = _numbers(specifier.version)
    wildcard = specifier.version.endswith(".*")
    if not version:
        return UNKNOWN
    same = _series(version) if wildcard else _exactly(version)
    return {
        "==": same,
        "===": same,
        "~=": Interval(_short(version), _bumped(version[:-1] or version)),
        ">=": Interval(_short(version)),
        ">": Interval(_short(version)),
        "<": Interval((), _short(version)),
        "<=": Interval((), same.high),
    }.get(specifier.operator, UNKNOWN)


def _pyproject(path: str) -> list[tuple[str, Interval]]:
    raw = _read(path)
    if not raw:
        return []
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data = tomllib.loads(raw.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    project = _table(data.get("project"))
    lists = [
        project.get("dependencies"),
        *_table(project.get("optional-dependencies")).values(),
        *_table(data.get("dependency-groups")).values(),
    ]
    lines = [line for entries in lists if isinstance(entries, list) for line in entries if isinstance(line, str)]
    found = [pair for line in lines if _RELEVANT.search(line.encode()) for pair in _requirement(line)]
    poetry = _table(_table(data.get("tool")).get("poetry"))
    groups = [poetry, *(_table(group) for group in _table(poetry.get("group")).values())]
    for group in groups:
        for key in ("dependencies", "dev-dependencies"):
            for name, wanted in _table(group.get(key)).items():
                found += [(_name(name), interval) for interval in _poetry(wanted)]
    return found


def _poetry(wanted: Any) -> Iterator[Interval]:
    """The intervals of one Poetry dependency: a string, a table with ``version``, or a list of these."""
    if isinstance(wanted, list):
        for one in wanted:
            yield from _poetry(one)
    elif isinstance(wanted, dict):
        yield from _poetry(wanted.get("version"))
    elif isinstance(wanted, str):
        for alternative in wanted.split("||"):
            yield _common(_poetry_part(part.strip()) for part in alternative.split(","))


def _poetry_part(part: str) -> Interval:
    from packaging.specifiers import InvalidSpecifier, Specifier

    version = _numbers(part.lstrip("^~ "))
    if version and part.startswith("^"):
        significant = next((index for index, number in enumerate(version) if number), len(version) - 1)
        return Interval(_short(version), _bumped(version[: significant + 1]))
    if version and part.startswith("~") and not part.startswith("~="):
        return Interval(_short(version), _bumped(version[:2]))
    try:
        return _specified(Specifier(part if part[:1] in "<>=!~" else f"=={part}"))
    except InvalidSpecifier:
        return UNKNOWN


def _setup_cfg(path: str) -> list[tuple[str, Interval]]:
    raw = _read(path)
    if not raw:
        return []
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(raw.decode("utf-8", "replace"))
    except configparser.Error:
        return []
    texts = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        texts += [text for _, text in parser.items("options.extras_require")]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [pair for line in lines if _RELEVANT.search(line.encode()) for pair in _requirement(line)]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
