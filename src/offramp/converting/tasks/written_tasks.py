"""Tasks whose function is written for them: its parameters, and what it is submitted with."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from offramp.converting.argument_text import UNRENDERED, Expressions, Rendered
from offramp.converting.cases.case import Case
from offramp.converting.cases.template_fields import RUNTIME, text_parts
from offramp.converting.judges import templates
from offramp.converting.recipes.body import Body
from offramp.converting.tasks.arguments import Sorted, trigger_rule
from offramp.converting.tasks.notes import Notes
from offramp.converting.tasks.takers import Takers
from offramp.converting.tasks.task_plan import Form, TaskPlan
from offramp.converting.template_text import Templates
from offramp.dags.graph import MAPPED, Argument, Result, Task
from offramp.editing.text import INDENT
from offramp.model import ArgumentRow, Blocked, Note
from offramp.python.nodes import walk
from offramp.record import NamedTuple

NO_CACHE = ("prefect.cache_policies", "NO_CACHE")
TASK = ("prefect", "task")


class Setting(NamedTuple):
    """All that a task is planned from: its note with the ``rows`` of its table, its arguments by where they go."""

    case: Case
    takers: Takers
    task: Task
    note: Note
    rows: Mapping[str, ArgumentRow]
    arguments: Sorted
    expressions: Expressions
    notes: Notes


def written_task(setting: Setting, body: Body) -> TaskPlan:
    """The plan of a task with a function of its own. Raises Blocked."""
    task, notes = setting.task, setting.notes
    notes.imports |= {TASK, NO_CACHE, *body.imports}
    _check_shadowing(task, body)
    passed = {name: passed_value(setting.expressions, result) for name, result in body.parameters.items()}
    mapped = task.mapped[0] if task.mapped is not None else ""
    return TaskPlan(
        task,
        trigger_rule(setting.case, task),
        Form.WRITTEN,
        {**setting.arguments.options, "cache_policy": "NO_CACHE"},
        body.lines,
        tuple(body.parameters),
        body.is_async,
        None,
        () if mapped else tuple(passed.values()),
        passed if mapped else {},
        mapped,
        unwaited=not body.ended,
        packages=body.packages,
    )


def with_rendered(setting: Setting, arguments: Iterable[Argument]) -> Setting:
    """The same, with what the templates in some of its arguments render to."""
    known = setting.expressions.rendered
    rendered: dict[ast.AST, Rendered] = {}
    for argument in arguments:
        if argument.node not in known and argument.node not in rendered:
            rendered |= _rendered(setting, argument)
    if any(_reads_run(one.text) for one in rendered.values()):
        setting.notes.imports.add(RUNTIME)
    return setting._replace(expressions=setting.expressions.with_rendered({**known, **rendered}))


def _rendered(setting: Setting, argument: Argument) -> dict[ast.AST, Rendered]:
    """Return what an argument and the entries of a dict in it render to, and note what the judge says of that."""
    parts = text_parts(setting.case, setting.task, argument)
    for part in parts.values():
        setting.notes.take(templates.judge(setting.case, part))
    try:
        return Templates(setting.case, setting.expressions, parts).rendered(argument)
    except Blocked as blocked:
        setting.notes.problems.append(blocked.blocker)
        return {argument.node: UNRENDERED}


def _reads_run(text: str) -> bool:
    """Return whether an expression reads something of the flow run."""
    run = RUNTIME[1]
    return run in text and any(isinstance(node, ast.Name) and node.id == run for node in walk(ast.parse(text)))


def passed_value(expressions: Expressions, value: Argument | Result) -> str | Task:
    """A value that a task is submitted with: text, or the task whose result it is. Raises Blocked."""
    if isinstance(value, Argument):
        return expressions.text(value, template=True)
    if value.key == MAPPED and value.task.mapped is not None:
        return expressions.text(value.task.mapped[1], template=True)
    if value.key != "return_value":
        raise Blocked(f"takes the key `{value.key}` of a result", value.node)
    return value.task


def _check_shadowing(task: Task, body: Body) -> None:
    """Blocked where a task's function uses a name of its own and an argument means the module's."""
    written = [argument for name, argument in task.arguments.items() if name not in task.results]
    nodes = [node for argument in written for node in walk(argument.node)]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    if not names:
        return
    lines = [f"async def f({', '.join(body.parameters)}):", *(INDENT + line for line in body.lines)]
    function = list(walk(ast.parse("\n".join(lines))))
    inner = {part for node in function if isinstance(node, ast.comprehension) for part in walk(node.target)}
    stored = [node for node in function if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    own = {node.id for node in stored if node not in inner}
    own |= {node.arg for node in function if isinstance(node, ast.arg)}
    for name in names:
        if name.id in own:
            raise Blocked(f"`{name.id}` is also a name that the task's function needs", name)
