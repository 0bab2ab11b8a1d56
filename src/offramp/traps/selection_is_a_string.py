"""OFR224: strings that airflow-dbt-python takes for lists of letters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.describe import given_text, name_text, task_text
from offramp.finding.trap import File, Trap
from offramp.python.values import Constant, Given
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.finding.operators import Use
    from offramp.model import Fix

SLOTS = ("operator", "task", "argument", "value", "outcome")
_SECTION = "airflow-dbt-python-operator"
_NOTHING = "selects no node: dbt does nothing and the task succeeds"
_OUTCOMES = {"select": _NOTHING, "models": _NOTHING, "exclude": "excludes nothing"}


class _Selection(NamedTuple):
    """An operator and the name of its argument that is a string."""

    use: Use
    argument: str


def find(file: File) -> Iterator[Trap]:
    """The arguments that are strings whichever way the file runs."""
    for use in file.module.uses:
        if use.note.section != _SECTION or use.call is None:
            continue
        for name, outcome in _OUTCOMES.items():
            given = use.arguments.given.get(name)
            if given is not None and _is_string(given):
                slots = {"operator": name_text(use), "task": task_text(use), "argument": name, "outcome": outcome}
                learned = _Selection(use, name)
                yield Trap(use.callee, {**slots, "value": given_text(given, name)}, use.made, learned=learned)


def _is_string(given: Given) -> bool:
    """Return whether an argument is a string of more than one letter: one alone is a list of the same name."""
    if given.node is not None and _letters(given.node) > 1:
        return True
    texts = [value.value for value in given.values if isinstance(value, Constant)]
    return len(texts) == len(given.values) > 0 and all(isinstance(text, str) and len(text) > 1 for text in texts)


def _letters(node: ast.expr) -> int:
    """The letters that an expression has at least, where it is a text whatever its names are."""
    if isinstance(node, ast.Constant):
        return len(node.value) if isinstance(node.value, str) else 0
    if isinstance(node, ast.JoinedStr):
        return sum(map(_letters, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _letters(node.left) + _letters(node.right)
    return 0


def fix(planning: Planning, found: _Selection) -> Fix:
    """Write a list with the string in it."""
    from offramp.editing.arguments import argument_to_change
    from offramp.model import Applicability, Edit, Fix, Span

    use = found.use
    _, keyword = argument_to_change((use.made, use.call), found.argument, use.callee)
    span = planning.source.positions.span(keyword.value)
    edits = (Edit(Span(span.start, span.start), "["), Edit(Span(span.end, span.end), "]"))
    reason = "dbt then runs what was meant, which has not run so far"
    return Fix(f"Give `{found.argument}` a list", edits, Applicability.UNSAFE, reason)
