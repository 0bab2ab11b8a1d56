"""Places of tasks: in which DAGs code runs, and under which ids the tasks are found that an operator makes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from offramp.finding.operators import Module, Use
from offramp.python.names import FunctionNode

_DEEPEST = 5
# The number that Airflow adds to an id that is there already.
_COPY = r"(__\d+)?"


def full_task_id(module: Module, use: Use) -> str | None:
    """The task id with its groups' prefixes; None when not known."""
    given = use.arguments.given.get("task_id")
    if given is None or given.constant is None:
        return None
    parts = [group_prefix(module, group) for group in use.around.groups]
    if any(part is None for part in parts):
        return None
    return ".".join([part for part in parts if part] + [str(given.constant.value)])


def group_prefix(module: Module, maker: ast.expr) -> str | None:
    """Return what a task group puts before its tasks' ids: its own id, nothing, or None when not known."""
    if isinstance(maker, ast.Call):
        given = module.values.arguments(maker, ("group_id", "prefix_group_id")).given
        prefixed = given.get("prefix_group_id")
        if prefixed is not None:
            if prefixed.constant is None:
                return None
            if not prefixed.constant.value:
                return ""
        if "group_id" in given:
            constant = given["group_id"].constant
            return str(constant.value) if constant is not None else None
    function = module.names.parents.get(maker)
    return function.name if isinstance(function, FunctionNode) else None


def id_pattern(module: Module, use: Use, task_id: str) -> str:
    """A regular expression for the ids under which the XCom of a task of this own id can be pulled."""
    parts = [group_prefix(module, group) for group in use.around.groups]
    known = use.around.known and None not in parts
    groups = [f"{re.escape(part)}{_COPY}\\." for part in parts if part] if known else [r"(.*\.)?"]
    return f"{''.join(groups)}{re.escape(task_id)}{_COPY}"


def running_dags(module: Module, node: ast.AST) -> set[ast.AST] | None:
    """Return what makes the DAGs in whose tasks an expression is evaluated; None when that is not seen."""
    return _running(module, node, 0)


def _running(module: Module, node: ast.AST, depth: int) -> set[ast.AST] | None:
    for around in (node, *module.names.ancestors(node)):
        if isinstance(around, ast.stmt):
            break
        dag = module.dags.surroundings(around).dag if isinstance(around, ast.Call) else None
        if dag is not None:
            return {dag}
    dag = module.dags.surroundings(node).dag
    if dag is not None or depth > _DEEPEST:
        return {dag} if dag is not None else None
    function = module.names.enclosing_function(node)
    bindings = module.names.bindings_of(function if function is not None else node)
    uses = [use for one in bindings if one.kind in ("function", "value") for use in module.names.uses(one)]
    return (
        _together(_running(module, use, depth + 1) for use in uses) if _is_only_named(module, node, function) else None
    )


def _is_only_named(module: Module, node: ast.AST, function: ast.AST | None) -> bool:
    """Return whether all ways to an expression are the names of the function that it is in, or that it is bound to."""
    if isinstance(function, FunctionNode):
        return not isinstance(module.names.parents.get(function), ast.ClassDef)
    return function is None and isinstance(module.names.parents.get(node), ast.Assign | ast.AnnAssign)


def _together(found: Iterable[set[ast.AST] | None]) -> set[ast.AST] | None:
    known: set[ast.AST] = set()
    for one in found:
        if one is None:
            return None
        known |= one
    return known or None
