"""Results of calls of the file's functions, as expressions with the arguments in place of the parameters."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from copy import copy

from offramp.python.evaluation import Values
from offramp.python.nodes import walk
from offramp.python.values import Local
from offramp.shell.parsing import UNKNOWN

# Expressions that are read part by part, and so may be put together anew; all others know their place in the file.
_FILLED = (ast.JoinedStr, ast.FormattedValue, ast.IfExp, ast.List, ast.Tuple, ast.Starred)


def returned(values: Values, callee: Local, call: ast.Call) -> list[ast.expr]:
    """Return what a call of a plain function may give; nothing where the callee is something else."""
    function = callee.node
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or values.is_generator(function):
        return []
    bindings = values.names.scopes[function].bindings
    given = {name: node for name, node in _given(function.args, call).items() if len(bindings[name]) == 1}
    return [_filled(one, given) for one in values.returns(function)]


def _given(parameters: ast.arguments, call: ast.Call) -> dict[str, ast.expr]:
    """Return what a call gives each parameter; an unknown text where that does not stand there."""
    plain = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    keyed = [one.arg for one in parameters.kwonlyargs]
    rest = [one.arg for one in (parameters.vararg, parameters.kwarg) if one is not None]
    found: dict[str, ast.expr] = {name: ast.Constant(UNKNOWN) for name in (*plain, *keyed, *rest)}
    spread = any(isinstance(one, ast.Starred) for one in call.args)
    if not spread and all(one.arg is not None for one in call.keywords):
        found |= dict(zip(reversed(plain), reversed(parameters.defaults), strict=False))
        found |= {name: one for name, one in zip(keyed, parameters.kw_defaults, strict=True) if one is not None}
    if not spread:
        found |= dict(zip(plain, call.args, strict=False))
        if parameters.vararg is not None:
            found[parameters.vararg.arg] = ast.Tuple(call.args[len(plain) :], ast.Load())
    return found | {one.arg: one.value for one in call.keywords if one.arg in (*plain, *keyed)}


def _filled(node: ast.expr, given: Mapping[str, ast.expr]) -> ast.expr:
    """An expression with what is given in place of names; unknown text where one stands in something else."""
    if isinstance(node, ast.Name):
        return given.get(node.id, node)
    if not any(isinstance(inner, ast.Name) and inner.id in given for inner in walk(node)):
        return node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ast.BinOp(_filled(node.left, given), node.op, _filled(node.right, given))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        return ast.Call(node.func, [_filled(one, given) for one in node.args], node.keywords)
    if not isinstance(node, _FILLED):
        return ast.Constant(UNKNOWN)
    found = copy(node)
    for name, part in ast.iter_fields(node):
        if isinstance(part, ast.expr):
            setattr(found, name, _filled(part, given))
        elif isinstance(part, list):
            setattr(found, name, [_filled(one, given) for one in part])
    return found
