"""Operators whose notes name a rewrite as tasks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from offramp.converting.recipes.body import Body, Job
from offramp.converting.recipes.registry import recipe_of, takes_results
from offramp.converting.tasks.takers import reaches
from offramp.converting.tasks.task_plan import TaskPlan
from offramp.converting.tasks.written_tasks import Setting, with_rendered, written_task
from offramp.dags.graph import MAPPED, Argument, Result, Task
from offramp.finding.places import header
from offramp.finding.suppress import ignored_with_reason
from offramp.finding.task_places import full_task_id
from offramp.finding.triggers import forgotten, run_flow
from offramp.model import Blocked
from offramp.python.values import Items, Table

# The arguments that may be pulled by templates.
_PULLED = ("run_id", "job_id")


def recipe_task(setting: Setting) -> TaskPlan | None:
    """The plan of a task by its note's recipe; None where a problem prevents it. Raises Blocked."""
    task, note, notes = setting.task, setting.note, setting.notes
    recipe = recipe_of(note, setting.case.options.pattern)
    if recipe is None:
        raise Blocked(f"`{note.operator}` has no conversion yet", task.node)
    pulled = _pulled(setting)
    taken = _taken(setting, pulled)
    call = {name: pair for name, pair in setting.arguments.call.items() if name not in pulled}
    notes.doubts.update(setting.takers.doubts)
    templated = re.findall(r"[\w.]+", note.fields.get("templates", ""))
    setting = with_rendered(setting, (argument for name, (_, argument) in call.items() if name in templated))
    endings = tuple(re.findall(r"\.\w+", note.fields.get("template_files", "")))
    _check_no_files(setting, [argument for name, (_, argument) in call.items() if name in templated], endings)
    consumed = bool(setting.takers.of(task))
    options = setting.case.options
    job = Job(task, call, setting.rows, taken, setting.expressions, consumed, options, notes.problems)
    body = recipe(job)
    if not body.ended:
        body = _unwaited(setting, body)
    notes.helpers.update(body.helpers)
    return None if notes.problems else written_task(setting, body)


def _pulled(setting: Setting) -> dict[str, Result]:
    """The results that the task takes by templates, by the arguments for which it takes them."""
    found = {}
    for name in _PULLED:
        argument = setting.arguments.call[name][1] if name in setting.arguments.call else None
        source = setting.takers.pulled(setting.task, argument) if argument is not None else None
        if source is None or argument is None:
            continue
        if not reaches(source, setting.task):
            raise Blocked(f"pulls the result of `{source.id}`, which no edge puts before it", argument.node)
        found[name] = Result(source, "return_value", argument.node)
    return found


def _taken(setting: Setting, pulled: Mapping[str, Result]) -> dict[str, Result]:
    """All results that the task takes, by the arguments for which it takes them."""
    task, takes = setting.task, takes_results(setting.note)
    taken = dict(task.results)
    if task.mapped is not None:
        taken[task.mapped[0]] = Result(task, MAPPED, task.node)
    taken.update(pulled)
    for name, result in taken.items():
        if takes is not None and name not in takes:
            raise Blocked(f"`{name}` from another task's result is not converted", result.node)
    return taken


def _check_no_files(setting: Setting, arguments: Iterable[Argument], endings: tuple[str, ...]) -> None:
    """Blocked for text that ends like the name of a template, which Airflow reads from a file."""
    for argument in arguments if endings else ():
        value = setting.case.module.values.single(argument.node)
        nodes: Iterable[ast.expr | None] = (argument.node,)
        if isinstance(value, Items):
            nodes = value.nodes
        elif isinstance(value, Table):
            nodes = value.entries.values()
        for node in nodes:
            known = setting.case.constant(argument._replace(node=node)) if node is not None else None
            if known is not None and isinstance(known.value, str) and known.value.endswith(endings):
                raise Blocked("Airflow reads this from a file, as a template", node or argument.node)


def _unwaited(setting: Setting, body: Body) -> Body:
    """The body of a task that only starts a run: with the comment that says why nobody waits for it, if nobody does.

    Without such a comment, that is a problem.
    """
    task, module, source = setting.task, setting.case.module, setting.case.source
    if _is_awaited(setting, task):
        return body._replace(ended=True)
    assert task.use is not None
    callee = task.use.callee
    code = module.rulebook.code("fire-and-forget-run")
    statement = header(source, module.names.statement(callee), callee)
    reason = ignored_with_reason(source, code, source.positions.span(callee), statement)
    if not reason:
        ids = {full_task_id(one.module, one.use) for one in forgotten(module, task.use)}
        certain = task.id in ids or None in ids
        who = "nobody waits for this run" if certain else "whether anything waits for this run is not known"
        setting.notes.problem(f"{who}: wait for it, or say why not: `# offramp: ignore[{code}] reason`", callee)
    return body._replace(lines=(f"# Nobody waits for this run: {reason}", *body.lines))


def _is_awaited(setting: Setting, task: Task) -> bool:
    """Return whether one of the tasks that take the id of a task's run waits for the run, as far as is known."""
    takers = setting.takers.of(task)
    if any(taker.use is not None and taker.use.role == "sensor" for taker in takers):
        return True
    assert task.use is not None
    return bool(takers) and run_flow(setting.case.module).waited(task.use)
