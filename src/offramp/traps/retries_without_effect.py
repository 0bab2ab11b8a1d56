"""OFR217: retries of single models together with steps of one's own, which prefect-dbt never sends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.knowledge.prefect_dbt_calls import TRIGGER_AND_WAIT
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.prefect_code.run_calls import OPTIONS_ARGUMENT, positional, prefect_dbt_calls, run_option_given
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Given, Items, Local, Reference

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "attempts")
# What these give is a list, whatever they are given.
_LISTING = frozenset({"builtins.list", "builtins.sorted", "shlex.split"})
_SPLITTING = frozenset("split rsplit splitlines".split())
_DEEPEST = 3
_ATTEMPTS, _USUAL = "retry_filtered_models_attempts", 3


def find(file: File) -> Iterator[Trap]:
    """The calls that ask for both."""
    prefect = prefect_of(file.module, file.versions)
    for call, target in prefect_dbt_calls(prefect):
        if target.form == "call" and target.callable.name == TRIGGER_AND_WAIT:
            attempts = _attempts(prefect, call)
            if attempts:
                yield Trap(call.func, {"call": target.name, "attempts": attempts}, call, learned=call)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Turn the retries off."""
    from offramp.editing.bracketed import does_more
    from offramp.model import Applicability, Blocked
    from offramp.prefect_code.call_arguments import add_arguments

    insertions = planning.insertions()
    arguments = planning.module.values.arguments(call, positional(TRIGGER_AND_WAIT))
    given = arguments.given.get(_ATTEMPTS)
    if given is None:
        if not arguments.complete:
            raise Blocked("not all arguments are seen in this call", call)
        add_arguments(insertions, call, f"{_ATTEMPTS}=0")
    elif given.node is not None and does_more(given.node):
        raise Blocked(f"`{_ATTEMPTS}` is an expression that does something else as well", given.node)
    elif given.node in (*call.args, *(keyword.value for keyword in call.keywords)) and given.node is not None:
        insertions.replace_node(given.node, "0")
    else:
        raise Blocked(f"`{_ATTEMPTS}` is not given in this call", call)
    return insertions.fix(f"Set `{_ATTEMPTS}=0`", Applicability.SAFE)


def _attempts(prefect: Prefect, call: ast.Call) -> str:
    """The number of attempts that a call with steps of its own asks for, in words; empty where none is certain."""
    arguments = prefect.values.arguments(call, positional(TRIGGER_AND_WAIT))
    options, attempts = arguments.given.get(OPTIONS_ARGUMENT), arguments.given.get(_ATTEMPTS)
    if options is None or (attempts is None and not arguments.complete):
        return ""
    steps = run_option_given(prefect, options, "steps_override")
    if not isinstance(steps, Given) or not _is_listed(prefect, steps):
        return ""
    if attempts is None:
        return f"{_USUAL} unless set"
    number = attempts.constant.value if attempts.constant else 0
    return str(number) if isinstance(number, int) and number > 0 else ""


def _is_listed(prefect: Prefect, given: Given) -> bool:
    """Return whether an argument is certainly a list, though its items may not be known."""
    if len(given.values) == 1 and isinstance(given.values[0], Items):
        return True
    return given.node is not None and _is_list(prefect, given.node, 0)


def _is_list(prefect: Prefect, node: ast.expr, depth: int) -> bool:
    """Return whether an expression certainly gives a list, though its items may not be known."""
    values = prefect.values
    if depth > _DEEPEST:
        return False
    if isinstance(node, ast.List | ast.ListComp) or isinstance(values.single(node), Items):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_list(prefect, node.left, depth + 1) or _is_list(prefect, node.right, depth + 1)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _is_list(prefect, node.values[-1], depth + 1)
    if isinstance(node, ast.IfExp):
        return all(_is_list(prefect, one, depth + 1) for one in (node.body, node.orelse))
    if isinstance(node, ast.Name):
        bound = prefect.module.names.lookup(node.id, node)
        made = bound[0].node if len(bound) == 1 and bound[0].kind == "value" else None
        return isinstance(made, ast.expr) and _is_list(prefect, made, depth + 1)
    if isinstance(node, ast.Await):
        return isinstance(node.value, ast.Call) and _returns_list(prefect, node.value, depth, waited=True)
    return isinstance(node, ast.Call) and _returns_list(prefect, node, depth)


def _returns_list(prefect: Prefect, call: ast.Call, depth: int, *, waited: bool = False) -> bool:
    callee = prefect.values.single(call.func)
    if callee == Reference("asyncio.run") and call.args and isinstance(call.args[0], ast.Call):
        return _returns_list(prefect, call.args[0], depth, waited=True)
    if isinstance(callee, Local) and isinstance(callee.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return isinstance(callee.node, ast.AsyncFunctionDef) == waited and _always_list(prefect, callee.node, depth)
    if isinstance(callee, Reference) and callee.path in _LISTING:
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr in _SPLITTING and not isinstance(callee, Reference)


def _always_list(prefect: Prefect, function: FunctionNode, depth: int) -> bool:
    """Return whether a function of the file certainly returns a list."""
    exits = [part.value for part in walk(function) if isinstance(part, ast.Return)]
    plain = not function.decorator_list and not prefect.values.is_generator(function)
    # One that ends otherwise may give nothing.
    ends = isinstance(function.body[-1], ast.Return)
    return plain and ends and all(one is not None and _is_list(prefect, one, depth + 1) for one in exits)
