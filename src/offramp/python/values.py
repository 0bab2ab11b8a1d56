"""Values: what an expression may be, without running it; knows no rules.

An expression has one or more candidate values, since branches may bind a name
differently. What cannot be known is ``Unknown``, never a guess.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.python.names import FunctionNode
from offramp.python.operations import MOST_PARTS
from offramp.record import NamedTuple


class Constant(NamedTuple):
    """A Python constant."""

    value: object


class Reference(NamedTuple):
    """Something imported, or a builtin (``builtins.dict``), by its dotted path."""

    path: str


class Local(NamedTuple):
    """A function, lambda or class defined in the file."""

    node: FunctionNode | ast.Lambda | ast.ClassDef


class Items(NamedTuple):
    """A list, tuple or set; ``complete`` when ``nodes`` are all its elements, in order unless not ``ordered``."""

    nodes: tuple[ast.expr, ...]
    complete: bool
    ordered: bool = True


class Table(NamedTuple):
    """A dict by its string keys; a None node is an unknown value.

    When not ``complete``, any key may also be there or be changed unseen. ``others``
    are its values under keys that are no strings or not known, with those keys; a dict
    that has some is never complete.
    """

    entries: dict[str, ast.expr | None]
    complete: bool
    others: tuple[tuple[Value, ast.expr | None], ...] = ()


class Made(NamedTuple):
    """Result of calling something that is not evaluated here, such as an operator."""

    call: ast.Call
    callee: Value


class Member(NamedTuple):
    """An attribute of something made, or of a function of the file (``my_task.submit``)."""

    owner: Value
    name: str


class Partial(NamedTuple):
    """``functools.partial(callee, …)`` made by ``call``."""

    callee: Value
    call: ast.Call


class Unknown(NamedTuple):
    """Value that is not known statically."""


Value = Constant | Reference | Local | Items | Table | Made | Member | Partial | Unknown
UNKNOWN = Unknown()


# What one pass of a loop binds: by a binding's identity, an expression and the place in its value.
Held = Mapping[int, tuple[ast.expr, tuple[int, ...]]]


class Given(NamedTuple):
    """An argument as given: its expression if there is one, its candidates, and where it stands.

    ``origin`` is ``keyword``, ``position``, ``spread`` (a ``**`` dict), ``partial``,
    ``expand``, ``default_args`` or ``subclass``.
    """

    node: ast.expr | None
    values: tuple[Value, ...]
    origin: str

    @property
    def constant(self) -> Constant | None:
        """The value if it is one known constant."""
        value = self.values[0] if len(self.values) == 1 else None
        return value if isinstance(value, Constant) else None


class Arguments(NamedTuple):
    """The arguments of a call; when not ``complete``, others may be given unseen."""

    given: dict[str, Given]
    complete: bool

    def truth(self, name: str, *, default: bool) -> bool | None:
        """Return whether an argument is true; None where that is not known."""
        given = self.given.get(name)
        if given is None:
            return default if self.complete else None
        return bool(given.constant.value) if given.constant is not None else None


def merged(left: Table, right: Value) -> Table:
    """``{**left, **right}``; after something unknown, no earlier entry is certain."""
    if not isinstance(right, Table) or len(left.others) + len(right.others) > MOST_PARTS:
        return Table(dict.fromkeys(left.entries), complete=False, others=left.others)
    kept = left.entries if right.complete else dict.fromkeys(left.entries)
    return Table({**kept, **right.entries}, left.complete and right.complete, left.others + right.others)


def with_item(table: Table, key: Value, entry: ast.expr | None) -> Table:
    """A dict after ``table[key] = entry``; a key that is not known may be any of those that are there."""
    if isinstance(key, Constant) and isinstance(key.value, str):
        return merged(table, Table({key.value: entry}, complete=True))
    kept = table.entries if isinstance(key, Constant) else dict.fromkeys(table.entries)
    return Table(kept, False, (*table.others, (key, entry)))


def doubtful(value: Table | Items) -> Table | Items:
    """A list or dict that something unknown may have changed."""
    return value._replace(complete=False) if isinstance(value, Items) else merged(value, UNKNOWN)
