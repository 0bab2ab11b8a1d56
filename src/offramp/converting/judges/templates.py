"""Judges templates of a task's arguments: what fills them must be the same in a flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from offramp.converting.judges.judge import Doubt, Verdict

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case
    from offramp.converting.cases.template_fields import Field


def judge(_: Case, parts: Iterable[str | Field]) -> Iterator[Verdict]:
    """The fields of one text that may be filled with something else, up to the first that has no equal in a flow."""
    for part in parts:
        if isinstance(part, str):
            continue
        if part.problem is not None:
            yield part.problem
            return
        if part.doubt:
            yield Doubt(part.doubt, part.node)
