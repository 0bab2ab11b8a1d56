"""The input of a conversion of a file of DAGs, shared by its parts, and its result."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from offramp.converting.expressions import Expressions
from offramp.converting.families import FAMILIES
from offramp.converting.flow_parameters import FlowParameters
from offramp.converting.judges.sharing import Sharing
from offramp.converting.options import Options
from offramp.converting.recipes.flow_body import CHOICES, OWN_NAMES, Step
from offramp.dags.graph import Dag, Graph, Task
from offramp.finding.operators import Module
from offramp.model import Blocker, Edit, Flow, LoadedBlock
from offramp.python.names import FunctionNode
from offramp.reading.source import Source
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.families.family import HookCalls
    from offramp.converting.recipes.pulled_results import Pulls
    from offramp.editing.layout import Comments

# The names that generated code imports or defines.
GENERATED = frozenset(
    "flow task serve unmapped allow_failure NO_CACHE Cron Interval RRule Schedule json os subprocess Path "
    "TemporaryDirectory run_bash State flow_run".split()
).union(*(family.names for family in FAMILIES))
# Stands in a flow's lines where the comments go that nothing else took.
COMMENTS = "\0"


class Conversion(NamedTuple):
    """The edits that convert a file, the reasons why that is not safe, or the blockers that prevent it.

    ``unwaited`` are the ids of the tasks whose runs nobody waits for, as a comment in the DAG decides;
    ``packages`` is what the flows need to be installed.
    """

    edits: tuple[Edit, ...]
    doubts: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    flows: tuple[Flow, ...]
    connections: tuple[LoadedBlock, ...] = ()
    unwaited: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


class Work:
    """The state of one conversion: what is known of the file, and what is written so far."""

    def __init__(self, module: Module, source: Source, graph: Graph, options: Options) -> None:
        self.module = module
        self.source = source
        self.graph = graph
        self.options = options
        self.expressions = Expressions(module, source)
        self.blockers = list(graph.blockers)
        self.doubts: dict[str, ast.AST] = {}
        self.imports: set[tuple[str, str]] = {("prefect", "flow")}
        self.taken = self._taken()
        self.parameters: dict[Dag, FlowParameters] = {}
        self.steps: list[Step] = []
        self.pieces: dict[ast.stmt, list[str]] = {}
        self.edits: list[Edit] = []
        self.joined: set[tuple[str, str]] = set()
        self.decorated: dict[FunctionNode, str] = {}
        self.first_options: dict[FunctionNode, Mapping[str, str]] = {}
        self.hoisted: dict[FunctionNode, str] = {}
        self.needs_bash = False
        self.flow_names: dict[Dag, str] = {}
        self.flows: tuple[Flow, ...] = ()
        self.pulls: dict[Task, Pulls] = {}
        self.hooks: dict[FunctionNode, HookCalls] = {}
        self.sharing = Sharing(module, graph)
        self._look_into_functions()
        self.hook_names = frozenset(name for calls in self.hooks.values() for name in calls.names)
        self.helpers: set[str] = set()
        self.packages: dict[str, None] = {}
        self.unwaited: list[str] = []
        self.consumed = {result.task for dag in graph.dags for task in dag.tasks.values() for result in task.taken}
        for found in self.pulls.values():
            self.consumed.update(found.sources.values())

    @cached_property
    def comments(self) -> Comments:
        """The file's comments, handed out once."""
        # Tokenizing is slow, and of use only once a file can be converted.
        from offramp.editing.layout import Comments

        return Comments(self.source)

    def _look_into_functions(self) -> None:
        tasks = [task for dag in self.graph.dags for task in dag.tasks.values() if task.function is not None]
        if not tasks:
            return
        # Many files have no callables, and loading this takes a millisecond.
        from offramp.converting.families.family import HookOptions
        from offramp.converting.recipes.pulled_results import pulls

        options = HookOptions(self.options.blocks, self.options.versions)
        for task in tasks:
            if (pulled := pulls(self.module, self.source, task, self.sharing.gives_what_lasts)) is not None:
                self.pulls[task] = pulled
        for function in dict.fromkeys(task.function for task in tasks):
            assert function is not None
            for family in FAMILIES:
                calls = family.hook_calls(self.module, self.source, function, self.expressions, options)
                if calls is not None:
                    self.hooks[function] = calls

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _taken(self) -> set[str]:
        tasks = [task for dag in self.graph.dags for task in dag.tasks.values()]
        names = {node.id for node in self.module.names.parents if isinstance(node, ast.Name)}
        names.update(self.module.names.module.bindings)
        # What tasks and DAGs alone are called is free again once they are gone.
        gone = {name for task in tasks for name in task.names} | {dag.name for dag in self.graph.dags}
        names -= {name for name in gone if len(self.module.names.module.bindings.get(name, ())) <= 1}
        if any(task.runs in CHOICES or "trigger_rule" in task.arguments for task in tasks):
            names |= OWN_NAMES
        names |= {dag.function.name for dag in self.graph.dags if dag.function is not None}
        # A DAG's function is a scope of its own: what it calls a task may mean something else in the module.
        names |= {name for task in tasks if task.dag.function is not None for name in task.names} & set(
            self.module.names.module.bindings
        )
        needed = set(GENERATED)
        for name, asking in ((name, asking) for family in FAMILIES for name, asking in family.names.items()):
            if asking and not any(asking in task.arguments for task in tasks):
                needed.discard(name)
        return names | set(dir(builtins)) | set(keyword.kwlist) | needed

    def _own_name(self, task: Task) -> str:
        """The name that the code gives a task and no other one, else the task's id."""
        tasks = [other for dag in self.graph.dags for other in dag.tasks.values()]
        own = (name for name in task.names if sum(name in other.names for other in tasks) == 1)
        return next((name for name in own if name not in GENERATED), task.id)

    def _name(self, wanted: str) -> str:
        """A free name close to the wanted one."""
        base = re.sub(r"\W+", "_", wanted).strip("_") or "step"
        if base[0].isdigit():
            base = f"step_{base}"
        name = base
        number = 2
        while name in self.taken:
            name = f"{base}_{number}"
            number += 1
        self.taken.add(name)
        return name


def is_airflow(target: str) -> bool:
    """Return whether a dotted path belongs to Airflow or its retired companions."""
    return target.partition(".")[0] in ("airflow", "astronomer", "airflow_dbt")


def imports_airflow(node: ast.AST) -> bool:
    """Return whether a statement imports from Airflow."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and is_airflow(node.module or "")
    return isinstance(node, ast.Import) and any(is_airflow(alias.name) for alias in node.names)
