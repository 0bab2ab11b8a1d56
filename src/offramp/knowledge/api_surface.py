"""Tells what prefect-dbt offers, by release: names, parameters, kinds and extras; knowledge layer.

The data is ``prefect_dbt.json``, which ``scripts/snapshot_prefect_dbt.py`` reads from the published packages. It is
loaded when first asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from offramp.record import NamedTuple

Version = tuple[int, ...]
# From the first version (inclusive) to the second (exclusive; None: open).
Range = tuple[Version, Version | None]
_PACKAGE = "prefect_dbt"
_DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "prefect_dbt.json")
# What Prefect itself takes out of the arguments of flows, tasks and methods.
_PREFECTS_OWN = {
    "flow": frozenset({"return_state", "wait_for"}),
    "task": frozenset({"return_state", "wait_for", "deferred"}),
    "method": frozenset({"_sync"}),
}
_BLOCKS = ("block", "model", "settings")


class Signature(NamedTuple):
    """All that a callable takes; ``many`` and ``rest`` say that it has ``*args`` and ``**kwargs``."""

    positional: tuple[str, ...]
    keywords: frozenset[str]
    required: frozenset[str]
    many: bool
    rest: bool

    def unknown(self, given: Iterable[str]) -> list[str]:
        """The given keywords that are not parameters."""
        return [] if self.rest else [name for name in given if name not in self.keywords]

    def missing(self, positional: int, given: Iterable[str]) -> list[str]:
        """The required parameters that a call with so many positional arguments and these keywords leaves out."""
        return sorted(self.required - set(self.positional[:positional]) - set(given))


class Definition(NamedTuple):
    """A function, method or class.

    ``kind`` is ``flow``, ``task``, ``function``, ``method`` or ``property``; for a class ``block`` and ``model``
    (unknown arguments are ignored in silence), ``settings`` (they raise), ``class`` (its constructor binds them),
    ``enum``, or ``open`` where not all that it takes is known. ``by_context`` says that Prefect makes a coroutine
    of its call only where an event loop runs; ``is_async`` that its call always gives one.
    """

    path: str
    kind: str
    is_async: bool
    by_context: bool
    takes: Signature
    methods: dict[str, Definition]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def is_class(self) -> bool:
        """Return whether calling it makes an object."""
        return self.kind in (*_BLOCKS, "class", "enum", "open")

    def accepts(self, given: Iterable[str]) -> list[str]:
        """The given keywords that neither it nor Prefect takes."""
        if self.kind in ("open", "enum", "property"):
            return []
        unknown = [name for name in self.takes.unknown(given) if name not in _PREFECTS_OWN.get(self.kind, ())]
        # pydantic's own begin so: _env_file, _secrets_dir ...
        return [name for name in unknown if self.kind != "settings" or not name.startswith("_")]

    def most_positional(self) -> int | None:
        """Return how many positional arguments it takes; None where that may be any number."""
        # pydantic's settings take arguments of their own by position.
        if self.takes.many or self.kind in ("open", "enum", "property", "settings"):
            return None
        return len(self.takes.positional)


class Surface:
    """prefect-dbt in the releases that a project may have installed; ``releases`` are their versions, oldest first."""

    def __init__(self, chosen: Sequence[int]) -> None:
        self._data = _load()
        self._chosen = tuple(chosen)
        self.releases = tuple(self._data["releases"][index] for index in chosen)

    def definitions(self, path: str) -> list[Definition]:
        """Return what a dotted path is in those of the releases that have it, once per difference."""
        found: list[Definition] = []
        for index in self._chosen:
            definition = self._definition(path, index)
            if definition is not None and definition not in found:
                found.append(definition)
        return found

    def is_module(self, path: str) -> bool:
        """Return whether a dotted path is a module in one of the releases."""
        return any(_at(self._data["names"].get(path), index) == "module" for index in self._chosen)

    def exists(self, path: str) -> bool:
        """Return whether a dotted path can be imported in one of the releases, or might be."""
        module, _, name = path.rpartition(".")
        if name in self._data["others"].get(module, "").split():
            return True
        return any(
            _at(self._data[table].get(path), index) is not None
            for table in ("names", "definitions")
            for index in self._chosen
        )

    def homes(self, name: str) -> list[str]:
        """The public modules of the newest release from which a name can be imported, the shortest first."""
        modules = self._modules.get(name, ())
        return sorted(modules, key=lambda module: (self.deprecated(module) != "", module.count("."), module))

    @cached_property
    def _modules(self) -> dict[str, list[str]]:
        """The public modules of the newest release that have each name."""
        newest = self._chosen[-1]
        found: dict[str, list[str]] = {}
        for table in ("names", "definitions"):
            for path, changes in self._data[table].items():
                module, _, name = path.rpartition(".")
                if "._" not in module and _at(changes, newest) not in (None, "module"):
                    found.setdefault(name, []).append(module)
        return found

    def deprecated(self, module: str) -> str:
        """The first release in which a module, or the package it is in, warns that it is deprecated; empty for none.

        Of the releases of this surface, all must warn.
        """
        for path, changes in self._data["deprecated"].items():
            if f"{module}.".startswith(f"{path}.") and all(_at(changes, index) for index in self._chosen):
                return str(self._data["releases"][next(since for since, text in changes if text)])
        return ""

    def extras(self) -> frozenset[str]:
        """The extras of any of the releases."""
        return frozenset(extra for index in self._chosen for extra in _at(self._data["extras"], index).split())

    def _definition(self, path: str, index: int) -> Definition | None:
        origin = _at(self._data["names"].get(path), index) or path
        known = _at(self._data["definitions"].get(origin), index)
        return _parsed(origin, known) if isinstance(known, str) else _class(origin, index) if known else None


def surface(prefect: Range = ((), None), prefect_dbt: Range = ((), None)) -> Surface | None:
    """The releases that are possible with these versions; None where nothing is known about those.

    Without any bound, those that run on Prefect 3. The newest known release stands for later ones.
    """
    if prefect == ((), None) == prefect_dbt:
        prefect = ((3,), None)
    return _surface(prefect, prefect_dbt)


def newest() -> Surface:
    """The newest release known."""
    return Surface([len(_load()["releases"]) - 1])


@lru_cache(maxsize=16)
def _surface(prefect: Range, prefect_dbt: Range) -> Surface | None:
    data = _load()
    versions = [_version(release) for release in data["releases"]]
    asked = [index for index, version in enumerate(versions) if _within(version, prefect_dbt)]
    if prefect_dbt[0] > versions[-1]:
        asked = [len(versions) - 1]
    fitting = [index for index in asked if _overlap(_at(data["requires"], index), prefect)]
    chosen = fitting or (asked if prefect_dbt != ((), None) else [])
    return Surface(chosen) if chosen else None


def prefect_has(module: str, name: str, major: int) -> bool | None:
    """Return whether a module of Prefect has a name in the release for a major version; None when not known."""
    release = next((release for release in _load()["prefect"] if release.startswith(f"{major}.")), "")
    names = _load()["prefect"].get(release, {}).get(module)
    return None if names is None else name in names.split()


@lru_cache(maxsize=1)
def _load() -> dict[str, Any]:
    import json

    with open(_DATA, encoding="utf-8") as file:
        return json.load(file)  # type: ignore[no-any-return]


def _at(changes: list[list[Any]] | None, index: int) -> Any:
    """The value that holds in the release with this index."""
    held = None
    for since, value in changes or ():
        if since > index:
            break
        held = value
    return held


def _version(text: str) -> Version:
    version = tuple(int(part) for part in text.split("."))
    while version and version[-1] == 0:
        version = version[:-1]
    return version


def _within(version: Version, wanted: Range) -> bool:
    return wanted[0] <= version and (wanted[1] is None or version < wanted[1])


def _overlap(required: list[str], wanted: Range) -> bool:
    low, high = _version(required[0]), _version(required[1]) if len(required) > 1 else None
    highs = [bound for bound in (high, wanted[1]) if bound is not None]
    return not highs or max(low, wanted[0]) < min(highs)


@lru_cache(maxsize=512)
def _parsed(path: str, text: str) -> Definition:
    """A definition written as ``async task(job_id, options=None)``."""
    words, _, rest = text.partition("(")
    *marks, kind = words.split()
    by_context = "sync_compatible" in marks or "async_dispatch" in marks
    takes = _signature(rest.removesuffix(")"))
    return Definition(path, kind, "async" in marks and not by_context, by_context, takes, {})


@lru_cache(maxsize=128)
def _class(path: str, index: int) -> Definition:
    known = _at(_load()["definitions"][path], index)
    methods = {name: _parsed(f"{path}.{name}", text) for name, text in known["methods"].items()}
    return Definition(path, known["kind"], False, False, _signature(known["takes"]), methods)


@lru_cache(maxsize=512)
def _signature(text: str) -> Signature:
    import ast

    function = ast.parse(f"def f({text}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    taken = function.args
    positional = tuple(parameter.arg for parameter in (*taken.posonlyargs, *taken.args))
    keywords = frozenset(parameter.arg for parameter in (*taken.args, *taken.kwonlyargs))
    required = set(positional[: len(positional) - len(taken.defaults)])
    required |= {name.arg for name, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if default is None}
    return Signature(positional, keywords, frozenset(required), taken.vararg is not None, taken.kwarg is not None)
