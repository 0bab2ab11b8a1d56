"""OFR213: runs that are started, and that nothing can wait for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.knowledge.prefect_dbt_calls import JOB, LOOKS_BY_JOB, RUN_ID, TRIGGER, TRIGGER_AND_WAIT
from offramp.model import Blocked, Span
from offramp.prefect_code.call_places import called, held, known_target
from offramp.prefect_code.context import Prefect, Target, prefect_of
from offramp.prefect_code.run_calls import positional, prefect_dbt_calls, results
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.paths import DROPPED, READ, UNSEEN, losses

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call",)
HELP = "Wait for the run, or say that nothing needs to with `# offramp: ignore[OFR213]`"
_TRIGGER_METHOD = f"{JOB}.trigger"
_JOBS = "prefect_dbt.cloud.jobs"
_WAITS = "the run then lasts as long as the dbt run, and fails with it"


def find(file: File) -> Iterator[Trap]:
    """The calls that start such a run, or that are handed it and lose it."""
    prefect = prefect_of(file.module, file.versions)
    calls = list(prefect_dbt_calls(prefect))
    if any(target.callable.name in LOOKS_BY_JOB for _, target in calls):
        return
    for call, target in calls:
        if target.callable.name not in (TRIGGER, _TRIGGER_METHOD):
            continue
        paths = _Run(prefect)
        for result in results(prefect, call, target):
            paths.follow_along(result.route, result.node)
        for loss in losses(paths.ends, (DROPPED, READ)):
            place = loss.site or call
            yield Trap(place.func, {"call": prefect.named(place)}, place, learned=place)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Wait for the run, as long as Airflow does."""
    from offramp.model import Applicability

    prefect = prefect_of(planning.module, planning.versions)
    insertions = planning.insertions()
    title = _wait(prefect, insertions, call, known_target(prefect, call))
    revealed = planning.codes("wait-window-too-short")
    return insertions.fix(title, Applicability.UNSAFE, _WAITS, revealed)


class _Run(PrefectPaths):
    """Follows where a dbt run, its data or its future goes; ``unseen`` is everything that may wait for it."""

    def awaited(self, node: ast.Await, level: int) -> None:
        self.follow(node, level) if self.prefect.two else self.end(UNSEEN, node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        call = self.names.parents.get(node)
        if level:
            self.end(UNSEEN, node, level)
        elif node.attr in ("run_id", "id"):
            self.follow(node)
        elif node.attr in ("get", "result") and isinstance(call, ast.Call) and call.func is node:
            self.follow(call)
        elif node.attr == "wait" and isinstance(self.names.parents.get(call), ast.Expr):  # type: ignore[arg-type]
            self.end(READ, node, level)
        else:
            self.end(UNSEEN, node, level)

    def item(self, node: ast.Subscript, _level: int) -> None:
        self.follow(node)

    def formatted(self, node: ast.expr, level: int) -> None:
        self.follow(node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        target = self.prefect.target(call.func)
        if keyword == "wait_for":
            self.end(READ, call, level)
        elif target is not None and target.callable.name == RUN_ID:
            self.follow(call)
        elif target is not None and target.function is not None and target.form in ("call", "submit"):
            self.to_parameter(call, target.function, node, level, keyword)
        else:
            self.end(UNSEEN, call, level)


def _wait(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Make a call that only starts a run wait for it; returns the title. Raises Blocked."""
    if target.callable.name == TRIGGER:
        return _call_waiting_form(insertions, call, target)
    name = held(prefect, insertions, call)
    lines = [called(prefect, call, f"{name}.{method}()") for method in ("wait_for_completion", "fetch_result")]
    insertions.after(prefect.names.statement(call), lines)
    return f"Wait for the run{_waiting(prefect, insertions, call)}, and fetch its result"


def _call_waiting_form(insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Call the function that waits, with Airflow's limit; returns the title. Raises Blocked."""
    from offramp.prefect_code.call_arguments import AIRFLOWS_WAIT, add_arguments

    if target.form != "call" or isinstance(call.func, ast.Call):
        lost = "a flow, which the waiting form is, cannot be submitted, and takes other options than a task"
        raise Blocked(lost, call)
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(k.arg is None for k in call.keywords):
        raise Blocked("not all arguments are seen in this call", call)
    if any(keyword.arg not in positional(TRIGGER) for keyword in call.keywords):
        raise Blocked("has an argument that the waiting form does not take", call)
    if isinstance(call.func, ast.Attribute):
        if call.func.attr != TRIGGER:
            raise Blocked("is called by another name", call)
        end = insertions.source.positions.span(call.func).end
        insertions.replace(Span(end - len(TRIGGER), end), TRIGGER_AND_WAIT)
    else:
        insertions.replace_node(call.func, TRIGGER_AND_WAIT)
        insertions.imports.add((_JOBS, TRIGGER_AND_WAIT))
    for keyword in call.keywords:
        if keyword.arg == "options":
            start = insertions.source.positions.span(keyword).start
            insertions.replace(Span(start, start + 7), "trigger_job_run_options")
    longer = len(TRIGGER_AND_WAIT) - len(TRIGGER)
    add_arguments(insertions, call, AIRFLOWS_WAIT, "retry_filtered_models_attempts=0", wider=longer)
    return "Wait for the run, for 7 days as Airflow does, and fail with it"


def _waiting(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Let the block that starts a run wait for it as long as Airflow does, where it is made here; returns how long."""
    from offramp.prefect_code.call_arguments import AIRFLOWS_TIMEOUT, add_arguments

    made, _ = prefect.producer(call.func.value) if isinstance(call.func, ast.Attribute) else (None, False)
    if made is None or prefect.instance(made) != JOB or prefect.target(made.func) is not None:
        return " (as long as its block's `timeout_seconds` says, 15 minutes unless set)"
    arguments = prefect.values.arguments(made)
    if "timeout_seconds" in arguments.given:
        return ""
    if not arguments.complete:
        return " (for 15 minutes, unless its block sets another `timeout_seconds`)"
    add_arguments(insertions, made, AIRFLOWS_TIMEOUT)
    return ", for 7 days as Airflow does"
