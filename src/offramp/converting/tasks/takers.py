"""The tasks that take the results of others: by arguments, by pulls in callables, by templates."""

from __future__ import annotations

import ast
import re
from collections import Counter

from offramp.converting.cases.case import Case
from offramp.dags.graph import Argument, Task

_TAKEN_BY_TEMPLATES = ("run_id", "job_id")


class Takers:
    """Tells who takes a task's result, and how many tasks call a function.

    ``doubts`` are about what templates take.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.doubts: dict[str, ast.AST] = {}
        self.callers = Counter(task.function for task in case.tasks if task.function is not None)
        self._takers: dict[Task, list[Task]] = {}
        for task in case.tasks:
            sources = [result.task for result in task.taken]
            if task in case.pulls:
                sources += case.pulls[task].sources.values()
            for name in _TAKEN_BY_TEMPLATES:
                source = self.pulled(task, task.arguments[name]) if name in task.arguments else None
                sources += [source] if source is not None else []
            for source in dict.fromkeys(sources):
                self._takers.setdefault(source, []).append(task)

    def of(self, task: Task) -> list[Task]:
        """The tasks that take a task's result."""
        return self._takers.get(task, [])

    def pulled(self, task: Task, argument: Argument) -> Task | None:
        """The task whose result ``{{ ti.xcom_pull(task_ids='…') }}`` renders to."""
        known = self.case.constant(argument)
        template = re.fullmatch(r"\s*\{\{(.*)\}\}\s*", str(known.value)) if known is not None else None
        if template is None:
            return None
        from offramp.converting.cases.pulled_results import pulled_by

        pull = pulled_by(template[1])
        if pull is None or pull.dag not in ("", self.case.ids[task.dag]):
            return None
        source = task.dag.tasks.get(pull.task)
        if pull.key == "return_value":
            return source
        keeps_id = self.case.options.versions.provider.at_least((4, 5))
        triggers = source is not None and source.use is not None and source.use.role == "trigger"
        if pull.key != "job_run_id" or not triggers or keeps_id is False:
            return None
        if keeps_id is None:
            self.doubts["`job_run_id`: before provider 4.5 there is none, and the task fails"] = argument.node
        return source


def reaches(source: Task, task: Task) -> bool:
    """Return whether a failed ``source`` keeps ``task`` from running, by edges of all_success tasks."""
    waiting = [task]
    seen: set[Task] = set()
    while waiting:
        one = waiting.pop()
        if one in seen or "trigger_rule" in one.arguments:
            continue
        seen.add(one)
        if source in one.upstream:
            return True
        waiting.extend(one.upstream)
    return False


def below(task: Task) -> list[Task]:
    """The tasks that come after a task, directly or not, in order of creation."""
    found = {task}
    while more := {one for one in task.dag.tasks.values() if one not in found and not found.isdisjoint(one.upstream)}:
        found |= more
    return [one for one in task.dag.tasks.values() if one in found and one is not task]
