"""Writes the job block, which runs by itself in a sync flow or task, for a call that has to be awaited."""

from __future__ import annotations

import ast

from offramp.editing.insertions import Insertions
from offramp.editing.text import call_lines
from offramp.finding.keys_in import keys_in
from offramp.knowledge.prefect_dbt_calls import TRIGGER, TRIGGER_AND_WAIT
from offramp.model import Blocked
from offramp.prefect_code.context import SYNC, Prefect, Target
from offramp.prefect_code.run_calls import positional
from offramp.python.nodes import walk

_FUNCTIONS = (TRIGGER_AND_WAIT, TRIGGER)
_FIELDS = {
    "dbt_cloud_credentials": "dbt_cloud_credentials",
    "job_id": "job_id",
    "trigger_job_run_options": "trigger_job_run_options",
    "options": "trigger_job_run_options",
    "max_wait_seconds": "timeout_seconds",
    "poll_frequency_seconds": "interval_seconds",
}
_ATTEMPTS = "retry_filtered_models_attempts"


def write_job_block(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> list[str]:
    """Replace a call by the job block's; returns how that differs. Raises Blocked."""
    name = target.callable.name
    if name not in _FUNCTIONS or target.form != "call" or not isinstance(call.func, ast.Name | ast.Attribute):
        raise Blocked(f"there is no sync form of `{target.name}`", call)
    if prefect.contexts(call) != {SYNC} or isinstance(prefect.names.enclosing_function(call), ast.Lambda):
        raise Blocked("the job block runs by itself only in a sync flow or task", call)
    statement = prefect.names.parents.get(call)
    given = _given(prefect, call, positional(name))
    keys = keys_in(insertions.source)
    if keys is not None and keys.holds(call):
        raise Blocked("an API key stands in this call, and a fix would write it again", call)
    differences = []
    attempts = given.pop(_ATTEMPTS, None)
    if name == TRIGGER_AND_WAIT and not (isinstance(attempts, ast.Constant) and attempts.value == 0):
        differences.append("failed models are not run again, which the function does three times unless told otherwise")
    arguments = {_FIELDS[argument]: _text(insertions, node) for argument, node in given.items()}
    run = insertions.free_name(call, ("run", "dbt_run", "dbt_cloud_run"))
    column = statement.col_offset if isinstance(statement, ast.stmt) else 0
    lines = call_lines("DbtCloudJob", arguments, indent=column + len(run) + 14)
    lines[0] = f"{run} = {lines[0]}"
    lines[-1] += ".trigger()"
    if name == TRIGGER_AND_WAIT:
        lines.append(f"{run}.wait_for_completion()")
        lines.append(_result(insertions, statement, call, run))
    elif isinstance(statement, ast.Expr):
        lines[0] = lines[0].removeprefix(f"{run} = ")
    else:
        raise Blocked("what the call gives is used here, and the block's run is something else", call)
    assert isinstance(statement, ast.stmt)
    insertions.replace_statement(statement, lines)
    insertions.imports.add(("prefect_dbt.cloud", "DbtCloudJob"))
    return differences


def _text(insertions: Insertions, node: ast.expr) -> str:
    """The source of an argument, strings of several lines written on one, since its lines are indented anew."""
    strings = (part for part in walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))
    indented = any(part.lineno != part.end_lineno for part in strings)
    return ast.unparse(node) if indented else insertions.text(node)


def _result(insertions: Insertions, statement: ast.AST | None, call: ast.Call, run: str) -> str:
    fetched = f"{run}.fetch_result()"
    if isinstance(statement, ast.Expr):
        return fetched
    if isinstance(statement, ast.Return):
        return f"return {fetched}"
    if isinstance(statement, ast.Assign):
        spans = map(insertions.source.positions.span, statement.targets)
        return " = ".join([*map(insertions.source.segment, spans), fetched])
    raise Blocked("stands inside a larger expression", call)


def _given(prefect: Prefect, call: ast.Call, positional: tuple[str, ...]) -> dict[str, ast.expr]:
    given: dict[str, ast.expr] = dict(zip(positional, call.args, strict=False))
    given.update({str(keyword.arg): keyword.value for keyword in call.keywords if keyword.arg is not None})
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    if starred or len(call.args) > len(positional) or any(keyword.arg is None for keyword in call.keywords):
        raise Blocked("not all arguments are seen in this call", call)
    if prefect.values.arguments(call, positional).given.keys() != given.keys() or not given.keys() <= set(positional):
        raise Blocked("has arguments that are not known here", call)
    if any("\n" in ast.unparse(node) for node in given.values()):
        raise Blocked("has an argument of several statements", call)
    return given
