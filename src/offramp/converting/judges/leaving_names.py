"""Judges code that stays, or moves to module level, by the names in it whose code goes with the DAGs.

A DAG file is loaded anew for every task. A flow's file is loaded once.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.converting.cases.airflow_imports import is_airflow
from offramp.converting.cases.free_names import OF_SUBMIT
from offramp.converting.cases.leaving import SECTIONS
from offramp.converting.judges.judge import Doubt, Verdict
from offramp.dags.graph import Dag, Graph
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.names import Binding, FunctionNode, Scope
from offramp.python.nodes import walk

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case


def judge(case: Case, graph: Graph) -> Iterator[Verdict]:
    """All that prevents a conversion of a file, each with its place, and what may."""
    search = _Search(case, graph)
    search.search()
    yield from search.blockers
    yield from (Doubt(reason, node) for reason, node in search.doubts.items())


def uncalled(module: Module, graph: Graph, function: FunctionNode, unused: str) -> str:
    """The sentence on a task that no graph has: ``unused``, if nothing uses it; empty where its uses are blocked.

    It runs nowhere, and nothing is lost with it but its code.
    """
    bindings = (binding for binding in module.names.bindings_of(function) if binding.kind == "function")
    if not any(module.names.uses(binding) for binding in bindings):
        return unused
    return "" if graph.blockers else f"`{function.name}` is used in a way that is not followed"


class _Search:
    """Collects blockers and doubts of one file."""

    def __init__(self, case: Case, graph: Graph) -> None:
        self.module = case.module
        self.names = case.module.names
        self.graph = graph
        self.leaving = case.leaving
        self.rewritten = case.hook_names
        self.tasks = case.tasks
        self.blockers: list[Blocker] = []
        self.doubts: dict[str, ast.AST] = {}

    def search(self) -> None:
        """Look at all code of the file, and then at what its DAGs bind."""
        for code in self._staying():
            self._check_names(code)
        self._check_environment()
        self._check_deleted()
        self._check_exported()
        for dag in self.graph.dags:
            self._check_called(dag)
        self._check_moved_names()
        for function in dict.fromkeys(task.function for task in self.tasks if task.function is not None):
            self._check_defined_once(function)
            self._check_parameters(function)
        self._check_uncalled()
        self._check_lines()

    def block(self, reason: str, node: ast.AST) -> None:
        """Note what prevents the conversion."""
        self.blockers.append(Blocker(reason, node))

    # -- names that go -----------------------------------------------------------

    def _staying(self) -> Iterator[ast.AST]:
        """Code that is in the flow's file as it is in the DAG's."""
        yield from self.graph.plain
        yield from self.graph.kept
        for statement in self.graph.building:
            for node in walk(statement):
                if isinstance(node, FunctionNode):
                    made = self.leaving.is_airflows(node)
                    if not made or any(task.function is node for task in self.tasks):
                        self._check_quoted(node.returns)
                        yield node.args
                        yield from node.body
                        if node.returns is not None:
                            yield node.returns
                elif isinstance(node, ast.ClassDef):
                    yield node

    def _check_names(self, code: ast.AST) -> None:
        for node in walk(code):
            if isinstance(node, ast.arg | ast.AnnAssign | FunctionNode):
                self._check_quoted(node.returns if isinstance(node, FunctionNode) else node.annotation)
            if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)) or node in self.rewritten:
                continue
            if node.id == "__name__" and isinstance(self.names.parents.get(node), ast.Compare | ast.Attribute):
                self.doubts["`__name__` is `__main__` where a file of flows is run to serve them"] = node
            for binding in self.names.lookup(node.id, node):
                if self.leaving.goes(binding):
                    self.block(f"`{node.id}` goes with the DAG's code, and this code stays", node)
                    break

    def _check_environment(self) -> None:
        """Variables that Airflow sets for its processes, the ones of each task among them."""
        for node in walk(self.module.tree):
            text = node.value if isinstance(node, ast.Constant) else None
            if not isinstance(text, str) or isinstance(self.names.parents.get(node), ast.Expr):
                continue
            for name in re.findall(r"AIRFLOW_\w+", text):
                if name.startswith("AIRFLOW_CTX_"):
                    self.block(f"`{name}` is set by Airflow for each task", node)
                else:
                    self.doubts[f"`{name}` is of the environment of Airflow's processes"] = node

    def _check_quoted(self, annotation: ast.expr | None) -> None:
        """Airflow's names in an annotation that is a string."""
        for node in walk(annotation) if annotation is not None else ():
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                continue
            for name in re.findall(r"\w+", node.value):
                bindings = self.names.module.bindings.get(name, ())
                if any(one.kind == "import" and is_airflow(one.target) for one in bindings):
                    self.block(f"`{name}` is Airflow's, and this annotation stays", node)

    def _check_deleted(self) -> None:
        for statement in self.graph.plain:
            for node in walk(statement):
                if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)):
                    continue
                if any(self.leaving.goes(binding) for binding in self.names.module.bindings.get(node.id, ())):
                    self.block(f"`{node.id}` goes with the DAG's code, and this code stays", node)

    def _check_exported(self) -> None:
        for binding in self.names.module.bindings.get("__all__", ()):
            for node in walk(binding.node) if binding.node is not None else ():
                if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                    continue
                if any(self.leaving.goes(other) for other in self.names.module.bindings.get(node.value, ())):
                    self.block(f"`__all__` names `{node.value}`, which goes with the DAG's code", node)

    def _check_called(self, dag: Dag) -> None:
        if dag.function is None:
            return
        if not dag.statements:
            self.block("nothing at module level calls this function, so that Airflow has no such DAG", dag.function)
        elif len(dag.statements) > 1:
            self.block("makes this DAG a second time", dag.statements[1])

    def _check_moved_names(self) -> None:
        """Names of two DAGs' functions that would be one name at module level."""
        counted: Counter[str] = Counter()
        for scope in self.leaving.scopes:
            for name, bindings in scope.bindings.items():
                stays = [one for one in bindings if not self.leaving.goes(one) and one.kind != "import"]
                made = [one for one in bindings if one.kind == "function" and self.leaving.goes(one)]
                if stays or made:
                    counted[name] += 1
                    if counted[name] > 1 or (made and name in self.names.module.bindings):
                        self.block(
                            f"`{name}` would move to module level, where that name is taken", _place(bindings[0], scope)
                        )

    # -- callables ---------------------------------------------------------------

    def _check_defined_once(self, function: FunctionNode) -> None:
        for binding in self.names.bindings_of(function):
            if len(binding.scope.bindings.get(function.name, ())) > 1:
                self.block(f"`{function.name}` is bound more than once", function)

    def _check_parameters(self, function: FunctionNode) -> None:
        own = function.args
        for parameter in (*own.posonlyargs, *own.args, *own.kwonlyargs):
            if parameter.arg in OF_SUBMIT:
                self.block(f"`{parameter.arg}` is a parameter that Prefect's `submit` keeps for itself", parameter)

    def _check_uncalled(self) -> None:
        """A task that no DAG calls would keep Airflow's decorator."""
        called = {task.function for task in self.tasks}
        for statement in self.module.tree.body:
            if not isinstance(statement, FunctionNode) or statement in called:
                continue
            if self.module.dags.decorated(statement, SECTIONS[:-1]) is None:
                continue
            unused = f"no DAG of this file calls `{statement.name}`"
            if reason := uncalled(self.module, self.graph, statement, unused):
                self.block(reason, statement)

    def _check_lines(self) -> None:
        """Code that moves does so by lines, which it must not share."""
        for statement in self.graph.building:
            for node in walk(statement):
                moves = isinstance(node, FunctionNode) and node is not statement
                if not isinstance(node, ast.stmt) or not (moves or node in self.graph.kept):
                    continue
                parent = self.names.parents.get(node)
                siblings = [other for other in getattr(parent, "body", []) if other is not node]
                rows = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                if any(other.lineno in rows or other.end_lineno in rows for other in siblings) or (
                    isinstance(parent, ast.stmt) and _head_end(parent) in rows
                ):
                    self.block("shares its line with another statement", node)


def _head_end(statement: ast.stmt) -> int:
    """The last line of a compound statement's head: the one before its body, or the body's own."""
    if isinstance(statement, ast.With):
        return max(item.context_expr.end_lineno or 0 for item in statement.items)
    return statement.lineno


def _place(binding: Binding, scope: Scope) -> ast.AST:
    return binding.node if binding.node is not None else scope.node
