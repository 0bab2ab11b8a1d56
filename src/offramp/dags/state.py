"""What following the code that builds DAGs works with: the state of it, and what an expression may give.

``statements`` follows a file; what it is made of stands in a module for each, all on ``Following``.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from offramp.dags.folding import fold
from offramp.dags.graph import Argument, Dag, Result, Task
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.names import FunctionNode, Scope
from offramp.python.nodes import walk
from offramp.python.values import UNKNOWN, Constant, Given, Table
from offramp.record import NamedTuple


class Group:
    """A task group: the prefix of its tasks' ids, its tasks so far, what its ``default_args`` give them."""

    def __init__(self, prefix: str, tasks: list[Task], defaults: dict[str, Argument]) -> None:
        self.prefix = prefix
        self.tasks = tasks
        self.defaults = defaults

    def roots(self) -> list[Task]:
        """The tasks that no task of the group comes before."""
        return [task for task in self.tasks if not any(up in self.tasks for up in task.upstream)]

    def leaves(self) -> list[Task]:
        """The tasks that no task of the group comes after."""
        inside = {up for task in self.tasks for up in task.upstream}
        return [task for task in self.tasks if task not in inside]


class Label(NamedTuple):
    """An edge's label, and the tasks on its one side while the other is still to come."""

    before: tuple[Task, ...]
    after: tuple[Task, ...]


class TaskFunction(NamedTuple):
    """A function under ``@task`` or a relative, with what ``override`` gave it."""

    node: FunctionNode
    section: str
    decorator: ast.expr
    override: dict[str, Argument]


class GroupFunction(NamedTuple):
    """A function under ``@task_group``."""

    node: FunctionNode
    decorator: ast.expr


class Plain(NamedTuple):
    """A value that no task, group or DAG is part of."""

    node: ast.expr


class Unfollowed:
    """What an expression that is not followed gives; its blocker is noted already."""


UNFOLLOWED = Unfollowed()
Thing = object


def _is_nothing(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None
    return (isinstance(node, ast.Dict) and not node.keys) or (isinstance(node, ast.List) and not node.elts)


class Following(ABC):
    """The state of following one file, and the questions that every part asks."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.names = module.names
        self.values = module.values
        self.sections = module.dags
        self.uses = {use.call: use for use in module.uses if use.call is not None}
        self.blockers: list[Blocker] = []
        self.dags: list[Dag] = []
        self.by_maker: dict[ast.AST, Dag] = {}
        self.building: set[ast.stmt] = set()
        self.plain: list[ast.stmt] = []
        self.kept: set[ast.stmt] = set()
        self.followed: set[ast.AST] = set()
        self.empty: dict[str, ast.stmt] = {}
        self.holders: set[tuple[Scope, str]] = set()
        self.turning = 0
        self.turns = 0
        self.dag: Dag | None = None
        self.groups: list[Group] = []
        self.used_groups: set[tuple[Dag, str]] = set()
        self.env: dict[str, Thing] = {}
        self.loop: dict[str, object] = {}
        self.statement: ast.stmt | None = None
        self.seen: set[ast.AST] = set()
        self.touched = False

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _goes(self) -> bool:
        """Whether the conversion deletes the code that is being followed: all of it must be understood."""
        return self.dag is not None or self.turning > 0 or self.touched

    def _section(self, callee: ast.expr) -> str:
        for value in self.values.evaluate(callee):
            section = self.sections.section(value)
            if section:
                return section
        return ""

    def _check_certain(self, callee: ast.expr, section: str) -> None:
        """Block a callee or decorator that is Airflow's by one of its candidates only; None makes no DAG."""
        values = [value for value in self.values.evaluate(callee) if value != Constant(None)]
        if any(self.sections.section(value) != section for value in values):
            self._block(f"`{ast.unparse(callee)}` may be something else than Airflow's", callee)

    def _operator_section(self, call: ast.Call) -> str:
        use = self.uses.get(call)
        if use is not None and use.role != "hook":
            return use.note.section
        section = self._section(call.func)
        return section if section and section not in ("DAG", "dag", "TaskGroup", "task_group", "task") else ""

    def _holds_operator(self, statement: ast.stmt) -> bool:
        return any(isinstance(node, ast.Call) and self._operator_section(node) for node in walk(statement))

    def _mentions_dag(self, statement: ast.stmt) -> bool:
        return any(
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and isinstance(self.env.get(node.id), Task | Result | Dag | list | dict | Group)
            and self.names.place(node)[0] is self.names.module
            for node in walk(statement)
        )

    def _touches_tasks(self, node: ast.expr) -> bool:
        return any(
            isinstance(inner, ast.Name)
            and isinstance(self.env.get(inner.id), Task | Result | list | dict | Group | TaskFunction)
            for inner in walk(node)
        )

    def _begins_empty(self, name: ast.Name) -> bool:
        """Whether all that a name is bound to, but for what the code followed here adds, is an empty list or dict."""
        bindings = self.names.lookup(name.id, name)
        nodes = [binding.node for binding in bindings]
        used = {id(node) for statement in self.plain for node in walk(statement)}
        return bool(nodes) and all(
            ((isinstance(node, ast.Dict) and not node.keys) or (isinstance(node, ast.List) and not node.elts))
            and not any(id(load) in used for load in self.names.uses(binding))
            for node, binding in zip(nodes, bindings, strict=True)
        )

    def _drop(self, name: ast.Name) -> None:
        """Let the statement go that bound a name, to nothing yet, that tasks are kept in."""
        self.holders.add((self.names.place(name)[0], name.id))
        self.kept.discard(self.empty.get(name.id))
        for binding in self.names.lookup(name.id, name):
            made = self.names.parents.get(binding.node) if binding.node is not None else None
            if (
                isinstance(made, ast.Assign)
                and len(made.targets) == 1
                and made in self.plain
                and _is_nothing(made.value)
            ):
                self.plain.remove(made)
                self.building.add(made)

    def _see(self, node: ast.AST) -> None:
        for inner in walk(node):
            self.seen.add(inner)

    def _defaults(self, given: Given, into: dict[str, Argument]) -> bool:
        table = given.values[0] if len(given.values) == 1 else UNKNOWN
        if not isinstance(table, Table):
            return given.constant is not None and not given.constant.value
        for name, node in table.entries.items():
            if node is None:
                return False
            into[name] = Argument(node, tuple(self._turn(node).items()), "default_args")
        return table.complete

    def _turn(self, node: ast.AST) -> dict[str, object]:
        """The loop's values that hold where an expression stands, which may be elsewhere than the statement."""
        now = self.statement
        if not self.loop or now is None or node not in self.names.parents or self.names.statement(node) is now:
            return self.loop
        _, order, path = self.names.place(node)
        _, current, around = self.names.place(now)
        if order > current or path != around[: len(path)]:
            return {}
        return {
            name: value
            for name, value in self.loop.items()
            if self.names.lookup(name, node) == self.names.lookup(name, now)
        }

    def _constant(self, node: ast.expr) -> Constant | None:
        return fold(self.module, node, self._turn(node))

    def _constant_of(self, argument: Argument) -> Constant | None:
        return fold(self.module, argument.node, dict(argument.loop))

    @abstractmethod
    def _evaluate(self, node: ast.expr) -> Thing:
        """What an expression gives when it runs."""

    @abstractmethod
    def _body(self, body: list[ast.stmt]) -> None:
        """Run statements one after another."""
