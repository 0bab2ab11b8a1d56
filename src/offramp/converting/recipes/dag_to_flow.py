"""A file of DAGs as a file of flows: one task per Airflow task, submitted in the order of the edges.

The whole file is converted or none of it. Everything that prevents it is collected,
so that one run shows all of it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from keyword import kwlist

from offramp.converting.expressions import harmless
from offramp.converting.flow_parameters import flow_parameters
from offramp.converting.judges import lasting
from offramp.converting.judges.deleted import deleted_blockers
from offramp.converting.judges.returned import survives
from offramp.converting.judges.schedule import schedule_blockers
from offramp.converting.options import Options
from offramp.converting.recipes.conversion import COMMENTS, GENERATED, Conversion
from offramp.converting.recipes.flow_body import OWN_NAMES, Step, flow_body
from offramp.converting.recipes.placement import Placement
from offramp.converting.recipes.task_functions import TaskFunctions
from offramp.dags.graph import Argument, Dag, Graph, Task
from offramp.editing.text import INDENT, call_lines, literal, repr_text
from offramp.finding.operators import Module
from offramp.model import Argument as Row
from offramp.model import Blocked
from offramp.python.values import Constant
from offramp.reading.source import Source

# `[core] max_active_tasks_per_dag` as Airflow has it.
_AT_ONCE = 16


def convert(module: Module, source: Source, graph: Graph, options: Options) -> Conversion:
    """Convert every DAG of a file."""
    deleted = deleted_blockers(module, graph)
    graph = graph._replace(blockers=tuple(dict.fromkeys((*graph.blockers, *deleted))))
    return _Converter(module, source, graph, options).convert()


class _Converter(TaskFunctions, Placement):
    """Converts one file."""

    def convert(self) -> Conversion:
        if not self.graph.dags:
            return Conversion((), (), tuple(self.blockers), ())
        search = lasting.Search(self.module, self.graph, self.hook_names)
        self.blockers += search.search()
        self.doubts.update(search.doubts)
        self.expressions.goes = search.goes
        self.sharing.search()
        self.blockers += self.sharing.blockers
        self.doubts.update(self.sharing.doubts)
        self._local_names()
        self._flow_parameters()
        self._check_plain()
        flows = [(dag, self._dag(dag)) for dag in self.graph.dags]
        # Whatever prevents it so far, the rest is tried too: it may be prevented as well.
        for dag, lines in flows:
            self._replace(dag, lines)
        self._serve()
        self._imports()
        doubts = {**self.expressions.doubts, **self.doubts}
        if self.blockers:
            return Conversion((), (), tuple(dict.fromkeys(self.blockers)), ())
        return Conversion(
            tuple(self.edits),
            tuple(doubts),
            (),
            self.flows,
            self.expressions.loaded(),
            tuple(self.unwaited),
            tuple(self.packages),
        )

    def _local_names(self) -> None:
        """Names bound in the body of a ``with DAG`` or ``@dag`` that move to module level with it."""
        gone: set[str] = set()
        local: set[str] = set()
        for dag in self.graph.dags:
            if dag.name:
                gone.add(dag.name)
            for task in dag.tasks.values():
                gone.update(task.names)
            if dag.function is None:
                continue
            scope = self.module.names.scopes[dag.function]
            for name, bindings in scope.bindings.items():
                kept = len(bindings) == 1 and bindings[0].kind in ("value", "function", "import")
                if kept and name not in gone:
                    local.add(name)
                    if name in self.module.names.module.bindings:
                        self._block(f"`{name}` also exists at module level", dag.function)
        self.expressions.gone = frozenset(gone)
        self.expressions.local = frozenset(local)

    def _flow_parameters(self) -> None:
        """What the flows take, and no name of theirs that it would hide."""
        bindings = self.module.names.module.bindings
        of_tasks = {name for name in self.expressions.gone if len(bindings.get(name, ())) <= 1}
        taken = OWN_NAMES | GENERATED | lasting.OF_SUBMIT | {*dir(builtins), *kwlist} | (bindings.keys() - of_tasks)
        for dag in self.graph.dags:
            own = self.module.names.scopes[dag.function].bindings if dag.function is not None else {}
            self.parameters[dag] = flow_parameters(dag, self.expressions, taken | (own.keys() - of_tasks))
            self.blockers += self.parameters[dag].problems.values()
        self.taken.update(name for given in self.parameters.values() for name in given.defaults)

    def _dag(self, dag: Dag) -> list[str]:
        self._id(dag)
        if not dag.tasks and not self.blockers:
            self._block("this DAG has no tasks", dag.maker)
        flow_options = self._dag_arguments(dag)
        name = dag.function.name if dag.function is not None else self._name(dag.id)
        if any(other is not dag and other.id == dag.id for other in self.flow_names):
            self._block(f"a second DAG has the id `{dag.id}`", dag.maker)
        self.flow_names[dag] = name
        order = self._sorted(dag)
        if _most_at_once(order) > _AT_ONCE:
            reason = f"Airflow runs {_AT_ONCE} tasks of a DAG at once unless it is configured, Prefect all that can run"
            self.doubts[reason] = dag.maker
        for task in order:
            try:
                self._task(task)
            except Blocked as blocked:
                self.blockers.append(blocked.blocker)
            if not any(step.task is task for step in self.steps):
                self.steps.append(Step(task, task.id, self._rule_of(task), (), {}))
        for step in self.steps:
            for value in (*step.positional, *step.keywords.values()):
                if isinstance(value, Task) and step.task.dag is dag:
                    self._check_taken(value, step.task)
        return self._flow_lines(dag, name, flow_options, order)

    def _id(self, dag: Dag) -> None:
        given = dag.arguments.get("dag_id")
        known = self.expressions.constant(given) if given is not None else None
        if known is not None and isinstance(known.value, str):
            dag.id = known.value
        elif dag.function is not None and given is None:
            dag.id = dag.function.name
        else:
            self._block("the DAG's id is not known here", dag.maker)

    def _check_taken(self, source: Task, taker: Task) -> None:
        """Whether a task's result is the one that Airflow would hand on."""
        pushed = source.arguments.get("do_xcom_push")
        if pushed is not None and self.expressions.constant(pushed) != Constant(True):
            self._block(f"takes the result of `{source.id}`, which keeps it by `do_xcom_push`", taker.node)
        if source.expression is not None:
            self._block(f"takes the result of `{source.id}`, whose callable is a lambda", taker.node)
        if source.function is not None and not survives(self.module, source.function):
            reason = (
                f"what `{source.function.name}` returns is handed on as it is; Airflow hands on what JSON keeps of it "
                "(keys become text, and in Airflow 2 inner tuples lists)"
            )
            self.doubts[reason] = source.node

    def _dag_arguments(self, dag: Dag) -> dict[str, str]:
        rows = self.module.rulebook.arguments(self.module.rulebook.notes["DAG"])
        options: dict[str, str] = {"name": repr_text(dag.id)}
        for name, argument in dag.arguments.items():
            row = rows.get(name)
            try:
                if row is None:
                    raise Blocked(f"no note has a row for the DAG's argument `{name}`", argument.node)
                if name in ("dag_id", "default_args", "schedule", "schedule_interval", "start_date", "catchup"):
                    continue
                self._dag_argument(row, argument, options)
            except Blocked as blocked:
                self.blockers.append(blocked.blocker)
        self.blockers += schedule_blockers(dag, self.expressions, self.options.versions)
        return options

    def _dag_argument(self, row: Row, argument: Argument, options: dict[str, str]) -> None:
        if row.target == "dropped":
            return
        known = self.expressions.constant(argument)
        if row.target == "refused":
            if not harmless(known, row, argument.node):
                raise Blocked(f"`{row.name}`: {row.note}", argument.node)
            return
        if known is not None and known.value is None:
            return
        if row.note.startswith("unsafe:"):
            self.doubts[f"`{row.name}`: {row.note.removeprefix('unsafe:').strip()}"] = argument.node
        if row.name == "description":
            options["description"] = self.expressions.text(argument)
        elif row.name == "dagrun_timeout":
            options["timeout_seconds"] = self.expressions.seconds(argument)
        elif row.name == "params":
            return  # looked at before the tasks are named
        elif row.name in ("tags", "max_active_runs"):
            self.expressions.text(argument)
        else:
            raise Blocked(f"`{row.name}` of a DAG is not converted", argument.node)

    def _sorted(self, dag: Dag) -> list[Task]:
        """The tasks in an order that has every task after its upstreams, close to that of creation."""
        done: dict[Task, None] = {}
        waiting = list(dag.tasks.values())
        while waiting:
            ready = next((task for task in waiting if all(up in done for up in task.upstream)), None)
            if ready is None:
                self._block("the tasks wait for each other in a circle", waiting[0].node)
                return list(dag.tasks.values())
            waiting.remove(ready)
            done[ready] = None
        return list(done)

    def _flow_lines(self, dag: Dag, name: str, options: dict[str, str], order: list[Task]) -> list[str]:
        by_task = {step.task: step for step in self.steps}
        futures: dict[Task, str] = {}
        for task in order:
            step = by_task[task]
            own = self._own_name(task)
            base = own if own in task.names or not step.callee.isidentifier() else step.callee
            plural = "futures" if step.mapped else "future"
            futures[task] = self._name(f"{base.removesuffix('_future')}_{plural}")
        lines = call_lines("@flow", {**options, "log_prints": "True"}, indent=0)
        lines += _header(name, self.parameters[dag].defaults)
        docstring = _docstring(dag, self.source)
        if docstring:
            lines.append(INDENT + docstring)
        lines.append(COMMENTS)
        body = flow_body([by_task[task] for task in order], futures)
        self.imports.update(body.imports)
        self.blockers += body.blockers
        return [*lines, *(INDENT + line for line in body.lines)]


def _most_at_once(order: list[Task]) -> int:
    """Return how many tasks may run at once at most: all but those that the longest path has to wait with."""
    depth: dict[Task, int] = {}
    for task in order:
        depth[task] = 1 + max((depth[up] for up in task.upstream if up in depth), default=0)
    mapped = sum(
        len(task.mapped[1].node.elts) - 1
        for task in order
        if task.mapped and isinstance(task.mapped[1].node, ast.List | ast.Tuple)
    )
    return len(order) + mapped - max(depth.values(), default=1) + 1


def _header(name: str, given: Mapping[str, Constant]) -> list[str]:
    lines = call_lines(f"def {name}", {parameter: literal(value.value) for parameter, value in given.items()}, indent=1)
    return [*lines[:-1], f"{lines[-1]}:"]


def _docstring(dag: Dag, source: Source) -> str:
    body = dag.function.body if dag.function is not None else []
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return source.segment(source.positions.span(first))
    return ""
