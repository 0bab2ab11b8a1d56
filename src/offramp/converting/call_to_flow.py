"""An operator outside any DAG as a flow of its own."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Sequence

from offramp.converting.argument_text import Expressions
from offramp.converting.conversion import Conversion
from offramp.converting.options import Options
from offramp.converting.placing.helper_functions import helper_functions
from offramp.converting.recipes.body import Job
from offramp.converting.recipes.registry import choosing_arguments, recipe_of
from offramp.converting.recipes.run_functions import RUN_COMMAND
from offramp.converting.tasks.arguments import Sorted, sort_arguments
from offramp.converting.tasks.notes import Notes
from offramp.dags.graph import Argument, Dag, Task
from offramp.editing.imports import import_edits
from offramp.editing.layout import comments_in, is_pragma
from offramp.editing.text import INDENT, call_lines, repr_text
from offramp.finding.operators import Module, Use
from offramp.model import Blocked, Edit, Span
from offramp.python.values import UNKNOWN
from offramp.reading.source import Source


def bare_flow(module: Module, source: Source, use: Use, options: Options) -> Conversion:
    """Make a flow of a module-level statement that only makes an operator; nothing deploys it. Raises Blocked."""
    statement = module.names.statement(use.callee)
    name = _name(statement, use, module)
    task = _task(name, use, statement)
    expressions = Expressions(module, source)
    notes = Notes()
    arguments = Sorted({}, {})
    rows = module.rulebook.arguments(use.note)
    sort_arguments(task.arguments, rows, expressions, notes, arguments, choosing_arguments(use.note))
    for unwritten in ("retries", "trigger_rule"):
        if unwritten in task.arguments:
            reason = f"`{unwritten}` of an operator outside a DAG is not converted"
            notes.problem(reason, task.arguments[unwritten].node)
    recipe = recipe_of(use.note, options.pattern)
    if recipe is None:
        raise Blocked(f"`{use.note.operator}` has no conversion yet", use.callee)
    body = recipe(Job(task, arguments.call, rows, {}, expressions, False, options, notes.problems))
    if notes.problems:
        return Conversion((), (), tuple(dict.fromkeys(notes.problems)), ())
    known = use.arguments.given.get("task_id")
    flow_name = str(known.constant.value) if known is not None and known.constant is not None else name
    logged = {"log_prints": "True"} if RUN_COMMAND in body.helpers else {}
    lines = call_lines("@flow", {"name": repr_text(flow_name), **arguments.options, **logged}, indent=0)
    lines.append(f"{'async ' if body.is_async else ''}def {name}():")
    lines += [INDENT + line if line else "" for line in body.lines]
    edit = _edit(module, source, statement, lines)
    needed = frozenset({("prefect", "flow"), *body.imports})
    helpers = helper_functions(frozenset(body.helpers))
    imports = import_edits(module, source, [edit], needed, after_imports=helpers)
    doubts = tuple({**expressions.doubts, **notes.doubts})
    return Conversion((*imports, edit), doubts, (), (), expressions.loaded(), packages=body.packages)


def _task(name: str, use: Use, statement: ast.stmt) -> Task:
    """The operator as the task of a DAG of its own. Raises Blocked where not all of its arguments are known."""
    assert use.call is not None
    task = Task(name, use.note.section, use.call, statement, Dag(use.call, statement))
    task.use = use
    for argument, given in use.arguments.given.items():
        if argument == "task_id":
            continue
        if given.node is None or (given.values == (UNKNOWN,) and given.origin == "expand"):
            raise Blocked(f"`{argument}` is not known here", use.call)
        task.arguments[argument] = Argument(given.node, (), given.origin)
    if not use.arguments.complete and use.around.known:
        raise Blocked("not all arguments are known here", use.call)
    return task


def _edit(module: Module, source: Source, statement: ast.stmt, lines: Sequence[str]) -> Edit:
    """The edit that puts lines in place of a statement, with its comments before them. Raises Blocked."""
    span = _whole_lines(source, statement, module)
    comments = [comment for comment in comments_in(source, span) if not is_pragma(comment)]
    return _spaced(source, Edit(span, "\n".join([*comments, *lines]) + "\n"))


def _name(statement: ast.stmt, use: Use, module: Module) -> str:
    """The task id where it is a name that is free, else the name that the operator was bound to."""
    known = use.arguments.given.get("task_id")
    wanted = [str(known.constant.value)] if known is not None and known.constant is not None else []
    bound = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    if isinstance(bound, ast.Name):
        loads = module.names.loads.get(bound.id, [])
        if loads:
            raise Blocked(f"`{bound.id}` is used in this file", loads[0])
        wanted.append(bound.id)
    elif not isinstance(statement, ast.Expr):
        raise Blocked("is kept in a way that is not followed", use.callee)
    taken = module.names.module.bindings.keys() - {getattr(bound, "id", "")}
    for name in wanted:
        if name.isidentifier() and not keyword.iskeyword(name) and name not in taken and not hasattr(builtins, name):
            return name
    raise Blocked("has no name that a flow could take", use.callee)


def _whole_lines(source: Source, statement: ast.stmt, module: Module) -> Span:
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    others = (other for other in module.tree.body if other is not statement)
    if any(other.lineno <= last and (other.end_lineno or 0) >= first for other in others):
        raise Blocked("shares its line with another statement", statement)
    positions = source.positions
    end = positions.offset(last + 1, 0) if last < positions.rows() else len(source.utf8)
    return Span(positions.offset(first, 0), end)


def _spaced(source: Source, edit: Edit) -> Edit:
    """Two blank lines before a flow that follows other code."""
    before = source.utf8[: edit.span.start]
    gap = len(before) - len(before.rstrip(b"\r\n"))
    if before.strip() and gap < 3:
        return edit._replace(text="\n" * (3 - gap) + edit.text)
    return edit
