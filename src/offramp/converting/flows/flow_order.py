"""The order in which a flow submits its tasks, and what the end of some of them says of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from offramp.dags.graph import Task
from offramp.record import NamedTuple


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

    @property
    def taken(self) -> list[Task]:
        """The tasks whose results are passed."""
        return [value for value in (*self.positional, *self.keywords.values()) if isinstance(value, Task)]


class FlowOrder:
    """The steps of a flow, each after those it waits for."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = {step.task: step for step in steps}
        self.order = [step.task for step in steps]
        before = {upstream for task in self.order for upstream in task.upstream}
        self.leaves = [task for task in self.order if task not in before]

    def below(self, tasks: Iterable[Task]) -> set[Task]:
        """Some tasks and all that come after them."""
        found = set(tasks)
        for task in self.order:
            if any(upstream in found for upstream in task.upstream):
                found.add(task)
        return found

    def unvouched(self, tasks: Sequence[Task], ended: Iterable[Task]) -> list[Task]:
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
        if step.rule == "all_done" and not step.taken:
            return task.upstream
        if len(task.upstream) == 1 and not any(self.steps[up].mapped for up in task.upstream):
            return task.upstream
        return ()
