"""API keys of dbt Cloud that stand in the code, however credentials are made or changed; finding layer."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.api_key_strings import is_key, text_of
from offramp.finding.operators import Module
from offramp.knowledge.prefect_dbt_calls import CLASSES
from offramp.python.nodes import children
from offramp.python.values import Constant, Given, Local, Made, Member, Partial, Reference, Table, Value, Values
from offramp.reading.versions import Versions
from offramp.traps.trap import Trap

_CREDENTIALS = "DbtCloudCredentials"
_ARGUMENT = "api_key"
_SECRET_TYPES = ("SecretStr", "SecretBytes")
# What gives a variable's value, or its second argument.
_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault"})
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


def hard_coded_api_key(module: Module, _: Versions) -> Iterator[Trap]:
    """API keys of dbt Cloud that stand in the code."""
    places = [(call.func, given.get(_ARGUMENT)) for call, given in credentials(module)]
    for node in module.names.classes:
        if _is_credentials(module.values, Local(node)):
            bindings = module.names.class_attribute(node, _ARGUMENT)
            places += [(one.node, one.node) for one in bindings if isinstance(one.node, ast.expr)]
    for store in module.names.stores.get(_ARGUMENT, ()):
        if any(_is_made(module.values, owner) for owner in module.values.evaluate(store.owner)):
            places.append((store.value or store.owner, store.value))
    for place, key in places:
        if key is not None and any(is_key(text.strip()) for text in _texts(module.values, key)):
            yield Trap(place, {"call": _CREDENTIALS}, place)


def _fields(values: Values, call: ast.Call, callee: Value) -> dict[str, Given] | None:
    """What a call gives to the fields of credentials; None where it does not make them."""
    if isinstance(callee, Partial) and _makes(values, callee):
        # What the partial gives is told where it is made.
        return {name: one for name, one in values.arguments(call).given.items() if one.origin != "partial"}
    if _is_credentials(values, callee):
        return values.arguments(call).given
    if isinstance(callee, Reference) and _is_credentials(values, Reference(callee.path.rpartition(".")[0])):
        method = callee.path.rpartition(".")[2]
        if method in _FROM_FIELDS:
            return values.arguments(call).given
        return _entries(values, values.arguments(call, ["obj"]).given.get("obj")) if method in _FROM_DICT else None
    if isinstance(callee, Member) and callee.name in _COPIES and _is_made(values, callee.owner):
        return _entries(values, values.arguments(call).given.get("update"))
    return None


def _entries(values: Values, given: Given | None) -> dict[str, Given]:
    """What a dict gives to the fields by their names."""
    tables = [table for table in given.values if isinstance(table, Table)] if given is not None else []
    entries = [(name, node) for table in tables for name, node in table.entries.items() if node is not None]
    return {name: Given(node, values.evaluate(node), "spread") for name, node in entries}


def _makes(values: Values, partial: Partial) -> bool:
    callee = partial.callee
    return _makes(values, callee) if isinstance(callee, Partial) else _is_credentials(values, callee)


def _is_made(values: Values, owner: Value) -> bool:
    """Whether a value is an object of credentials: made, or loaded."""
    callee = owner.callee if isinstance(owner, Made) else None
    if isinstance(callee, Reference) and callee.path.rpartition(".")[2] in ("load", "aload"):
        callee = Reference(callee.path.rpartition(".")[0])
    return callee is not None and _is_credentials(values, callee)


def _is_credentials(values: Values, callee: Value) -> bool:
    """Whether a class is that of dbt Cloud's credentials, or derives from it."""
    if isinstance(callee, Reference):
        return CLASSES.get(callee.path) == _CREDENTIALS
    if not isinstance(callee, Local) or not isinstance(callee.node, ast.ClassDef):
        return False
    bases = [value for base, _ in values.bases(callee.node) for value in values.evaluate(base)]
    return any(_is_credentials(values, base) for base in bases if base != callee)


def _texts(values: Values, node: ast.expr, above: tuple[ast.AST, ...] = ()) -> Iterator[str]:
    """The strings that an expression may be, or that it is made of."""
    if node in above:
        return
    above = (*above, node)
    for value in values.evaluate(node):
        if isinstance(value, Constant):
            yield text_of(ast.Constant(value.value))  # type: ignore[arg-type]
        elif isinstance(value, Made):
            for source in _sources(value):
                yield from _texts(values, source, above)
        elif isinstance(node, ast.BinOp | ast.JoinedStr):
            for part in _parts(node):
                yield from _texts(values, part, above)


def _sources(made: Made) -> list[ast.expr]:
    """The expressions that what a call gives may be: what it wraps, falls back to, or is a method of."""
    call, callee = made.call, made.callee
    path = callee.path if isinstance(callee, Reference) else ""
    if path in _ENVIRONMENT:
        return [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "default")]
    if path.rpartition(".")[2] in _SECRET_TYPES:
        return [*call.args[:1], *(keyword.value for keyword in call.keywords)]
    is_method = isinstance(callee, Member) and isinstance(call.func, ast.Attribute)
    return [call.func.value] if is_method and isinstance(call.func, ast.Attribute) else []


def _parts(node: ast.AST) -> list[ast.expr]:
    found = []
    for part in children(node):
        if isinstance(part, ast.FormattedValue):
            found.append(part.value)
        elif isinstance(part, ast.expr):
            found.append(part)
    return found
