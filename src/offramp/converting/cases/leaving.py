"""The names that a file of flows does not have any more, and those that move to its module level."""

from __future__ import annotations

from functools import cached_property

from offramp.converting.cases.airflow_imports import is_airflow
from offramp.converting.judges.late_values import is_global
from offramp.dags.graph import Graph
from offramp.finding.operators import Module
from offramp.python.names import Binding, FunctionNode, Scope

SECTIONS = ("task", "task_branch", "task_short_circuit", "task_bash", "task_group", "dag")
_MOVING = ("value", "function", "import")


class Leaving:
    """Bindings and names whose code goes with the DAGs of a file.

    ``gone`` names its tasks and DAGs. ``moving`` has the names that are bound in the function of a DAG and move to
    module level with its body, ``local`` those of all DAGs.
    """

    def __init__(self, module: Module, graph: Graph) -> None:
        self._module = module
        self._graph = graph
        self._kept_values = {getattr(statement, "value", None) for statement in graph.kept}
        self.scopes: list[Scope] = []
        self.moving: dict[FunctionNode, list[str]] = {}
        gone: set[str] = set()
        for dag in graph.dags:
            gone.update(name for task in dag.tasks.values() for name in task.names)
            gone.update({dag.name} - {""})
            if dag.function is not None:
                scope = module.names.scopes[dag.function]
                self.scopes.append(scope)
                self.moving[dag.function] = [
                    name
                    for name, bindings in scope.bindings.items()
                    if len(bindings) == 1 and bindings[0].kind in _MOVING and name not in gone
                ]
        self.gone = frozenset(gone)
        self.local = frozenset(name for names in self.moving.values() for name in names)

    def goes(self, binding: Binding) -> bool:
        """Return whether the code that makes a binding is not in the file of flows."""
        if binding.scope is self._module.names.module:
            if not any(start <= binding.order < end for start, end in self._ranges) or is_global(binding):
                return False
        elif binding.scope not in self.scopes:
            return False
        if binding.kind == "value":
            return binding.node not in self._kept_values
        if binding.kind == "function":
            return isinstance(binding.node, FunctionNode) and self.is_airflows(binding.node)
        if binding.kind == "import":
            return is_airflow(binding.target)
        return True

    def is_airflows(self, function: FunctionNode) -> bool:
        """Return whether a function is a task, a group of tasks or a DAG by its decorator."""
        return self._module.dags.decorated(function, SECTIONS) is not None

    @cached_property
    def _ranges(self) -> list[tuple[int, int]]:
        """The places in the order of the module's bindings where the statements stand that go."""
        body = self._module.tree.body
        starts = [self._module.names.place(statement)[1] for statement in body]
        ends = [*starts[1:], 1 << 60]
        return [
            (start, end)
            for statement, start, end in zip(body, starts, ends, strict=True)
            if statement in self._graph.building
        ]
