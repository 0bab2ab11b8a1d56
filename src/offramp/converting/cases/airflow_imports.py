"""Tells what is imported from Airflow, and from what runs in it alone: the flows run without."""

from __future__ import annotations

import ast

from offramp.editing.imports import AIRFLOW_PACKAGES


def is_airflow(target: str) -> bool:
    """Return whether a dotted path belongs to Airflow or its retired companions."""
    return target.partition(".")[0] in AIRFLOW_PACKAGES


def imports_airflow(node: ast.AST) -> bool:
    """Return whether a statement imports from Airflow."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and is_airflow(node.module or "")
    return isinstance(node, ast.Import) and any(is_airflow(alias.name) for alias in node.names)
