"""The body of a flow: every task submitted after those it waits for, choices last, every leaf returned.

A choice (a branch, a short circuit, a task that runs when another failed) is made
after everything that does not depend on it is submitted, since the flow waits there.

A task with a failed upstream ends at once, whatever its other upstreams still do, and
a flow that ends cancels what has not begun (seen with Prefect 3.8.8): the flow waits
itself for all that the end of its leaves does not vouch for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from offramp.converting.choices import AFTER_SUCCESS, CHOICES, OWN_NAMES
from offramp.dags.graph import Task
from offramp.editing.text import INDENT, WIDTH, call_lines
from offramp.model import Blocker
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.record import NamedTuple

_JOIN = "none_failed_min_one_success"
_WHY_WAIT = "# These go on when another task fails."


class Step(NamedTuple):
    """The way in which one task is submitted.

    ``positional`` and ``keywords`` are texts, or the tasks whose results are passed.
    ``mapped`` names the parameter that takes one value of a list per run of the task.
    """

    task: Task
    callee: str
    rule: str
    positional: tuple[str | Task, ...]
    keywords: Mapping[str, str | Task]
    mapped: str = ""


class FlowBody(NamedTuple):
    """The lines of a flow's body, what they import, and what prevents it: then the lines are of no use."""

    lines: tuple[str, ...]
    imports: frozenset[tuple[str, str]]
    blockers: tuple[Blocker, ...]


def flow_body(steps: Sequence[Step], futures: Mapping[Task, str]) -> FlowBody:
    """The body for tasks in the order in which they can be submitted."""
    return _Writer(steps, futures).write()


