"""The Airflow-side traps of waiting: runs that nobody waits for, and waits without effect.

Each detector takes the module and yields the place, and the slots of its message.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from offramp.finding.describe import argument_text, name_text, task_text
from offramp.finding.names import expects_failure
from offramp.finding.operators import WAIT, Module, Use
from offramp.finding.passes import Pass, pass_waits, passes, stands_in_one_loop, waits
from offramp.finding.run_flow import RunFlow, run_sources
from offramp.finding.task_places import full_task_id
from offramp.finding.trap import Trap
from offramp.finding.values import UNKNOWN, Constant, Made, Reference
from offramp.reading.versions import Versions

_DEFERRABLE = "deferrable"
# Before provider 4.7.0 the hook's wait returned False for an unexpected end, from then on it raises.
_RAISES_SINCE = (4, 7)
_WAIT_POSITIONS = ("run_id", "account_id", "expected_statuses", "check_interval", "timeout")
_SUCCESS = Constant(10)
_MOST_LISTED = 3


def fire_and_forget_run(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Trigger operators that do not wait, and whose run id reaches nothing that could."""
    quiet = [(use, found) for use in _triggers(module) if (found := forgotten(module, use))]
    if not quiet:
        return
    from offramp.finding.following.statements import build

    tasks = [task for dag in build(module).dags for task in dag.tasks.values()]
    early = "starts when the run is triggered, not when it has ended"
    for use, found in quiet:
        ids = {full_task_id(one.module, one.use) for one in found}
        after = [task for task in tasks if any(up.use is use and (up.id in ids or None in ids) for up in task.upstream)]
        yield _trap_of_passes(use, found)._replace(related=tuple((task.node, f"`{task.id}` {early}") for task in after))


@lru_cache(maxsize=1)
def run_flow(module: Module) -> RunFlow:
    """Where the runs of a file go; kept for the file's fixes, which ask again."""
    return RunFlow(module)


def forgotten(module: Module, use: Use) -> list[Pass]:
    """The passes in which a trigger operator starts a run that nothing waits for."""
    if waits(module, use) is True:
        return []
    made = passes(module, use)
    # Behind a loop its names are those of the last turn.
    turns = len(made) > 1 and stands_in_one_loop(module, use)
    quiet = [(one, not turns or one is made[-1]) for one in made if pass_waits(one) is False]
    return [one for one, last in quiet if not run_flow(module).waited(use, one.use, last=last)]


def deferrable_without_wait(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Trigger operators that are asked to defer but not to wait, so that they never defer."""
    for use in _triggers(module):
        given = use.arguments.given.get(_DEFERRABLE)
        constant = given.constant if given is not None else None
        # The operator looks for exactly True (seen on providers 4.0.0 and 4.11.1).
        if constant is not None and constant.value is True and waits(module, use) is False:
            yield _trap(use)


def double_wait(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Sensors that wait for a run whose operator has waited already."""
    by_id: dict[tuple[ast.AST | None, str | None], list[Use]] = {}
    for use in _triggers(module):
        by_id.setdefault((_dag(module, use), full_task_id(module, use)), []).append(use)
    for sensor in module.uses:
        if sensor.role != "sensor" or sensor.call is None:
            continue
        if sensor.derived is not None and module.decides(sensor.derived):
            continue
        triggers: list[Use] = []
        for source in run_sources(module, sensor):
            triggers.extend([source] if isinstance(source, Use) else by_id.get((_dag(module, sensor), source), []))
        if len(triggers) == 1 and triggers[0].role == "trigger" and waits(module, triggers[0]) is True:
            slots = {**_trap(triggers[0]).slots, "sensor": name_text(sensor)}
            waited = (triggers[0].callee, "waits for the run itself, until it has ended")
            yield Trap(sensor.callee, slots, sensor.call, (waited,))


def hook_wait_result_ignored(module: Module, versions: Versions) -> Iterator[Trap]:
    """Waits by hand whose result nobody looks at, and runs triggered by hand that nobody looks for."""
    raises = versions.provider.at_least(_RAISES_SINCE)
    for call in module.names.calls:
        if not isinstance(call.func, ast.Attribute) or not isinstance(module.names.parents.get(call), ast.Expr):
            continue
        method = call.func.attr
        if method not in ("wait_for_job_run_status", "trigger_job_run") or not _is_hook(module, call.func.value):
            continue
        if method == "trigger_job_run":
            consequence = "starts a run that nothing here waits for"
            if _looks_later(module, call):
                continue
        elif raises or expects_failure(module.names, call) or not _expects_success(module, call):
            continue
        elif raises is False:
            consequence = "returns False, and raises nothing, when the run fails"
        else:
            consequence = "returns False when the run fails before provider 4.7.0, and raises from then on"
        yield Trap(call.func, {"method": method, "consequence": consequence}, call)


def _triggers(module: Module) -> Iterator[Use]:
    for use in module.uses:
        if use.role == "trigger" and use.call is not None and WAIT in module.rulebook.arguments(use.note):
            yield use


def _dag(module: Module, use: Use) -> ast.AST | None:
    """What makes the DAG of a use; where that is not seen, tasks of one function are taken to share theirs."""
    return use.around.dag or (None if use.around.known else module.names.enclosing_function(use.callee))


def _trap(use: Use) -> Trap:
    slots = {"operator": name_text(use), "task": task_text(use), "job_id": argument_text(use, "job_id")}
    return Trap(use.callee, slots, use.made)


def _trap_of_passes(use: Use, found: list[Pass]) -> Trap:
    """The trap of the passes of a loop, or calls of a function, that it is about."""
    slots = [_trap(one.use).slots for one in found]
    return Trap(use.callee, {name: _listed([one[name] for one in slots]) for name in slots[0]}, use.made)


def _listed(texts: list[str]) -> str:
    """Different texts as one, as people list them."""
    first = list(dict.fromkeys(texts))
    if len(first) > _MOST_LISTED:
        first = [*first[: _MOST_LISTED - 1], f"{len(first) - _MOST_LISTED + 1} others"]
    return " and ".join(part for part in (", ".join(first[:-1]), first[-1]) if part)


def _expects_success(module: Module, call: ast.Call) -> bool:
    """Whether a wait is for a success and nothing else, so that its result tells of a failure."""
    given = module.values.arguments(call, _WAIT_POSITIONS).given.get("expected_statuses")
    if given is None:
        return True
    value = given.values[0] if len(given.values) == 1 else UNKNOWN
    return value == _SUCCESS or (isinstance(value, Reference) and value.path.endswith(".SUCCESS.value"))


def _is_hook(module: Module, node: ast.expr) -> bool:
    made = [value.callee for value in module.values.evaluate(node) if isinstance(value, Made)]
    for value in (*made, *module.values.annotated(node)):
        path = module.noted(value)
        note = module.rulebook.note(path) if path else None
        if note is not None and note.roles.get(path) == "hook":
            return True
    return False


def _looks_later(module: Module, call: ast.Call) -> bool:
    """Whether the same function asks dbt Cloud anything else, which may be about this run.

    A hook that an object keeps is there for all its methods.
    """
    function = module.names.enclosing_function(call)
    kept = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute)
    return any(
        isinstance(other.func, ast.Attribute)
        and other is not call
        and (kept or module.names.enclosing_function(other) is function)
        and other.func.attr != "trigger_job_run"
        and _is_hook(module, other.func.value)
        for other in module.names.calls
    )
