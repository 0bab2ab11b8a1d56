"""All that is known of a file of DAGs before its tasks are planned; what judges and plans are made from."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from keyword import kwlist
from typing import TYPE_CHECKING

from offramp.converting.argument_text import Expressions
from offramp.converting.cases.airflow_lookups import lookups
from offramp.converting.cases.choices import OWN_NAMES
from offramp.converting.cases.flow_parameters import FlowParameters, flow_parameters
from offramp.converting.cases.free_names import GENERATED, OF_SUBMIT
from offramp.converting.cases.lasting_values import LastingValues
from offramp.converting.cases.leaving import Leaving
from offramp.converting.families import FAMILIES
from offramp.converting.options import Options
from offramp.dags.folding import fold
from offramp.dags.graph import Argument, Dag, Graph, Task
from offramp.finding.operators import Module
from offramp.python.names import FunctionNode
from offramp.python.values import Constant
from offramp.reading.source import Source
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.cases.pulled_results import Pulls
    from offramp.converting.families.family import HookCalls


class Case(NamedTuple):
    """One file of DAGs.

    ``ids`` are the ids of its DAGs, as far as they are known. ``parameters`` are what their flows take. ``pulls`` and
    ``hooks`` say how callables are rewritten that pull results or call hooks. ``default_args`` are the statements
    that only DAGs and groups take as those, ``lookups`` the ones that only look for Airflow's names: both go with the
    DAGs. ``doubts`` and ``connections`` are those of what is written so far.
    """

    module: Module
    source: Source
    graph: Graph
    options: Options
    leaving: Leaving
    lasting: LastingValues
    ids: Mapping[Dag, str]
    parameters: Mapping[Dag, FlowParameters]
    pulls: Mapping[Task, Pulls]
    hooks: Mapping[FunctionNode, HookCalls]
    hook_names: frozenset[ast.AST]
    default_args: frozenset[ast.stmt]
    lookups: frozenset[ast.stmt]
    doubts: Mapping[str, ast.AST]
    connections: Mapping[tuple[str, str], str]

    @property
    def tasks(self) -> list[Task]:
        """The tasks of all DAGs."""
        return tasks_of(self.graph)

    def constant(self, argument: Argument) -> Constant | None:
        """An argument's value as it is written, if it is a known constant."""
        return fold(self.module, argument.node, dict(argument.loop))

    def is_inside_dag(self, function: FunctionNode) -> bool:
        """Return whether a function is defined in a statement that makes a DAG."""
        sites = {statement for dag in self.graph.dags for statement in (dag.site, *dag.statements)}
        return any(ancestor in sites for ancestor in self.module.names.ancestors(function))

    def expressions(self) -> Expressions:
        """A writer of expressions that goes on from what is written so far."""
        return Expressions(self.module, self.source, self.leaving, dict(self.doubts), dict(self.connections))


def case_of(module: Module, source: Source, graph: Graph, options: Options) -> Case:
    """Look at a file of DAGs, whose ``graph`` is given."""
    leaving = Leaving(module, graph)
    lasting = LastingValues(module)
    expressions = Expressions(module, source, leaving)
    pulls, hooks = _callables(graph, lasting, expressions, options)
    ids = {dag: _id(dag, expressions) for dag in graph.dags}
    default_args = _default_args(module, graph)
    return Case(
        module,
        source,
        graph,
        options,
        leaving,
        lasting,
        ids,
        _parameters(graph, expressions, leaving),
        pulls,
        hooks,
        frozenset(name for calls in hooks.values() for name in calls.names),
        default_args,
        frozenset(lookups(module, graph.plain, graph.building | default_args, graph.kept)),
        expressions.doubts,
        expressions.connections,
    )


def tasks_of(graph: Graph) -> list[Task]:
    """The tasks of a graph's DAGs, in order."""
    return [task for dag in graph.dags for task in dag.tasks.values()]


def _callables(
    graph: Graph, lasting: LastingValues, expressions: Expressions, options: Options
) -> tuple[dict[Task, Pulls], dict[FunctionNode, HookCalls]]:
    tasks = [task for task in tasks_of(graph) if task.function is not None]
    if not tasks:
        return {}, {}
    # Many files have no callables, and loading these takes a millisecond.
    from offramp.converting.cases.pulled_results import pulls
    from offramp.converting.families.family import HookOptions

    module, source = expressions.module, expressions.source
    pulled = {task: pulls(module, source, task, lasting.gives_what_lasts) for task in tasks}
    hook_options = HookOptions(options.blocks, options.versions)
    hooks: dict[FunctionNode, HookCalls] = {}
    for function in dict.fromkeys(task.function for task in tasks if task.function is not None):
        for family in FAMILIES:
            if (calls := family.hook_calls(module, source, function, expressions, hook_options)) is not None:
                hooks[function] = calls
    return {task: found for task, found in pulled.items() if found is not None}, hooks


def _id(dag: Dag, expressions: Expressions) -> str:
    given = dag.arguments.get("dag_id")
    known = expressions.constant(given) if given is not None else None
    if known is not None and isinstance(known.value, str):
        return known.value
    return dag.function.name if dag.function is not None and given is None else ""


def _parameters(graph: Graph, expressions: Expressions, leaving: Leaving) -> dict[Dag, FlowParameters]:
    """The parameters of the flows, and no name among them that would hide another one."""
    names = expressions.module.names
    bindings = names.module.bindings
    of_tasks = {name for name in leaving.gone if len(bindings.get(name, ())) <= 1}
    taken = OWN_NAMES | GENERATED | OF_SUBMIT | {*dir(builtins), *kwlist} | (bindings.keys() - of_tasks)
    found = {}
    for dag in graph.dags:
        own = names.scopes[dag.function].bindings if dag.function is not None else {}
        found[dag] = flow_parameters(dag, expressions, taken | (own.keys() - of_tasks))
    return found


def _default_args(module: Module, graph: Graph) -> frozenset[ast.stmt]:
    """Module-level ``NAME = {…}`` that only DAGs and groups take as ``default_args``."""
    names = module.names
    found: set[ast.stmt] = set()
    for statement in graph.plain:
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        if not isinstance(target, ast.Name):
            continue
        if len(names.module.bindings[target.id]) > 1 or names.mutations.get((names.module, target.id)):
            # What makes it so stays, and needs it.
            continue
        loads = names.loads.get(target.id, [])
        parents = [names.parents.get(load) for load in loads]
        if loads and all(isinstance(parent, ast.keyword) and parent.arg == "default_args" for parent in parents):
            found.add(statement)
    return frozenset(found)
