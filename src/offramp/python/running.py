"""Order in which code runs: in which frame and loops, and whether while the file is loaded; knows no rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from heapq import heappop, heappush

from offramp.python.evaluation import Values
from offramp.python.names import FunctionNode, Names, Path, Scope
from offramp.python.nodes import walk
from offramp.python.values import Made, Member, Reference, Value
from offramp.record import NamedTuple

_PLAIN_DECORATORS = frozenset({"functools", "builtins", "contextlib", "typing"})
_LOOPS = ("for", "while")


class Spot(NamedTuple):
    """A point of the code: what runs it (a function, the module, a generator), its order there, the loops around."""

    frame: ast.AST
    order: int
    loops: frozenset[int]


class Running:
    """The spots of a module's code; ``values`` resolves callees."""

    def __init__(self, names: Names, values: Values) -> None:
        self._names = names
        self._values = values
        self._libraries = values.libraries
        self._spots: dict[ast.AST, Spot] = {}
        self._ends: dict[ast.AST, int] = {}
        self._begins: dict[ast.AST, int] | None = None

    # -- where -------------------------------------------------------------------

    def spot(self, node: ast.AST) -> Spot:
        """Return where code stands; a call comes after all that it is given."""
        known = self._spots.get(node)
        if known is None:
            scope, order, path = self._names.place(node)
            known = self._spots[node] = Spot(self.frame(scope), order, self.loops(scope, path))
        return known

    def end(self, node: ast.AST) -> int:
        """Return when a change is made: after all that it is made of."""
        known = self._ends.get(node)
        if known is None:
            # Python has one object for all operators of a kind; a lambda's body stands elsewhere in the order.
            spots = (self.spot(inner) for inner in walk(node) if isinstance(inner, ast.expr | ast.stmt))
            frame = self.spot(node).frame
            known = self._ends[node] = max(spot.order for spot in spots if spot.frame is frame) + 1
        return known

    def frame(self, scope: Scope) -> ast.AST:
        """The function, module, lambda or generator that runs a scope's code."""
        return self._names.frame(scope).node

    def loops(self, scope: Scope, path: Path) -> frozenset[int]:
        """The loops around a place of a frame, comprehensions included."""
        found = {branch[0] for branch in path if branch[1] in _LOOPS}
        current: Scope | None = scope
        while current is not None and not isinstance(current.node, FunctionNode | ast.Lambda | ast.Module):
            if not isinstance(current.node, ast.ClassDef):
                found.add(id(current.node))
            current = current.parent
        return frozenset(found)

    def is_once(self, frame: ast.AST) -> bool:
        """Return whether code runs once at most while the file is loaded."""
        seen: set[ast.AST] = set()
        while isinstance(frame, FunctionNode) and frame not in seen:
            seen.add(frame)
            calls = self._values.calls_of(frame)
            if len(calls) != 1 or self._values.handed_on(frame) or self.spot(calls[0]).loops:
                return False
            frame = self.spot(calls[0]).frame
        return isinstance(frame, ast.Module)

    # -- what runs while the file is loaded --------------------------------------

    def loads(self, frame: ast.AST) -> bool:
        """Return whether code may run while the file is loaded."""
        return self.begins(frame) is not None

    def begins(self, frame: ast.AST) -> int | None:
        """Return from where on in the module code may run while the file is loaded; None where it does not."""
        if self._begins is None:
            self._begins = self._run_by_loading()
        return self._begins.get(frame)

    def _run_by_loading(self) -> dict[ast.AST, int]:
        leads: dict[ast.AST, list[tuple[int, ast.AST]]] = {}
        for begun, place in self._beginnings():
            spot = self.spot(place)
            leads.setdefault(spot.frame, []).append((spot.order, begun))
        module = self._names.tree
        begins: dict[ast.AST, int] = {}
        # The earliest come first, so that none has to be looked at again.
        waiting: list[tuple[int, int, ast.AST]] = [(0, id(module), module)]
        while waiting:
            order, _, frame = heappop(waiting)
            if frame not in begins:
                begins[frame] = order
                for called, begun in leads.get(frame, ()):
                    heappush(waiting, (called if frame is module else order, id(begun), begun))
        return begins

    def _beginnings(self) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Code that others run, each with where that is done or begins to be possible."""
        for function in self._names.functions:
            yield from ((function, place) for place in self._starts(function))
        for scope in self._names.scopes.values():
            if isinstance(scope.node, ast.GeneratorExp) or (
                isinstance(scope.node, ast.Lambda) and not self._is_argument_of_runner(scope.node)
            ):
                parent = self._names.parents[scope.node]
                yield scope.node, parent

    def _starts(self, function: FunctionNode) -> Iterator[ast.AST]:
        """Return where a function may be called, or begin to be: by its name, as a method, by a decorator."""
        parts = [self.decorator(one) for one in function.decorator_list]
        roots = [path.partition(".")[0] for path in parts]
        if any(root in self._libraries.deferring for root in roots):
            if not any(path.rpartition(".")[2] in self._libraries.immediate for path in parts):
                return
        elif any(root not in _PLAIN_DECORATORS | self._libraries.runners for root in roots):
            yield function
        if isinstance(self._names.parents.get(function), ast.ClassDef):
            if function.name.startswith("__"):
                yield function
            yield from self._names.attributes.get(function.name, ())
        for binding in self._names.bindings_of(function):
            if binding.kind == "function":
                yield from (load for load in self._names.uses(binding) if not self._is_argument_of_runner(load))

    def decorator(self, node: ast.expr) -> str:
        """The dotted path of a decorator; empty where it is not known."""
        value = self._values.single(node.func if isinstance(node, ast.Call) else node)
        return value.path if isinstance(value, Reference) else ""

    def _is_argument_of_runner(self, node: ast.AST) -> bool:
        """Return whether an expression is given to a library that calls nothing while the file is loaded."""
        for outer in self._names.ancestors(node):
            if isinstance(outer, ast.Call):
                inside = any(node is inner for inner in walk(outer.func))
                return not inside and all(
                    isinstance(value, Reference) and value.path.partition(".")[0] in self._libraries.runners
                    for value in map(_maker, self._values.evaluate(outer.func))
                )
            if isinstance(outer, ast.stmt | ast.Lambda):
                return False
        return False

    def is_task(self, function: FunctionNode) -> bool:
        """Return whether calling a function runs it later."""
        paths = [self.decorator(one) for one in function.decorator_list]
        return any(path.partition(".")[0] in self._libraries.deferring for path in paths) and not any(
            path.rpartition(".")[2] in self._libraries.immediate for path in paths
        )


def _maker(value: Value) -> Value:
    """The class or function at the root of a callee: of ``X.partial(…).expand``, ``X.partial``."""
    while isinstance(value, Member | Made):
        value = value.owner if isinstance(value, Member) else value.callee
    return value
