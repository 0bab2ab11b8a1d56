"""Arguments of operators by the rows of their notes: options of a task, arguments of a call, or nothing."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from offramp.converting.argument_text import Expressions, harmless
from offramp.converting.cases.case import Case
from offramp.converting.cases.choices import RULES
from offramp.converting.tasks.notes import Notes
from offramp.dags.configured import OBJECT, TASKS
from offramp.dags.graph import Argument, Task
from offramp.model import ArgumentRow, Blocked
from offramp.python.values import Constant, Reference
from offramp.record import NamedTuple

# The arguments that choose a pattern and that the conversion looks at itself.
_UNDERSTOOD = frozenset(
    "trigger_rule append_env multiple_outputs ignore_downstream_trigger_rules skip_on_exit_code".split()
)


class Sorted(NamedTuple):
    """Arguments of a task by where they go: its ``options``, or the ``call``, each with the row of its note."""

    options: dict[str, str]
    call: dict[str, tuple[ArgumentRow, Argument]]


def sort_arguments(
    arguments: Mapping[str, Argument],
    rows: Mapping[str, ArgumentRow],
    expressions: Expressions,
    notes: Notes,
    found: Sorted,
    choosing: Collection[str],
) -> None:
    """Add to ``found`` what the rows say of some arguments, and to ``notes`` what prevents it or makes it unsafe.

    ``choosing`` are those by which the recipe chooses what it writes.
    """
    for name, argument in arguments.items():
        row = rows.get(name)
        if row is None:
            notes.problem(f"no note has a row for the argument `{name}`", argument.node)
            continue
        try:
            if row.target == "selects":
                if name not in _UNDERSTOOD and name not in choosing:
                    raise Blocked(_reason(row), argument.node)
                continue
            _sort(row, argument, expressions, notes.doubts, found)
        except Blocked as blocked:
            notes.problems.append(blocked.blocker)


def _sort(
    row: ArgumentRow, argument: Argument, expressions: Expressions, doubts: dict[str, ast.AST], found: Sorted
) -> None:
    known = expressions.constant(argument)
    reason = _reason(row)
    does_harm = not (harmless(known, row, argument.node) or _is_usual_member(row, argument, expressions))
    if row.target == "dropped" and row.name == "start_date" and argument.origin != "default_args":
        raise Blocked("a task's own start_date is not followed", argument.node)
    if does_harm and (row.target == "refused" or (row.target == "retried" and "retries" in found.options)):
        raise Blocked(reason, argument.node)
    if row.target in (OBJECT, TASKS):
        raise Blocked(f"`{row.name}` is looked into in the code of DAGs alone", argument.node)
    if row.target in ("dropped", "refused", "retried"):
        if does_harm and row.note.startswith("unsafe:") and (row.target != "dropped" or known != Constant(1)):
            doubts[reason] = argument.node
    elif row.target == "task.timeout_seconds":
        if known is None or known.value is not None:
            found.options["timeout_seconds"] = expressions.seconds(argument)
            doubts[reason] = argument.node
    elif not row.target.startswith("task."):
        found.call[row.name] = (row, argument)


def _is_usual_member(row: ArgumentRow, argument: Argument, expressions: Expressions) -> bool:
    """Return whether an argument is the member of an enumeration that is its default."""
    value = expressions.module.values.single(argument.node)
    return isinstance(value, Reference) and value.path.rpartition(".")[2] == row.when_absent


def _reason(row: ArgumentRow) -> str:
    return f"`{row.name}`: {row.note.removeprefix('unsafe:').strip()}"


def given_arguments(case: Case, task: Task) -> dict[str, Argument]:
    """The arguments of a task that are not results of others, and do anything."""
    given = {name: argument for name, argument in task.arguments.items() if name not in task.results}
    if case.options.versions.airflow.at_least((3,)) is True:
        given.pop("sla", None)
    switches = [task.arguments.get(f"email_on_{event}") for event in ("failure", "retry")]
    if all(switch is not None and case.constant(switch) == Constant(False) for switch in switches):
        given.pop("email", None)
    return given


def retries(task: Task, rows: Mapping[str, ArgumentRow], expressions: Expressions, notes: Notes) -> dict[str, str]:
    """The options of a task that is tried again."""
    argument = task.arguments.get("retries")
    if argument is None:
        return {}
    known = expressions.constant(argument)
    if known is None or not (known.value is None or isinstance(known.value, int | str)):
        notes.problem("`retries` is not known here", argument.node)
        return {}
    try:
        count = int(known.value or 0)
    except ValueError:
        notes.problem("`retries` is not a number", argument.node)
        return {}
    if count <= 0:
        return {}
    delay = task.arguments.get("retry_delay")
    try:
        seconds = expressions.seconds(delay) if delay is not None else rows["retry_delay"].when_absent
    except Blocked as blocked:
        notes.problems.append(blocked.blocker)
        return {}
    if task.use is not None and task.use.path.startswith("astronomer."):
        notes.doubts["astronomer-providers before 1.19 did not retry a cancelled run, Prefect does"] = task.node
    return {"retries": str(count), "retry_delay_seconds": seconds}


def check_trigger_rule(case: Case, task: Task, notes: Notes) -> None:
    """Note why the trigger rule of a task has no equal, and where it differs."""
    argument = task.arguments.get("trigger_rule")
    rule = trigger_rule(case, task)
    if rule not in RULES:
        reason = f"the trigger rule `{rule}` is not converted" if rule else "the trigger rule is not known here"
        notes.problem(reason, argument.node if argument is not None else task.node)
    if rule == "all_done" and task.taken:
        notes.problem("takes a result that may not be there, under the trigger rule `all_done`", task.node)
    if rule == "one_failed":
        doubt = "one_failed: Airflow starts the task at the first failure, the flow when all are done"
        notes.doubts[doubt] = task.node
    skips = task.arguments.get("ignore_downstream_trigger_rules")
    if skips is not None and case.constant(skips) != Constant(True):
        notes.problem("`ignore_downstream_trigger_rules=False` is not converted", skips.node)


def trigger_rule(case: Case, task: Task) -> str:
    """The trigger rule of a task; empty where it is not known."""
    argument = task.arguments.get("trigger_rule")
    if argument is None:
        return "all_success"
    known = case.constant(argument)
    if known is not None:
        return known.value if isinstance(known.value, str) else ""
    value = case.module.values.single(argument.node)
    if isinstance(value, Reference) and ".TriggerRule." in value.path:
        return value.path.rpartition(".")[2].lower()
    return ""
