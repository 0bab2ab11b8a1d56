"""Lists, tuples, sets and dicts as values: displays, what is taken out of them, what updates them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offramp.python.operations import MOST_PARTS
from offramp.python.values import UNKNOWN, Constant, Items, Local, Made, Reference, Table, Value, merged, with_item

if TYPE_CHECKING:
    from offramp.python.evaluation import Values

_GENERICS = (Reference("typing.Generic"), Reference("typing.Protocol"))


class Containers:
    """Evaluates displays of one module, and what is taken out of what they give."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def display(self, node: ast.List | ast.Tuple | ast.Set) -> Sequence[Value]:
        """The list, tuple or set that a display gives."""
        items = self._items(node.elts)
        return (items._replace(ordered=False) if isinstance(node, ast.Set) else items,)

    def comprehended(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Sequence[Value]:
        """The list that a comprehension gives: how many elements it has is not known."""
        return (Items((node.elt,), complete=False),)

    def at(self, values: Sequence[Value], place: Sequence[int]) -> Sequence[Value]:
        """The elements of the values at an index for each level."""
        for index in place:
            values = [found for value in values for found in self._element(value, index)]
        return values

    def _element(self, value: Value, index: int) -> Sequence[Value]:
        if isinstance(value, Items) and value.complete and -len(value.nodes) <= index < len(value.nodes):
            return self._values.evaluate(value.nodes[index]) if value.ordered else (UNKNOWN,)
        if isinstance(value, Made):
            fields = list(self._values.classes.fields(value).values())
            if -len(fields) <= index < len(fields):
                return self._values.evaluate(fields[index])
        return (UNKNOWN,)

    def each(self, value: Value) -> Sequence[Value]:
        """The values of all elements."""
        if isinstance(value, Items) and value.nodes:
            found = [candidate for node in value.nodes for candidate in self._values.evaluate(node)]
            return found if value.complete else [*found, UNKNOWN]
        if isinstance(value, Table) and value.complete:
            return [Constant(key) for key in value.entries]
        return (UNKNOWN,)

    def each_item(self, node: ast.AST, index: int) -> Sequence[Value]:
        """The values at an index of all elements of what a loop goes over, ``items()`` and ``zip()`` among it."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            found: list[Value] = []
            for table in self._values.evaluate(node.func.value):
                is_key = index in (0, -2)
                if not isinstance(table, Table) or (is_key and not table.complete):
                    return (UNKNOWN,)
                found.extend(map(Constant, table.entries) if is_key else self._entries(table))
            return found
        if isinstance(node, ast.Call) and isinstance(callee := self._values.single(node.func), Reference):
            if callee.path == "builtins.enumerate" and node.args:
                if index not in (1, -1):
                    return (UNKNOWN,)
                return [found for value in self._values.evaluate(node.args[0]) for found in self.each(value)]
            if callee.path == "builtins.zip" and index < len(node.args):
                return [found for value in self._values.evaluate(node.args[index]) for found in self.each(value)]
        return [
            found
            for value in self._values.evaluate(node)
            for inner in self.each(value)
            for found in self._element(inner, index)
        ]

    def _entries(self, table: Table) -> list[Value]:
        found = [
            value
            for entry in (*table.entries.values(), *(entry for _, entry in table.others))
            for value in (self._values.evaluate(entry) if entry is not None else (UNKNOWN,))
        ]
        return found if table.complete and found else [*found, UNKNOWN]

    def entry(self, table: Table, key: Value) -> Sequence[Value]:
        """Return what a dict has under a key; any of its values when the key is not known."""
        if isinstance(key, Constant) and isinstance(key.value, str):
            entry = table.entries.get(key.value)
            return self._values.evaluate(entry) if entry is not None else (UNKNOWN,)
        same = [entry for other, entry in table.others if other == key != UNKNOWN]
        if same and same[-1] is not None:
            return (*self._values.evaluate(same[-1]), UNKNOWN)
        return (UNKNOWN,) if same or isinstance(key, Constant) else self._entries(table)

    def subscript(self, node: ast.Subscript) -> Sequence[Value]:
        """The values of ``owner[key]``."""
        key = self._values.single(node.slice)
        found: list[Value] = []
        for owner in self._values.evaluate(node.value):
            if isinstance(node.slice, ast.Slice):
                found.append(owner._replace(complete=False) if isinstance(owner, Items) else UNKNOWN)
                continue
            if isinstance(owner, Table):
                found.extend(self.entry(owner, key))
            elif isinstance(key, Constant) and isinstance(key.value, int):
                found.extend(self._element(owner, key.value))
            elif owner == Reference("sys.modules") and isinstance(key, Constant):
                found.append(Reference(str(key.value)))
            elif owner in _GENERICS or (isinstance(owner, Local) and isinstance(owner.node, ast.ClassDef)):
                found.append(owner)
            elif isinstance(owner, Reference) and isinstance(key, Constant) and owner.path.endswith(".__dict__"):
                found.append(Reference(f"{owner.path.removesuffix('.__dict__')}.{key.value}"))
            else:
                found.append(UNKNOWN)
        return found

    def _items(self, elements: Sequence[ast.expr]) -> Items:
        nodes: list[ast.expr] = []
        complete = ordered = True
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self._values.single(element.value)
                if isinstance(inner, Items) and len(nodes) + len(inner.nodes) <= MOST_PARTS:
                    nodes.extend(inner.nodes)
                    complete, ordered = complete and inner.complete, ordered and inner.ordered
                else:
                    complete = False
            else:
                nodes.append(element)
        return Items(tuple(nodes), complete, ordered)

    def dict_display(self, node: ast.Dict) -> Sequence[Value]:
        """The dict that a display gives."""
        table = Table({}, complete=True)
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                table = merged(table, self._values.single(value))
                continue
            # A constant costs no step of those that one evaluation may take.
            name = Constant(key.value) if isinstance(key, ast.Constant) else self._values.single(key)
            if isinstance(name, Constant) and isinstance(name.value, str):
                table.entries[name.value] = value
            else:
                table = with_item(table, name, value)
        return (table,)

    def changes(self, node: ast.Call) -> Table:
        """Return what ``dict(…)`` or ``dict.update(…)`` is given."""
        table = Table({}, complete=True)
        for argument in node.args:
            value = self._values.single(argument)
            table = self._paired(table, value) if isinstance(value, Items) else merged(table, value)
        for keyword in node.keywords:
            if keyword.arg is None:
                table = merged(table, self._values.single(keyword.value))
            else:
                table = merged(table, Table({keyword.arg: keyword.value}, complete=True))
        return table

    def _paired(self, table: Table, pairs: Items) -> Table:
        """A dict after it is updated with a list of keys and values."""
        for node in pairs.nodes if pairs.complete else ():
            pair = self._values.single(node)
            if not isinstance(pair, Items) or len(pair.nodes) != 2:
                return merged(table, UNKNOWN)
            table = with_item(table, self._values.single(pair.nodes[0]), pair.nodes[1])
        return table if pairs.complete else merged(table, UNKNOWN)
