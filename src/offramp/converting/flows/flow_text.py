"""Writes planned tasks and flows as Python text: names for all of them, functions, flows that submit them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.converting.cases.case import Case
from offramp.converting.cases.free_names import FreeNames, OwnNames, taken_names
from offramp.converting.flows.flow_body import flow_body
from offramp.converting.flows.flow_order import Step
from offramp.converting.tasks.task_plan import DagPlan, Form, Plan, TaskPlan
from offramp.dags.graph import Dag, Task
from offramp.editing.text import INDENT, call_lines, literal
from offramp.model import Blocker, Edit
from offramp.python.names import FunctionNode
from offramp.python.values import Constant
from offramp.reading.source import Source
from offramp.record import NamedTuple

# Stands in a flow's lines where the comments go that nothing else took.
COMMENTS = "\0"


class FlowTexts(NamedTuple):
    """The text of a file's tasks and flows.

    ``pieces`` are the lines that come in place of statements, ``decorators`` those of callables that become tasks, and
    ``edits`` are made inside of these.
    ``flows`` are the lines of flows, ``names`` what they are called.
    """

    pieces: Mapping[ast.stmt, tuple[str, ...]]
    decorators: Mapping[FunctionNode, tuple[str, ...]]
    edits: Mapping[FunctionNode, tuple[Edit, ...]]
    flows: Mapping[Dag, tuple[str, ...]]
    names: Mapping[Dag, str]
    imports: frozenset[tuple[str, str]]
    blockers: tuple[Blocker, ...]


def flow_texts(case: Case, plan: Plan) -> FlowTexts:
    """The text of all tasks and flows of a plan."""
    writer = _Writer(case)
    flows = {dag.dag: writer.flow(dag) for dag in plan.dags}
    return FlowTexts(
        {statement: tuple(lines) for statement, lines in writer.pieces.items()},
        writer.decorators,
        writer.edits,
        flows,
        writer.flow_names,
        frozenset(writer.imports),
        tuple(writer.blockers),
    )


class _Writer:
    """Writes one file; what all its flows have in common is gathered here."""

    def __init__(self, case: Case) -> None:
        self.case = case
        parameters = {name for given in case.parameters.values() for name in given.defaults}
        self.free = FreeNames(taken_names(case.module, case.graph) | parameters)
        self.own = OwnNames(case.graph.dags)
        self.pieces: dict[ast.stmt, list[str]] = {}
        self.decorators: dict[FunctionNode, tuple[str, ...]] = {}
        self.edits: dict[FunctionNode, tuple[Edit, ...]] = {}
        self.flow_names: dict[Dag, str] = {}
        self.imports: set[tuple[str, str]] = set()
        self.blockers: list[Blocker] = []

    def flow(self, plan: DagPlan) -> tuple[str, ...]:
        """The lines of a flow; the functions of its tasks are written too."""
        dag = plan.dag
        name = dag.function.name if dag.function is not None else self.free.take(plan.id)
        self.flow_names[dag] = name
        steps = [
            Step(task.task, self._callee(task), task.rule, task.positional, task.keywords, task.mapped)
            for task in plan.tasks
        ]
        body = flow_body(steps, {step.task: self._future(step) for step in steps})
        self.imports |= body.imports
        self.blockers += body.blockers
        lines = call_lines("@flow", {**plan.options, "log_prints": "True"}, indent=0)
        lines += _header(name, self.case.parameters[dag].defaults)
        docstring = _docstring(dag, self.case.source)
        lines += [INDENT + docstring] if docstring else []
        return (*lines, COMMENTS, *(INDENT + line for line in body.lines))

    def _callee(self, plan: TaskPlan) -> str:
        """The expression that stands for a task, whose code is written where it does not exist."""
        function = plan.function
        if plan.form is Form.WRITTEN:
            return self._written(plan)
        if function is None:
            return plan.task.id
        if plan.form is Form.DECORATED:
            self.decorators[function] = tuple(call_lines("@task", plan.options, indent=0))
            self.edits[function] = plan.edits
            return function.name
        if plan.form is Form.CHANGED:
            return "\n".join(call_lines(f"{function.name}.with_options", plan.options))
        # The second task of a decorated function has a name of its own.
        wanted = (plan.task.names or [plan.task.id])[0] if function in self.decorators else function.name
        name = self.free.take(f"{wanted}_task")
        lines = call_lines(f"{name} = task", plan.options, (function.name,), indent=0)
        self._add(plan.task, [*lines, ""])
        return name

    def _written(self, plan: TaskPlan) -> str:
        name = self.free.take(self.own.of(plan.task))
        lines = call_lines("@task", plan.options, indent=0)
        lines.append(f"{'async ' if plan.is_async else ''}def {name}({', '.join(plan.parameters)}):")
        lines += [INDENT + line if line else "" for line in plan.lines]
        self._add(plan.task, [*lines, "", ""])
        return name

    def _add(self, task: Task, lines: list[str]) -> None:
        self.pieces.setdefault(task.statement, []).extend(lines)

    def _future(self, step: Step) -> str:
        own = self.own.of(step.task)
        base = own if own in step.task.names or not step.callee.isidentifier() else step.callee
        plural = "futures" if step.mapped else "future"
        return self.free.take(f"{base.removesuffix('_future')}_{plural}")


def _header(name: str, given: Mapping[str, Constant]) -> list[str]:
    lines = call_lines(f"def {name}", {parameter: literal(value.value) for parameter, value in given.items()}, indent=1)
    return [*lines[:-1], f"{lines[-1]}:"]


def _docstring(dag: Dag, source: Source) -> str:
    holder = dag.site if dag.function is None else dag.function
    first = holder.body[0] if isinstance(holder, ast.With | FunctionNode) else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return source.segment(source.positions.span(first))
    return ""
