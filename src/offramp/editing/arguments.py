"""Finds the argument of a call that an edit changes."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from offramp.editing.bracketed import does_more
from offramp.model import Blocked


def argument_to_change(calls: Iterable[ast.AST | None], name: str, place: ast.AST) -> tuple[ast.Call, ast.keyword]:
    """An argument that stands in one of some calls, and the call; raises Blocked, at the place, where it cannot be."""
    for call in calls:
        for keyword in call.keywords if isinstance(call, ast.Call) else ():
            if keyword.arg == name and does_more(keyword.value):
                raise Blocked(f"`{name}` is an expression that does something else as well", place)
            if keyword.arg == name and isinstance(call, ast.Call):
                return call, keyword
    raise Blocked(f"`{name}` is not given in this call", place)
