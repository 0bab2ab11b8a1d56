"""The findings that detectors of traps yield; finding layer."""

from __future__ import annotations

import ast

from offramp.record import NamedTuple


class Trap(NamedTuple):
    """A place where a trap was found and what its message says.

    ``about`` identifies it across moved lines; ``related`` are other places that it is
    about, each with a sentence.
    """

    node: ast.expr | ast.alias
    slots: dict[str, str]
    about: ast.AST
    related: tuple[tuple[ast.AST, str], ...] = ()
