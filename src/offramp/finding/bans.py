"""Tells which modules and distributions the gate keeps out of one file; may import ``settings`` and ``model``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from offramp.settings import DEFAULT_BANNED

# What astronomer-cosmos 1.x exports at its top, and its modules since 0.3; other packages named cosmos have neither.
_COSMOS = frozenset(
    "DbtDag DbtTaskGroup ProjectConfig ProfileConfig ExecutionConfig RenderConfig ExecutionMode LoadMode "
    "InvocationMode TestBehavior TestIndirectSelection DbtResourceType SourceRenderingBehavior".split()
)
_COSMOS_MODULES = frozenset(
    "airflow cache config constants converter core dataset dbt exceptions hooks io listeners log operators plugin "
    "profiles provider_info providers settings versioning".split()
)
# Distributions whose names do not follow from the module's; a `*` stands for any ending.
_DISTRIBUTIONS = {
    "airflow": ("airflow", "apache-airflow", "apache-airflow-*", "airflow-provider-*", "airflow-providers-*"),
    "cosmos": ("astronomer-cosmos",),
}
# Neither the client of the REST API nor the command line built on it installs Airflow.
_CLIENTS = frozenset({"apache-airflow-client", "apache-airflow-ctl"})


class Bans:
    """The banned modules of one file, without those that are allowed there or are the project's own."""

    def __init__(
        self, banned: Iterable[str] = DEFAULT_BANNED, allowed: Iterable[str] = (), roots: Iterable[str] = ()
    ) -> None:
        """``banned`` and ``allowed`` are as in the settings; ``roots`` hold the project's own packages."""
        self._banned = tuple(banned)
        self._refused = _Names(self._banned)
        self._allowed = tuple(allowed)
        self._granted = _Names(self._allowed)
        self._own = {
            top: contents
            for top in {name.rstrip("*").partition(".")[0] for name in self._banned}
            if (contents := frozenset().union(*(_contents(os.path.join(root, top)) for root in roots)))
        }

    def module(self, module: str, name: str = "") -> bool:
        """Return whether ``import module``, or ``from module import name``, is banned."""
        path = f"{module}.{name}" if name and name != "*" else module
        if not self._refused.cover(path) or self._granted.cover(path):
            return False
        top, *below = path.split(".")
        if top in self._own and (not below or below[0] in self._own[top]):
            return False
        return top != "cosmos" or _is_astronomers(below, name)

    def distribution(self, name: str) -> bool:
        """Return whether installing the distribution ``name`` is banned."""
        name = normalised(name)
        if name in _CLIENTS:
            return False
        return _installs(name, self._banned) and not _installs(name, self._allowed)

    def needles(self) -> Iterator[bytes]:
        """Byte strings of which a Python file that uses anything banned contains one."""
        for name in self._banned:
            yield name.rstrip("*").partition(".")[0].encode()

    def relevant(self, raw: bytes) -> bool:
        """Return whether a manifest may name anything banned."""
        return _pattern(self._banned).search(raw) is not None


def normalised(name: str) -> str:
    """A distribution's name in the one spelling that package indexes compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


class _Names:
    """Modules with all that is below them; a ``*`` stands for any ending."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = frozenset(names)
        self._beginnings = tuple(name[:-1] if name.endswith("*") else f"{name}." for name in self._exact)

    def cover(self, path: str) -> bool:
        return path in self._exact or path.startswith(self._beginnings)


def _is_astronomers(below: list[str], name: str) -> bool:
    """Return whether what is taken from ``cosmos`` is there in astronomer-cosmos."""
    if not below:
        return False
    return below[0] in _COSMOS_MODULES or (len(below) == 1 and name in _COSMOS)


def _installs(distribution: str, modules: Iterable[str]) -> bool:
    return any(
        distribution.startswith(wanted[:-1]) if wanted.endswith("*") else distribution == wanted
        for module in modules
        for wanted in _distributions(module)
    )


def _distributions(module: str) -> tuple[str, ...]:
    if module.startswith("airflow.providers"):
        provider = f"apache-{normalised(module)}"
        return (provider, f"{provider}-*")
    return _DISTRIBUTIONS.get(module) or (normalised(module),)


@lru_cache(maxsize=32)
def _pattern(banned: tuple[str, ...]) -> re.Pattern[bytes]:
    words = {name.rstrip("*") for module in banned for name in (module, *_distributions(module))}
    return re.compile("|".join(_spellings(word) for word in sorted(words)).encode(), re.IGNORECASE)


def _spellings(word: str) -> str:
    return r"[-_.]+".join(re.escape(part) for part in re.split("[-_.]+", word) if part)


@lru_cache(maxsize=256)
def _contents(package: str) -> frozenset[str]:
    """The names below a package of the project: its modules and what its ``__init__.py`` mentions."""
    init = os.path.join(package, "__init__.py")
    if not os.path.isfile(init):
        return frozenset()
    with open(init, "rb") as file:
        words = re.findall(rb"[^\W\d]\w*", file.read())
    stems = (entry.partition(".")[0] for entry in os.listdir(package))
    return frozenset([*stems, *(word.decode("ascii", "replace") for word in words)])
