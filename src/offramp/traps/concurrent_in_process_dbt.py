"""OFR220: runs of dbt that may overlap in one process."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from offramp.finding.dbt_in_calls import RUNNER as DBT_RUNNER
from offramp.finding.dbt_in_calls import starts
from offramp.finding.trap import File, Trap
from offramp.knowledge.prefect_dbt_calls import CORE_TASKS, RUNNER
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items, Made, Reference

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "other")
HELP = "Order them by `wait_for=[…]`, or give the flow a task runner with processes"
_THREADS = frozenset({"prefect.task_runners.ThreadPoolTaskRunner", "prefect.task_runners.ConcurrentTaskRunner"})
_INVOKE = f"{RUNNER}.invoke"
# Methods and functions that wait for futures.
_WAITING = frozenset({"result", "wait", "as_completed", "result_async", "wait_async"})
# Statements and expressions with arms, of which one alone may run.
_ARMS = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.Match, ast.ExceptHandler, ast.match_case)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_WITH = (ast.With, ast.AsyncWith)
_LEAVING = (ast.Return, ast.Break, ast.Raise)
# Functions that may hold a task back until another is done.
_HOLDING = frozenset({"acquire", "__enter__", "__aenter__", "enter_context", "enter_async_context", "rate_limit"})
# A setting of Prefect, which a file may give a value of 1 before its flows run.
_WORKERS = "TASK_RUNNER_THREAD_POOL_MAX_WORKERS"
_DEEPEST = 3
_NEAREST = 10


def find(file: File) -> Iterator[Trap]:
    """The submissions of tasks that run dbt in the flow's process while an earlier one may still do so."""
    prefect = prefect_of(file.module, file.versions)
    if prefect.two or _WORKERS in file.source.text or any(_sets_runner(call) for call in file.module.names.calls):
        return
    starts: dict[FunctionNode, list[ast.Call]] = {}
    for call in file.module.names.calls:
        function = file.module.names.enclosing_function(call)
        if isinstance(function, FunctionNode) and _has_threads(prefect, function) and _submits(file, prefect, call):
            starts.setdefault(function, []).append(call)
    for function, calls in starts.items():
        yield from _overlapping(prefect, function, calls)


def fix(_planning: Planning, _learned: None) -> Fix:
    """Say what to do by hand."""
    from offramp.model import Applicability, Fix

    return Fix(HELP, (), Applicability.DISPLAY_ONLY, "which of them is to wait is for people to say")


def _overlapping(prefect: Prefect, function: FunctionNode, calls: list[ast.Call]) -> Iterator[Trap]:
    """The traps of one flow, each at the later call; the nearest calls before one are looked at."""
    order = _Order(function)
    for index, call in enumerate(calls):
        before = [call] if _repeats(prefect, call) else calls[max(0, index - _NEAREST) : index]
        for first in before:
            statement = prefect.names.statement(first)
            if first is call or not (_excluded(prefect, first, call) or order.keeps(statement, first, call)):
                yield _trap(prefect, first, call)
                break


def _trap(prefect: Prefect, first: ast.Call, second: ast.Call) -> Trap:
    other = "another turn of it" if first is second else f"`{prefect.named(first)}`"
    related = () if first is second else ((first, "this may still run dbt then"),)
    slots = {"call": prefect.named(second), "other": other}
    return Trap(second.func, slots, second, related)


# -- where tasks run ---------------------------------------------------------------


def _sets_runner(call: ast.Call) -> bool:
    """Return whether a call gives a flow that is made already another task runner."""
    options = isinstance(call.func, ast.Attribute) and call.func.attr == "with_options"
    return options and any(keyword.arg in ("task_runner", None) for keyword in call.keywords)


