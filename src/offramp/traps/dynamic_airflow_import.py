"""OFR302: banned modules that are imported by a string, in a call or an entry point."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from offramp.finding.bans import Bans
from offramp.finding.trap import File, Trap
from offramp.knowledge.libraries import AIRFLOW
from offramp.python.code import values_of
from offramp.python.evaluation import Values
from offramp.python.importers import IMPORTERS
from offramp.python.libraries import absolute
from offramp.python.names import Names
from offramp.python.values import Constant, Reference
from offramp.reading.prefilter import declares_dependencies

SLOTS = ("name",)
_RUNS_A_PATH = "runpy.run_path"
# Importing function -> its parameters, by position.
_IMPORTERS = IMPORTERS | {_RUNS_A_PATH: ("path_name",)}
# Directories that packages are installed in.
_INSTALLED = re.compile(r"(?:^|[/\\])(?:site|dist)-packages[/\\]")
# The first parameter of the functions of this name in Airflow, Django and Werkzeug.
_IMPORT_STRING = ("dotted_path", "import_name")


def matters(raw: bytes, bans: Bans) -> bool:
    """Return whether a manifest may name something banned."""
    return bans.relevant(raw)


def find(file: File) -> Iterator[Trap]:
    """The calls, and the entry points of what is to be installed; raises SourceError as the parser of a manifest does.

    Of a string that is known only in part, the name is the part before the first gap.
    """
    source = file.source
    if not file.is_manifest:
        yield from _calls(source.tree, file.bans)
    if file.is_manifest or declares_dependencies(source.path, source.utf8):
        from offramp.finding.dependencies import entry_points

        for target, span in entry_points(file):
            if _leads_to_banned(target, file.bans):
                yield Trap(span, {"name": target}, target)


def _leads_to_banned(target: str, bans: Bans) -> bool:
    module, _, name = target.partition(":")
    return bans.module(module.strip(), name.strip().partition(".")[0])


def _calls(tree: ast.Module, bans: Bans) -> Iterator[Trap]:
    """The calls that import a banned module by name, in source order."""
    names = Names(tree)
    values = values_of(names, AIRFLOW._replace(exists=_IMPORTERS.__contains__))
    for call in names.calls:
        for value in values.evaluate(call.func):
            path = value.path if isinstance(value, Reference) else ""
            parameters = _parameters(path)
            found = _imported(call, parameters, values, bans, runs=path == _RUNS_A_PATH) if parameters else None
            if found is not None:
                node, path = found
                yield Trap(node, {"name": path}, path, statement=names.statement(node))
                break


def _parameters(path: str) -> tuple[str, ...]:
    if path.endswith(".import_string"):
        return _IMPORT_STRING[:1]
    return _IMPORTERS.get(path, ())


def _imported(
    call: ast.Call, parameters: tuple[str, ...], values: Values, bans: Bans, *, runs: bool
) -> tuple[ast.expr, str] | None:
    """The expression of what is imported and its module, if that is banned; ``runs`` stands for a file that is run."""
    given = values.arguments(call, parameters).given
    aliases = (*parameters[:1], *_IMPORT_STRING)
    argument = next((given[name] for name in aliases if name in given), None)
    if argument is None or argument.node is None:
        return None
    package = given.get("package")
    around = package.constant.value if package is not None and package.constant is not None else None
    for value in argument.values:
        if isinstance(value, Constant) and isinstance(value.value, str):
            path = _module_at(value.value) if runs else absolute(value.value.replace(":", "."), around)
            if path and _is_banned(path, bans):
                return argument.node, path
    if runs:
        return None
    literal = takewhile(lambda part: isinstance(part, str), values.text(argument.node) or ())
    # Only up to the last dot is it certain which module is meant.
    known = "".join(map(str, literal)).rpartition(".")[0]
    if known and not known.startswith(".") and _is_banned(known.replace(":", "."), bans):
        return argument.node, known
    return None


def _module_at(path: str) -> str:
    """The module of a file among installed packages; empty for any other file, which may be the project's own."""
    found = _INSTALLED.search(path)
    if found is None:
        return ""
    return re.sub(r"[/\\]", ".", path[found.end() :].removesuffix(".py")).removesuffix(".__main__")


def _is_banned(path: str, bans: Bans) -> bool:
    module, _, name = path.rpartition(".")
    return bans.module(module, name) if module else bans.module(path)
