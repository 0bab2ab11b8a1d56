"""The DAG and task groups around an operator, and what their ``default_args`` give it.

Which paths are DAGs, groups and their decorators is known from the notes'
sections (``rules/airflow-core.md``).
"""

from __future__ import annotations

import ast
import sys

from offramp.knowledge.rulebook import Rulebook
from offramp.python.evaluation import Values
from offramp.python.names import ANY_ATTRIBUTE, FunctionNode, Names
from offramp.python.values import UNKNOWN, Arguments, Given, Local, Made, Partial, Reference, Table, Value
from offramp.record import NamedTuple

_GROUP_POSITIONS = ("group_id", "prefix_group_id", "parent_group", "dag", "default_args")


class Surroundings(NamedTuple):
    """The place of an operator.

    ``dag`` is the call or decorator that makes the DAG, ``groups`` those that make
    the task groups around it, outermost first. When not ``known``, the operator may
    be in a DAG or group that is not seen here.
    """

    dag: ast.expr | None
    groups: tuple[ast.expr, ...]
    known: bool


# Calls of functions are followed outwards this often.
_DEEPEST = 5
_NOTHING_YET = Surroundings(None, (), known=True)
_NONE = (None, True)


class Dags:
    """Finds surroundings and inherited arguments in one module."""

    def __init__(self, names: Names, values: Values, rulebook: Rulebook) -> None:
        self._names = names
        self._values = values
        self._rulebook = rulebook
        self._called_in: dict[FunctionNode, Surroundings] = {}

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
        around = self._named(call) if isinstance(call, ast.Call) else _NOTHING_YET
        inside = call
        for node in self._names.ancestors(call):
            if isinstance(node, ast.With | ast.AsyncWith) and isinstance(inside, ast.stmt):
                for item in reversed(node.items):
                    around = self._in_block(around, item.context_expr)
            elif isinstance(node, FunctionNode) and isinstance(inside, ast.stmt):
                around = self._in_function(around, node)
                if around.dag is None and depth < _DEEPEST:
                    outer = self._callers(node, depth)
                    return Surroundings(outer.dag, (*outer.groups, *around.groups), outer.known and around.known)
            if around.dag is not None and not around.groups and isinstance(node, FunctionNode):
                break
            inside = node
        return around

    def _named(self, call: ast.Call) -> Surroundings:
        """The DAG and the group that a call names itself, by ``dag=`` and ``task_group=``."""
        given = self._values.arguments(call).given
        group, group_known = self._maker(given["task_group"].values, "TaskGroup") if "task_group" in given else _NONE
        dag, dag_known = self._maker(given["dag"].values, "DAG") if "dag" in given else _NONE
        return Surroundings(dag, (group,) if group is not None else (), group_known and dag_known)

    def _in_block(self, inner: Surroundings, manager: ast.expr) -> Surroundings:
        """Surroundings of what stands in the block of a context manager, given those inside it."""
        values = self._values.evaluate(manager)
        group, certain = self._maker(values, "TaskGroup")
        if group is not None:
            return Surroundings(inner.dag, (group, *inner.groups), inner.known and certain)
        if inner.dag is not None:
            return inner
        dag, certain = self._maker(values, "DAG")
        return Surroundings(dag, inner.groups, inner.known and (certain if dag is not None else not _unseen(values)))

    def _in_function(self, inner: Surroundings, function: FunctionNode) -> Surroundings:
        """Surroundings of what stands in a function, given those inside it, by its decorators."""
        group = self.decorated(function, ("task_group",))
        if group is not None:
            return inner._replace(groups=(group, *inner.groups))
        return inner if inner.dag is not None else inner._replace(dag=self.decorated(function, ("dag",)))

    def _callers(self, function: FunctionNode, depth: int) -> Surroundings:
        """Return what surrounds the calls of a local function, if it is the same for all."""
        known = self._called_in.get(function)
        if known is not None:
            return known
        self._called_in[function] = nowhere = Surroundings(None, (), known=False)
        found = [
            self.surroundings(call, depth + 1)
            for call in self._values.calls_of(function)
            if self._names.enclosing_function(call) is not function
        ]
        if found and not self._values.handed_on(function) and all(one == found[0] for one in found):
            self._called_in[function] = found[0]
            return found[0]
        return nowhere

    def _maker(self, values: tuple[Value, ...], section: str) -> tuple[ast.expr | None, bool]:
        """The call among the candidates that makes a DAG or group, and whether it is the only one."""
        for value in values:
            if isinstance(value, Made) and self.section(value.callee) == section:
                return value.call, len(values) == 1
        return None, False

    def inherited(self, around: Surroundings) -> Arguments:
        """The arguments that DAG and groups give every operator through ``default_args``."""
        given: dict[str, Given] = {}
        complete = around.known
        for maker in (around.dag, *around.groups):
            if isinstance(maker, ast.Call):
                own = self._values.arguments(maker, () if maker is around.dag else _GROUP_POSITIONS)
                complete = complete and (own.complete or "default_args" in own.given)
                complete = complete and "parent_group" not in own.given and not self._constructs_otherwise(maker)
                if "default_args" in own.given:
                    complete = self.defaults(own.given["default_args"], given) and complete
        complete = complete and not ({"default_args", ANY_ATTRIBUTE} & self._touched())
        if not complete:
            given = {name: value._replace(values=(*value.values, UNKNOWN)) for name, value in given.items()}
        return Arguments(given, complete)

    def _touched(self) -> set[str]:
        return {*self._names.stores, *self._names.changed_attributes}

    def _constructs_otherwise(self, maker: ast.Call) -> bool:
        """Return whether a local DAG or group class does more in its constructor than Airflow's."""
        for value in self._values.evaluate(maker.func):
            callee = value.callee if isinstance(value, Partial) else value
            if isinstance(callee, Local) and isinstance(callee.node, ast.ClassDef):
                lineage, _ = self._values.lineage(callee.node)
                if any(self._names.class_attribute(node, "__init__") for node in lineage):
                    return True
        return False

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
    """Return whether a context manager may be a DAG or group of another file: all may but the standard library's."""
    return not all(
        isinstance(value, Made)
        and isinstance(value.callee, Reference)
        and value.callee.path.split(".")[0] in sys.stdlib_module_names
        for value in values
    )
