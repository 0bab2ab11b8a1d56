"""The Airflow-side traps of waiting: runs that nobody waits for, and waits without effect.

Each detector takes the module and yields the place, and the slots of its message.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from offramp.finding.describe import argument_text, name_text, task_text
from offramp.finding.names import FunctionNode, expects_failure
from offramp.finding.operators import WAIT, Module, Use, waits
from offramp.finding.run_flow import RunFlow, run_sources
from offramp.finding.trap import Trap
from offramp.finding.values import UNKNOWN, Constant, Made, Reference
from offramp.reading.versions import Versions

_DEFERRABLE = "deferrable"
# Before provider 4.7.0 the hook's wait returned False for an unexpected end, from then on it raises.
_RAISES_SINCE = (4, 7)
_WAIT_POSITIONS = ("run_id", "account_id", "expected_statuses", "check_interval", "timeout")
_SUCCESS = Constant(10)


def fire_and_forget_run(module: Module, _versions: Versions) -> Iterator[Trap]:
    """Trigger operators that do not wait, and whose run id reaches nothing that could."""
    forgotten = forgotten_runs(module)
    if not forgotten:
        return
    from offramp.finding.following.statements import build

    tasks = [task for dag in build(module).dags for task in dag.tasks.values()]
    for use in forgotten:
        after = [task for task in tasks if any(upstream.use is use for upstream in task.upstream)]
        early = "starts when the run is triggered, not when it has ended"
        yield _trap(use)._replace(related=tuple((task.node, f"`{task.id}` {early}") for task in after))


@lru_cache(maxsize=1)
def forgotten_runs(module: Module) -> tuple[Use, ...]:
    """The trigger operators that OFR201 is about; kept for the file's fixes, which ask again."""
    flow = RunFlow(module)
    return tuple(use for use in _triggers(module) if waits(module, use) is False and not flow.waited(use))


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


def full_task_id(module: Module, use: Use) -> str | None:
    """The task id with its groups' prefixes; None when not known."""
    given = use.arguments.given.get("task_id")
    if given is None or given.constant is None:
        return None
    parts = [group_prefix(module, group) for group in use.around.groups]
    if any(part is None for part in parts):
        return None
    return ".".join([part for part in parts if part] + [str(given.constant.value)])


def group_prefix(module: Module, maker: ast.expr) -> str | None:
    """What a task group puts before its tasks' ids: its own id, nothing, or None when not known."""
    if isinstance(maker, ast.Call):
        given = module.values.arguments(maker, ("group_id", "prefix_group_id")).given
        prefixed = given.get("prefix_group_id")
        if prefixed is not None:
            if prefixed.constant is None:
                return None
            if not prefixed.constant.value:
                return ""
        if "group_id" in given:
            constant = given["group_id"].constant
            return str(constant.value) if constant is not None else None
    function = module.names.parents.get(maker)
    return function.name if isinstance(function, FunctionNode) else None


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
