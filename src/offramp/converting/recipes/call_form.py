"""Turns a form of calling that raises into the one that runs, where there is only one."""

from __future__ import annotations

import ast
import re

from offramp.converting.recipes.await_call import Awaiting, unwrap
from offramp.editing.insertions import Insertions
from offramp.model import Blocked, Span
from offramp.traps.prefect_context import Prefect
from offramp.traps.value_paths import Paths

# The keyword with what stands between it and an operand on the same logical line.
_AWAIT = re.compile(rb"await(?:[ \t\f]|\\(?:\r\n|\n|\r))*")


def right_form(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Correct the form of a call; returns the title. Raises Blocked."""
    if prefect.two:
        raise Blocked("Prefect 2 needs another form than Prefect 3 here", call)
    target = prefect.target(call.func)
    if target is None:
        if not isinstance(prefect.names.enclosing_function(call), ast.AsyncFunctionDef) or len(call.args) != 1:
            raise Blocked("the function around it is not async", call)
        unwrap(insertions, call)
        return "Await it instead"
    awaits = _awaits(prefect, call)
    for node in awaits:
        start = insertions.source.positions.span(node).start
        keyword = _AWAIT.match(insertions.source.utf8, start)
        assert keyword is not None
        insertions.replace(Span(*keyword.span()), "")
    if awaits:
        return "Remove `await`"
    if target.form in ("submit", "map"):
        raise Blocked("what is meant is not known: the flow's result, or a task beside others", call)
    Awaiting(prefect, insertions, ()).start(call)
    return "Await it"


def _awaits(prefect: Prefect, call: ast.Call) -> list[ast.Await]:
    """The places that await what a call gives, or its ``result()``."""
    awaits = _Awaits(prefect)
    awaits.follow(call)
    return awaits.found


class _Awaits(Paths):
    """The places where a future, or what no coroutine gave, is awaited all the same."""

    def __init__(self, prefect: Prefect) -> None:
        super().__init__(prefect)
        self.found: list[ast.Await] = []

    def awaited(self, node: ast.Await, level: int) -> None:
        """Go on as if it were not awaited."""
        self.found.append(node)
        self.follow(node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """Only its result may be awaited by mistake."""
        call = self.names.parents.get(node)
        outer = self.names.parents.get(call) if isinstance(call, ast.Call) and call.func is node else None
        if not level and node.attr == "result" and isinstance(outer, ast.Await):
            self.found.append(outer)
