"""The recipes by the names that the ``rewrite`` fields of notes have for them."""

from __future__ import annotations

from collections.abc import Callable

from offramp.converting.families import FAMILIES
from offramp.converting.recipes.body import Body, Job
from offramp.converting.recipes.template_call import call
from offramp.model import Note

_BY_PATTERN = {name: recipe for family in FAMILIES for name, recipe in family.recipes.items()}
RECIPES: dict[str, Callable[[Job], Body]] = {
    **{name: recipe for name, recipe in _BY_PATTERN.items() if " " not in name},
    "call": call,
}
# Of a note that keeps its operator from being converted, though a shipped note says how.
NO_REWRITE = "none"


def recipe_name(note: Note) -> str:
    """The name of the recipe in a note's ``rewrite`` field; empty without one."""
    return note.fields.get("rewrite", "").split("\n")[0].strip()


def recipe_of(note: Note, pattern: str) -> Callable[[Job], Body] | None:
    """The recipe that a note names, in the form that a pattern asks for; None where it names none."""
    name = recipe_name(note)
    return _BY_PATTERN.get(f"{name} {pattern}") or RECIPES.get(name)
