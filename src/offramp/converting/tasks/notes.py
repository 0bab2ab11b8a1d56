"""Notes on tasks while they are planned."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from offramp.converting.judges.judge import Verdict
from offramp.dags.graph import Task
from offramp.model import Blocked, Blocker


class Notes:
    """The problems and doubts of tasks, and what their code needs beside it.

    ``imports`` are pairs of module and name, ``helpers`` names of functions that the file gets.
    """

    def __init__(self) -> None:
        self.problems: list[Blocker] = []
        self.doubts: dict[str, ast.AST] = {}
        self.imports: set[tuple[str, str]] = set()
        self.helpers: set[str] = set()

    def take(self, verdicts: Iterable[Verdict]) -> None:
        """Note what a judge says."""
        for verdict in verdicts:
            if isinstance(verdict, Blocker):
                self.problems.append(verdict)
            else:
                self.doubts[verdict.reason] = verdict.node

    def add(self, other: Notes) -> None:
        """Note what others have noted."""
        self.problems += other.problems
        self.doubts.update(other.doubts)
        self.imports |= other.imports
        self.helpers |= other.helpers

    def problem(self, reason: str, node: ast.AST) -> None:
        """Note what prevents the conversion."""
        self.problems.append(Blocker(reason, node))

    def tried(self, step: Callable[[], str | Task]) -> str | Task:
        """The text or the task that a step gives; where it is Blocked, that is noted, and the text is empty."""
        try:
            return step()
        except Blocked as blocked:
            self.problems.append(blocked.blocker)
            return ""
