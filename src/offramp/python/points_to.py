"""Objects that a variable may stand for, by inclusion (Andersen's analysis); knows nothing of Python's syntax.

Variables are numbers, objects anything that has a hash. An object has fields, which are
variables too: its ``ITEMS``, and attributes by their names. ``EVERY`` attribute reads them all,
a value stored under ``SOME`` attribute may be any of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from offramp.record import NamedTuple

ITEMS, EVERY, SOME = "[]", "**", "*"
NOTHING = 0
# Stands for objects that are not followed.
OUTSIDE = "outside"
_MOST_STEPS = 40_000


class Pool(NamedTuple):
    """Stand-in for what is under an attribute of an object that is not followed, and for all in it.

    That may be what any object has under an attribute of that name.
    """

    attribute: str


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
        self._under: dict[str, list[int]] = {}
        self._bases: dict[Hashable, list[Hashable]] = {}
        self._waiting: list[tuple[int, Hashable]] = []
        self._inside: dict[Hashable, set[Hashable]] = {}
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
            self._read(one, field, result)
        return result

    def store(self, owner: int, field: str, source: int) -> None:
        """Keep what a variable stands for in a field of all that another one does, where that is followed."""
        if NOTHING not in (owner, source):
            self._stores.setdefault(owner, []).append((field, source))
            for one in list(self._objects[owner]):
                self._keep(one, field, source)

    def _read(self, one: Hashable, field: str, result: int) -> None:
        if not unfollowed(one):
            self.flow(self.field(one, field), result)
        else:
            self._waiting.append((result, one if field in (ITEMS, EVERY) else Pool(field)))

    def _keep(self, one: Hashable, field: str, source: int) -> None:
        if not unfollowed(one):
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
        if name in (ITEMS, EVERY):
            return made
        self._names.setdefault(one, []).append(name)
        self.flow(made, self.field(one, EVERY))
        if name != SOME:
            self.flow(self.field(one, SOME), made)
        self._under.setdefault(name, []).append(made)
        for base in self._bases.get(one, ()):
            self.flow(self.field(base, name), made)
        return made

    def objects(self, variable: int) -> set[Hashable]:
        """Return what a variable may stand for."""
        if self._waiting:
            self._inside.clear()
        waiting, known = self._waiting, self._objects
        while waiting and not self.exhausted:
            target, one = waiting.pop()
            if one in known[target]:
                continue
            self._steps += 1
            self.exhausted = self._steps > _MOST_STEPS
            known[target].add(one)
            waiting += [(further, one) for further in self._targets[target] if one not in known[further]]
            for name, result in self._loads.get(target, ()):
                self._read(one, name, result)
            for name, source in self._stores.get(target, ()):
                self._keep(one, name, source)
        return self._objects[variable]

    def within(self, one: Hashable) -> set[Hashable]:
        """The objects anywhere in an object, and those that it may be where it stands for others."""
        if not self._waiting and one in self._inside:
            return self._inside[one]
        found: set[Hashable] = set()
        waiting = [one]
        while waiting:
            for field in self._fields_of(waiting.pop()):
                more = self.objects(field) - found
                found |= more
                waiting += more
        self._inside[one] = found
        return found

    def _fields_of(self, one: Hashable) -> Iterator[int]:
        if isinstance(one, Pool):
            yield from (*self._under.get(one.attribute, ()), *self._under.get(SOME, ()))
        elif one != OUTSIDE:
            yield from (self._fields[one, name] for name in (ITEMS, EVERY) if (one, name) in self._fields)


def unfollowed(one: Hashable) -> bool:
    """Return whether something stands for objects that are not followed."""
    return one == OUTSIDE or isinstance(one, Pool)
