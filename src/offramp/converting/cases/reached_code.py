"""The code of a file that runs, or may run, with the callable of a task."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.dags.graph import Task
from offramp.python.names import Binding, Names
from offramp.python.nodes import walk


def reached_code(names: Names, task: Task) -> list[ast.AST]:
    """The functions, classes and lambdas of the file whose code runs, or may run, with a task's callable."""
    root = task.function or (task.expression.node if task.expression is not None else None)
    return list(_reached(names, root, set())) if root is not None else []


def _reached(names: Names, root: ast.AST, seen: set[ast.AST]) -> Iterator[ast.AST]:
    if root in seen:
        return
    seen.add(root)
    yield root
    for node in walk(root):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for binding in names.lookup(node.id, node):
                if binding.kind != "import" and binding.node is not None and _is_outside(binding, root):
                    yield from _reached(names, binding.node, seen)


def _is_outside(binding: Binding, root: ast.AST) -> bool:
    return binding.kind in ("function", "class") or (binding.kind != "parameter" and binding.scope.node is not root)
