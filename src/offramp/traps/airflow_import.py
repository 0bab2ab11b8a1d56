"""OFR301: imports of banned modules, wherever they stand; needs no names or values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.statement_bodies import BODIES
from offramp.finding.trap import File, Trap

SLOTS = ("name",)


def find(file: File) -> Iterator[Trap]:
    """The import statements of banned modules, in source order."""
    source, bans = file.source, file.bans
    stack: list[ast.AST] = [source.import_statements(bans.needles())]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias, path in _imported(node):
                if bans.module(*path):
                    name = ".".join(filter(None, path))
                    yield Trap(alias, {"name": name}, name, statement=node)
        else:
            for field in BODIES.get(type(node).__name__, ()):
                stack.extend(reversed(getattr(node, field)))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, tuple[str, str]]]:
    """The names that a statement imports, each with the module and what is taken from it."""
    if isinstance(node, ast.Import):
        yield from ((alias, (alias.name, "")) for alias in node.names)
    elif node.level == 0 and node.module is not None:
        yield from ((alias, (node.module, alias.name)) for alias in node.names)
