"""OFR203: waits by hand whose result nobody looks at, and runs that are triggered by hand and never looked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.operators import Module
from offramp.finding.trap import File, Trap
from offramp.python.names import expects_failure
from offramp.python.values import UNKNOWN, Constant, Made, Reference
from offramp.reading.versions import Versions

SLOTS = ("method", "consequence")
_WAIT, _TRIGGER = "wait_for_job_run_status", "trigger_job_run"
# Before provider 4.7.0 the hook's wait returned False for an unexpected end, from then on it raises.
_RAISES_SINCE = (4, 7)
_WAIT_POSITIONS = ("run_id", "account_id", "expected_statuses", "check_interval", "timeout")
_SUCCESS = Constant(10)


def find(file: File) -> Iterator[Trap]:
    """The calls of the hook."""
    module = file.module
    for call in module.names.calls:
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if not isinstance(call.func, ast.Attribute) or method not in (_WAIT, _TRIGGER):
            continue
        if _is_hook(module, call.func.value) and _is_ignored(module, call, file.versions):
            consequence = _consequence(module, call, file.versions) if method == _WAIT else _forgotten(module, call)
            if consequence:
                yield Trap(call.func, {"method": method, "consequence": consequence}, call)


def _forgotten(module: Module, call: ast.Call) -> str:
    """The consequence of a run that is triggered; empty where something may look for it later."""
    return "" if _looks_later(module, call) else "starts a run that nothing here waits for"


def _consequence(module: Module, call: ast.Call, versions: Versions) -> str:
    """The consequence of a wait whose result is lost; empty for none."""
    raises = versions.provider.at_least(_RAISES_SINCE)
    if raises or expects_failure(module.names, call) or not _expects_success(module, call):
        return ""
    if raises is False:
        return "returns False, and raises nothing, when the run fails"
    return "returns False when the run fails before provider 4.7.0, and raises from then on"


def _is_ignored(module: Module, call: ast.Call, versions: Versions) -> bool:
    """Return whether what a call returns is dropped, or bound to names that nothing reads."""
    if isinstance(module.names.parents.get(call), ast.Expr):
        return True
    from offramp.prefect_code.hook_results import is_dropped  # slow to load

    return is_dropped(module, call, versions)


def _expects_success(module: Module, call: ast.Call) -> bool:
    """Return whether a wait is for a success and nothing else, so that its result tells of a failure."""
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
    """Return whether the same function asks the API anything else, which may be about this run.

    A hook that an object keeps is there for all its methods.
    """
    function = module.names.enclosing_function(call)
    kept = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute)
    return any(
        isinstance(other.func, ast.Attribute)
        and other is not call
        and (kept or module.names.enclosing_function(other) is function)
        and other.func.attr != _TRIGGER
        and _is_hook(module, other.func.value)
        for other in module.names.calls
    )
