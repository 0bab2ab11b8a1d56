"""Plans the tasks of a file: from the case that is known of it to what each task becomes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import partial

from offramp.converting.argument_text import harmless
from offramp.converting.cases.case import Case
from offramp.converting.cases.choices import CHOICES
from offramp.converting.judges import schedules
from offramp.converting.judges.judge import Verdict, raised
from offramp.converting.judges.schedules import Schedule, schedule
from offramp.converting.recipes.body import Body
from offramp.converting.recipes.registry import choosing_arguments, recipe_name
from offramp.converting.tasks.arguments import (
    Sorted,
    check_trigger_rule,
    given_arguments,
    retries,
    sort_arguments,
    trigger_rule,
)
from offramp.converting.tasks.notes import Notes
from offramp.converting.tasks.recipe_tasks import recipe_task
from offramp.converting.tasks.takers import Takers
from offramp.converting.tasks.task_plan import DagPlan, Form, Plan, TaskPlan
from offramp.converting.tasks.written_tasks import Setting, written_task
from offramp.dags.graph import Argument, Dag, Task
from offramp.editing.text import repr_text
from offramp.model import ArgumentRow, Blocked, Blocker
from offramp.python.names import FunctionNode
from offramp.python.values import Constant

_PYTHON = ("python", *CHOICES)
# `[core] max_active_tasks_per_dag` as Airflow has it.
_AT_ONCE = 16
_TIMES = ("dag_id", "default_args", "schedule", "schedule_interval", "start_date", "catchup")


def plan_tasks(case: Case, *, blocked: bool) -> Plan:
    """The plan of all tasks; ``blocked`` says that something prevents the conversion already."""
    return _Planner(case).plan(blocked=blocked)


class _Planner:
    """Plans one file; what is noted on each task is gathered here."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.expressions = case.expressions()
        self.takers = Takers(case)
        self.all = Notes()
        self.decorated: dict[FunctionNode, Mapping[str, str]] = {}

    def plan(self, *, blocked: bool) -> Plan:
        dags = tuple(self._dag(dag, blocked=blocked) for dag in self.case.graph.dags)
        return Plan(
            dags,
            frozenset(self.all.imports),
            frozenset(self.all.helpers),
            tuple(self.all.problems),
            self.all.doubts,
            self.expressions.doubts,
            self.expressions.loaded(),
        )

    def _dag(self, dag: Dag, *, blocked: bool) -> DagPlan:
        case, notes = self.case, self.all
        self._check_id(dag)
        if not dag.tasks and not blocked and not notes.problems:
            notes.problem("this DAG has no tasks", dag.maker)
        options = self._dag_options(dag)
        when = self._schedule(dag)
        self._check_id_is_new(dag)
        order, circle = in_order(dag)
        if circle is not None:
            notes.problem("the tasks wait for each other in a circle", circle.node)
        if _most_at_once(order) > _AT_ONCE:
            reason = f"Airflow runs {_AT_ONCE} tasks of a DAG at once unless it is configured, Prefect all that can run"
            notes.doubts[reason] = dag.maker
        tasks = tuple(map(self._task, order))
        for plan in filter(lambda plan: plan.taken, tasks):
            notes.take(self._results(plan))
        return DagPlan(dag, case.ids[dag], options, when, tasks)

    def _results(self, plan: TaskPlan) -> Iterator[Verdict]:
        """Reasons why the results that a task takes are not those that Airflow would hand on."""
        from offramp.converting.judges.xcom_results import Handed, judge

        for source in plan.taken:
            yield from judge(self.case, Handed(source, plan.task))

    def _check_id(self, dag: Dag) -> None:
        if not self.case.ids[dag]:
            self.all.problem("the DAG's id is not known here", dag.maker)

    def _check_id_is_new(self, dag: Dag) -> None:
        dags, ids = self.case.graph.dags, self.case.ids
        if any(ids[other] == ids[dag] for other in dags[: dags.index(dag)]):
            self.all.problem(f"a second DAG has the id `{ids[dag]}`", dag.maker)

    def _schedule(self, dag: Dag) -> Schedule | None:
        """The schedule of a DAG where Prefect has an equal."""
        prevented = False
        for verdict in schedules.judge(self.case, dag):
            if isinstance(verdict, Blocker):
                prevented = True
                self.all.problems.append(verdict)
            else:
                self.expressions.doubts[verdict.reason] = verdict.node
        return None if prevented else schedule(dag, self.case.expressions(), self.case.options.versions)

    def _dag_options(self, dag: Dag) -> dict[str, str]:
        """The options of a flow but for its schedule."""
        rulebook = self.case.module.rulebook
        rows = rulebook.arguments(rulebook.notes["DAG"])
        options = {"name": repr_text(self.case.ids[dag])}
        steps = [
            partial(self._dag_option, rows.get(name), name, dag.arguments[name], options) for name in dag.arguments
        ]
        self.all.problems += raised(steps)
        return options

    def _dag_option(self, row: ArgumentRow | None, name: str, argument: Argument, options: dict[str, str]) -> None:
        if row is None:
            raise Blocked(f"no note has a row for the DAG's argument `{name}`", argument.node)
        known = self.expressions.constant(argument)
        if row.target == "refused" and name not in _TIMES and not harmless(known, row, argument.node):
            raise Blocked(f"`{row.name}`: {row.note}", argument.node)
        if name in _TIMES or row.target in ("dropped", "refused") or known == Constant(None):
            return
        if row.note.startswith("unsafe:"):
            self.all.doubts[f"`{row.name}`: {row.note.removeprefix('unsafe:').strip()}"] = argument.node
        if row.name == "description":
            options["description"] = self.expressions.text(argument)
        elif row.name == "dagrun_timeout":
            options["timeout_seconds"] = self.expressions.seconds(argument)
        elif row.name in ("tags", "max_active_runs"):
            self.expressions.text(argument)
        elif row.name != "params":  # which are looked at before
            raise Blocked(f"`{row.name}` of a DAG is not converted", argument.node)

    def _task(self, task: Task) -> TaskPlan:
        case, notes = self.case, Notes()
        note = case.module.rulebook.notes[task.kind]
        rows = case.module.rulebook.arguments(note)
        if note.code and not task.runs and not recipe_name(note):
            name = task.use.path.rpartition(".")[2] if task.use is not None else note.operator
            notes.problem(f"`{name}` has no conversion yet", task.node)
            self.all.add(notes)
            return TaskPlan(task, trigger_rule(case, task))
        again = retries(task, rows, self.expressions, notes)
        arguments = Sorted({"name": repr_text(task.id), **again}, {})
        given = given_arguments(case, task)
        sort_arguments(given, rows, self.expressions, notes, arguments, choosing_arguments(note))
        check_trigger_rule(case, task, notes)
        by_recipe = bool(recipe_name(note) or note.code)
        if task.mapped is not None and not by_recipe and not (task.runs == "python" and task.decorated):
            notes.problem("a mapped task of this kind is not converted", task.node)
        plan = None
        try:
            plan = self._of_kind(Setting(case, self.takers, task, note, rows, arguments, self.expressions, notes))
        except Blocked as blocked:
            notes.problems.append(blocked.blocker)
        self.all.add(notes)
        if plan is None:
            return TaskPlan(task, trigger_rule(case, task))
        if plan.form is Form.DECORATED and plan.function is not None:
            self.decorated[plan.function] = plan.options
        return plan

    def _of_kind(self, setting: Setting) -> TaskPlan | None:
        task, note = setting.task, setting.note
        if recipe_name(note) or (note.code and not task.runs):
            return recipe_task(setting)
        if task.runs == "empty":
            return written_task(setting, Body(("pass",)))
        if task.runs in _PYTHON:
            from offramp.converting.tasks.python_tasks import python_task

            return python_task(setting, self.decorated)
        if task.runs == "bash":
            from offramp.converting.tasks.bash_tasks import bash_task

            return bash_task(setting, self.decorated)
        why = _why_not(note.fields.get("prefect_pattern", ""))
        raise Blocked(f"`{task.kind}` is not converted{why}", task.node)


