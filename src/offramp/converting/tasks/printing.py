"""Prints to files that Prefect's own ``print`` may stumble over.

Under ``log_prints`` Prefect puts a ``print`` of its own in place of Python's, which looks for the file in a set: one
without a hash, as lists and dataclasses are, fails the task (3.8.8).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from offramp.finding.operators import Module
from offramp.python.nodes import walk
from offramp.python.values import Constant, Reference


def prints_to_unknown_files(module: Module, code: Iterable[ast.AST]) -> bool:
    """Return whether code prints to a file that is not known to be one of Python's or a library's."""
    calls = [node for part in code for node in walk(part) if isinstance(node, ast.Call)]
    printed = [call for call in calls if module.values.single(call.func) == Reference("builtins.print")]
    files = [keyword.value for call in printed for keyword in call.keywords if keyword.arg in ("file", None)]
    return not all(_is_plain(module, file) for file in files)


def _is_plain(module: Module, file: ast.expr) -> bool:
    if isinstance(file, ast.Name):
        bound = [binding.node for binding in module.names.lookup(file.id, file)]
        return bool(bound) and all(isinstance(node, ast.Call) and _is_plain(module, node) for node in bound)
    if isinstance(file, ast.Call):
        method = isinstance(file.func, ast.Attribute) and file.func.attr == "open"
        return method or isinstance(module.values.single(file.func), Reference)
    return isinstance(module.values.single(file), Constant | Reference)
