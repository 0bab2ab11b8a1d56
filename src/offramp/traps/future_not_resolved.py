"""OFR215: futures of dbt work that no flow run's state depends on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.knowledge.prefect_dbt_calls import SYNC_TASK, TASK
from offramp.prefect_code.call_places import known_target
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.names import FunctionNode
from offramp.python.paths import DROPPED, READ, START, UNSEEN, End, Loss, losses
from offramp.python.values import Items, Reference

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "consequence")
HELP = "Return the future in a flat list of futures, or ask for its `.result()`"
_NESTED, _BESIDE = "nested", "beside"
_WHY = {
    _NESTED: "a future inside a list or dict of the returned value does not count",
    _BESIDE: "a future beside other values in what is returned does not count",
}
_LOST = {DROPPED, READ, *_WHY}
_THE_SAME = frozenset({"prefect.unmapped", "prefect.utilities.annotations.unmapped"})


def find(file: File) -> Iterator[Trap]:
    """The calls that submit such a task, or that are handed its future and lose it."""
    prefect = prefect_of(file.module, file.versions)
    places: set[ast.AST] = set()
    beside: dict[ast.AST, bool] = {}
    ends: dict[ast.Call, list[End]] = {}
    calls = [call for call in prefect.names.calls if _submits_work(prefect, call)]
    # From the last to the first, since most futures are waited for by later ones, whose ways they then share.
    for call in reversed(calls):
        future = _Future(prefect, beside, ends)
        future.follow(call, _level(prefect, call))
        ends[call] = list(dict.fromkeys(future.ends))
    for call in calls:
        for loss in losses(ends[call], _LOST):
            place = loss.site or call
            if place not in places:
                places.add(place)
                yield _unresolved(prefect, loss, call, place)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Return the futures of the flow, or ask for their results."""
    from offramp.prefect_code.future_results import FutureFixes

    known_target(prefect_of(planning.module, planning.versions), call, ("submit", "map"))
    return planning.shared(FutureFixes).plan(call, planning.learned("future-not-resolved"))


def _submits_work(prefect: Prefect, call: ast.Call) -> bool:
    """Return whether a flow submits or maps a task that does dbt's work, and takes its futures."""
    target = prefect.target(call.func)
    if target is None or target.form not in ("submit", "map") or target.callable.kind not in (TASK, SYNC_TASK):
        return False
    works = target.callable.works and prefect.runs(call) == {"flow"}
    return bool(works) and not any(keyword.arg == "return_state" for keyword in call.keywords)


def _level(prefect: Prefect, call: ast.Call) -> int:
    """Return how many containers are around the futures that ``submit`` or ``map`` gives."""
    target = prefect.target(call.func)
    return 1 if "map" in (getattr(call.func, "attr", ""), target.form if target is not None else "") else 0


def _unresolved(prefect: Prefect, loss: Loss, call: ast.Call, place: ast.Call) -> Trap:
    """The trap at the place where a future is lost."""
    returned = loss.kinds & _WHY.keys()
    why = _WHY[min(returned)] if returned else "nothing resolves it"
    consequence = f"the flow run ends Completed when it fails: {why}"
    if prefect.two and not returned and _decided_by_tasks(prefect, call):
        consequence = "its failure stops failing the flow run on Prefect 3, where nothing resolves it"
    return Trap(place.func, {"call": prefect.named(place), "consequence": consequence}, place, learned=place)


class _Future(PrefectPaths):
    """Follows where a future goes; ``unseen`` is everything that may ask for its result or state.

    ``beside`` keeps which lists and tuples hold something else, for all futures of a file,
    and ``known`` where those of some calls go.
    """

    def __init__(self, prefect: Prefect, beside: dict[ast.AST, bool], known: dict[ast.Call, list[End]]) -> None:
        super().__init__(prefect)
        self._beside = beside
        self._known = known

    def awaited(self, node: ast.Await, level: int) -> None:
        self.follow(node, level) if self.prefect.two else self.end(UNSEEN, node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        call = self.names.parents.get(node)
        only_waits = node.attr == "wait" and isinstance(call, ast.Call) and self._bare(call)
        self.end(READ if only_waits or node.attr == "task_run_id" else UNSEEN, node, level)

    def item(self, node: ast.Subscript, level: int) -> None:
        self.end(UNSEEN, node, level)

    def iterated(self, node: ast.AST) -> None:
        self.end(UNSEEN, node, 0)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        value = self.prefect.values.single(call.func)
        path = value.path if isinstance(value, Reference) else ""
        target = self.prefect.target(call.func)
        submits = isinstance(call.func, ast.Attribute) and call.func.attr in ("submit", "map")
        if submits and (keyword == "wait_for" or (target and target.callable.kind in (TASK, SYNC_TASK))):
            # The future that waits for this one fails with it, so that one's way is this one's.
            if call in self._known and self.route == START:
                self.ends += self._known[call]
            else:
                self.follow(call, _level(self.prefect, call))
        elif path == "prefect.futures.wait":
            self.end(READ if self._bare(call) else UNSEEN, call, level)
        elif (path == "prefect.futures.as_completed" and level) or path in _THE_SAME:
            self.follow(call, level)
        elif target is not None and target.callable.kind == SYNC_TASK and target.form == "call" and self._bare(call):
            # The called task does not run when this one failed, and the flow goes on (Prefect 3.8.8).
            self.end(READ if not self.prefect.two else UNSEEN, call, level)
        elif target is not None and target.function and self.prefect.role(target.function) == "plain":
            self.to_parameter(call, target.function, node, level, keyword)
        else:
            self.end(UNSEEN, call, level)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        role = self.prefect.role(function)
        if role == "flow":
            beside = level == 1 and self._beside_others(node)
            self.end(_NESTED if level > 1 else _BESIDE if beside else UNSEEN, node, level)
        elif role == "plain":
            self.to_callers(function, node, level)
        else:
            self.end(UNSEEN, node, level)

    def _bare(self, call: ast.Call) -> bool:
        return isinstance(self.names.parents.get(call), ast.Expr)

    def _beside_others(self, node: ast.AST) -> bool:
        """Return whether a returned list or tuple certainly holds something that is not a future."""
        if node not in self._beside:
            self._beside[node] = any(
                self._no_future(element)
                for value in self.prefect.values.evaluate(node)
                if isinstance(value, Items)
                for element in value.nodes
            )
        return self._beside[node]

    def _no_future(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.List | ast.Tuple | ast.Set | ast.Dict | ast.ListComp):
            return True
        if isinstance(node, ast.Name):
            made, _ = self.prefect.producer(node)
            node = made if made is not None else node
        if not isinstance(node, ast.Call):
            return False
        target = self.prefect.target(node.func)
        mapped = target is not None and target.form == "map"
        return mapped or (isinstance(node.func, ast.Attribute) and node.func.attr == "result")


def _decided_by_tasks(prefect: Prefect, node: ast.AST) -> bool:
    """Return whether every flow around a call returns nothing, so that Prefect 2 goes by the states of its tasks."""
    function = prefect.names.enclosing_function(node)
    if not isinstance(function, FunctionNode):
        return False
    if prefect.role(function) != "flow":
        return all(_decided_by_tasks(prefect, site) for site in prefect.call_sites(function) or ())
    return all(isinstance(value, ast.Constant) and value.value is None for value in prefect.values.returns(function))
