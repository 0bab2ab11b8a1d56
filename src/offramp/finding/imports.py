"""OFR301: every import of a banned module, wherever it stands; needs no names or values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from offramp.finding.bans import Bans


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
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case | ast.Module):
            for field in ("finalbody", "orelse", "handlers", "cases", "body"):
                children = getattr(node, field, None)
                if isinstance(children, list):
                    stack.extend(reversed(children))
