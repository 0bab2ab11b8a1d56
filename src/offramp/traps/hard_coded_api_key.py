"""OFR402: API keys that stand in the code, however credentials are made or changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.api_key_strings import CREDENTIALS, is_key, text_of
from offramp.finding.trap import File, Trap
from offramp.prefect_code.credentials import credentials, is_credentials, is_made
from offramp.python.evaluation import Values
from offramp.python.nodes import children
from offramp.python.values import Constant, Local, Made, Member, Reference

SLOTS = ("call",)
_ARGUMENT = "api_key"
_SECRET_TYPES = ("SecretStr", "SecretBytes")
# What gives a variable's value, or its second argument.
_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault"})


def find(file: File) -> Iterator[Trap]:
    """The places that give credentials such a key."""
    module = file.module
    places = [(call.func, given.get(_ARGUMENT)) for call, given in credentials(module)]
    for node in module.names.classes:
        if is_credentials(module.values, Local(node)):
            bindings = module.names.class_attribute(node, _ARGUMENT)
            places += [(one.node, one.node) for one in bindings if isinstance(one.node, ast.expr)]
    for store in module.names.stores.get(_ARGUMENT, ()):
        if any(is_made(module.values, owner) for owner in module.values.evaluate(store.owner)):
            places.append((store.value or store.owner, store.value))
    for place, key in places:
        if key is not None and any(is_key(text.strip()) for text in _texts(module.values, key)):
            yield Trap(place, {"call": CREDENTIALS}, place)


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
