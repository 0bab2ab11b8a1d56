"""The choice between a command of dbt in a process of its own and prefect-dbt's runner in that of the flow.

Two dbt commands at a time in one process ruin each other's work, and with DuckDB one in the flow's process locks out
those in others (prefect-dbt 0.7.25, dbt 1.11.16).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.converting.families.dbt_core.words import PROJECT, given
from offramp.converting.recipes.body import Job
from offramp.dags.graph import Task
from offramp.model import Blocked, Note
from offramp.python.nodes import walk
from offramp.python.values import Constant

_RECIPE = "dbt"
_IN_PROCESS = (
    "PrefectDbtRunner shows a task run for each node and runs dbt in the flow's process, where it has to be installed "
    '(`dbt-core-pattern = "command"` gives it a process of its own)'
)
_DBT_CLOUD = ("trigger", "sensor", "read")


def takes_runner(job: Job) -> bool:
    """Return whether a task gets the runner's form, and say what differs by that. Raises Blocked."""
    pattern = job.options.dbt_core_pattern
    why_not = next(_reasons(job), "")
    if pattern == "runner" and why_not:
        raise Blocked(f'`dbt-core-pattern = "runner"` is not for this: {why_not}', job.task.node)
    doubts = job.expressions.doubts
    if pattern == "runner" or (pattern == "auto" and job.task.command and not why_not):
        doubts[_IN_PROCESS] = job.task.node
        return True
    if pattern == "auto" and job.task.command:
        doubts[f"dbt runs as a command, without a task run for each node: {why_not}"] = job.task.node
    return False


def may_share_packages(job: Job) -> Task | None:
    """Another dbt task that may install packages at the same time, into the same project as far as is known."""
    project = _project(job, job.task)
    return next(
        (
            other
            for other in job.task.dag.tasks.values()
            if _is_recipes(job, other) and overlaps(job.task, other) and _project(job, other) == project
        ),
        None,
    )


def _project(job: Job, task: Task) -> object:
    """The project of a task: its value, or how it is written."""
    for name, row in job.expressions.module.rulebook.arguments(_note(job, task)).items():
        if row.target == PROJECT and (argument := task.arguments.get(name)) is not None:
            return job.expressions.constant(argument) or ast.dump(argument.node)
    return None


def overlaps(task: Task, other: Task) -> bool:
    """Return whether two tasks of a DAG may run at the same time."""
    return task is not other and not _is_below(task, other) and not _is_below(other, task)


def _is_below(task: Task, other: Task) -> bool:
    seen: set[Task] = set()
    waiting = [task]
    while waiting:
        one = waiting.pop()
        if one is other:
            return True
        if one not in seen:
            seen.add(one)
            waiting += one.upstream
    return False


def _reasons(job: Job) -> Iterator[str]:
    """The reasons why a DAG's dbt commands cannot run in the process of its flow."""
    versions = job.options.versions
    if versions.prefect.at_least((3,)) is False or versions.prefect_dbt.at_least((0, 7)) is False:
        yield "it needs Prefect 3 and prefect-dbt 0.7"
    if (program := given(job, "dbt")) is not None:
        yield f"`{program[0]}` names another program, which need not be installed where the flow runs"
    if (environment := given(job, "env")) is not None:
        yield f"`{environment[0]}` sets its environment"
    if (flags := given(job, "dbt flags")) is not None:
        yield f"`{flags[0]}` may give an option twice, of which the runner takes one"
    for other in job.task.dag.tasks.values():
        if other is not job.task and _is_dbt(job, other):
            if not _is_recipes(job, other):
                yield f"`{other.id}` may run dbt in another process"
            elif overlaps(job.task, other):
                yield f"`{other.id}` may run dbt at the same time"
            else:
                yield from _set_apart(job, other)


def _set_apart(job: Job, other: Task) -> Iterator[str]:
    """The arguments by which another dbt task of the DAG needs a process of its own."""
    for name, row in job.expressions.module.rulebook.arguments(_note(job, other)).items():
        argument = other.arguments.get(name)
        if (
            argument is not None
            and row.target in ("dbt", "env")
            and job.expressions.constant(argument) != Constant(None)
        ):
            yield f"`{name}` of `{other.id}` needs a process of its own"
    if not other.command and job.options.dbt_core_pattern == "auto":
        yield f"`{other.id}` runs dbt as a command"


def _is_dbt(job: Job, task: Task) -> bool:
    """Return whether a task may run dbt, by its operator or by a word in what it runs."""
    if _is_recipes(job, task):
        return True
    if task.use is not None and task.use.role in _DBT_CLOUD:
        return False
    code: list[ast.AST] = [argument.node for argument in task.arguments.values()]
    code += [task.function] if task.function is not None else []
    return any("dbt" in text.lower() for node in code for text in _words(job, node))


def _words(job: Job, code: ast.AST) -> Iterator[str]:
    for node in walk(code):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
            value = job.expressions.module.values.single(node)
            if isinstance(value, Constant) and isinstance(value.value, str):
                yield value.value


def _is_recipes(job: Job, task: Task) -> bool:
    return _note(job, task).fields.get("rewrite", "").strip() == _RECIPE


def _note(job: Job, task: Task) -> Note:
    return job.expressions.module.rulebook.notes[task.kind]
