"""Returns the futures of a flow's tasks, or asks for their results, so that their failure fails the flow run.

A flow that ends cancels what has not begun (seen with Prefect 3.8.8): before a result may raise, the flow waits for all
its dbt tasks.
"""

from __future__ import annotations

import ast

from offramp.editing.bracketed import list_elements
from offramp.editing.insertions import Insertions
from offramp.editing.planning import Planning
from offramp.model import Applicability, Blocked, Fix
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.python.functions import own_nodes
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk


class FutureFixes:
    """The fixes of one file's lost futures, one for all of a flow."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._prefect = prefect_of(planning.module, planning.versions)
        self._resolved: dict[FunctionNode | ast.Lambda | None, Fix | Blocked] = {}

    def plan(self, call: ast.Call, found: list[ast.Call]) -> Fix:
        """Resolve the futures of the flow around a call, one of those ``found`` to lose theirs; raises Blocked."""
        flow = self._prefect.names.enclosing_function(call)
        if flow not in self._resolved:
            insertions = self._planning.insertions()
            calls = [other for other in found if self._prefect.names.enclosing_function(other) is flow]
            try:
                title = _resolve(self._prefect, insertions, calls)
                reason = "the flow run then fails when the task does"
                self._resolved[flow] = insertions.fix(title, Applicability.UNSAFE, reason)
            except Blocked as blocked:
                self._resolved[flow] = blocked
        resolved = self._resolved[flow]
        if isinstance(resolved, Blocked):
            raise resolved
        return resolved


def _resolve(prefect: Prefect, insertions: Insertions, calls: list[ast.Call]) -> str:
    """Resolve the lost futures of one flow; ``calls`` submit or map them. Returns the title; raises Blocked."""
    function = _flow_of(prefect, calls)
    last = function.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    nothing = value is None or (isinstance(value, ast.Constant) and value.value is None)
    if len(calls) == 1 and isinstance(last, ast.Expr) and last.value is calls[0]:
        mapped = _mapped(calls[0])
        insertions.around(last, "return " if mapped else "return [", "" if mapped else "]")
        return "Return the future"
    names = [_name(prefect, insertions, call, number) for number, call in enumerate(calls)]
    listed = [f"*{name}" if _mapped(call) else name for name, call in zip(names, calls, strict=True)]
    if isinstance(value, ast.List) and _are_futures(prefect, value):
        here = [part.id for part in walk(value) if isinstance(part, ast.Name)]
        others = [name for name in _others(prefect, function, calls) if name not in here]
        insertions.before(last, [f"{name}.wait()" for name in others])
        insertions.change(list_elements(insertions.source, value).added(*listed))
        return "Return the future with the others"
    if isinstance(last, ast.Return) and not nothing:
        _refuse_work_in(prefect, last)
        waited = [*_others(prefect, function, calls), *names]
        waits = [f"{name}.wait()" for name in waited] if len(waited) > 1 else []
        insertions.before(last, [*waits, *(f"{name}.result()" for name in names)])
        return "Ask for the result before the flow returns"
    text = f"return {names[0]}" if len(calls) == 1 and _mapped(calls[0]) else f"return [{', '.join(listed)}]"
    if isinstance(last, ast.Return):
        insertions.replace_statement(last, [text])
    else:
        insertions.after(last, [text])
    return "Return the future" if len(calls) == 1 else "Return the futures in one flat list"


def _flow_of(prefect: Prefect, calls: list[ast.Call]) -> FunctionNode:
    """The flow of some calls; Blocked where what it returns cannot be told from one place."""
    function = prefect.names.enclosing_function(calls[0])
    if not isinstance(function, FunctionNode) or prefect.role(function) != "flow":
        raise Blocked("is submitted in a function that is not a flow", calls[0])
    if prefect.values.is_generator(function):
        raise Blocked(f"`{function.name}` is a generator", function)
    early = [node for node in own_nodes(function) if isinstance(node, ast.Return) and node is not function.body[-1]]
    if early:
        first = min(early, key=lambda node: node.lineno)
        raise Blocked("the flow returns at several places, or before its end", first)
    for call in calls:
        _refuse_in_branch(prefect, function, call)
    return function


def _refuse_in_branch(prefect: Prefect, function: FunctionNode, call: ast.Call) -> None:
    if prefect.names.statement(call) not in function.body:
        raise Blocked("is submitted inside a loop or branch", call)


def _others(prefect: Prefect, function: FunctionNode, calls: list[ast.Call]) -> list[str]:
    """The names of the flow's other dbt futures that may not have ended; Blocked where one has none."""
    found = []
    for call in prefect.names.calls:
        target = prefect.target(call.func)
        submitted = target is not None and target.form in ("submit", "map") and target.callable.works
        if not submitted or call in calls or prefect.names.enclosing_function(call) is not function:
            continue
        if isinstance(parent := prefect.names.parents.get(call), ast.Attribute) and parent.attr in ("result", "wait"):
            continue
        name = _held(prefect, call)
        if not name or prefect.names.statement(call) not in function.body:
            raise Blocked("this dbt task has to end before another's result may raise, and has no name", call)
        if not any(
            _ends(prefect, function, use) for one in prefect.names.bindings_of(call) for use in prefect.names.uses(one)
        ):
            found.append(name)
    return found