class _Writer:
    def __init__(self, steps: Sequence[Step], futures: Mapping[Task, str]) -> None:
        self.steps = {step.task: step for step in steps}
        self.order = [step.task for step in steps]
        self.futures = futures
        self.imports: set[tuple[str, str]] = set()
        self.blockers: list[Blocker] = []
        before = {upstream for task in self.order for upstream in task.upstream}
        self.leaves = [task for task in self.order if task not in before]

    def write(self) -> FlowBody:
        choices = [task for task in self.order if self._is_choice(task)]
        for step in self.steps.values():
            if choices and step.callee in OWN_NAMES:
                self._block(f"the task `{step.callee}` has a name that the flow needs", step.task.node)
        if len(choices) > 1:
            self._block(
                "several branches, short circuits or one_failed rules in one DAG are not converted", choices[1].node
            )
            lines = []
        elif not choices or not self._inside(choices[0]):
            lines = [*self._submitted(self.order), *self._ended(self.order, self.leaves)]
        elif choices[0].runs == "branch":
            lines = self._branch(choices[0])
        elif choices[0].runs == "short-circuit":
            lines = self._short_circuit(choices[0])
        else:
            lines = self._on_failure(choices[0])
        written = tuple(line for text in lines for line in text.split("\n"))
        return FlowBody(written, frozenset(self.imports), tuple(dict.fromkeys(self.blockers)))

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _is_choice(self, task: Task) -> bool:
        return task.runs in CHOICES or self.steps[task].rule == "one_failed"

    def _inside(self, choice: Task) -> list[Task]:
        """Return what runs only if the choice says so."""
        below = self._below([choice])
        return [task for task in self.order if task in below and (task is not choice or not _chooses(choice))]

    def _below(self, tasks: Iterable[Task]) -> set[Task]:
        found = set(tasks)
        for task in self.order:
            if any(upstream in found for upstream in task.upstream):
                found.add(task)
        return found

    # -- choices -----------------------------------------------------------------

    def _short_circuit(self, choice: Task) -> list[str]:
        inside = self._inside(choice)
        outside = [task for task in self.order if task not in inside]
        for task in inside:
            if self.steps[task].rule not in AFTER_SUCCESS:
                self._block("runs after a failed short circuit too, by its trigger rule", task.node)
        kept = [choice, *(task for task in self.leaves if task not in inside and task is not choice)]
        self._covered(outside, kept, choice)
        name = self.futures[choice]
        return [
            *self._submitted(outside),
            f"{name}.wait()",
            f"if not {name}.state.is_completed() or {name}.result():",
            *_indented([*self._submitted(inside), *self._ended(self.order, self.leaves, [choice])]),
            *self._ended(outside, kept, [choice]),
        ]

    def _on_failure(self, choice: Task) -> list[str]:
        inside = self._inside(choice)
        outside = [task for task in self.order if task not in inside]
        for task in inside:
            if task is not choice and self.steps[task].rule not in AFTER_SUCCESS:
                self._block("is skipped together with the task before it, by its trigger rule", task.node)
        if any(
            isinstance(value, Task) for value in (*self.steps[choice].positional, *self.steps[choice].keywords.values())
        ):
            self._block("takes a result that may not be there, under the trigger rule `one_failed`", choice.node)
        kept = [task for task in self.leaves if task not in inside]
        self._covered(outside, [*kept, *choice.upstream], choice)
        self.imports.add(("prefect.futures", "wait"))
        watched = f"[{', '.join(self._each(task) for task in choice.upstream)}]"
        return [
            *self._submitted(outside),
            f"watched = {watched}",
            "wait(watched)",
            "if not all(future.state.is_completed() for future in watched):",
            *_indented(
                [
                    *self._submitted(inside, waits_not=choice),
                    *self._ended(self.order, self.leaves, choice.upstream),
                ]
            ),
            *self._ended(outside, kept, choice.upstream),
        ]

    def _branch(self, choice: Task) -> list[str]:
        arms = [task for task in self.order if choice in task.upstream]
        regions = {arm: self._below([arm]) for arm in arms}
        shared = {task for arm in arms for other in arms if arm is not other for task in regions[arm] & regions[other]}
        joins = [task for task in self.order if task in shared and not all(up in shared for up in task.upstream)]
        exclusive = {arm: [task for task in self.order if task in regions[arm] - shared] for arm in arms}
        self._check_branch(choice, arms, shared, joins, exclusive)
        inside = [task for task in self.order if task in self._below([choice]) and task is not choice]
        outside = [task for task in self.order if task not in inside]
        kept = [choice, *(task for task in self.leaves if task not in inside and task is not choice)]
        self._covered(outside, kept, choice)
        name = self.futures[choice]
        join = joins[0] if joins else None
        feeding = {arm: [task for task in exclusive[arm] if join and task in join.upstream] for arm in arms}
        ends = {arm: self._unvouched(exclusive[arm], feeding[arm]) for arm in arms}
        lines = [
            *self._submitted(outside),
            f"{name}.wait()",
            f"chosen = {name}.result() if {name}.state.is_completed() else None",
        ]
        if join is not None:
            lines.append("taken = []")
        if any(ends.values()):
            lines.append("ends = []")
        for arm in arms:
            # After a failed choice, None, all tasks below it end NotReady, as Airflow's end upstream_failed.
            lines.append(f'if chosen in ("{arm.id}", None):')
            inner = self._submitted(exclusive[arm])
            if join is not None:
                inner.append(f"taken += [{', '.join(map(self._each, feeding[arm]))}]")
            if ends[arm]:
                inner.append(f"ends += [{', '.join(self._each(task) for task in ends[arm])}]")
            lines += _indented(inner)
        joined = [task for task in self.order if task in shared]
        lines += self._submitted(joined, branch_join=join)
        # Of an arm, all that may go on is returned: where it fails, so do the tasks below it.
        more = ["*taken"] if join is not None else []
        if any(ends.values()):
            more.append("*ends")
        leaves = [task for task in self.leaves if task in shared or task in outside]
        return [*lines, *self._ended([*outside, *joined], leaves, [choice], more)]

    def _check_branch(
        self,
        choice: Task,
        arms: Sequence[Task],
        shared: set[Task],
        joins: Sequence[Task],
        exclusive: Mapping[Task, Sequence[Task]],
    ) -> None:
        returned = _returned_constants(choice)
        ids = {arm.id for arm in arms}
        if returned is None or not returned <= ids:
            self._block("which task the branch chooses is not known here: it returns no plain task ids", choice.node)
        if len(joins) > 1:
            self._block("the branch joins in several tasks", joins[1].node)
        if any(arm in shared for arm in arms):
            self._block("one arm of the branch goes on to another", choice.node)
        for arm in arms:
            own = set(exclusive[arm])
            for task in exclusive[arm]:
                if self.steps[task].rule != "all_success":
                    self._block("stands between a branch and its join with another trigger rule", task.node)
                stray = [
                    up for up in task.upstream if up not in own and up is not choice and up in self._below([choice])
                ]
                if stray:
                    self._block("stands in two arms of a branch", task.node)
            if joins and not any(task in joins[0].upstream for task in own):
                self._block("an arm of the branch does not reach the join", arm.node)
        for join in joins:
            if self.steps[join].rule != _JOIN:
                self._block(
                    f"joins a branch under `{self.steps[join].rule}`, which skips it or not by what was skipped",
                    join.node,
                )
            if choice in join.upstream:
                self._block("the branch may choose the join itself", join.node)
            if any(
                isinstance(value, Task) for value in (*self.steps[join].positional, *self.steps[join].keywords.values())
            ):
                self._block("takes a result that a skipped task does not have", join.node)
        for task in shared:
            if task not in joins and self.steps[task].rule not in AFTER_SUCCESS:
                self._block("stands after a branch with a trigger rule that is not followed", task.node)

    def _covered(self, outside: Sequence[Task], kept: Sequence[Task], choice: Task) -> None:
        """Everything that is submitted before the choice must be waited for whatever it says."""
        waited: set[Task] = set()
        waiting = [*kept, choice]
        while waiting:
            task = waiting.pop()
            if task not in waited:
                waited.add(task)
                waiting.extend(task.upstream)
        for task in outside:
            if task not in waited:
                self._block("would not be waited for when the tasks after it are skipped", task.node)

    # -- lines -------------------------------------------------------------------

    def _submitted(
        self, tasks: Sequence[Task], *, waits_not: Task | None = None, branch_join: Task | None = None
    ) -> list[str]:
        return ["\n".join(self._submit(task, waits_not, branch_join)) for task in tasks]

    def _submit(self, task: Task, waits_not: Task | None, branch_join: Task | None) -> list[str]:
        step = self.steps[task]
        passed = {value for value in (*step.positional, *step.keywords.values()) if isinstance(value, Task)}
        waits = [] if task is waits_not else [up for up in task.upstream if up not in passed]
        if task is branch_join:
            below = self._below([next(one for one in self.order if one.runs == "branch")])
            names = ["*taken", *(self._each(up) for up in waits if up not in below)]
        elif step.rule == "all_done":
            if any(self.steps[up].mapped for up in waits):
                self._block("waits for a mapped task under the trigger rule `all_done`", task.node)
            if waits:
                self.imports.add(("prefect", "allow_failure"))
            names = [f"allow_failure({self.futures[up]})" for up in waits]
        else:
            names = [self._each(up) for up in waits]
        positional = [self._value(value, step) for value in step.positional]
        keywords = {name: self._value(value, step, name) for name, value in step.keywords.items()}
        if names:
            keywords["wait_for"] = _list("", names)
        verb = "map" if step.mapped else "submit"
        return call_lines(f"{self.futures[task]} = {step.callee}.{verb}", keywords, positional)

    def _value(self, value: str | Task, step: Step, name: str = "") -> str:
        if isinstance(value, Task) and self.steps[value].mapped:
            self._block("takes the results of a mapped task", step.task.node)
        text = self.futures[value] if isinstance(value, Task) else value
        if not step.mapped or name == step.mapped:
            return text
        self.imports.add(("prefect", "unmapped"))
        return f"unmapped({text})"

    def _each(self, task: Task) -> str:
        return f"*{self.futures[task]}" if self.steps[task].mapped else self.futures[task]

    def _ended(
        self, submitted: Sequence[Task], leaves: Sequence[Task], waited: Iterable[Task] = (), more: Sequence[str] = ()
    ) -> list[str]:
        """Wait for all that is submitted, and return the leaves and the futures in the lists ``more``."""
        waits = [f"{self.futures[task]}.wait()" for task in self._unvouched(submitted, [*leaves, *waited])]
        returned = _list("return ", [*map(self._each, leaves), *more])
        return [_WHY_WAIT, *waits, returned] if waits else [returned]

    def _unvouched(self, tasks: Sequence[Task], ended: Iterable[Task]) -> list[Task]:
        """The fewest of ``tasks`` whose end, beside that of ``ended``, says that all have ended."""
        known = set(ended)
        found = []
        for task in reversed(self.order):
            if task in tasks and task not in known:
                found.append(task)
                known.add(task)
            if task in known:
                known.update(self._vouched(task))
        return found[::-1]

    def _vouched(self, task: Task) -> Iterable[Task]:
        """The upstreams that have ended when a task has, however it ended."""
        step = self.steps[task]
        passes = any(isinstance(value, Task) for value in (*step.positional, *step.keywords.values()))
        if step.rule == "all_done" and not passes:
            return task.upstream
        if len(task.upstream) == 1 and not any(self.steps[up].mapped for up in task.upstream):
            return task.upstream
        return ()


def _list(before: str, items: Sequence[str]) -> str:
    line = f"{before}[{', '.join(items)}]"
    if len(line) <= WIDTH - 18:
        return line
    return f"{before}[\n" + "".join(f"{INDENT}{item},\n" for item in items) + "]"


def _indented(lines: Iterable[str]) -> list[str]:
    return [INDENT + line.replace("\n", "\n" + INDENT) for line in lines]


def _chooses(task: Task) -> bool:
    return task.runs in CHOICES


def _returned_constants(task: Task) -> set[str] | None:
    """The strings that a callable returns, if it returns nothing else; None when that is not known."""
    function = task.function
    if not isinstance(function, FunctionNode) or not _ends(function.body):
        return None
    found: set[str] = set()
    for node in walk(function):
        if isinstance(node, FunctionNode | ast.Lambda) and node is not function:
            return None
        if isinstance(node, ast.Return):
            values = [node.value]
            while values:
                value = values.pop()
                if isinstance(value, ast.IfExp):
                    values += [value.body, value.orelse]
                elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.add(value.value)
                else:
                    return None
    return found


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Return whether a body never runs past its end."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return True
    return isinstance(last, ast.If) and bool(last.orelse) and _ends(last.body) and _ends(last.orelse)
