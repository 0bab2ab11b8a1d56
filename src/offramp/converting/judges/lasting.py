"""What code that stays, or moves into a task, would mean otherwise once the DAG's code is gone; may import ``finding``.

A DAG file is loaded anew for every task. A flow's file is loaded once, and an argument
is evaluated when the task runs, no longer when the file is loaded.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from offramp.dags.graph import Dag, Graph
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.names import Binding, FunctionNode, Scope
from offramp.python.nodes import walk
from offramp.python.values import Reference

_AIRFLOW = ("airflow", "astronomer", "airflow_dbt")
_SECTIONS = ("task", "task_branch", "task_short_circuit", "task_bash", "task_group", "dag")
OF_SUBMIT = frozenset({"self", "wait_for", "return_state", "deferred"})


def unsettled(module: Module, name: ast.Name) -> str:
    """Why a name in an argument may have another value when the task runs; empty when it has not."""
    names = module.names
    _, order, _ = names.place(name)
    for binding in names.lookup(name.id, name):
        scope = binding.scope
        several = scope.bindings.get(name.id, [])
        if len(several) > 1:
            start = names.place(_top(module, name))[1] if scope is names.module else -1
            if any(other.order >= start or _is_global(other) for other in several):
                return f"`{name.id}` is given another value before the task runs"
        for change in names.mutations.get((scope, name.id), ()):
            if change.order > order or change.scope is not scope:
                return f"`{name.id}` is changed before the task runs"
    if module.values.changed_later(name) is not None:
        return f"`{name.id}` is changed before the task runs"
    return ""


def called_late(module: Module, node: ast.expr) -> ast.Call | None:
    """A call in an argument whose value may depend on when it is made."""
    for inner in walk(node):
        if isinstance(inner, ast.Call) and not _timeless(module, inner):
            return inner
    return None


def _timeless(module: Module, call: ast.Call) -> bool:
    value = module.values.single(call.func)
    if isinstance(value, Reference):
        library, _, rest = value.path.partition(".")
        return (library == "builtins" and rest not in ("open", "input", "id", "next")) or value.path in (
            "os.getenv",
            "os.environ.get",
            "datetime.timedelta",
            "datetime.datetime",
            "os.path.join",
        )
    return isinstance(call.func, ast.Attribute) and call.func.attr in (
        "format",
        "join",
        "lower",
        "upper",
        "strip",
        "replace",
        "get",
        "title",
        "split",
    )


def uncalled(module: Module, graph: Graph, function: FunctionNode, unused: str) -> str:
    """The sentence on a task that no graph has: ``unused``, if nothing uses it; empty where its uses are blocked.

    It runs nowhere, and nothing is lost with it but its code.
    """
    bindings = (binding for binding in module.names.bindings_of(function) if binding.kind == "function")
    if not any(module.names.uses(binding) for binding in bindings):
        return unused
    return "" if graph.blockers else f"`{function.name}` is used in a way that is not followed"


class Search:
    """Looks through a file of DAGs for what would not mean the same in a file of flows.

    ``rewritten`` are names that are not there any more: something else comes in their place.
    """

    def __init__(self, module: Module, graph: Graph, rewritten: frozenset[ast.AST]) -> None:
        self.module = module
        self.names = module.names
        self.graph = graph
        self.rewritten = rewritten
        self.found: list[Blocker] = []
        self.doubts: dict[str, ast.AST] = {}
        self.tasks = [task for dag in graph.dags for task in dag.tasks.values()]
        self.kept_values = {getattr(statement, "value", None) for statement in graph.kept}
        self.scopes = [self.names.scopes[dag.function] for dag in graph.dags if dag.function is not None]
        self.ranges = self._ranges()

    def search(self) -> list[Blocker]:
        """All that prevents it, each with its place; ``doubts`` has what may."""
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
        return self.found

    def _block(self, reason: str, node: ast.AST) -> None:
        self.found.append(Blocker(reason, node))

    # -- names that go -----------------------------------------------------------

    def _ranges(self) -> list[tuple[int, int]]:
        """Return where in the order of the module's bindings the statements stand that go."""
        body = self.module.tree.body
        starts = [self.names.place(statement)[1] for statement in body]
        ends = [*starts[1:], 1 << 60]
        return [
            (start, end)
            for statement, start, end in zip(body, starts, ends, strict=True)
            if statement in self.graph.building
        ]

    def goes(self, binding: Binding) -> bool:
        """Return whether the code that makes a binding is not in the file of flows."""
        if binding.scope is self.names.module:
            if not any(start <= binding.order < end for start, end in self.ranges) or _is_global(binding):
                return False
        elif binding.scope not in self.scopes:
            return False
        if binding.kind == "value":
            return binding.node not in self.kept_values
        if binding.kind == "function":
            return isinstance(binding.node, FunctionNode) and self._is_airflows(binding.node)
        if binding.kind == "import":
            return binding.target.partition(".")[0] in _AIRFLOW
        return True

    def _is_airflows(self, function: FunctionNode) -> bool:
        return self.module.dags.decorated(function, _SECTIONS) is not None

    def _staying(self) -> Iterator[ast.AST]:
        """Code that is in the flow's file as it is in the DAG's."""
        yield from self.graph.plain
        yield from self.graph.kept
        for statement in self.graph.building:
            for node in walk(statement):
                if isinstance(node, FunctionNode):
                    made = self._is_airflows(node)
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
                if self.goes(binding):
                    self._block(f"`{node.id}` goes with the DAG's code, and this code stays", node)
                    break

    def _check_environment(self) -> None:
        """Variables that Airflow sets for its processes, the ones of each task among them."""
        for node in walk(self.module.tree):
            text = node.value if isinstance(node, ast.Constant) else None
            if not isinstance(text, str) or isinstance(self.names.parents.get(node), ast.Expr):
                continue
            for name in re.findall(r"AIRFLOW_\w+", text):
                if name.startswith("AIRFLOW_CTX_"):
                    self._block(f"`{name}` is set by Airflow for each task", node)
                else:
                    self.doubts[f"`{name}` is of the environment of Airflow's processes"] = node

    def _check_quoted(self, annotation: ast.expr | None) -> None:
        """Airflow's names in an annotation that is a string."""
        for node in walk(annotation) if annotation is not None else ():
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                continue
            for name in re.findall(r"\w+", node.value):
                bindings = self.names.module.bindings.get(name, ())
                if any(one.kind == "import" and one.target.partition(".")[0] in _AIRFLOW for one in bindings):
                    self._block(f"`{name}` is Airflow's, and this annotation stays", node)

    def _check_deleted(self) -> None:
        for statement in self.graph.plain:
            for node in walk(statement):
                if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)):
                    continue
                if any(self.goes(binding) for binding in self.names.module.bindings.get(node.id, ())):
                    self._block(f"`{node.id}` goes with the DAG's code, and this code stays", node)

    def _check_exported(self) -> None:
        for binding in self.names.module.bindings.get("__all__", ()):
            for node in walk(binding.node) if binding.node is not None else ():
                if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                    continue
                if any(self.goes(other) for other in self.names.module.bindings.get(node.value, ())):
                    self._block(f"`__all__` names `{node.value}`, which goes with the DAG's code", node)

    def _check_called(self, dag: Dag) -> None:
        if dag.function is None:
            return
        if not dag.statements:
            self._block("nothing at module level calls this function, so that Airflow has no such DAG", dag.function)
        elif len(dag.statements) > 1:
            self._block("makes this DAG a second time", dag.statements[1])

    def _check_moved_names(self) -> None:
        """Names of two DAGs' functions that would be one name at module level."""
        counted: Counter[str] = Counter()
        for scope in self.scopes:
            for name, bindings in scope.bindings.items():
                stays = [one for one in bindings if not self.goes(one) and one.kind != "import"]
                made = [one for one in bindings if one.kind == "function" and self.goes(one)]
                if stays or made:
                    counted[name] += 1
                    if counted[name] > 1 or (made and name in self.names.module.bindings):
                        self._block(
                            f"`{name}` would move to module level, where that name is taken", _place(bindings[0], scope)
                        )

    # -- callables ---------------------------------------------------------------

    def _check_defined_once(self, function: FunctionNode) -> None:
        for binding in self.names.bindings_of(function):
            if len(binding.scope.bindings.get(function.name, ())) > 1:
                self._block(f"`{function.name}` is bound more than once", function)

    def _check_parameters(self, function: FunctionNode) -> None:
        own = function.args
        for parameter in (*own.posonlyargs, *own.args, *own.kwonlyargs):
            if parameter.arg in OF_SUBMIT:
                self._block(f"`{parameter.arg}` is a parameter that Prefect's `submit` keeps for itself", parameter)

    def _check_uncalled(self) -> None:
        """A task that no DAG calls would keep Airflow's decorator."""
        called = {task.function for task in self.tasks}
        for statement in self.module.tree.body:
            if not isinstance(statement, FunctionNode) or statement in called:
                continue
            if self.module.dags.decorated(statement, _SECTIONS[:-1]) is None:
                continue
            unused = f"no DAG of this file calls `{statement.name}`"
            if reason := uncalled(self.module, self.graph, statement, unused):
                self._block(reason, statement)

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
                    self._block("shares its line with another statement", node)


def _head_end(statement: ast.stmt) -> int:
    """The last line of a compound statement's head: the one before its body, or the body's own."""
    if isinstance(statement, ast.With):
        return max(item.context_expr.end_lineno or 0 for item in statement.items)
    return statement.lineno


def _is_global(binding: Binding) -> bool:
    return any(kind == "global" for _, kind, _ in binding.path)


def _place(binding: Binding, scope: Scope) -> ast.AST:
    return binding.node if binding.node is not None else scope.node


def _top(module: Module, node: ast.AST) -> ast.stmt:
    """The module's statement around a node."""
    top = module.names.statement(node)
    for ancestor in module.names.ancestors(node):
        if isinstance(ancestor, ast.stmt):
            top = ancestor
    return top
