"""The names that generated code takes, and free ones close to what is wanted."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterable

from offramp.converting.cases.choices import CHOICES, OWN_NAMES
from offramp.converting.families import FAMILIES
from offramp.converting.recipes.registry import names_written
from offramp.dags.graph import Dag, Graph, Task
from offramp.finding.operators import Module

# The parameters that `submit` keeps for itself.
OF_SUBMIT = frozenset({"self", "wait_for", "return_state", "deferred"})
# The names that generated code imports or defines.
GENERATED = frozenset(
    "flow task serve unmapped allow_failure NO_CACHE Cron Interval RRule Schedule json os subprocess Path "
    "TemporaryDirectory run_bash State flow_run".split()
).union(*(family.names for family in FAMILIES))


class FreeNames:
    """Hands out names that nothing in a file of flows has yet, each once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def take(self, wanted: str) -> str:
        """A free name close to the wanted one."""
        base = re.sub(r"\W+", "_", wanted).strip("_") or "step"
        if base[0].isdigit():
            base = f"step_{base}"
        name = base
        number = 2
        while name in self._taken:
            name = f"{base}_{number}"
            number += 1
        self._taken.add(name)
        return name


def taken_names(module: Module, graph: Graph) -> set[str]:
    """The names that a file of flows has already, or needs for what it imports."""
    tasks = [task for dag in graph.dags for task in dag.tasks.values()]
    bindings = module.names.module.bindings
    names = {node.id for node in module.names.parents if isinstance(node, ast.Name)}
    names.update(bindings)
    # What tasks and DAGs alone are called is free again once they are gone.
    gone = {name for task in tasks for name in task.names} | {dag.name for dag in graph.dags}
    names -= {name for name in gone if len(bindings.get(name, ())) <= 1}
    if any(task.runs in CHOICES or "trigger_rule" in task.arguments for task in tasks):
        names |= OWN_NAMES
    names |= {dag.function.name for dag in graph.dags if dag.function is not None}
    # A DAG's function is a scope of its own: what it calls a task may mean something else in the module.
    names |= {name for task in tasks if task.dag.function is not None for name in task.names} & set(bindings)
    # Of a family's names, those that only an argument asks for are free without it.
    given = {argument for task in tasks for argument in task.arguments}
    asked = {name: asking for family in FAMILIES for name, asking in family.names.items()}
    needed = {name for name in GENERATED if not asked.get(name) or asked[name] in given}
    for note in (module.rulebook.notes[section] for section in {task.kind for task in tasks}):
        needed |= names_written(note, module.rulebook.arguments(note))
    return names | set(dir(builtins)) | set(keyword.kwlist) | needed


class OwnNames:
    """The names that the code gives single tasks."""

    def __init__(self, dags: Iterable[Dag]) -> None:
        self._counts: dict[str, int] = {}
        for dag in dags:
            for task in dag.tasks.values():
                for name in set(task.names):
                    self._counts[name] = self._counts.get(name, 0) + 1

    def of(self, task: Task) -> str:
        """The name that the code gives a task and no other one, else the task's id."""
        own = (name for name in task.names if self._counts[name] == 1)
        return next((name for name in own if name not in GENERATED), task.id)