def _ends(prefect: Prefect, function: FunctionNode, use: ast.Name) -> bool:
    """Return whether a statement that always runs waits for a future."""
    parent = prefect.names.parents.get(use)
    waits = isinstance(parent, ast.Attribute) and parent.attr in ("result", "wait")
    return waits and prefect.names.statement(use) in function.body[:-1]


def _refuse_work_in(prefect: Prefect, last: ast.Return) -> None:
    """Blocked where what a flow returns starts something, which a result that raises before it would prevent."""
    for call in walk(last):
        if isinstance(call, ast.Call):
            target = prefect.target(call.func)
            submits = isinstance(call.func, ast.Attribute) and call.func.attr in ("submit", "map")
            if submits or (target is not None and (target.callable.works or target.function is not None)):
                raise Blocked("this would not be started when the dbt task fails", call)


def _are_futures(prefect: Prefect, listed: ast.List) -> bool:
    """Return whether a list certainly holds futures, and nothing else."""
    return bool(listed.elts) and all(_is_future(prefect, element) for element in listed.elts)


def _is_future(prefect: Prefect, node: ast.expr) -> bool:
    """Return whether an element of a list is certainly a future, or the spread futures of ``map``."""
    spread = isinstance(node, ast.Starred)
    made, awaited = prefect.producer(node.value if isinstance(node, ast.Starred) else node)
    form = made.func.attr if made is not None and isinstance(made.func, ast.Attribute) else ""
    return not awaited and form == ("map" if spread else "submit")


def _mapped(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "map"


def _name(prefect: Prefect, insertions: Insertions, call: ast.Call, number: int) -> str:
    """The name that holds a future; it gets one where it stands alone."""
    if held := _held(prefect, call):
        return held
    if not isinstance(prefect.names.parents.get(call), ast.Expr):
        raise Blocked("stands inside a larger expression", call)
    base = "futures" if _mapped(call) else "future"
    names = tuple(f"{base}_{number + 1}" if number else base for number in range(number, number + 9))
    name = insertions.free_name(call, names)
    insertions.before_statement(call, f"{name} = ")
    return name


def _held(prefect: Prefect, call: ast.Call) -> str:
    """The name that a future is bound to alone; empty for none."""
    parent = prefect.names.parents.get(call)
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1 or not isinstance(parent.targets[0], ast.Name):
        return ""
    name = parent.targets[0].id
    bindings = prefect.names.bindings_of(call)
    if len(bindings) != 1 or len(bindings[0].scope.bindings[name]) != 1:
        raise Blocked(f"`{name}` is bound more than once", call)
    return name
