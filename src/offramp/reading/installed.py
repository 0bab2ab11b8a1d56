"""Tells where the code of an importable module is, found and read without importing anything; reading layer."""

from __future__ import annotations

import ast
import os
import sys
from importlib.machinery import PathFinder

_DEEPEST = 10


def module_file(module: str) -> str | None:
    """The Python file of a module that the current directory or the environment has; None for any other."""
    places: list[str] | None = [os.getcwd(), *sys.path]
    spec = None
    for part in module.split("."):
        if places is None:
            return None
        # By its last name: under its whole name, a namespace package asks for its parent among the imported modules.
        spec = PathFinder.find_spec(part, places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations) if spec.submodule_search_locations is not None else None
    origin = spec.origin if spec is not None else None
    return origin if origin is not None and origin.endswith(".py") else None


def parsed(file: str) -> ast.Module:
    """The tree of a Python file. Raises OSError, SyntaxError or ValueError."""
    with open(file, "rb") as opened:
        return ast.parse(opened.read())


def has_name(module: str, name: str) -> bool | None:
    """Return whether a module has a name; None where its code is not found, or it may make names while it runs."""
    file = module_file(module)
    if file is None:
        return None
    if module_file(f"{module}.{name}") is not None:
        return True
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in (
            name,
            "__getattr__",
        ):
            return True if node.name == name else None
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return True
        if isinstance(node, ast.alias):
            if node.name == "*":
                return None
            if (node.asname or node.name.partition(".")[0]) == name:
                return True
    return False


def class_at(path: str) -> tuple[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, str] | None:
    """The class or function at a dotted path and its file, through re-exports; None where there is none."""
    for _ in range(_DEEPEST):
        module, _, name = path.rpartition(".")
        file = module_file(module) if module else None
        if file is None:
            return None
        tree = parsed(file)
        found = class_in(tree, name)
        if found is not None:
            return found, file
        package = module if file.endswith("__init__.py") else module.rpartition(".")[0]
        follow = _imported_from(tree, name, package)
        if follow is None:
            return None
        path = follow
    return None


def class_in(tree: ast.Module, name: str) -> ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The class or function of that name at a module's top level."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node
    return None


def _imported_from(tree: ast.Module, name: str, package: str) -> str | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return ".".join(part for part in (base, node.module or "", alias.name) if part)
    return None
