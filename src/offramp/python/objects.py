"""Changes of objects: who can reach one, and what may change it before and after a point; knows no rules.

An object is the expression that makes it: a display, a call, a class (its instances count as it).
``ObjectFlow`` says which objects an expression may be, through names, attributes, containers, calls and
results, and where something may change them in place; ``Running`` what comes before what. ``Values``
follows what is done through the name that it looks at, step by step; where anything else may have
changed an object between two points, its value is not known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property

from offramp.python.evaluation import Values
from offramp.python.names import Binding, Names
from offramp.python.object_flow import MODULE, Change, ObjectFlow
from offramp.python.points_to import NOTHING, OUTSIDE, Pool, unfollowed
from offramp.python.running import Running, Spot
from offramp.python.values import Local, Made
from offramp.record import NamedTuple

_MOST_CHANGES = 200


class Rebinding(NamedTuple):
    """A name of the module that is set by its text (None for any), by what, and to what where that is seen."""

    name: re.Pattern[str] | None
    node: ast.AST


class Objects:
    """The objects of a module, and the changes of them.

    ``values`` resolves callees; it must not ask this object in turn.
    """

    def __init__(self, names: Names, values: Values) -> None:
        self._names = names
        self._values = values
        self._running = Running(names, values)
        self._flow = ObjectFlow(names, values, self._running)
        self._graph = self._flow.graph
        self._changes: dict[Hashable, list[Change]] = {}
        self._asked: dict[tuple[int, ast.AST], tuple[list[Change], list[Change]]] = {}
        self._rebound: list[Rebinding] | None = None

    # -- asking ------------------------------------------------------------------

    def changed(self, binding: Binding, use: ast.AST, seen: Iterable[ast.AST]) -> tuple[list[Change], list[Change]]:
        """Return what may change a name's object between its binding and a use: the object, and what is in it.

        ``seen`` are the changes that are followed otherwise.
        """
        known = self._asked.get((id(binding), use))
        if known is None:
            variable, start = self._flow.binding(binding), self._start(binding)
            known = self._between(variable, start, self._running.spot(use), set(seen))
            self._asked[id(binding), use] = known
        return known

    def altered(self, node: ast.AST, attribute: str = "") -> bool:
        """Return whether an expression's object, or an attribute of it, may have been changed since it was made."""
        whole, inner = self._between(self._flow.variable(node), None, self._running.spot(node), set())
        return bool(inner) or any(not (attribute and one.attribute) or one.attribute == attribute for one in whole)

    def changed_later(self, node: ast.AST) -> ast.AST | None:
        """Return what may change an expression's object, or what is in it, after that while the file is loaded."""
        point = self._running.spot(node)
        if self._graph.objects(self._flow.variable(node)) and self._graph.exhausted:
            return self._names.tree.body[-1]
        later = [
            change.node
            for one, change in self._all_changes(self._flow.variable(node))
            if self._running.loads(self._running.spot(change.node).frame)
            and not self._certainly_before(change, one, point)
        ]
        return min(later, key=self._running.end, default=None)

    def rebound(self, binding: Binding, use: ast.AST) -> bool:
        """Return whether a name of the module may be set by its text between its binding and a use."""
        if self._rebound is None:
            self._rebound = list(self._rebindings())
        return any(
            (one.name is None or one.name.fullmatch(binding.name))
            and self._may_happen(Change(one.node, False), MODULE, self._start(binding), self._running.spot(use))
            for one in self._rebound
        )

    def _start(self, binding: Binding) -> Spot:
        scope = binding.scope
        return Spot(self._running.frame(scope), binding.order, self._running.loops(scope, binding.path))

    # -- what may happen when ----------------------------------------------------

    def _between(
        self, variable: int, start: Spot | None, use: Spot, seen: set[ast.AST]
    ) -> tuple[list[Change], list[Change]]:
        objects = set(self._graph.objects(variable))
        if self._graph.exhausted:
            return [Change(self._names.tree, True)], []
        parts = set().union(*map(self._graph.within, objects)) - objects
        whole = [change for one in objects for change in self._happening(one, start, use, seen)]
        inner = [change for one in parts for change in self._happening(one, start, use, seen)]
        if variable != NOTHING:
            anything = (Change(node, True) for node in self._flow.anything)
            whole += [one for one in anything if self._may_happen(one, MODULE, start, use)]
        return whole, inner

    def _happening(self, one: object, start: Spot | None, use: Spot, seen: set[ast.AST]) -> Iterator[Change]:
        changes = self._changes_of(one)
        if len(changes) > _MOST_CHANGES + len(seen):
            yield changes[0]
            return
        for change in changes:
            if change.node not in seen and self._may_happen(change, one, start, use):
                yield change

    def _may_happen(self, change: Change, site: object, start: Spot | None, use: Spot) -> bool:
        at = self._running.spot(change.node)
        if self._running.loads(use.frame) and not self._running.loads(at.frame):
            return False
        begins = self._running.begins(at.frame)
        if isinstance(use.frame, ast.Module) and not use.loops and begins is not None and begins > use.order:
            return False
        if at.frame is not use.frame:
            return start is None or not self._is_settled(change, start, use)
        if self._running.end(change.node) > use.order and (
            self._running.is_once(at.frame) or self._frame_of(site) is at.frame
        ):
            shared = at.loops & use.loops
            if shared <= self._loops_of(site):
                return False
        return start is None or not self._is_settled(change, start, use)

    def _is_settled(self, change: Change, start: Spot, use: Spot) -> bool:
        """Return whether a change is always before the binding that a use sees."""
        at = self._running.spot(change.node)
        if at.frame is not start.frame or self._running.end(change.node) > start.order:
            return False
        if use.frame is not at.frame:
            return self._running.is_once(at.frame) and not at.loops & start.loops
        return use.order > start.order or not at.loops & start.loops

    def _certainly_before(self, change: Change, site: object, point: Spot) -> bool:
        at = self._running.spot(change.node)
        if at.frame is not point.frame or self._running.end(change.node) > point.order:
            return False
        direct = self._is_direct(change.node, site)
        once = self._running.is_once(at.frame) or (direct and self._frame_of(site) is at.frame)
        return once and (not at.loops & point.loops or (direct and at.loops & point.loops <= self._loops_of(site)))

    def _is_direct(self, node: ast.AST, site: object) -> bool:
        """Return whether a change is made through a name that was bound to the object where it was made."""
        owner: ast.AST | None = node
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        elif isinstance(node, ast.Subscript | ast.Attribute):
            owner = node.value
        elif isinstance(node, ast.AugAssign):
            owner = node.target
        if not isinstance(owner, ast.Name):
            return False
        bindings = self._names.lookup(owner.id, node)
        return bool(bindings) and all(one.node is site for one in bindings if one.kind != "augmented")

    def _all_changes(self, variable: int) -> Iterator[tuple[object, Change]]:
        for one in list(self._graph.objects(variable)):
            for part in {one, *self._graph.within(one)}:
                yield from ((part, change) for change in self._changes_of(part))

    def _changes_of(self, one: Hashable) -> list[Change]:
        """The changes of an object, and of what it is in where they may reach it."""
        known = self._changes.get(one)
        if known is None:
            found: dict[Change, None] = {}
            if not unfollowed(one) and not isinstance(one, ast.Tuple):
                direct, deep = self._made
                found.update(dict.fromkeys(direct.get(one, ())))
                for root, changes in deep.items():
                    if root == one or one in self._graph.within(root):
                        found.update(dict.fromkeys(changes))
            known = self._changes[one] = list(found)
        return known

    @cached_property
    def _made(self) -> tuple[dict[Hashable, list[Change]], dict[Hashable, list[Change]]]:
        """The changes by the objects that they are made of: of these alone, and of all that is in them too."""
        direct: dict[Hashable, list[Change]] = {}
        deep: dict[Hashable, list[Change]] = {}
        for variable, change in (*self._flow.changes, *self._flow.given_away()):
            for one in self._graph.objects(variable) - {OUTSIDE}:
                (deep if change.deep or isinstance(one, Pool) else direct).setdefault(one, []).append(change)
        return direct, deep

    def _frame_of(self, site: object) -> ast.AST:
        return self._running.spot(site).frame if isinstance(site, ast.AST) else self._names.tree

    def _loops_of(self, site: object) -> frozenset[int]:
        return self._running.spot(site).loops if isinstance(site, ast.AST) else frozenset()

    # -- names set by their text -------------------------------------------------

    def _rebindings(self) -> Iterator[Rebinding]:
        for owner, key, value, node in self._flow.set_by_text:
            if MODULE in self._graph.objects(owner):
                names = self._values.text(key) if key is not None else None
                if names is None and self._is_no_plain_value(value):
                    continue
                yield Rebinding(_pattern(names), node)
        yield from (Rebinding(None, node) for node in self._flow.anything)

    def _is_no_plain_value(self, value: ast.expr | None) -> bool:
        """Return whether a library surely made a value, such as a DAG: no name of a plain value gets it."""
        return value is not None and all(isinstance(one, Made | Local) for one in self._values.evaluate(value))


def _pattern(names: tuple[str | ast.AST, ...] | None) -> re.Pattern[str] | None:
    if names is None:
        return None
    return re.compile("".join(re.escape(part) if isinstance(part, str) else ".*" for part in names))
