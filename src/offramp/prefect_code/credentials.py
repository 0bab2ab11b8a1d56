"""prefect-dbt's credentials: the calls that make or change them, with what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.api_key_strings import CREDENTIALS
from offramp.finding.operators import Module
from offramp.knowledge.prefect_dbt_calls import CLASSES
from offramp.python.evaluation import Values
from offramp.python.values import Given, Local, Made, Member, Partial, Reference, Table, Value

# pydantic's ways to make an object and to change a copy of one (1 and 2), with where the fields stand.
_FROM_FIELDS = ("construct", "model_construct")
_FROM_DICT = ("model_validate", "parse_obj")
_COPIES = ("copy", "model_copy")


def credentials(module: Module) -> Iterator[tuple[ast.Call, dict[str, ast.expr]]]:
    """The calls that make credentials, or a partial or copy of them, with the expressions given to them."""
    values = module.values
    for call in module.names.calls:
        given = next((found for value in values.evaluate(call.func) if (found := _fields(values, call, value))), None)
        if given is None and any(
            isinstance(value, Partial) and _makes(values, value) for value in values.evaluate(call)
        ):
            given = values.arguments(call).given
        if given is not None:
            yield call, {name: value.node for name, value in given.items() if value.node is not None}


def _fields(values: Values, call: ast.Call, callee: Value) -> dict[str, Given] | None:
    """Return what a call gives to the fields of credentials; None where it does not make them."""
    if isinstance(callee, Partial) and _makes(values, callee):
        # What the partial gives is told where it is made.
        return {name: one for name, one in values.arguments(call).given.items() if one.origin != "partial"}
    if is_credentials(values, callee):
        return values.arguments(call).given
    if isinstance(callee, Reference) and is_credentials(values, Reference(callee.path.rpartition(".")[0])):
        method = callee.path.rpartition(".")[2]
        if method in _FROM_FIELDS:
            return values.arguments(call).given
        return _entries(values, values.arguments(call, ["obj"]).given.get("obj")) if method in _FROM_DICT else None
    if isinstance(callee, Member) and callee.name in _COPIES and is_made(values, callee.owner):
        return _entries(values, values.arguments(call).given.get("update"))
    return None


def _entries(values: Values, given: Given | None) -> dict[str, Given]:
    """Return what a dict gives to the fields by their names."""
    tables = [table for table in given.values if isinstance(table, Table)] if given is not None else []
    entries = [(name, node) for table in tables for name, node in table.entries.items() if node is not None]
    return {name: Given(node, values.evaluate(node), "spread") for name, node in entries}


def _makes(values: Values, partial: Partial) -> bool:
    callee = partial.callee
    return _makes(values, callee) if isinstance(callee, Partial) else is_credentials(values, callee)


def is_made(values: Values, owner: Value) -> bool:
    """Return whether a value is an object of credentials: made, or loaded."""
    callee = owner.callee if isinstance(owner, Made) else None
    if isinstance(callee, Reference) and callee.path.rpartition(".")[2] in ("load", "aload"):
        callee = Reference(callee.path.rpartition(".")[0])
    return callee is not None and is_credentials(values, callee)


def is_credentials(values: Values, callee: Value) -> bool:
    """Return whether a class is that of dbt Cloud's credentials, or derives from it."""
    if isinstance(callee, Reference):
        return CLASSES.get(callee.path) == CREDENTIALS
    if not isinstance(callee, Local) or not isinstance(callee.node, ast.ClassDef):
        return False
    bases = [value for base, _ in values.bases(callee.node) for value in values.evaluate(base)]
    return any(is_credentials(values, base) for base in bases if base != callee)
