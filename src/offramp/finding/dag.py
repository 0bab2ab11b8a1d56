"""The DAG and task groups around an operator, and what their ``default_args`` give it.

Which paths are DAGs, groups and their decorators is known from the notes'
sections (``rules/airflow-core.md``).
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from offramp.finding.names import FunctionNode, Names
from offramp.finding.values import UNKNOWN, Arguments, Given, Local, Made, Partial, Reference, Table, Value, Values
from offramp.knowledge.rulebook import Rulebook


class Surroundings(NamedTuple):
    """Where an operator stands.

    ``dag`` is the call or decorator that makes the DAG, ``groups`` those that make
    the task groups around it, outermost first. When not ``known``, the operator may
    be in a DAG or group that is not seen here.
    """

    dag: ast.expr | None
    groups: tuple[ast.expr, ...]
    known: bool


class Dags:
    """Finds surroundings and inherited arguments in one module."""

    def __init__(self, names: Names, values: Values, rulebook: Rulebook) -> None:
        self._names = names
        self._values = values
        self._rulebook = rulebook

    def section(self, value: Value) -> str:
        """Name of the note section that a callee, class or decorator belongs to; empty for none."""
        if isinstance(value, Reference):
            return self._rulebook.operators.get(value.path, "")
        if isinstance(value, Partial):
            return self.section(value.callee)
        if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
            for base in value.node.bases:
                for candidate in self._values.evaluate(base):
                    if candidate != value and (section := self.section(candidate)) in ("DAG", "TaskGroup"):
                        return section
        return ""

    def decorated(self, function: FunctionNode | ast.Lambda, sections: tuple[str, ...]) -> ast.expr | None:
        """The decorator of a function that belongs to one of ``sections``."""
        for decorator in getattr(function, "decorator_list", ()):
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            for value in self._values.evaluate(callee):
                if self.section(value) in sections:
                    return decorator  # type: ignore[no-any-return]
        return None

    def surroundings(self, call: ast.AST, depth: int = 0) -> Surroundings:
        """The DAG and groups around a call, through ``with``, decorators and ``dag=``."""
        groups: list[ast.expr] = []
        known = True
        dag: ast.expr | None = None
        if isinstance(call, ast.Call):
            given = self._values.arguments(call).given
            for name, section in (("task_group", "TaskGroup"), ("dag", "DAG")):
                if name in given:
                    maker = self._maker(given[name].values, section)
                    if maker is None:
                        known = False
                    elif name == "dag":
                        dag = maker
                    else:
                        groups.append(maker)
        inside = call
        for node in self._names.ancestors(call):
            if isinstance(node, ast.With | ast.AsyncWith) and isinstance(inside, ast.stmt):
                for item in reversed(node.items):
                    values = self._values.evaluate(item.context_expr)
                    group = self._maker(values, "TaskGroup")
                    if group is not None:
                        groups.insert(0, group)
                    elif dag is None:
                        dag = self._maker(values, "DAG")
                        known = known and (dag is not None or not _unseen(values))
            elif isinstance(node, FunctionNode) and isinstance(inside, ast.stmt):
                group = self.decorated(node, ("task_group",))
                if group is not None:
                    groups.insert(0, group)
                elif dag is None:
                    dag = self.decorated(node, ("dag",))
                if dag is None and depth < 5:
                    outer = self._callers(node, depth)
                    return Surroundings(outer.dag, (*outer.groups, *groups), outer.known and known)
            if dag is not None and not groups and isinstance(node, FunctionNode):
                break
            inside = node
        return Surroundings(dag, tuple(groups), known)

    def _callers(self, function: FunctionNode, depth: int) -> Surroundings:
        """What surrounds the calls of a local function, if it is the same for all."""
        found: list[Surroundings] = []
        for call in self._names.calls:
            if Local(function) in self._values.evaluate(call.func) and self._names.enclosing_function(call) != function:
                found.append(self.surroundings(call, depth + 1))
        if found and all(one == found[0] for one in found):
            return found[0]
        return Surroundings(None, (), known=False)

    def _maker(self, values: tuple[Value, ...], section: str) -> ast.expr | None:
        for value in values:
            if isinstance(value, Made) and self.section(value.callee) == section:
                return value.call
        return None

    def inherited(self, around: Surroundings) -> Arguments:
        """The arguments that DAG and groups give every operator through ``default_args``."""
        given: dict[str, Given] = {}
        complete = around.known
        for maker in (around.dag, *around.groups):
            if isinstance(maker, ast.Call):
                own = self._values.arguments(maker, ("", "", "", "", "", "") if maker is around.dag else ())
                complete = complete and (own.complete or "default_args" in own.given)
                if "default_args" in own.given:
                    complete = self.defaults(own.given["default_args"], given) and complete
        return Arguments(given, complete)

    def defaults(self, default_args: Given, given: dict[str, Given]) -> bool:
        """Lay a ``default_args`` value over ``given``; False when not all of it is known."""
        table = default_args.values[0] if len(default_args.values) == 1 else UNKNOWN
        if not isinstance(table, Table):
            empty = default_args.constant is not None and not default_args.constant.value
            if not empty:
                for name in given:
                    given[name] = Given(None, (UNKNOWN,), "default_args")
            return empty
        for name, node in table.entries.items():
            values = self._values.evaluate(node) if node is not None else (UNKNOWN,)
            given[name] = Given(node, values, "default_args")
        return table.complete


def _unseen(values: tuple[Value, ...]) -> bool:
    """Whether a context manager may be a DAG that another file makes."""
    return any(
        value == UNKNOWN or (isinstance(value, Made) and not isinstance(value.callee, Reference))
        or (isinstance(value, Made) and isinstance(value.callee, Reference) and "dag" in value.callee.path.lower())
        for value in values
    )