def _has_threads(prefect: Prefect, function: FunctionNode) -> bool:
    """Return whether a function is a flow whose tasks certainly run in threads, several at a time."""
    if prefect.role(function) != "flow" or len(function.decorator_list) != 1:
        return False
    decorator = function.decorator_list[0]
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    for keyword in keywords:
        if keyword.arg is None or (keyword.arg == "task_runner" and not _is_of_threads(prefect, keyword.value)):
            return False
    return True


def _is_of_threads(prefect: Prefect, node: ast.expr) -> bool:
    value = prefect.values.single(node)
    made = value.callee if isinstance(value, Made) else value
    if not isinstance(made, Reference) or made.path not in _THREADS:
        return False
    given = value.call.keywords if isinstance(value, Made) else []
    workers = [prefect.values.single(keyword.value) for keyword in given if keyword.arg in ("max_workers", None)]
    positional = value.call.args if isinstance(value, Made) else []
    return not positional and all(isinstance(one, Constant) and one.value != 1 for one in workers)


def _submits(file: File, prefect: Prefect, call: ast.Call) -> bool:
    """Return whether a call submits or maps a task that runs dbt in the flow's process, and nothing holds back."""
    target = prefect.target(call.func)
    if target is None or target.form not in ("submit", "map"):
        return False
    if any(keyword.arg in ("return_state", None) for keyword in call.keywords):  # It waits for the state.
        return False
    if target.callable.name in CORE_TASKS:
        return True
    function = target.function
    if function is None or prefect.role(function) != "task":
        return False
    # A tag may have a limit of one run at a time.
    options = [
        one for part in (*function.decorator_list, call.func) for one in walk(part) if isinstance(one, ast.keyword)
    ]
    limited = any(option.arg in ("tags", None) for option in options)
    return not limited and _runs_in_process(file, prefect, function)


def _runs_in_process(file: File, prefect: Prefect, function: FunctionNode, depth: int = 0) -> bool:
    """Return whether a function runs dbt in its process, outside of all ``with`` statements, which may be locks."""
    calls = prefect.calls_in(function)
    if any(_called(call) in _HOLDING for call in calls):
        return False
    for call in calls:
        target, start = prefect.target(call.func), starts(file).get(call)
        runs = (start is not None and start.how == DBT_RUNNER) or (
            target is not None and target.callable.name in {_INVOKE, *CORE_TASKS} and target.form == "call"
        )
        local = target.function if target is not None and target.form == "call" else None
        if local is not None and depth < _DEEPEST and prefect.role(local) == "plain":
            runs = runs or _runs_in_process(file, prefect, local, depth + 1)
        if runs and not any(isinstance(around, _WITH) for around in _around(prefect, call)):
            return True
    return False


# -- what comes after what ---------------------------------------------------------


def _around(prefect: Prefect, node: ast.AST) -> list[ast.AST]:
    """The nodes around one, from the inside out, up to its function."""
    return [*takewhile(lambda one: not isinstance(one, FunctionNode | ast.Lambda), prefect.names.ancestors(node))]


def _excluded(prefect: Prefect, first: ast.Call, second: ast.Call) -> bool:
    """Return whether one may not run where the other does, or one stands in a ``with``, which may be a lock.

    A call in an arm says nothing of what follows: the arm may leave the flow, and what follows may stand in the arm
    of a condition that excludes the first.
    """
    before, after = _around(prefect, first), _around(prefect, second)
    common = next((index for index, one in enumerate(before) if one in after), len(before) - 1)
    return any(isinstance(one, _ARMS) for one in before[: common + 1]) or any(
        isinstance(one, _WITH) for one in (*before, *after)
    )


