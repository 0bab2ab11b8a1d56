"""Which objects a variable may stand for, by inclusion (Andersen's analysis); knows nothing of Python's syntax.

Variables are numbers, objects anything that has a hash. An object has fields, which are
variables too: its ``ITEMS``, and attributes by their names. ``EVERY`` attribute reads them all,
a value stored under ``SOME`` attribute may be any of them.
"""

from __future__ import annotations

from collections.abc import Hashable

ITEMS, EVERY, SOME = "[]", "**", "*"
NOTHING = 0
# Stands for objects that are not followed: their attributes are those of that name of all objects. Any of them may
# have, or be, what was given away to them.
OUTSIDE = "outside"
_GIVEN = "given"
_MOST_STEPS = 100_000


class PointsTo:
    """Variables, and what flows from one to another; ``exhausted`` says that not all was worked out."""

    def __init__(self) -> None:
        self.exhausted = False
        self._objects: list[set[Hashable]] = [set()]
        self._targets: list[set[int]] = [set()]
        self._loads: dict[int, list[tuple[str, int]]] = {}
        self._stores: dict[int, list[tuple[str, int]]] = {}
        self._fields: dict[tuple[Hashable, str], int] = {}
        self._names: dict[Hashable, list[str]] = {}
        self._bases: dict[Hashable, list[Hashable]] = {}
        self._waiting: list[tuple[int, Hashable]] = []
        self._inside: dict[tuple[Hashable, bool], set[Hashable]] = {}
        self._steps = 0

    def new(self, *objects: Hashable) -> int:
        """A new variable that stands for some objects."""
        self._objects.append(set())
        self._targets.append(set())
        variable = len(self._objects) - 1
        self._waiting += [(variable, one) for one in objects]
        return variable

    def flow(self, source: int, target: int) -> None:
        """Let a variable stand for what another one does."""
        if NOTHING not in (source, target) and source != target and target not in self._targets[source]:
            self._targets[source].add(target)
            self._waiting += [(target, one) for one in self._objects[source]]

    def load(self, owner: int, field: str) -> int:
        """A variable for a field of all that a variable stands for."""
        if owner == NOTHING:
            return NOTHING
        result = self.new()
        self._loads.setdefault(owner, []).append((field, result))
        for one in list(self._objects[owner]):
            self.flow(self.field(one, field), result)
        return result

    def store(self, owner: int, field: str, source: int) -> None:
        """Keep what a variable stands for in a field of all that another one does."""
        if NOTHING not in (owner, source):
            self._stores.setdefault(owner, []).append((field, source))
            for one in list(self._objects[owner]):
                self._keep(one, field, source)

    def give_away(self, variable: int) -> None:
        """Let objects that are not followed have what a variable stands for."""
        self.flow(variable, self.field(OUTSIDE, _GIVEN))

    def _keep(self, one: Hashable, field: str, source: int) -> None:
        if one == OUTSIDE:
            self.give_away(source)
        if one != OUTSIDE or field not in (ITEMS, EVERY):
            self.flow(source, self.field(one, field))

    def derive(self, one: Hashable, base: Hashable) -> None:
        """Let an object have the attributes of another one."""
        self._bases.setdefault(one, []).append(base)
        for name in list(self._names.get(one, ())):
            self.flow(self.field(base, name), self.field(one, name))

    def field(self, one: Hashable, name: str) -> int:
        """The variable of a field of an object."""
        known = self._fields.get((one, name))
        if known is not None:
            return known
        made = self._fields[one, name] = self.new()
        if one == OUTSIDE and name in (ITEMS, EVERY):
            self._waiting.append((made, OUTSIDE))
        if name in (ITEMS, EVERY, _GIVEN):
            return made
        self._names.setdefault(one, []).append(name)
        if one != OUTSIDE:
            self.flow(made, self.field(one, EVERY))
        if name != SOME:
            self.flow(self.field(one, SOME), made)
        if one != OUTSIDE:
            self.flow(made, self.field(OUTSIDE, name))
        for base in self._bases.get(one, ()):
            self.flow(self.field(base, name), made)
        return made

    def objects(self, variable: int) -> set[Hashable]:
        """What a variable may stand for."""
        if self._waiting:
            self._inside.clear()
        while self._waiting and not self.exhausted:
            target, one = self._waiting.pop()
            if one in self._objects[target]:
                continue
            self._steps += 1
            self.exhausted = self._steps > _MOST_STEPS
            self._objects[target].add(one)
            self._waiting += [(further, one) for further in self._targets[target]]
            for name, result in self._loads.get(target, ()):
                self.flow(self.field(one, name), result)
            for name, source in self._stores.get(target, ()):
                self._keep(one, name, source)
        return self._objects[variable]

    def within(self, one: Hashable, *, known: bool = False) -> set[Hashable]:
        """The objects anywhere in an object; without those that only objects that are not followed have, if asked."""
        if not self._waiting and (one, known) in self._inside:
            return self._inside[one, known]
        found: set[Hashable] = set()
        waiting = [one]
        while waiting:
            inner = waiting.pop()
            if known and inner == OUTSIDE:
                continue
            for name in (_GIVEN,) if inner == OUTSIDE else (ITEMS, EVERY):
                if (inner, name) in self._fields:
                    more = self.objects(self._fields[inner, name]) - found
                    found |= more
                    waiting += more
        self._inside[one, known] = found
        return found
