"""Calls of prefect-dbt that start dbt runs or wait for them: their arguments and the expressions with results."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from offramp.knowledge.prefect_dbt_calls import JOB_RUN, OPTIONS
from offramp.prefect_code.context import Prefect, Target
from offramp.prefect_code.coroutines import RUN, Coroutine
from offramp.python.paths import AWAITED, DROPPED, READ, End
from offramp.python.values import Constant, Given, Made, Table, Value

WAIT_METHOD = f"{JOB_RUN}.wait_for_completion"
OPTIONS_ARGUMENT = "trigger_job_run_options"


@cache
def positional(name: str) -> tuple[str, ...]:
    """Return what a function or method of prefect-dbt takes by position, in the newest release."""
    from offramp.knowledge.api_surface import newest

    surface = newest()
    owner, _, method = name.rpartition(".")
    module = next(iter(surface.homes(owner or name)), "")
    known = surface.definitions(f"{module}.{owner or name}")
    found = known[0].methods.get(method) if known and owner else next(iter(known), None)
    # Methods that prefect-dbt's classes have of Prefect's are not known.
    return found.takes.positional if found is not None else ()


def prefect_dbt_calls(prefect: Prefect) -> Iterator[tuple[ast.Call, Target]]:
    """The calls of prefect-dbt's own callables."""
    for call in prefect.names.calls:
        target = prefect.target(call.func)
        if target is not None and target.function is None:
            yield call, target


def results(prefect: Prefect, call: ast.Call, target: Target) -> list[End]:
    """The expressions that hold the result of a call which certainly runs; empty when that is not known."""
    if target.owner and isinstance(call.func, ast.Attribute) and prefect.pending(call.func.value):
        return []
    here = [End(AWAITED, call, 0)]
    if target.form in ("submit", "call") and (target.form == "submit" or prefect.runs_on_two(call, target)):
        return here
    coroutine = prefect.is_coroutine(call, target)
    if coroutine is None or target.form not in ("call", "fn"):
        return []
    if not coroutine:
        return here
    paths = Coroutine(prefect)
    paths.follow(call)
    if paths.kinds() - {AWAITED, RUN, DROPPED, READ} or any(end.level for end in paths.ends):
        return []
    return [end for end in paths.ends if end.kind in (AWAITED, RUN)]


def run_option(prefect: Prefect, options: Given, name: str) -> tuple[Value | None, ...]:
    """Return what the run options give one field: ``(None,)`` when it is certainly not set, empty when not known."""
    node = run_option_given(prefect, options, name)
    if isinstance(node, Given):
        return node.values
    return (None,) if node is None else ()


def run_option_given(prefect: Prefect, options: Given, name: str) -> Given | bool | None:
    """Return what is given for a field of the run options: None when it is certainly not set, False when not known."""
    value = options.values[0] if len(options.values) == 1 else None
    if value == Constant(None):
        return None
    if isinstance(value, Table) and value.complete:
        if name not in value.entries:
            return None
        node = value.entries[name]
        return Given(node, tuple(prefect.values.evaluate(node)), "keyword") if node is not None else False
    if not isinstance(value, Made) or prefect.instance(value.call) != OPTIONS:
        return False
    if options.node is None or prefect.values.altered(options.node, name):
        return False
    arguments = prefect.values.arguments(value.call)
    given = arguments.given.get(name)
    return given if given is not None else None if arguments.complete else False
