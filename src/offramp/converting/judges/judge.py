"""The one interface of all judges: what they look at, and how they say that Prefect would not do the same.

A judge is a function ``judge(case, subject)``. Its subject is the whole graph of a file, a DAG, a statement, a task or
an expression; the case is what is known of the file by then. It changes nothing, and yields blockers and doubts. Judges
of expressions need of the case only its module.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from offramp.model import Blocked, Blocker
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case
    from offramp.finding.operators import Module


class Doubt(NamedTuple):
    """A reason why a conversion may not do the same, and its place; it makes the conversion unsafe."""

    reason: str
    node: ast.AST


Verdict: TypeAlias = "Blocker | Doubt"
Subject = TypeVar("Subject")
Judge: TypeAlias = "Callable[[Case, Subject], Iterable[Verdict]]"


class Read(Protocol):
    """A file that has been read: a case, or a writer of its arguments."""

    @property
    def module(self) -> Module:
        """The file's code."""


def raised(steps: Iterable[Callable[[], object]]) -> Iterator[Blocker]:
    """The blockers that some steps raise, each of which is tried."""
    for step in steps:
        try:
            step()
        except Blocked as blocked:  # noqa: PERF203 - every blocker is reported, not only the first
            yield blocked.blocker
