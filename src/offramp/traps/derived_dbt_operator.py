"""OFR108: classes that derive from noted operators."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.operators import Use
from offramp.finding.trap import File, Trap

SLOTS = ("operator", "base")


def find(file: File) -> Iterator[Trap]:
    """The classes."""
    for use in file.module.subclasses():
        yield Trap(use.callee, _slots(use), use.callee, learned=use)


def _slots(use: Use) -> dict[str, str]:
    name = use.derived.name if use.derived is not None else ast.unparse(use.callee)
    return {"operator": name, "base": use.path.rpartition(".")[2]}
