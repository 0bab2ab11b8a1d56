"""OFR303, OFR302 for entry points, and OFR404: what dependency manifests and ``setup.py`` name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.bans import Bans, normalised
from offramp.finding.names import Names
from offramp.finding.values import Constant, Given, Items, Reference, Table, Value, Values
from offramp.knowledge.api_surface import Surface
from offramp.model import Span
from offramp.reading.manifests import distribution, extras, manifest_kind, manifest_names, names_prefect_dbt
from offramp.reading.source import Source
from offramp.record import NamedTuple

_DEPENDENCY = "airflow-dependency"
_ENTRY_POINT = "dynamic-airflow-import"
_SETUP = ("setuptools.setup", "distutils.core.setup")
_REQUIRES = ("install_requires", "extras_require", "setup_requires", "tests_require")


class Dependency(NamedTuple):
    """One banned name, the detector that it is for, and where it stands."""

    detector: str
    name: str
    span: Span


class UnknownExtra(NamedTuple):
    """An extra that prefect-dbt does not have, those that it has, and where it is asked for."""

    extra: str
    known: tuple[str, ...]
    span: Span


def unknown_extras(source: Source, offered: Surface) -> Iterator[UnknownExtra]:
    """The extras that a manifest or ``setup.py`` asks for and prefect-dbt has not; raises SourceError as its parser."""
    if source.path.endswith(".py"):
        for name, line, span in _required_in_setup(source):
            yield from _unknown(name, extras(line), offered, span)
    elif manifest_kind(source.path) not in ("lock", "pipfile_lock"):
        for named in manifest_names(source.path, source.utf8, names_prefect_dbt):
            yield from _unknown(named.name, named.extras, offered, named.span)


def _unknown(name: str, asked: tuple[str, ...], offered: Surface, span: Span) -> Iterator[UnknownExtra]:
    if normalised(name) == "prefect-dbt":
        known = sorted({normalised(extra) for extra in offered.extras()})
        for extra in asked:
            if normalised(extra) not in known:
                yield UnknownExtra(extra, tuple(name for name in known if name != "dev"), span)


def in_manifest(source: Source, bans: Bans) -> Iterator[Dependency]:
    """The banned distributions and entry points of a manifest; raises SourceError as its parser does."""
    for named in manifest_names(source.path, source.utf8, bans.relevant):
        if named.is_entry_point:
            if _leads_to_banned(named.name, bans):
                yield Dependency(_ENTRY_POINT, named.name, named.span)
        elif bans.distribution(named.name):
            yield Dependency(_DEPENDENCY, named.name, named.span)


def in_setup_py(source: Source, bans: Bans) -> Iterator[Dependency]:
    """The same for what ``setup()`` is given in a ``setup.py``, as far as it is known without running it."""
    for name, _, span in _required_in_setup(source):
        if name and bans.distribution(name):
            yield Dependency(_DEPENDENCY, name, span)
    for given, values in _setups(source):
        if "entry_points" in given:
            for node, text in _strings(given["entry_points"].values, given["entry_points"].node, values):
                target = text.partition("=")[2].partition("[")[0].strip()
                if target and _leads_to_banned(target, bans):
                    yield Dependency(_ENTRY_POINT, target, source.positions.span(node))


def _required_in_setup(source: Source) -> Iterator[tuple[str, str, Span]]:
    """Distribution, requirement and place of everything that ``setup()`` requires."""
    for given, values in _setups(source):
        for argument in (given[name] for name in _REQUIRES if name in given):
            for node, text in _strings(argument.values, argument.node, values):
                yield distribution(text) or "", text, source.positions.span(node)


def _setups(source: Source) -> Iterator[tuple[dict[str, Given], Values]]:
    """The arguments of every call of ``setup()``."""
    names = Names(source.tree)
    values = Values(names, _SETUP.__contains__)
    for call in names.calls:
        if any(isinstance(value, Reference) and value.path in _SETUP for value in values.evaluate(call.func)):
            yield values.arguments(call).given, values


def _strings(found: tuple[Value, ...], node: ast.expr | None, values: Values) -> Iterator[tuple[ast.expr, str]]:
    """Every line of every string in the values, through lists and tables, with its expression."""
    for value in found:
        if isinstance(value, Constant) and isinstance(value.value, str) and node is not None:
            for line in value.value.splitlines():
                if line.strip():
                    yield node, line.strip()
        elif isinstance(value, Items):
            for element in value.nodes:
                yield from _strings(values.evaluate(element), element, values)
        elif isinstance(value, Table):
            for entry in value.entries.values():
                if entry is not None:
                    yield from _strings(values.evaluate(entry), entry, values)


def _leads_to_banned(target: str, bans: Bans) -> bool:
    module, _, name = target.partition(":")
    return bans.module(module.strip(), name.strip().partition(".")[0])
