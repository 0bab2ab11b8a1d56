"""OFR216: waits that nobody set a limit for, so that they end after 900 s."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.knowledge.prefect_dbt_calls import JOB, RETRY_SUBSET, RUN_JOB, TRIGGER_AND_WAIT, WAIT
from offramp.prefect_code.context import Prefect, Target, prefect_of
from offramp.prefect_code.run_calls import OPTIONS_ARGUMENT, WAIT_METHOD, positional, prefect_dbt_calls, run_option

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "argument")
_WAITING = (TRIGGER_AND_WAIT, RETRY_SUBSET, WAIT)


def find(file: File) -> Iterator[Trap]:
    """The calls that wait, and those that make the blocks whose runs are waited for."""
    prefect = prefect_of(file.module, file.versions)
    for call, target in prefect_dbt_calls(prefect):
        if target.form == "call" and target.callable.name in _WAITING and _has_no_limit(prefect, call, target):
            yield Trap(call.func, {"call": target.name, "argument": "max_wait_seconds"}, call, learned=call)
    for made in _awaited_jobs(prefect):
        arguments = prefect.values.arguments(made)
        if arguments.complete and "timeout_seconds" not in arguments.given:
            yield Trap(made.func, {"call": JOB, "argument": "timeout_seconds"}, made, learned=made)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Wait as long as Airflow does."""
    from offramp.model import Applicability
    from offramp.prefect_code.call_arguments import AIRFLOWS_TIMEOUT, AIRFLOWS_WAIT, add_arguments

    target = prefect_of(planning.module, planning.versions).target(call.func)
    argument = AIRFLOWS_WAIT if target is not None else AIRFLOWS_TIMEOUT
    insertions = planning.insertions()
    add_arguments(insertions, call, argument)
    title = f"Set `{argument}`, as in Airflow"
    return insertions.fix(title, Applicability.UNSAFE, "the run may then wait for 7 days")


def _has_no_limit(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Return whether a call certainly waits no longer than prefect-dbt does unasked."""
    arguments = prefect.values.arguments(call, positional(target.callable.name))
    if not arguments.complete or "max_wait_seconds" in arguments.given:
        return False
    options = arguments.given.get(OPTIONS_ARGUMENT)
    return options is None or run_option(prefect, options, "timeout_seconds_override") == (None,)


def _awaited_jobs(prefect: Prefect) -> Iterator[ast.Call]:
    """The ``DbtCloudJob(…)`` calls whose runs are waited for."""
    seen: set[ast.Call] = set()
    for call, target in prefect_dbt_calls(prefect):
        job: ast.expr | None = None
        if target.callable.name == RUN_JOB and target.form == "call":
            given = prefect.values.arguments(call, ("dbt_cloud_job",)).given.get("dbt_cloud_job")
            job = given.node if given is not None else None
        elif target.callable.name == WAIT_METHOD and isinstance(call.func, ast.Attribute):
            run, _ = prefect.producer(call.func.value)
            job = run.func.value if run is not None and isinstance(run.func, ast.Attribute) else None
            if prefect.values.altered(call.func.value):
                continue
        if job is not None and prefect.values.altered(job, "timeout_seconds"):
            continue
        made = prefect.producer(job)[0] if job is not None else None
        if made is not None and made not in seen and prefect.instance(made) == JOB and not _loads(prefect, made):
            seen.add(made)
            yield made


def _loads(prefect: Prefect, made: ast.Call) -> bool:
    return prefect.target(made.func) is not None
