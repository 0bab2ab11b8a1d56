"""Tasks of functions under ``@task``, and mapped tasks."""

from __future__ import annotations

import ast
import re

from offramp.dags.arguments import given_arguments, inherited, known_node
from offramp.dags.dag_values import UNFOLLOWED, DagValue, TaskFunction, Unfollowed
from offramp.dags.graph import MAPPED, Argument, Dag, Result, Task
from offramp.dags.state import State
from offramp.dags.task_data import passed_value, take_results
from offramp.dags.tasks import add_task, make_operator
from offramp.python.values import Constant, Items


def call_task(state: State, function: TaskFunction, call: ast.Call) -> Result | Unfollowed:
    """Make the task of a call of a task function, and return its result."""
    state.record.followed.add(call)
    state.touch()
    if state.dag is None:
        state.block("calls a task outside a DAG that is understood here", call)
        return UNFOLLOWED
    arguments = inherited(state, state.dag, {})
    # The function's name goes before a `task_id` of `default_args`.
    arguments.pop("task_id", None)
    arguments.update(_decorator_arguments(state, function.decorator))
    arguments.update(function.override)
    task_id = arguments.pop("task_id", None)
    known = state.constant_of(task_id) if task_id is not None else Constant(function.node.name)
    if known is None:
        state.block("the task id is not known here", call)
        return UNFOLLOWED
    # What is passed is made first, and takes its id first.
    positional, keywords = _passed_values(state, call)
    own_id = free_id(state.dag, state.prefix, str(known.value))
    task = add_task(state, state.dag, own_id, call, function.section, arguments)
    if isinstance(task, Unfollowed):
        return task
    task.function = function.node
    task.positional = positional
    task.keywords = keywords
    take_results(task)
    return Result(task, "return_value", call)


def override(state: State, function: TaskFunction, call: ast.Call) -> TaskFunction:
    """The task function with the arguments of ``override``."""
    given = state.module.values.arguments(call)
    if not given.complete or call.args:
        state.block("`override` with unknown arguments", call)
    own = given_arguments(state, given.given, "in `override`", call)
    return function._replace(override=function.override | own)


def expand(state: State, node: ast.Call, mapped: ast.expr) -> DagValue:
    """The mapped task of ``X.expand(name=[…])`` or ``X.partial(…).expand(name=[…])``; None for other forms."""
    partial = mapped if isinstance(mapped, ast.Call) and getattr(mapped.func, "attr", "") == "partial" else None
    argument = _mapped_argument(state, node, partial)
    if argument is None:
        return None
    name, listed = argument
    base = partial.func.value if partial is not None else mapped  # type: ignore[attr-defined]
    function = state.environment.of(base)
    made: DagValue
    if isinstance(function, TaskFunction):
        call = partial if partial is not None else ast.copy_location(ast.Call(mapped, [], []), node)
        made = call_task(state, function, call)
    elif partial is not None and partial in state.callees.uses:
        state.record.see(node)
        made = make_operator(state, partial, state.callees.uses[partial].note.section)
    else:
        return None
    task = made.task if isinstance(made, Result) else made
    if isinstance(task, Task):
        task.mapped = (name, state.argument(listed, "expand"))
    if isinstance(made, Result):
        made.task.keywords[name] = Result(made.task, MAPPED, listed)
        return Result(made.task, "return_value", node)
    return made


def free_id(dag: Dag, prefix: str, own: str) -> str:
    """The id that Airflow gives the task of a function's call: numbered where it is there already."""
    if f"{prefix}{own}" not in dag.tasks:
        return own
    own = re.split(r"__\d+$", own)[0]
    pattern = re.compile(re.escape(f"{prefix}{own}") + r"__(\d+)")
    taken = [int(match[1]) for other in dag.tasks if (match := pattern.fullmatch(other))]
    return f"{own}__{max(taken, default=0) + 1}"


def _decorator_arguments(state: State, decorator: ast.expr) -> dict[str, Argument]:
    if not isinstance(decorator, ast.Call):
        return {}
    given = state.module.values.arguments(decorator)
    if not given.complete or decorator.args:
        state.block("not all arguments of this decorator are known here", decorator)
    return {
        name: Argument(known, (), value.origin)
        for name, value in given.given.items()
        if (known := known_node(state, name, value, "of this decorator", decorator)) is not None
    }


def _passed_values(state: State, call: ast.Call) -> tuple[list[Argument | Result], dict[str, Argument | Result]]:
    """The arguments and results that a call passes, by position and by name."""
    positional: list[Argument | Result] = []
    keywords: dict[str, Argument | Result] = {}
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            state.block("passes arguments by `*`", argument)
        else:
            positional.append(passed_value(state, argument))
    for keyword in call.keywords:
        if keyword.arg is None:
            state.block("passes arguments by `**`", keyword.value)
        else:
            keywords[keyword.arg] = passed_value(state, keyword.value)
    return positional, keywords


def _mapped_argument(state: State, node: ast.Call, partial: ast.Call | None) -> tuple[str, ast.expr] | None:
    """The one argument of ``expand``, and the list of known plain values that it is; None for all others."""
    given = node.keywords[0] if len(node.keywords) == 1 and not node.args else None
    if given is None or given.arg is None:
        return None
    if partial is not None and any(keyword.arg in ("default_args", None) for keyword in partial.keywords):
        # They reach the arguments of every operator, but not this one's own.
        return None
    items = state.module.values.single(given.value)
    if state.touches_tasks(given.value) or not isinstance(items, Items) or not items.complete or not items.nodes:
        return None
    return given.arg, given.value
