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

SLOTS = ("operator", "task", "strings", "outcome")
_SECTION = "airflow-dbt-python-operator"
_SELECTING = ("select", "models")
_ARGUMENTS = (*_SELECTING, "exclude")
# The beginning of a template, of which `render_template_as_native_obj` may make a list.
_TEMPLATE = ("{{", "{%")


class _Selection(NamedTuple):
    """An operator and the names of its arguments that are strings."""

    use: Use
    arguments: tuple[str, ...]


def find(file: File) -> Iterator[Trap]:
    """The operators with arguments that are strings whichever way the file runs."""
    for use in file.module.uses:
        if use.note.section != _SECTION or use.call is None:
            continue
        given = {name: use.arguments.given[name] for name in _ARGUMENTS if name in use.arguments.given}
        strings = {name: given_text(one, name) for name, one in given.items() if _is_string(one)}
        if strings:
            nothing = any(name in strings for name in _SELECTING)
            outcome = "selects no node: dbt does nothing, and the task succeeds" if nothing else "excludes nothing"
            slots = {
                "operator": name_text(use),
                "task": task_text(use),
                "strings": " and ".join(f"the string {text} for `{name}`" for name, text in strings.items()),
                "outcome": outcome,
            }
            yield Trap(use.callee, slots, use.made, learned=_Selection(use, tuple(strings)))


def _is_string(given: Given) -> bool:
    """Return whether an argument is a string of more than one letter: one alone is a list of the same name.

    What begins with a template may be a list when the task runs.
    """
    if any(_begins_with_template(node) for node in (given.node, *given.values)):
        return False
    if given.node is not None and _letters(given.node) > 1:
        return True
    texts = [value.value for value in given.values if isinstance(value, Constant)]
    return len(texts) == len(given.values) > 0 and all(isinstance(text, str) and len(text) > 1 for text in texts)


def _begins_with_template(value: object) -> bool:
    text = value.value if isinstance(value, Constant | ast.Constant) else None
    return isinstance(text, str) and text.lstrip().startswith(_TEMPLATE)


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
    edits: list[Edit] = []
    for name in found.arguments:
        _, keyword = argument_to_change((use.made, use.call), name, use.callee)
        span = planning.source.positions.span(keyword.value)
        edits += (Edit(Span(span.start, span.start), "["), Edit(Span(span.end, span.end), "]"))
    reason = "dbt then runs what was meant, which has not run so far"
    names = " and ".join(f"`{name}`" for name in found.arguments)
    return Fix(f"Give {names} a list", tuple(edits), Applicability.UNSAFE, reason)
