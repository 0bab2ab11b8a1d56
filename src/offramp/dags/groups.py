"""Task groups: blocks, decorated functions, their prefixes and their ``default_args``."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.dags.arguments import add_defaults
from offramp.dags.dag_values import Group, GroupFunction
from offramp.dags.graph import Dag
from offramp.dags.state import State
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Given

# Arguments that change more than the ids and the defaults of tasks.
_UNFOLLOWED_ARGUMENTS = frozenset({"parent_group", "add_suffix_on_collision", "dag"})
_DEFINITIONS = (FunctionNode, ast.ClassDef, ast.Import, ast.ImportFrom)


def run_group_block(state: State, statement: ast.With) -> None:
    """Run a ``with`` block of groups."""
    depth = len(state.groups)
    if all(enter_group(state, item, statement) for item in statement.items):
        with state.inside():
            state.run(statement.body)
    del state.groups[depth:]


def enter_group(state: State, item: ast.withitem, statement: ast.stmt) -> bool:
    """Enter the group of a ``with`` block; False for everything else, and for what is not followed."""
    call = item.context_expr
    if state.dag is None or not isinstance(call, ast.Call) or state.callees.section(call.func) != "TaskGroup":
        state.block("is a `with` in the DAG that is not followed", statement)
        return False
    state.check_certain(call.func, "TaskGroup")
    given = _arguments(state, call, ("group_id", "prefix_group_id"))
    group = open_group(state, state.dag, "", call, given)
    if group is None:
        return False
    if isinstance(item.optional_vars, ast.Name):
        state.environment.bind(item.optional_vars.id, group)
    return True


def call_group(state: State, function: GroupFunction, call: ast.Call) -> Group | None:
    """Make the group of a function under ``@task_group`` by running it."""
    if call.args or call.keywords or has_parameters(function.node):
        state.block("a task group that takes arguments is not followed", call)
        return None
    decorator = function.decorator
    given = _arguments(state, decorator, ("group_id",)) if isinstance(decorator, ast.Call) else {}
    if state.dag is None:
        state.block("a task group outside a DAG is not followed", call)
        return None
    group = open_group(state, state.dag, function.node.name, call, given)
    if group is None:
        return None
    _run_function(state, function.node)
    state.groups.pop()
    return group


def open_group(state: State, dag: Dag, default_id: str, node: ast.expr, given: Mapping[str, Given]) -> Group | None:
    """Make a group of a DAG and enter it; None, and a blocker, when its ids are not known."""
    rows = state.module.rulebook.arguments(state.module.rulebook.notes["TaskGroup"])
    for name in given:
        if name not in rows or name in _UNFOLLOWED_ARGUMENTS:
            state.block(f"`{name}` of this task group is not followed", node)
            return None
    own = _option(state, "group_id", given, Constant(default_id), node)
    prefixed = _option(state, "prefix_group_id", given, Constant(value=True), node) if own is not None else None
    if own is None or prefixed is None:
        return None
    full = f"{state.prefix}{own.value}"
    if (dag, full) in state.record.group_ids:
        again = f"the task group `{full}` is made twice" if default_id else f"a second task group has the id `{full}`"
        state.block(again, node)
        return None
    state.record.group_ids.add((dag, full))
    defaults = dict(state.groups[-1].defaults) if state.groups else {}
    if "default_args" in given and not add_defaults(state, given["default_args"], defaults):
        state.block("`default_args` of this task group are not known here", node)
    group = Group(f"{full}." if prefixed.value else "", [], defaults)
    state.groups.append(group)
    return group


def has_parameters(function: FunctionNode) -> bool:
    """Return whether a function takes any arguments."""
    own = function.args
    return bool(own.args or own.posonlyargs or own.kwonlyargs or own.vararg or own.kwarg)


def _arguments(state: State, call: ast.Call, positional: tuple[str, ...]) -> dict[str, Given]:
    arguments = state.module.values.arguments(call, positional)
    if not arguments.complete or len(call.args) > len(positional):
        state.block("not all arguments of this task group are known here", call)
    return arguments.given


def _option(state: State, name: str, given: Mapping[str, Given], default: Constant, node: ast.expr) -> Constant | None:
    """The constant that an argument is, or its default; None, and a blocker, when it is not known."""
    if name not in given:
        return default
    value = given[name].node
    constant = state.constant(value) if value is not None else None
    if constant is None:
        state.block(f"`{name}` of this task group is not known here", node)
    return constant


def _run_function(state: State, function: FunctionNode) -> None:
    """Run the body of a group's function, which may do nothing but make tasks."""
    if any(isinstance(node, ast.Return) and node.value is not None for node in walk(function)):
        state.block("a task group that returns a value is not followed", function)
    kept = state.record.kept
    own = [inner for inner in function.body if inner in kept or isinstance(inner, _DEFINITIONS)]
    with state.environment.frame(), state.inside():
        state.run(function.body)
    own += [inner for inner in function.body if inner in kept]
    if own:
        state.block("a task group's function with code of its own is not followed", own[0])
    if function in state.module.tree.body:
        state.block("a task group's function outside the DAG is not followed", function)