def in_order(dag: Dag) -> tuple[list[Task], Task | None]:
    """The tasks in an order that has every task after its upstreams, close to that of creation.

    Where they wait for each other in a circle, one of those that do comes with them.
    """
    done: dict[Task, None] = {}
    waiting = list(dag.tasks.values())
    while waiting:
        ready = next((task for task in waiting if all(up in done for up in task.upstream)), None)
        if ready is None:
            return list(dag.tasks.values()), waiting[0]
        waiting.remove(ready)
        done[ready] = None
    return list(done), None


def _most_at_once(order: list[Task]) -> int:
    """The number of tasks that may run at once at most: all but those that the longest path has to wait with."""
    depth: dict[Task, int] = {}
    for task in order:
        depth[task] = 1 + max((depth[up] for up in task.upstream if up in depth), default=0)
    mapped = sum(
        len(task.mapped[1].node.elts) - 1
        for task in order
        if task.mapped and isinstance(task.mapped[1].node, ast.List | ast.Tuple)
    )
    return len(order) + mapped - max(depth.values(), default=1) + 1


def _why_not(pattern: str) -> str:
    """The reason that a note gives for an operator that is not converted, else its first sentence."""
    text = " ".join(pattern.split())
    _, _, told = text.rpartition("Not converted: ")
    sentence = re.split(r"\.(?: |$)", told or text)[0]
    return f": {sentence}" if sentence else ""
