"""Ways of values on Prefect's side: who calls flows, tasks and functions, and what the calls give."""

from __future__ import annotations

import ast

from offramp.prefect_code.context import Prefect
from offramp.python.names import FunctionNode
from offramp.python.paths import DROPPED, READ, START, UNSEEN, Paths, Route


class PrefectPaths(Paths):
    """Follows one value of a module that uses Prefect."""

    def __init__(self, prefect: Prefect, route: Route = START) -> None:
        super().__init__(prefect.uses, route)
        self.prefect = prefect

    def callers(self, function: ast.AST | None) -> list[ast.Call] | None:
        """The calls of a flow, task or plain function."""
        role = self.prefect.role(function)
        return self.prefect.call_sites(function) if role and isinstance(function, FunctionNode) else None

    def given_before(self, call: ast.Call) -> int | None:
        """How many parameters a method's object or a partial gives."""
        target = self.prefect.target(call.func)
        return target.bound if target is not None else 0

    def given_back(self, call: ast.Call, function: ast.AST | None, level: int) -> None:
        """Go on behind the await of what an async function gives, and with the results of what is submitted."""
        target = self.prefect.target(call.func)
        value: ast.AST = call
        generator = target is not None and target.generator
        if isinstance(function, ast.AsyncFunctionDef) and not generator:
            parent = self.names.parents.get(call)
            if not isinstance(parent, ast.Await):
                self.end(UNSEEN if not isinstance(parent, ast.Expr) else DROPPED, call, level)
                return
            value = parent
        if target is not None and target.form == "submit" and not isinstance(value, ast.Await):
            future = _Results(self, level)
            future.follow(call)
            self.ends += [end if end.kind == UNSEEN else end._replace(kind=DROPPED) for end in future.ends]
        elif target is None or target.form not in ("call", "fn"):
            self.end(UNSEEN, call, level)
        else:
            self.follow(value, level)


class _Results(PrefectPaths):
    """The results of a future: a value that a task returned goes on where they are asked for."""

    def __init__(self, value: PrefectPaths, level: int) -> None:
        super().__init__(value.prefect, value.route)
        self._value = value
        self._level = level

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """Go on with the value at ``result()``."""
        call = self.names.parents.get(node)
        if level == 0 and node.attr == "result" and isinstance(call, ast.Call) and call.func is node:
            self._value.follow_along(self.route, call, self._level)
        else:
            self.end(READ if node.attr == "wait" else UNSEEN, node, level)

    def passed(self, call: ast.Call, _node: ast.AST, level: int, keyword: str) -> None:
        """A task that waits for the future has nothing of the value; one that is given it gets the value."""
        self.end(READ if keyword == "wait_for" else UNSEEN, call, level)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """Prefect resolves the futures that a flow returns, and leaves their values as they are."""
        self.end(READ if self.prefect.role(function) == "flow" else UNSEEN, node, level)