class _Order:
    """The order of one flow: the names that its statements bind and load, and the places where it waits."""

    def __init__(self, function: ast.AST) -> None:
        nodes = [node for node in walk(function) if isinstance(node, ast.stmt | ast.expr)]
        self._waits = sorted(_end(node) for node in nodes if _waits(node))
        inner = sorted((node for node in nodes if isinstance(node, ast.stmt) and node is not function), key=_begin)
        self._begins = [_begin(node) for node in inner]
        self._names = [(_bound(node), _loaded(node), _handed_over(node)) for node in inner]

    def keeps(self, statement: ast.stmt, first: ast.Call, second: ast.Call) -> bool:
        """Return whether the second may wait for the first, or the flow for anything between them."""
        if _end(statement) <= _begin(second) and any(_waits(one) or _gives_away(one, first) for one in walk(statement)):
            return True
        index = bisect_left(self._waits, _end(first))
        if index < len(self._waits) and self._waits[index] <= _begin(second):
            return True
        tainted, wanted = _bound(statement), _loaded(second)
        begin, end = bisect_right(self._begins, _begin(first)), bisect_left(self._begins, _begin(second))
        for bound, loaded, handed in self._names[begin:end]:
            if tainted & handed:
                return True
            if tainted & loaded:
                tainted |= bound
        return bool(tainted & wanted)


def _begin(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return (node.lineno, node.col_offset)


def _end(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return (node.end_lineno or 0, node.end_col_offset or 0)


def _waits(node: ast.AST) -> bool:
    """Return whether a node may wait: a ``while`` may ask for a state until it is a final one."""
    return isinstance(node, ast.Await | ast.While) or (isinstance(node, ast.Call) and _called(node) in _WAITING)


def _called(call: ast.Call) -> str:
    """The name of the function or method that a call calls."""
    called = call.func
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _gives_away(node: ast.AST, call: ast.Call) -> bool:
    """Return whether a node calls something with what a call gives, that may wait for it."""
    return isinstance(node, ast.Call) and not _keeps_on(node) and call in (*node.args, *_values(node))


def _handed_over(statement: ast.AST) -> set[str]:
    """The names that a statement calls something with that may wait for what they are."""
    calls = [node for node in walk(statement) if isinstance(node, ast.Call) and not _keeps_on(node)]
    return set[str]().union(*(_loaded(one) for call in calls for one in (*call.args, *_values(call))))


def _values(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords]


def _keeps_on(call: ast.Call) -> bool:
    """Return whether a call submits a task, or adds to a list: it does not wait for what it is given."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("submit", "map", "append", "extend", "unmapped")


def _bound(statement: ast.AST) -> set[str]:
    """The names that a statement binds, or whose object it changes, as a list that it adds to."""
    changed = [node for node in walk(statement) if isinstance(getattr(node, "ctx", None), ast.Store)]
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    return {_root(node) for node in (*changed, *([called] if isinstance(called, ast.Attribute) else []))} - {""}


def _root(node: ast.AST) -> str:
    """The name that an attribute or item belongs to; empty where there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _loaded(statement: ast.AST) -> set[str]:
    return {node.id for node in walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _repeats(prefect: Prefect, call: ast.Call) -> bool:
    """Return whether a call submits several tasks that may overlap: it is mapped, or stands in a loop."""
    target = prefect.target(call.func)
    if target is not None and target.form == "map":
        return len(call.args) == 1 and not call.keywords and _is_several(prefect, call.args[0])
    around = _around(prefect, call)
    loops = [one for one in around if isinstance(one, (*_LOOPS, *_COMPREHENSIONS))]
    if len(loops) != 1 or any(isinstance(one, (*_ARMS, *_WITH)) for one in around):
        return False
    (loop,) = loops
    if isinstance(loop, ast.ListComp):
        over = loop.generators[0]
        return _is_several(prefect, over.iter) and not over.ifs and loop.elt is call
    if not isinstance(loop, ast.For) or not _is_several(prefect, loop.iter):
        return False
    bound = set[str]().union(*map(_bound, loop.body))
    inner = [node for part in loop.body for node in walk(part)]
    return not bound & _loaded(call) and not any(_waits(node) or isinstance(node, _LEAVING) for node in inner)


def _is_several(prefect: Prefect, node: ast.expr) -> bool:
    value = prefect.values.single(node)
    return isinstance(value, Items) and value.complete and len(value.nodes) > 1
