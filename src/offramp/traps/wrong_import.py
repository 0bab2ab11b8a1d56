"""OFR403: imports from prefect-dbt that fail, or warn that they will."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.trap import File, Trap
from offramp.knowledge.api_surface import Surface
from offramp.prefect_code.signatures import surface_of
from offramp.python.names import Names, expects_failure
from offramp.python.nodes import walk

SLOTS = ("sentence",)
_PACKAGE = "prefect_dbt"
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# In the condition of an ``if``, these ask for the version or for what is there.
_ASKING = ("version", "type_c", "find_spec", "hasattr")


def find(file: File) -> Iterator[Trap]:
    """Imports of what no release that may be in use has, or of what all of them call deprecated."""
    module, offered = file.module, surface_of(file.versions)
    for node in walk(module.tree) if offered is not None else ():
        if not isinstance(node, ast.Import | ast.ImportFrom) or _is_guarded(module.names, node):
            continue
        for alias in node.names:
            sentence = _sentence(offered, node, alias)
            if sentence:
                yield Trap(alias, {"sentence": sentence}, alias)


def _sentence(offered: Surface | None, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """Return what is wrong with one imported name; empty for nothing."""
    where = alias.name if isinstance(node, ast.Import) else (node.module or "")
    is_relative = isinstance(node, ast.ImportFrom) and node.level > 0
    if offered is None or is_relative or where.partition(".")[0] != _PACKAGE:
        return ""
    first, last = offered.releases[0], offered.releases[-1]
    releases = f"prefect-dbt {first}" if first == last else f"prefect-dbt {first} to {last}"
    if not offered.is_module(where):
        return f"there is no module `{where}` in {releases}: the import fails"
    if isinstance(node, ast.ImportFrom) and alias.name != "*" and not offered.exists(f"{where}.{alias.name}"):
        homes = offered.homes(alias.name)
        hint = f"it is in `{homes[0]}`" if homes else f"{releases} does not have it"
        return f"`{alias.name}` is not in `{where}`: the import fails; {hint}"
    since = offered.deprecated(where)
    return f"`{where}` is deprecated since prefect-dbt {since} and warns when it is imported" if since else ""


def _is_guarded(names: Names, node: ast.stmt) -> bool:
    """Return whether an import may fail, or is left out, as planned."""
    if expects_failure(names, node):
        return True
    inner: ast.AST = node
    for outer in names.ancestors(node):
        if isinstance(outer, ast.ExceptHandler) and _catches(outer):
            return True
        if isinstance(outer, ast.Try) and inner in outer.body and any(map(_catches, outer.handlers)):
            return True
        if isinstance(outer, ast.If) and any(word in ast.unparse(outer.test).lower() for word in _ASKING):
            return True
        inner = outer
    return False


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(caught).rpartition(".")[2] in _CAUGHT for caught in types)
