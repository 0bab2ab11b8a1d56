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

from offramp.converting.cases.choices import AFTER_SUCCESS, CHOICES, OWN_NAMES
from offramp.converting.flows.flow_order import FlowOrder, Step
from offramp.dags.graph import Task
from offramp.editing.text import INDENT, WIDTH, call_lines
from offramp.model import Blocker
from offramp.record import NamedTuple

_WHY_WAIT = "# These go on when another task fails."


class FlowBody(NamedTuple):
    """The lines of a flow's body, what they import, and what prevents it: then the lines are of no use."""

    lines: tuple[str, ...]
    imports: frozenset[tuple[str, str]]
    blockers: tuple[Blocker, ...]


def flow_body(steps: Sequence[Step], futures: Mapping[Task, str]) -> FlowBody:
    """The body for tasks in the order in which they can be submitted."""
    return _Writer(steps, futures).write()


class _Writer:
    """Writes the lines of one flow; what they import and what prevents them is gathered here."""

    def __init__(self, steps: Sequence[Step], futures: Mapping[Task, str]) -> None:
        self.flow = FlowOrder(steps)
        self.steps = self.flow.steps
        self.order = self.flow.order
        self.futures = futures
        self.imports: set[tuple[str, str]] = set()
        self.blockers: list[Blocker] = []

    def write(self) -> FlowBody:
        choices = [task for task in self.order if task.runs in CHOICES or self.steps[task].rule == "one_failed"]
        for step in self.steps.values():
            if choices and step.callee in OWN_NAMES:
                self._block(f"the task `{step.callee}` has a name that the flow needs", step.task.node)
        if len(choices) > 1:
            reason = "several branches, short circuits or one_failed rules in one DAG are not converted"
            self._block(reason, choices[1].node)
        lines = self._lines(choices)
        written = tuple(line for text in lines for line in text.split("\n"))
        return FlowBody(written, frozenset(self.imports), tuple(dict.fromkeys(self.blockers)))

    def _lines(self, choices: Sequence[Task]) -> list[str]:
        if len(choices) > 1:
            return []
        if not choices or not self._inside(choices[0]):
            return [*self._submitted(self.order), *self._ended(self.order, self.flow.leaves)]
        if choices[0].runs == "branch":
            return self._branch(choices[0])
        if choices[0].runs == "short-circuit":
            return self._short_circuit(choices[0])
        return self._on_failure(choices[0])

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _inside(self, choice: Task) -> list[Task]:
        """The tasks that run only if the choice says so."""
        below = self.flow.below([choice])
        return [task for task in self.order if task in below and (task is not choice or choice.runs not in CHOICES)]

    # -- choices -----------------------------------------------------------------

    def _short_circuit(self, choice: Task) -> list[str]:
        inside = self._inside(choice)
        outside = [task for task in self.order if task not in inside]
        for task in inside:
            if self.steps[task].rule not in AFTER_SUCCESS:
                self._block("runs after a failed short circuit too, by its trigger rule", task.node)
        kept = [choice, *(task for task in self.flow.leaves if task not in inside and task is not choice)]
        self._covered(outside, kept, choice)
        name = self.futures[choice]
        return [
            *self._submitted(outside),
            f"{name}.wait()",
            f"if not {name}.state.is_completed() or {name}.result():",
            *_indented([*self._submitted(inside), *self._ended(self.order, self.flow.leaves, [choice])]),
            *self._ended(outside, kept, [choice]),
        ]

    def _on_failure(self, choice: Task) -> list[str]:
        inside = self._inside(choice)
        outside = [task for task in self.order if task not in inside]
        for task in inside:
            if task is not choice and self.steps[task].rule not in AFTER_SUCCESS:
                self._block("is skipped together with the task before it, by its trigger rule", task.node)
        if self.steps[choice].taken:
            self._block("takes a result that may not be there, under the trigger rule `one_failed`", choice.node)
        kept = [task for task in self.flow.leaves if task not in inside]
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
                    *self._ended(self.order, self.flow.leaves, choice.upstream),
                ]
            ),
            *self._ended(outside, kept, choice.upstream),
        ]

    def _branch(self, choice: Task) -> list[str]:
        from offramp.converting.flows.branches import branch_blockers, branch_of

        branch = branch_of(self.flow, choice)
        self.blockers += branch_blockers(self.flow, branch)
        inside = self.flow.below([choice]) - {choice}
        outside = [task for task in self.order if task not in inside]
        self._covered(outside, [choice, *(task for task in self.flow.leaves if task in outside)], choice)
        join = branch.joins[0] if branch.joins else None
        feeding = {
            arm: [task for task in branch.exclusive[arm] if join and task in join.upstream] for arm in branch.arms
        }
        ends = {arm: self.flow.unvouched(branch.exclusive[arm], feeding[arm]) for arm in branch.arms}
        name = self.futures[choice]
        lines = [
            *self._submitted(outside),
            f"{name}.wait()",
            f"chosen = {name}.result() if {name}.state.is_completed() else None",
        ]
        # Of an arm, all that may go on is returned: where it fails, so do the tasks below it.
        more = [*(["taken"] if join is not None else []), *(["ends"] if any(ends.values()) else [])]
        lines += [f"{one} = []" for one in more]
        for arm in branch.arms:
            # After a failed choice, None, all tasks below it end NotReady, as Airflow's end upstream_failed.
            lines.append(f'if chosen in ("{arm.id}", None):')
            inner = self._submitted(branch.exclusive[arm])
            inner += [f"taken += [{', '.join(map(self._each, feeding[arm]))}]"] if join is not None else []
            inner += [f"ends += [{', '.join(map(self._each, ends[arm]))}]"] if ends[arm] else []
            lines += _indented(inner)
        joined = [task for task in self.order if task in branch.shared]
        leaves = [task for task in self.flow.leaves if task in branch.shared or task in outside]
        lines += self._submitted(joined, branch_join=join)
        return [*lines, *self._ended([*outside, *joined], leaves, [choice], [f"*{one}" for one in more])]

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
        passed = step.taken
        waits = [] if task is waits_not else [up for up in task.upstream if up not in passed]
        if task is branch_join:
            below = self.flow.below([next(one for one in self.order if one.runs == "branch")])
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
        waits = [f"{self.futures[task]}.wait()" for task in self.flow.unvouched(submitted, [*leaves, *waited])]
        returned = _list("return ", [*map(self._each, leaves), *more])
        return [_WHY_WAIT, *waits, returned] if waits else [returned]


def _list(before: str, items: Sequence[str]) -> str:
    line = f"{before}[{', '.join(items)}]"
    if len(line) <= WIDTH - 18:
        return line
    return f"{before}[\n" + "".join(f"{INDENT}{item},\n" for item in items) + "]"


def _indented(lines: Iterable[str]) -> list[str]:
    return [INDENT + line.replace("\n", "\n" + INDENT) for line in lines]
