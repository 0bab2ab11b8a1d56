"""OFR223: calls that run dbt and whose result, which alone tells of a failure, nobody looks at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.dbt_failures import is_of_tests, telling
from offramp.finding.dbt_in_calls import HOOK, RUNNER, starts
from offramp.finding.dbt_in_texts import commands_text
from offramp.finding.trap import File, Trap
from offramp.model import Blocked
from offramp.prefect_code.caught_failures import Caught, caught
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.prefect_code.dbt_results import (
    CODE,
    COMPLETED,
    FILE,
    HOOKED,
    INVOKED,
    LATER,
    OUTPUT,
    PAIR,
    PROCESS,
    PROCESSES,
    WAITED,
    lost,
)
from offramp.python.names import expects_failure
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "commands", "how")
HELP = "Let the failure raise, or say that it may be lost with `# offramp: ignore[OFR223]` and the reason"
_RUN = "subprocess.run"
# Results of calls that do not raise when dbt fails; those that raise have none.
_GIVES = {
    _RUN: COMPLETED,
    "subprocess.call": CODE,
    "subprocess.getoutput": OUTPUT,
    "subprocess.getstatusoutput": PAIR,
    "subprocess.check_call": "",
    "subprocess.check_output": "",
    "os.system": CODE,
    "os.popen": FILE,
    **PROCESSES,
    RUNNER: INVOKED,
    HOOK: HOOKED,
}
_WHY = {
    COMPLETED: "nobody looks at its `returncode`, and `check=True` is not given",
    CODE: "nobody looks at the exit code that it returns",
    PROCESS: "nobody looks at its `returncode`",
    LATER: "nobody looks at its `returncode`",
    FILE: "nobody looks at the exit code, which its `close()` returns",
    OUTPUT: "it returns what dbt writes, and no exit code",
    PAIR: "nobody looks at the exit code that it returns",
    INVOKED: "nobody looks at the `success` of its result",
    HOOKED: "nobody looks at the `exit_code` of its result",
}


class _Lost(NamedTuple):
    """A call whose result is lost: at another call, or by what catches its exception."""

    call: ast.Call
    form: str
    site: ast.Call | None = None
    caught: Caught | None = None


def find(file: File) -> Iterator[Trap]:
    """The calls that run dbt, or that are handed its result and lose it."""
    if is_of_tests(file.source.path):
        return
    for call, start in starts(file).items():
        runs = telling(file, start) if start.how in _GIVES else []
        if not runs:
            continue
        for found in _lost(prefect_of(file.module, file.versions), call, start.how):
            place = found.site or found.call
            how = f"{found.caught.text} catches what it raises" if found.caught is not None else _WHY[found.form]
            slots = {
                "call": start.how if found.site is None else ast.unparse(found.site.func),
                "commands": commands_text([(run, "") for run in runs]),
                "how": how,
            }
            yield Trap(place.func, slots, place, learned=found)


def _lost(prefect: Prefect, call: ast.Call, how: str) -> Iterator[_Lost]:
    form = _GIVES[how]
    raises = _raises(prefect, call) if form == COMPLETED else not form
    if raises:
        catching = caught(prefect, call)
        if catching is not None:
            yield _Lost(call, form, caught=catching)
    elif raises is False and not expects_failure(prefect.names, call):
        for loss in lost(prefect, call, form):
            if form not in {PROCESS, LATER} or WAITED in loss.kinds:
                yield _Lost(call, form, loss.site)


def _raises(prefect: Prefect, call: ast.Call) -> bool | None:
    """Return whether ``subprocess.run`` raises when the program fails; None where that is not known."""
    arguments = prefect.values.arguments(call)
    given = arguments.given.get("check")
    if given is None:
        return False if all(keyword.arg is not None for keyword in call.keywords) or arguments.complete else None
    return bool(given.constant.value) if given.constant is not None else None


# -- fixes -------------------------------------------------------------------------


def fix(planning: Planning, found: _Lost) -> Fix:
    """Let dbt's failure raise."""
    from offramp.model import Applicability

    if found.site is not None:
        raise Blocked("what runs dbt is called by others too", found.site)
    prefect = prefect_of(planning.module, planning.versions)
    insertions = planning.insertions()
    title = _mend(prefect, insertions, found)
    return insertions.fix(title, Applicability.UNSAFE, "what was green fails when dbt does")


def _mend(prefect: Prefect, insertions: Insertions, found: _Lost) -> str:
    """Write what lets the failure raise; returns the title. Raises Blocked."""
    call = found.call
    if found.caught is not None:
        return _raise_again(insertions, found.caught)
    if found.form == COMPLETED:
        return _check(prefect, insertions, call)
    if found.form == CODE and isinstance(prefect.names.parents.get(call), ast.Expr):
        return _run(prefect, insertions, call)
    if found.form in {INVOKED, HOOKED}:
        return _look(prefect, insertions, call, found.form)
    raise Blocked(f"{_WHY[found.form]}; what is to become of its output is not known", call)


def _raise_again(insertions: Insertions, catching: Caught) -> str:
    if not isinstance(catching.node, ast.ExceptHandler):
        raise Blocked("says that the failure is to be suppressed", catching.node)
    last = catching.node.body[-1]
    if isinstance(last, ast.Continue | ast.Pass):
        insertions.replace_statement(last, ["raise"])
    else:
        insertions.after(last, ["raise"])
    return "Raise the exception again"


def _check(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Have ``subprocess.run`` raise."""
    written = any(keyword.arg == "check" for keyword in call.keywords)
    if not written and "check" in prefect.values.arguments(call).given:
        raise Blocked("`check` is given elsewhere", call)
    insertions.give(call, "check", "True")
    return "Add `check=True`"


def _run(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Write ``subprocess.run`` for what only returns an exit code."""
    by_shell = prefect.path(call.func) == "os.system"
    if by_shell and call.keywords:
        raise Blocked("gives its command by name", call)
    insertions.run_checked(call, *(["shell=True"] if by_shell else []))
    return "Write `subprocess.run(…, check=True)`"


def _look(prefect: Prefect, insertions: Insertions, call: ast.Call, form: str) -> str:
    """Raise by what the result says."""
    parent = prefect.names.parents.get(call)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
    elif isinstance(parent, ast.Expr):
        name = insertions.free_name(call, ("result", "dbt_result", "dbt_run_result"))
        insertions.before_statement(call, f"{name} = ")
    else:
        raise Blocked("stands inside a larger expression", call)
    if form == INVOKED:
        lines = [f"if not {name}.success:", f'    raise {name}.exception or RuntimeError("dbt failed")']
    else:
        lines = [f"if {name}.exit_code:", f'    raise RuntimeError(f"dbt ended with {{{name}.exit_code}}")']
    insertions.after(prefect.names.statement(call), lines)
    return "Raise when dbt failed"
