"""Returns the futures of a flow's tasks, or asks for their results, so that their failure fails the flow run."""

from __future__ import annotations

import ast

from offramp.finding.names import FunctionNode
from offramp.finding.prefect_context import Prefect
from offramp.finding.values import own_nodes
from offramp.fixing.expressions import Blocked
from offramp.fixing.insertions import Insertions
from offramp.fixing.recipes.wait_for_run import free_name


def resolve_futures(prefect: Prefect, insertions: Insertions, calls: list[ast.Call]) -> str:
    """Resolve the lost futures of one flow; ``calls`` submit or map them. Returns the title; raises Blocked."""
    function = prefect.names.enclosing_function(calls[0])
    if not isinstance(function, FunctionNode) or prefect.role(function) != "flow":
        raise Blocked("is submitted in a function that is no flow", calls[0])
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function)):
        raise Blocked(f"`{function.name}` is a generator", function)
    returns = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
    last = function.body[-1]
    early = [node for node in returns if node is not last]
    if early:
        first = min(early, key=lambda node: node.lineno)
        raise Blocked("the flow returns at several places, or before its end", first)
    for call in calls:
        _refuse_in_branch(prefect, function, call)
    value = last.value if isinstance(last, ast.Return) else None
    nothing = value is None or (isinstance(value, ast.Constant) and value.value is None)
    if len(calls) == 1 and isinstance(last, ast.Expr) and last.value is calls[0]:
        mapped = _mapped(calls[0])
        insertions.around(calls[0], "return " if mapped else "return [", "" if mapped else "]")
        return "Return the future"
    names = [_name(prefect, insertions, call, number) for number, call in enumerate(calls)]
    if isinstance(last, ast.Return) and not nothing:
        insertions.before(last, [f"{name}.result()" for name in names])
        return "Ask for the result before the flow returns"
    listed = ", ".join(f"*{name}" if _mapped(call) else name for name, call in zip(names, calls, strict=True))
    text = f"return {names[0]}" if len(calls) == 1 and _mapped(calls[0]) else f"return [{listed}]"
    if isinstance(last, ast.Return):
        insertions.replace(insertions.source.positions.span(last), text)
    else:
        insertions.after(last, [text])
    return "Return the future" if len(calls) == 1 else "Return the futures in one flat list"


def _refuse_in_branch(prefect: Prefect, function: FunctionNode, call: ast.Call) -> None:
    if prefect.names.statement(call) not in function.body:
        raise Blocked("is submitted inside a loop or branch", call)


def _mapped(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "map"


def _name(prefect: Prefect, insertions: Insertions, call: ast.Call, number: int) -> str:
    """The name that holds a future; it gets one where it stands alone."""
    parent = prefect.names.parents.get(call)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        bindings = prefect.names.bindings_of(call)
        if len(bindings) != 1 or len(bindings[0].scope.bindings[name]) != 1:
            raise Blocked(f"`{name}` is bound more than once", call)
        return name
    if not isinstance(parent, ast.Expr):
        raise Blocked("stands inside a larger expression", call)
    base = "futures" if _mapped(call) else "future"
    names = tuple(f"{base}_{number + 1}" if number else base for number in range(number, number + 9))
    name = free_name(prefect, call, names)
    insertions.around(call, f"{name} = ")
    return name
