"""The text of a function that calls the callable of a Python task which another module of the project has."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from offramp.converting.judges.shared_state import judge_elsewhere
from offramp.converting.transplants import NotMovedError
from offramp.finding.operators import Module
from offramp.knowledge.airflow_names import context_names
from offramp.model import Blocker
from offramp.python.functions import positional_names
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Arguments, Constant, Items, Table
from offramp.record import NamedTuple


class Called(NamedTuple):
    """A function of another module that a task calls, and the module's analysis."""

    module: Module
    function: FunctionNode


def doubts_of(called: Called) -> list[str]:
    """Return the reasons why tasks of one process may see of each other what a function of another module does.

    Raises NotMovedError where they do.
    """
    found = []
    for verdict in judge_elsewhere(called.module, called.function):
        reason = f"{verdict.reason} (in the module of `{called.function.name}`)"
        if isinstance(verdict, Blocker):
            raise NotMovedError(f"cannot be called: {reason}")
        found.append(reason)
    return found


def caller_text(name: str, callee: str, function: FunctionNode, given: Sequence[str]) -> str:
    """A function that takes what Airflow gives a callable, and calls it with that. Raises NotMovedError.

    ``given`` are the parameters that ``op_args`` and ``op_kwargs`` give.
    """
    from offramp.converting.judges.xcom_results import is_generator

    own = function.args
    if isinstance(function, ast.AsyncFunctionDef) or is_generator(function) or function.decorator_list:
        raise NotMovedError("is no plain function")
    if own.posonlyargs or own.vararg is not None:
        raise NotMovedError("takes arguments without names")
    if own.kwarg is not None and any(isinstance(one, ast.Name) and one.id == own.kwarg.arg for one in walk(function)):
        raise NotMovedError("uses Airflow's context")
    plain = [one.arg for one in (*own.args, *own.kwonlyargs)]
    unknown = [one for one in given if one not in plain]
    if unknown and own.kwarg is None:
        raise NotMovedError(f"has no parameter `{unknown[0]}`")
    optional = {one.arg for one in own.args[len(own.args) - len(own.defaults) :]} if own.defaults else set()
    optional |= {one.arg for one, node in zip(own.kwonlyargs, own.kw_defaults, strict=True) if node is not None}
    taken = [one for one in plain if one in given or one not in optional or one in context_names()]
    taken += unknown
    passed = ", ".join(f"{one}={one}" for one in taken)
    return f"def {name}({', '.join(taken)}):\n    return {callee}({passed})\n"


def parameters_given(arguments: Arguments, function: FunctionNode) -> list[str]:
    """The parameters that ``op_args`` and ``op_kwargs`` of a task give. Raises NotMovedError."""
    plain = positional_names(function)
    by_position = _value(arguments, "op_args")
    named = _value(arguments, "op_kwargs")
    if not isinstance(by_position, Items) or not by_position.complete or len(by_position.nodes) > len(plain):
        raise NotMovedError("is given `op_args` that are not known")
    if not isinstance(named, Table) or not named.complete:
        raise NotMovedError("is given `op_kwargs` that are not known")
    return [*plain[: len(by_position.nodes)], *named.entries]


def _value(arguments: Arguments, name: str) -> object:
    given = arguments.given.get(name)
    empty: Mapping[str, object] = {"op_args": Items((), complete=True), "op_kwargs": Table({}, complete=True)}
    if given is None or given.constant == Constant(None):
        return empty[name]
    return given.values[0] if len(given.values) == 1 else None
