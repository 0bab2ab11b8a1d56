"""OFR222: dbt commands that are started and that nothing waits for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.dbt_failures import Place, is_of_tests, matters, of, places, telling, triggered
from offramp.finding.dbt_in_calls import starts
from offramp.finding.dbt_in_texts import Started, commands_text, started, waiting_of
from offramp.finding.trap import File, Trap
from offramp.model import Blocked, Span
from offramp.prefect_code.context import prefect_of
from offramp.prefect_code.dbt_results import POPEN, PROCESSES, TRIGGERED, WAITED, lost
from offramp.python.values import Constant
from offramp.shell.outcome import ARRIVES, BACKGROUND
from offramp.shell.words import Run

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "commands", "how")
HELP = "Wait for dbt, or say that nothing needs to with `# offramp: ignore[OFR222]` and the reason"
_DEFERRABLE = "deferrable"


def find(file: File) -> Iterator[Trap]:
    """The texts that put dbt into the background, and the calls and operators that do not wait."""
    for found in places(file):
        runs = [verdict.run for verdict in of(found, (BACKGROUND,))]
        if runs:
            yield _trap(found.place, found.name, runs, "it runs in the background", found.about, found)
    yield from _operators(file)
    if not is_of_tests(file.source.path):
        yield from _processes(file)
        yield from _operations(file)


def _trap(place: ast.expr, call: str, runs: list[Run], how: str, about: ast.AST, learned: object) -> Trap:
    slots = {"call": call, "commands": commands_text([(run, "") for run in dict.fromkeys(runs)]), "how": how}
    return Trap(place, slots, about, learned=learned)


def _operators(file: File) -> Iterator[Trap]:
    """The operators that do not wait for the job that they start."""
    for task in started(file):
        name, waits = waiting_of(task)
        runs = [run for run, _ in task.reading.runs if matters(run)]
        if waits is not False or not runs or task.use is None or _is_paired(file, task):
            continue
        if any(not _is_off(one.use.arguments.given.get(_DEFERRABLE)) for one in task.passes):
            continue
        given = name in task.use.arguments.given
        how = f"`{name}=False` does not wait" if given else f"it only waits with `{name}=True`"
        trap = _trap(task.place, task.name, runs, how, task.about, (task.use.call, name))
        yield trap._replace(elsewhere=task.elsewhere)


def _is_off(given: object) -> bool:
    return given is None or getattr(given, "constant", None) == Constant(False)


def _is_paired(file: File, task: Started) -> bool:
    """Return whether a sensor of the file may wait for the job that an operator starts."""
    service = re.match(r"[A-Z][a-z]+", task.use.path.rpartition(".")[2]) if task.use is not None else None
    called = (ast.unparse(call.func).rpartition(".")[2] for call in file.module.names.calls)
    return service is not None and any(one.startswith(service[0]) and one.endswith("Sensor") for one in called)


def _processes(file: File) -> Iterator[Trap]:
    """The processes that nothing waits for."""
    for call, start in starts(file).items():
        runs = telling(file, start) if start.how in PROCESSES else []
        if not runs:
            continue
        for loss in lost(prefect_of(file.module, file.versions), call, PROCESSES[start.how]):
            if WAITED not in loss.kinds:
                place = loss.site or call
                name = start.how if loss.site is None else ast.unparse(place.func)
                yield _trap(place.func, name, runs, "nothing waits for the process", place, loss.site or call)


def _operations(file: File) -> Iterator[Trap]:
    """The operations of Prefect that are triggered, and that nothing waits for."""
    prefect = prefect_of(file.module, file.versions)
    for call in file.module.names.calls:
        name, runs = triggered(file, call)
        awaited = isinstance(prefect.names.parents.get(call), ast.Await)
        function = prefect.names.enclosing_function(call)
        if not runs or (isinstance(function, ast.AsyncFunctionDef) and not awaited):
            continue
        for loss in lost(prefect, call, TRIGGERED):
            place = loss.site or call
            yield _trap(place.func, name, runs, "nothing calls `wait_for_completion()`", place, place)


# -- fixes -------------------------------------------------------------------------


def fix(planning: Planning, found: Place | ast.Call | tuple[ast.Call, str]) -> Fix:
    """Wait for dbt."""
    from offramp.model import Applicability

    insertions = planning.insertions()
    if isinstance(found, Place):
        title = _in_front(planning, insertions, found)
    elif isinstance(found, ast.Call):
        title = _waiting(planning, insertions, found)
    else:
        title = _told_to_wait(insertions, *found)
    return insertions.fix(title, Applicability.UNSAFE, "it then lasts as long as dbt, and fails with it")


def _in_front(planning: Planning, insertions: Insertions, found: Place) -> str:
    """Take the sign off that puts the last command of a text into the background."""
    from offramp.editing.shell_literals import ending
    from offramp.settings import DBT_COMMANDS
    from offramp.shell.outcome import verdicts

    if found.node is None:
        raise Blocked("has no single text here that could be changed", found.place)
    text, span = ending(planning.module, planning.source, found.node, "&")
    if any(one.outcome != ARRIVES for one in verdicts(text, DBT_COMMANDS, lambda _path: None)):
        raise Blocked("without `&` at its end, its failure would be lost all the same", found.place)
    insertions.replace(span, "")
    return "Leave `&` out"


def _waiting(planning: Planning, insertions: Insertions, call: ast.Call) -> str:
    prefect = prefect_of(planning.module, planning.versions)
    if isinstance(call.func, ast.Attribute) and call.func.attr == "trigger":
        if not isinstance(prefect.names.statement(call), ast.Expr) or _in_block(insertions, call):
            raise Blocked("what it gives is used here", call)
        end = insertions.source.positions.span(call.func).end
        insertions.replace(Span(end - len("trigger"), end), "run")
        return "Write `.run()`, which waits"
    if prefect.path(call.func) != POPEN:
        raise Blocked("what starts the process is called by others too, or with `await`", call)
    if not isinstance(prefect.names.parents.get(call), ast.Expr):
        raise Blocked("what it gives is used here", call)
    insertions.run_checked(call)
    return "Write `subprocess.run(…, check=True)`, which waits"


def _in_block(insertions: Insertions, call: ast.Call) -> bool:
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else call
    return isinstance(receiver, ast.Name) and any(
        binding.kind == "context" for binding in insertions.names.lookup(receiver.id, receiver)
    )


def _told_to_wait(insertions: Insertions, call: ast.Call, name: str) -> str:
    names = {keyword.arg for keyword in call.keywords}
    if name not in names and None in names:
        raise Blocked("not all arguments are seen in this call", call)
    insertions.give(call, name, "True")
    return f"Give `{name}=True`"
