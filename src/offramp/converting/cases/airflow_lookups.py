"""Module-level code that only serves the DAGs: it looks for Airflow's names, here or there, or configures Cosmos.

A file that serves Airflow 2 and 3 imports what has moved in the arms of a ``try`` or of a condition, and asks for
Airflow's version before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Set

from offramp.converting.cases.airflow_imports import imports_airflow, is_airflow
from offramp.finding.configurations import configures, is_configuration
from offramp.finding.operators import Module
from offramp.python.effects import TEXT_METHODS, TEXT_ONLY_OF_TEXT, TEXT_READING_METHODS, callables
from offramp.python.nodes import walk
from offramp.python.values import Constant, Member, Reference, Value

# What a condition may call, and a name be bound to, without any effect but its value.
_VERSIONS = ("packaging.version.", "distutils.version.", "importlib.metadata.version")
# Beginnings of the names of functions that give a value, and do nothing else.
_READING = ("pathlib.", "os.environ.get", "os.getenv", "os.path.", "datetime.timedelta")
_PLAIN_CALLS = callables("reads", without="asks opens shows") | callables("copies", without="takes")
_METHODS_OF_TEXT = TEXT_METHODS | TEXT_ONLY_OF_TEXT | TEXT_READING_METHODS


def lookups(module: Module, plain: Iterable[ast.stmt], going: Iterable[ast.stmt], kept: Set[ast.stmt]) -> set[ast.stmt]:
    """Return the ``plain`` statements that only serve the DAGs, and bind no names that other code needs.

    ``going`` are the other statements that are not in the file of flows, but for those inside that are ``kept``.
    """
    found = {statement for statement in plain if _looks_up(module, statement)}
    others = set(going)
    while needed := {statement for statement in found if not _names_go(module, statement, found | others, kept)}:
        found -= needed
    return found


def _looks_up(module: Module, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return _asks_airflow(module, statement.value) and (
            _is_plain(module, statement.value) or _configures(module, statement.value)
        )
    return isinstance(statement, ast.Try | ast.If) and _imports(statement) > 0 and _only_imports(module, statement)


def _configures(module: Module, node: ast.expr) -> bool:
    """Return whether an expression makes a configuration of Cosmos, of values that have no effect themselves."""
    if not is_configuration(module.values, node):
        return False
    callees = (module.values.single(inner.func) for inner in walk(node) if isinstance(inner, ast.Call))
    return all(configures(callee) or isinstance(callee, Constant | Member) or _reads(callee) for callee in callees)


def _reads(callee: Value | None) -> bool:
    return isinstance(callee, Reference) and (callee.path in _PLAIN_CALLS or callee.path.startswith(_READING))


def _imports(statement: ast.stmt) -> int:
    return sum(isinstance(node, ast.Import | ast.ImportFrom) for node in walk(statement))


def _only_imports(module: Module, statement: ast.stmt) -> bool:
    """Return whether a statement does nothing but import from Airflow and bind plain values, in arms or without."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return imports_airflow(statement)
    if isinstance(statement, ast.Assign):
        return _is_plain(module, statement.value)
    if isinstance(statement, ast.If):
        inner = [*statement.body, *statement.orelse]
        return _is_plain(module, statement.test) and all(_only_imports(module, one) for one in inner)
    if isinstance(statement, ast.Try):
        handled = [inner for handler in statement.handlers for inner in handler.body]
        inner = [*statement.body, *handled, *statement.orelse, *statement.finalbody]
        return all(_only_imports(module, one) for one in inner)
    return isinstance(statement, ast.Pass)


def _asks_airflow(module: Module, node: ast.expr) -> bool:
    return any(
        binding.kind == "import" and is_airflow(binding.target)
        for name in walk(node)
        if isinstance(name, ast.Name)
        for binding in module.names.lookup(name.id, name)
    )


def _is_plain(module: Module, node: ast.expr) -> bool:
    """Return whether an expression has no effect but its value: it calls nothing but what compares versions."""
    for inner in walk(node):
        if isinstance(inner, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom | ast.Lambda):
            return False
        if isinstance(inner, ast.Call) and not _compares_versions(module, inner.func):
            return False
    return True


def _compares_versions(module: Module, callee: ast.expr) -> bool:
    value = module.values.single(callee)
    if isinstance(value, Reference) and (value.path in _PLAIN_CALLS or value.path.startswith(_VERSIONS)):
        return True
    return isinstance(callee, ast.Attribute) and callee.attr in _METHODS_OF_TEXT


def _names_go(module: Module, statement: ast.stmt, going: set[ast.stmt], kept: Set[ast.stmt]) -> bool:
    """Return whether only code that goes reads the names that a statement binds to something else than Airflow's."""
    inside = set(walk(statement))
    names = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    # Code that stays and reads a name of Airflow's prevents the conversion by itself.
    names -= {node.asname or node.name for node in inside if isinstance(node, ast.alias)}
    if any(isinstance(text, ast.Constant) and text.value in names for text in module.names.strings):
        # By its name as a text, `__all__` or `globals()` may give it to anyone.
        return False
    loads = [load for name in names for load in module.names.loads.get(name, ())]
    around = ([*module.names.ancestors(load)] for load in loads if load not in inside)
    return all(not going.isdisjoint(outer) and kept.isdisjoint(outer) for outer in around)
