"""The one interface of all judges: what they look at, and how they say that Prefect would not do the same.

A judge is a function ``judge(case, subject)``. Its subject is the whole graph of a file, one DAG, one task or one
argument; the case is what is known of the file by then. It changes nothing, and yields blockers and doubts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from offramp.model import Blocked, Blocker
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.case import Case


class Doubt(NamedTuple):
    """A reason why a conversion may not do the same, and its place; it makes the conversion unsafe."""

    reason: str
    node: ast.AST


Verdict: TypeAlias = "Blocker | Doubt"
Subject = TypeVar("Subject")
Judge: TypeAlias = "Callable[[Case, Subject], Iterable[Verdict]]"


def raised(steps: Iterable[Callable[[], object]]) -> Iterator[Blocker]:
    """The blockers that some steps raise, each of which is tried."""
    for step in steps:
        try:
            step()
        except Blocked as blocked:  # noqa: PERF203 - every blocker is reported, not only the first
            yield blocked.blocker
