"""Effort of answering one question about values: no question takes long, goes round in circles or nests too deeply."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offramp.python.values import Value

_DEEPEST = 60
_MOST_STEPS = 1000


class Effort:
    """What one question has taken so far; ``cut`` when something was left out for that.

    ``evaluated`` and ``written`` are the expressions whose values and texts are being asked for, ``passing`` the values
    that hold for this question only.
    """

    def __init__(self) -> None:
        self.evaluated: set[ast.AST] = set()
        self.written: set[ast.AST] = set()
        self.passing: dict[ast.AST, tuple[Value, ...]] = {}
        self.cut = False
        self._steps = 0

    def takes(self, node: ast.AST, asked: set[ast.AST]) -> bool:
        """Return whether one more expression can be asked for."""
        if node in asked or len(asked) > _DEEPEST or self._steps > _MOST_STEPS:
            self.cut = True
            return False
        return True

    def begin(self, node: ast.AST, asked: set[ast.AST]) -> bool:
        """Begin with an expression; return whether something around it was cut short before, for ``end``."""
        self._steps += 1
        asked.add(node)
        outer, self.cut = self.cut, False
        return outer

    @property
    def is_whole(self) -> bool:
        """Whether an answer is the same by itself: nothing of it was cut short, or nothing is asked around it."""
        return not self.cut or not (self.evaluated or self.written)

    def end(self, outer: bool) -> None:
        """End with an expression; forget what was counted for a question once it is answered."""
        self.cut = self.cut or outer
        if not self.evaluated and not self.written:
            self.passing.clear()
            self._steps = 0
            self.cut = False
