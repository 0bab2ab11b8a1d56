"""Arguments of calls: through ``**`` dicts, partials and mapped operators."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offramp.python.values import UNKNOWN, Arguments, Given, Items, Made, Member, Partial, Table, Value

if TYPE_CHECKING:
    from offramp.python.evaluation import Values


class CallArguments:
    """Says what the calls of one module give."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._libraries = values.libraries

    def arguments(self, call: ast.Call, positional: Sequence[str] = ()) -> Arguments:
        """The arguments of a call, through ``**`` dicts, ``functools.partial`` and ``.partial().expand()``."""
        given, complete, mapped = self._given_before(call, positional)
        origin, positional = ("expand", ()) if mapped else ("keyword", positional)
        for index, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred) or index >= len(positional):
                complete = complete and not isinstance(argument, ast.Starred)
                continue
            given[positional[index]] = Given(argument, self._values.evaluate(argument), "position")
        for keyword in call.keywords:
            if keyword.arg is not None:
                given[keyword.arg] = Given(keyword.value, self._given_by(keyword.value, origin), origin)
                continue
            table = self._values.single(keyword.value)
            complete = complete and isinstance(table, Table) and table.complete
            for name, node in table.entries.items() if isinstance(table, Table) else ():
                given[name] = Given(node, self._values.evaluate(node) if node else (UNKNOWN,), "spread")
        return Arguments(given, complete)

    def _given_before(self, call: ast.Call, positional: Sequence[str]) -> tuple[dict[str, Given], bool, bool]:
        """The arguments that a callee has from the calls that made it, whether all are known, and if it maps others."""
        given: dict[str, Given] = {}
        complete, mapped = True, False
        unseen = any(
            keyword.arg is None
            and not (isinstance(table := self._values.single(keyword.value), Table) and table.complete)
            for keyword in call.keywords
        )
        for callee in self._values.evaluate(call.func):
            if isinstance(callee, Partial):
                for part in _chain(callee):
                    inner = self.arguments(part.call, ("", *positional))
                    complete = complete and inner.complete
                    for name, value in inner.given.items():
                        if name:
                            values = (*value.values, UNKNOWN) if unseen else value.values
                            given[name] = Given(value.node, values, "partial")
            elif (
                isinstance(callee, Member)
                and isinstance(callee.owner, Made)
                and self._libraries.is_mapping(callee.name)
            ):
                inner = self.arguments(callee.owner.call)
                given.update({name: value._replace(origin="partial") for name, value in inner.given.items()})
                complete = complete and inner.complete and callee.name == self._libraries.mapping
                mapped = True
        return given, complete, mapped

    def _given_by(self, node: ast.expr, origin: str) -> tuple[Value, ...]:
        """Return what an argument is: its value, or what ``.expand(…)`` takes one by one out of a list."""
        if origin != "expand":
            return self._values.evaluate(node)
        listed = self._values.single(node)
        if not isinstance(listed, Items) or not listed.complete:
            return (UNKNOWN,)
        found: list[Value] = []
        for value in self._values.containers.each(listed):
            # Dicts among them have no hash.
            if value not in found:
                found.append(value)
        return tuple(found)


def _chain(partial: Partial) -> list[Partial]:
    """A partial, and before it those that it is made of, in the order in which they give arguments."""
    found = [partial]
    while isinstance(callee := found[0].callee, Partial):
        found.insert(0, callee)
    return found
