"""Names in dependency manifests and some Python files: distributions to install, extras and entry points."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator

from offramp.finding.trap import File
from offramp.model import Span
from offramp.python.code import values_of
from offramp.python.evaluation import Values
from offramp.python.libraries import Libraries
from offramp.python.names import Names
from offramp.python.values import UNKNOWN, Constant, Given, Items, Reference, Table, Value
from offramp.reading.manifests import Named, manifest_names, script_names
from offramp.reading.requirements import arguments, distribution, extras, installed
from offramp.reading.source import Source

_SETUP = ("setuptools.setup", "distutils.core.setup")
# Methods of a Nox session that install, and those that run.
_INSTALLING = ("install", "conda_install")
_RUNNING = ("run", "run_install", "run_always")
_REQUIRES = ("install_requires", "extras_require", "setup_requires", "tests_require")


def required(file: File, relevant: Callable[[bytes], bool]) -> Iterator[Named]:
    """The distributions that a file asks for, as far as it is known without running it; raises SourceError."""
    source = file.source
    if not file.is_manifest:
        yield from _required_in_python(source, relevant)
    else:
        yield from (named for named in manifest_names(source.path, source.utf8, relevant) if not named.is_entry_point)


def entry_points(file: File) -> Iterator[tuple[str, Span]]:
    """The modules and objects, ``module:name``, that entry points of a file lead to; raises SourceError."""
    source = file.source
    if file.is_manifest:
        for named in manifest_names(source.path, source.utf8, file.bans.relevant):
            if named.is_entry_point:
                yield named.name, named.span
        return
    for given, values in _setups(source):
        if "entry_points" in given:
            for node, text in _strings(given["entry_points"].values, given["entry_points"].node, values):
                target = text.partition("=")[2].partition("[")[0].strip()
                if target:
                    yield target, source.positions.span(node)


def _required_in_python(source: Source, relevant: Callable[[bytes], bool]) -> Iterator[Named]:
    yield from script_names(source.utf8, relevant)
    requirements = (*_required_in_setup(source), *_required_in_sessions(source))
    for node, line in requirements:
        name = distribution(line)
        if name:
            yield Named(name, False, source.positions.span(node), extras(line))


def _required_in_setup(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """Everything that ``setup()`` requires, each with its expression."""
    for given, values in _setups(source):
        for argument in (given[name] for name in _REQUIRES if name in given):
            yield from _strings(argument.values, argument.node, values)


def _required_in_sessions(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """Everything that the sessions of a ``noxfile.py`` install, each with its expression."""
    if os.path.basename(source.path) != "noxfile.py":
        return
    names = Names(source.tree)
    values = values_of(names, Libraries(exists=_SETUP.__contains__))
    for call in names.calls:
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method in _INSTALLING or method in _RUNNING:
            words = [word for argument in call.args for word in _words(argument, values)]
            texts = [text for _, text in words]
            for place, line in arguments(texts) if method in _INSTALLING else installed(texts):
                yield words[place][0], line


def _words(argument: ast.expr, values: Values) -> Iterator[tuple[ast.expr, str]]:
    """The strings of one positional argument, with all of a list behind a star."""
    node = argument.value if isinstance(argument, ast.Starred) else argument
    yield from _strings(values.evaluate(node), node, values)


def _setups(source: Source) -> Iterator[tuple[dict[str, Given], Values]]:
    """The arguments of every call of ``setup()`` in a ``setup.py``."""
    if os.path.basename(source.path) != "setup.py":
        return
    names = Names(source.tree)
    values = values_of(names, Libraries(exists=_SETUP.__contains__))
    for call in names.calls:
        if any(isinstance(value, Reference) and value.path in _SETUP for value in values.evaluate(call.func)):
            yield values.arguments(call).given, values


def _strings(found: tuple[Value, ...], node: ast.expr | None, values: Values) -> Iterator[tuple[ast.expr, str]]:
    """Every line of every string in the values, through lists and tables, with its expression."""
    for value in found:
        text = _text(value, node, values)
        if text is not None and node is not None:
            for line in text.splitlines():
                if line.strip():
                    yield node, line.strip()
        elif isinstance(value, Items):
            for element in value.nodes:
                yield from _strings(values.evaluate(element), element, values)
        elif isinstance(value, Table):
            for entry in value.entries.values():
                if entry is not None:
                    yield from _strings(values.evaluate(entry), entry, values)


def _text(value: Value, node: ast.expr | None, values: Values) -> str | None:
    """A string; where its expression has parts that are not known, with `{}` for them, as in a version."""
    if isinstance(value, Constant):
        return value.value if isinstance(value.value, str) else None
    parts = values.text(node) if value is UNKNOWN and node is not None else None
    return "".join(part if isinstance(part, str) else "{}" for part in parts) if parts else None
