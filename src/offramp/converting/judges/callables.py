"""Judges callables of tasks: their parameters, and the code that runs with them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from offramp.converting.cases.airflow_imports import imports_airflow, is_airflow
from offramp.converting.judges.judge import Doubt, Verdict
from offramp.converting.judges.xcom_results import generators, is_generator
from offramp.dags.graph import Task
from offramp.knowledge.airflow_names import context_names
from offramp.model import Blocker
from offramp.python.names import Binding, FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case


class Called(NamedTuple):
    """A task with its callable, and the parameters that the conversion does away with, or fills."""

    task: Task
    function: FunctionNode
    replaced: Set[str]


def judge(case: Case, called: Called) -> Iterator[Verdict]:
    """All that keeps a task's callable from being a task's function as it is."""
    task, function, replaced = called
    if is_generator(function):
        yield Blocker(f"the callable `{function.name}` is a generator", function)
    yield from _parameters(task, function, replaced)
    yield from _positional(task, function)
    yield from _keywords(task, function, replaced)
    yield from _reached(case, function, set())
    yield from _dropped(case, task, function)


def _parameters(task: Task, function: FunctionNode, replaced: Set[str]) -> Iterator[Blocker]:
    """Parameters that Airflow fills, or nothing."""
    own = function.args
    plain = [*own.posonlyargs, *own.args]
    placed = {parameter.arg for parameter in plain[: len(task.positional)]}
    defaulted = {p.arg for p in plain[len(plain) - len(own.defaults) :]} if own.defaults else set()
    defaulted |= {p.arg for p, default in zip(own.kwonlyargs, own.kw_defaults, strict=True) if default is not None}
    for parameter in (*plain, *own.kwonlyargs):
        name, in_context = parameter.arg, parameter.arg in context_names()
        if name in replaced:
            continue
        if name in placed or name in task.keywords:
            if in_context and (task.decorated or name in placed):
                yield Blocker(f"`{name}` is a name of Airflow's context, which it may not be given", parameter)
        elif in_context:
            yield Blocker(f"Airflow fills the parameter `{name}` of `{function.name}` from its context", parameter)
        elif name not in defaulted:
            yield Blocker(f"the parameter `{name}` of `{function.name}` is given nowhere", parameter)


def _positional(task: Task, function: FunctionNode) -> Iterator[Blocker]:
    own = function.args
    plain = [*own.posonlyargs, *own.args]
    signature = [*plain, *([own.vararg] if own.vararg is not None else []), *own.kwonlyargs]
    for parameter in signature[len(plain) : len(task.positional)]:
        if parameter.arg in task.keywords or parameter.arg in context_names():
            yield Blocker(f"Airflow 2 takes a positional argument for `{parameter.arg}` and fails", parameter)
    if own.vararg is None and len(task.positional) > len(plain):
        yield Blocker(f"`{function.name}` takes fewer arguments than it is given", task.node)


def _keywords(task: Task, function: FunctionNode, replaced: Set[str]) -> Iterator[Blocker]:
    own = function.args
    if own.kwarg is None:
        accepted = {parameter.arg for parameter in (*own.posonlyargs, *own.args, *own.kwonlyargs)}
        for name in task.keywords:
            if name not in accepted:
                yield Blocker(f"`{function.name}` has no parameter `{name}`", task.node)
    elif own.kwarg.arg not in replaced:
        used = [node for node in walk(function) if isinstance(node, ast.Name) and node.id == own.kwarg.arg]
        if used:
            yield Blocker(f"`{function.name}` uses Airflow's context", used[0])


def _reached(case: Case, code: ast.AST, seen: set[ast.AST]) -> Iterator[Blocker]:
    """Airflow's names and those of tasks and DAGs in code that runs with a callable."""
    if code in seen:
        return
    seen.add(code)
    for part in [*code.body, code.args] if isinstance(code, FunctionNode) else [code]:
        for node in walk(part):
            if isinstance(node, ast.Import | ast.ImportFrom) and imports_airflow(node):
                yield Blocker("a callable of a task imports Airflow", node)
            if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node in case.hook_names:
                continue
            for binding in case.module.names.lookup(node.id, node):
                yield from _of_name(case, node, binding)
                if isinstance(binding.node, FunctionNode | ast.ClassDef) and binding.kind in ("function", "class"):
                    yield from _reached(case, binding.node, seen)


def _of_name(case: Case, name: ast.Name, binding: Binding) -> Iterator[Blocker]:
    if binding.kind == "import" and is_airflow(binding.target):
        yield Blocker(f"`{name.id}` is Airflow's, and a callable of a task uses it", name)
    if binding.scope is case.module.names.module and name.id in case.leaving.gone:
        yield Blocker(f"`{name.id}` is a task or DAG, and a callable of a task uses it", name)


def _dropped(case: Case, task: Task, function: FunctionNode) -> Iterator[Verdict]:
    """A result that Airflow is told not to keep, so that a generator is not a failure, and never runs."""
    pushed = task.arguments.get("do_xcom_push")
    if pushed is None or case.constant(pushed) == Constant(True):
        return
    for node, certain in generators(case.module, function):
        if certain:
            reason = f"`{function.name}` returns a generator: Prefect makes a list of it, Airflow never runs it"
            yield Blocker(reason, node)
        else:
            yield Doubt(f"what `{function.name}` returns may be a generator, which Prefect makes a list of", node)
