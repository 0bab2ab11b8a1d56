"""OFR301: every import of Airflow, wherever it stands; needs no names or values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

# What astronomer-cosmos 1.x exports at its top; other packages named cosmos do not.
_COSMOS = frozenset(
    "DbtDag DbtTaskGroup ProjectConfig ProfileConfig ExecutionConfig RenderConfig ExecutionMode LoadMode "
    "InvocationMode TestBehavior TestIndirectSelection DbtResourceType SourceRenderingBehavior".split()
)
_COSMOS_MODULES = frozenset(
    "airflow cache config constants converter core dataset dbt exceptions hooks io listeners log operators plugin "
    "profiles provider_info settings versioning".split()
)


class Imported(NamedTuple):
    """One imported name: the node it stands on, its statement, and its dotted path."""

    node: ast.alias
    statement: ast.stmt
    path: str


def airflow_imports(tree: ast.Module, first_party: frozenset[str]) -> Iterator[Imported]:
    """The imports of ``airflow``, ``airflow_dbt*`` and astronomer-cosmos, in source order.

    ``first_party`` names the packages of the project itself, which are never meant.
    """
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _banned(alias.name, "", first_party):
                    yield Imported(alias, node, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module is not None:
                for alias in node.names:
                    if _banned(node.module, alias.name, first_party):
                        yield Imported(alias, node, f"{node.module}.{alias.name}")
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case | ast.Module):
            for field in ("finalbody", "orelse", "handlers", "cases", "body"):
                children = getattr(node, field, None)
                if isinstance(children, list):
                    stack.extend(reversed(children))


def _banned(module: str, name: str, first_party: frozenset[str]) -> bool:
    top, _, rest = module.partition(".")
    if top in first_party:
        return False
    if top == "airflow" or top.startswith("airflow_dbt"):
        return True
    if top == "cosmos":
        return rest.partition(".")[0] in _COSMOS_MODULES if rest else name in _COSMOS or name in _COSMOS_MODULES
    return False
