"""Waits for dbt runs that nothing waited for, and lets failed ones fail the flow run."""

from __future__ import annotations

import ast

from offramp.converting.recipes.call_arguments import AIRFLOWS_TIMEOUT, AIRFLOWS_WAIT, add_arguments
from offramp.converting.recipes.job_block import POSITIONAL
from offramp.editing.insertions import Insertions, continued
from offramp.knowledge.prefect_dbt_calls import CORE_TASKS, JOB, RUNNER, SYNC_TASK, TRIGGER, TRIGGER_AND_WAIT, WAIT
from offramp.model import Blocked, Span
from offramp.python.names import FunctionNode
from offramp.python.values import Constant
from offramp.traps.prefect_context import ASYNC, SYNC, Prefect, Target
from offramp.traps.prefect_runs import raises_anyway

_JOBS = "prefect_dbt.cloud.jobs"
_FAILED = ("prefect_dbt.cloud.exceptions", "DbtCloudJobRunFailed")


def wait_for_run(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Make a call that only starts a run wait for it; returns the title. Raises Blocked."""
    if target.callable.name != TRIGGER:
        name = _held(prefect, insertions, call)
        insertions.after(
            prefect.names.statement(call),
            [_called(prefect, call, f"{name}.wait_for_completion()"), _called(prefect, call, f"{name}.fetch_result()")],
        )
        return f"Wait for the run{_waiting(prefect, insertions, call)}, and fetch its result"
    if target.form != "call" or isinstance(call.func, ast.Call):
        lost = "a flow, which the waiting form is, cannot be submitted, and takes other options than a task"
        raise Blocked(lost, call)
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(k.arg is None for k in call.keywords):
        raise Blocked("not all arguments are seen in this call", call)
    if any(keyword.arg not in POSITIONAL[TRIGGER] for keyword in call.keywords):
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


def look_at_result(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Let the failure that only a result tells fail the run; returns the title. Raises Blocked."""
    name = target.callable.name
    statement = prefect.names.statement(call)
    if name == f"{RUNNER}.invoke":
        return _raise(prefect, insertions, call)
    if name in CORE_TASKS:
        return _resolve(prefect, insertions, call, target)
    if not _alone(prefect, call) and name != WAIT:
        raise Blocked("stands inside a larger expression", call)
    if name != WAIT:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(receiver, ast.Name):
            raise Blocked("no name holds the run whose result is to be fetched", call)
        insertions.after(statement, [_called(prefect, call, f"{receiver.id}.fetch_result()")])
        return "Fetch the result, which raises when the dbt run failed"
    status = _status(prefect, insertions, call, statement)
    raising = continued([f'raise {_FAILED[1]}(f"dbt Cloud run ended {{{status}.name}}")'])
    insertions.after(statement, [f'if {status}.name != "SUCCESS":', *raising])
    insertions.imports.add(_FAILED)
    return "Raise when the dbt run did not succeed"


def _alone(prefect: Prefect, call: ast.Call) -> bool:
    parent = prefect.names.parents.get(call)
    if isinstance(parent, ast.Await):
        parent = prefect.names.parents.get(parent)
    return isinstance(parent, ast.Expr)


def _called(prefect: Prefect, call: ast.Call, text: str) -> str:
    """A method call that goes by its surroundings, as a line there."""
    contexts = prefect.contexts(call)
    if contexts == {ASYNC}:
        return f"await {text}"
    if contexts & {ASYNC} or not contexts <= {SYNC, "module"}:
        raise Blocked("whether this runs in a sync or an async flow is not known", call)
    return text


def _held(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """The name that holds what a call gives; it gets one where it stands alone."""
    parent: ast.AST | None = prefect.names.parents.get(call)
    if isinstance(parent, ast.Await):
        parent = prefect.names.parents.get(parent)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0].id
    if not isinstance(parent, ast.Expr):
        raise Blocked("stands inside a larger expression", call)
    name = insertions.free_name(call, ("run", "dbt_run", "dbt_cloud_run"))
    insertions.before_statement(call, f"{name} = ")
    return name


def _status(prefect: Prefect, insertions: Insertions, call: ast.Call, statement: ast.stmt) -> str:
    """The name of the status that a wait returns."""
    if _alone(prefect, call):
        status = insertions.free_name(call, ("status", "run_status", "dbt_run_status"))
        insertions.before_statement(call, f"{status}, _ = ")
        return status
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        value = statement.value
        if value is call or (isinstance(value, ast.Await) and value.value is call):
            if isinstance(target, ast.Name):
                return f"{target.id}[0]"
            names = [part.id for part in getattr(target, "elts", ()) if isinstance(part, ast.Name)]
            if len(names) == len(set(names)) == 2:
                return names[0]
    raise Blocked("stands inside a larger expression", call)


def _raise(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Let a dbt runner raise."""
    made, _ = prefect.producer(call.func.value) if isinstance(call.func, ast.Attribute) else (None, False)
    given = prefect.values.arguments(made).given.get("raise_on_failure") if made is not None else None
    if made is None or given is None or given.constant != Constant(False) or not isinstance(given.node, ast.Constant):
        raise Blocked("`raise_on_failure` is not given where the runner is made", call)
    for other in prefect.names.calls:
        target = prefect.target(other.func)
        if target is None or target.callable.name != f"{RUNNER}.invoke" or not isinstance(other.func, ast.Attribute):
            continue
        if prefect.producer(other.func.value)[0] is made:
            if not isinstance(prefect.names.parents.get(other), ast.Expr):
                raise Blocked("the result of another command of this runner is used", other)
            if other is not call and not raises_anyway(prefect, other):
                raise Blocked("this command of the same runner would then raise as well", other)
            if prefect.names.enclosing_function(other) is not prefect.names.enclosing_function(made):
                raise Blocked("the runner is used in another function", other)
    statement = prefect.names.statement(call)
    function = prefect.names.enclosing_function(call)
    body = function.body if isinstance(function, FunctionNode) else []
    if not body or body[-1] is not statement:
        raise Blocked("what stands below would not be reached when dbt fails", call)
    insertions.replace_node(given.node, "True")
    return "Let dbt's failure raise"


def _resolve(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Submit a task that returns a Failed state, and ask for its result, which raises."""
    if target.callable.kind != SYNC_TASK or prefect.runs(call) != {"flow"} or prefect.contexts(call) != {SYNC}:
        raise Blocked("the state that it returns has to be looked at in another way here", call)
    if not isinstance(prefect.names.parents.get(call), ast.Expr):
        raise Blocked("stands inside a larger expression", call)
    end = insertions.source.positions.span(call.func).end
    insertions.replace(Span(end, end), ".submit")
    insertions.around(call, "", ".result()")
    return "Submit it and ask for its result, which raises when dbt failed"
