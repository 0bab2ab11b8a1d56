"""OFR301: every import of a banned module, wherever it stands; needs no names or values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.bans import Bans
from offramp.record import NamedTuple

# What holds statements, last part first, by kind of node; by name, as Python 3.10 has no TryStar.
BODIES = {
    "Module": ("body",),
    "FunctionDef": ("body",),
    "AsyncFunctionDef": ("body",),
    "ClassDef": ("body",),
    "If": ("orelse", "body"),
    "For": ("orelse", "body"),
    "AsyncFor": ("orelse", "body"),
    "While": ("orelse", "body"),
    "With": ("body",),
    "AsyncWith": ("body",),
    "Try": ("finalbody", "orelse", "handlers", "body"),
    "TryStar": ("finalbody", "orelse", "handlers", "body"),
    "ExceptHandler": ("body",),
    "Match": ("cases",),
    "match_case": ("body",),
}


class Imported(NamedTuple):
    """One imported name: the node it stands on, its statement, and its dotted path."""

    node: ast.alias
    statement: ast.stmt
    path: str


def banned_imports(tree: ast.Module, bans: Bans) -> Iterator[Imported]:
    """The import statements of banned modules, in source order."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                if bans.module(alias.name):
                    yield Imported(alias, node, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module is not None:
                for alias in node.names:
                    if bans.module(node.module, alias.name):
                        yield Imported(alias, node, f"{node.module}.{alias.name}")
        else:
            for field in BODIES.get(type(node).__name__, ()):
                stack.extend(reversed(getattr(node, field)))
