"""Judges code that stays as it is: it must need neither Airflow nor the tasks and DAGs that go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.converting.cases.airflow_imports import imports_airflow, is_airflow
from offramp.model import Blocker
from offramp.python.nodes import walk

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case


def judge(case: Case, statement: ast.stmt) -> Iterator[Blocker]:
    """All that a statement needs and a file of flows does not have."""
    for node in walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node not in case.hook_names and statement not in case.default_args:
                yield from _of_name(case, node)
        elif isinstance(node, ast.Import | ast.ImportFrom) and imports_airflow(node):
            if node is not statement:
                yield Blocker("imports Airflow, and this code stays", node)
            elif isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                yield Blocker("imports everything from an Airflow module", node)


def _of_name(case: Case, name: ast.Name) -> Iterator[Blocker]:
    names = case.module.names
    bindings = names.lookup(name.id, name)
    if any(binding.kind == "import" and is_airflow(binding.target) for binding in bindings):
        yield Blocker(f"`{name.id}` is Airflow's, and this code stays", name)
    inside = name.id in case.leaving.gone and names.place(name)[0] is not names.module
    if inside and any(binding.scope is names.module for binding in bindings):
        yield Blocker(f"`{name.id}` is a task or DAG, and this code stays", name)
