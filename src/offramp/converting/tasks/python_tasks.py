"""Python callables as tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import partial

from offramp.converting.cases.choices import AFTER_SUCCESS
from offramp.converting.cases.pulled_results import NO_PULLS, Pulls
from offramp.converting.cases.reached_code import reached_code
from offramp.converting.cases.template_fields import FROM_CONTEXT, RUNTIME, context_field
from offramp.converting.judges import callables, templates
from offramp.converting.judges.callables import Called
from offramp.converting.judges.shared_state import copied, runs_again
from offramp.converting.recipes.body import Body
from offramp.converting.tasks.arguments import trigger_rule
from offramp.converting.tasks.printing import prints_to_unknown_files
from offramp.converting.tasks.takers import reaches
from offramp.converting.tasks.task_plan import Form, TaskPlan
from offramp.converting.tasks.written_tasks import (
    NO_CACHE,
    TASK,
    Setting,
    passed_value,
    with_rendered,
    written_task,
)
from offramp.converting.template_text import field_text
from offramp.dags.graph import Argument, Result, Task
from offramp.model import Blocked
from offramp.python.names import FunctionNode


def python_task(setting: Setting, decorated: Mapping[FunctionNode, Mapping[str, str]]) -> TaskPlan | None:
    """The plan of a task with a callable; None where that is not known. Raises Blocked.

    ``decorated`` are the functions that are tasks already, with their options.
    """
    case, task = setting.case, setting.task
    if task.function is None and task.expression is None and not case.graph.blockers:
        raise Blocked("the callable is not known here", task.node)
    if prints_to_unknown_files(case.module, reached_code(case.module.names, task)):
        setting.arguments.options["log_prints"] = "False"
    if task.expression is not None:
        return written_task(setting, Body((f"return {setting.expressions.text(task.expression)}",)))
    if task.function is None:
        return None
    return _callable_task(setting, task.function, decorated)


def _callable_task(
    setting: Setting, function: FunctionNode, decorated: Mapping[FunctionNode, Mapping[str, str]]
) -> TaskPlan:
    case, task, notes = setting.case, setting.task, setting.notes
    if isinstance(function, ast.AsyncFunctionDef):
        notes.problem("an async callable is not converted", task.node)
    pulled = case.pulls.get(task, NO_PULLS)
    filled = _filled(setting, function, pulled.texts)
    notes.take(callables.judge(case, Called(task, function, pulled.replaced | filled.keys())))
    given = [*task.positional, *task.keywords.values()]
    setting = with_rendered(setting, (value for value in given if isinstance(value, Argument)))
    positional = tuple(_tried(setting, value) for value in task.positional)
    keywords = {**{name: _tried(setting, value) for name, value in task.keywords.items()}, **filled}
    if task in case.pulls:
        _check_pulls(setting, function, pulled)
    hooks = case.hooks.get(function)
    if hooks is not None:
        notes.take(hooks.blockers)
        notes.helpers |= hooks.helpers
        notes.imports |= hooks.imports
    notes.imports |= {TASK, NO_CACHE}
    form = _form(setting, function, decorated)
    return TaskPlan(
        task,
        trigger_rule(case, task),
        form,
        _options(setting, decorated[function] if form is Form.CHANGED else None),
        function=function,
        positional=positional,
        keywords={**keywords, **pulled.sources},
        mapped=task.mapped[0] if task.mapped is not None else "",
        edits=pulled.edits,
    )


def _filled(setting: Setting, function: FunctionNode, added: Iterable[str]) -> dict[str, str | Task]:
    """The parameters that take text from Airflow's context which Prefect has too, the ``added`` ones included."""
    task, own = setting.task, function.args
    given = {parameter.arg for parameter in [*own.posonlyargs, *own.args][: len(task.positional)]}
    given |= task.keywords.keys()
    asked: dict[str, ast.AST] = {
        parameter.arg: parameter
        for parameter in (*own.args, *own.kwonlyargs)
        if parameter.arg in FROM_CONTEXT and parameter.arg not in given
    }
    fields = {
        name: context_field(setting.case, task, name, place)
        for name, place in {**dict.fromkeys(added, function), **asked}.items()
    }
    for field in fields.values():
        setting.notes.take(templates.judge(setting.case, (field,)))
    filled: dict[str, str | Task] = {name: field_text(field) for name, field in fields.items()}
    if filled:
        setting.notes.imports.add(RUNTIME)
    return filled


def _tried(setting: Setting, value: Argument | Result) -> str | Task:
    return setting.notes.tried(partial(passed_value, setting.expressions, value))


def _check_pulls(setting: Setting, function: FunctionNode, pulled: Pulls) -> None:
    """Blocked where a callable cannot take as parameters what it pulls."""
    case, task = setting.case, setting.task
    if not _is_only_a_task(setting, function) and not task.decorated:
        raise Blocked(f"`{function.name}` uses Airflow's context, and other code uses the function", function)
    for source in pulled.sources.values():
        if not reaches(source, task):
            raise Blocked(f"pulls the result of `{source.id}`, which no edge puts before it", function)
    if pulled.sources and trigger_rule(case, task) not in AFTER_SUCCESS:
        raise Blocked("pulls a result that may not be there, by its trigger rule", task.node)
    for source in pulled.sources.values():
        takers = [one for one in case.pulls.values() if source in one.sources.values()]
        if (len(takers) > 1 or runs_again(task)) and not case.lasting.gives_what_lasts(source):
            setting.notes.doubts[copied(source)] = function


def _form(setting: Setting, function: FunctionNode, decorated: Mapping[FunctionNode, Mapping[str, str]]) -> Form:
    """The way in which a callable becomes a task. Raises Blocked."""
    by_decorator = setting.task.decorated
    if function in decorated:
        return Form.CHANGED if by_decorator else Form.WRAPPED
    if not by_decorator and not _is_only_a_task(setting, function):
        return Form.WRAPPED
    if function.col_offset and not setting.case.is_inside_dag(function):
        raise Blocked(f"the function `{function.name}` is defined inside other code", function)
    return Form.DECORATED


def _options(setting: Setting, first: Mapping[str, str] | None) -> dict[str, str]:
    """The options of a task, or those that change a task with the options ``first``."""
    options = setting.arguments.options
    if first is None:
        return {**options, "cache_policy": "NO_CACHE"}
    # What `with_options` is not told stays as the first task has it.
    return {
        **options,
        **{name: "0" for name in ("retries", "timeout_seconds") if name in first and name not in options},
    }


def _is_only_a_task(setting: Setting, function: FunctionNode) -> bool:
    """Return whether the one use of a function is as the callable of one task."""
    names = setting.case.module.names
    uses = [use for binding in names.bindings_of(function) if binding.kind == "function" for use in names.uses(binding)]
    return len(uses) == 1 and setting.takers.callers[function] == 1
