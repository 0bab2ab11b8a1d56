"""The recipes by the names that the ``rewrite`` fields of notes have for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from offramp.converting.families import FAMILIES
from offramp.converting.recipes.body import Body, Job
from offramp.converting.recipes.run_functions import RUN_COMMAND_NAMES
from offramp.model import ArgumentRow, Note


def _call(job: Job) -> Body:
    # The code that fills templates is loaded only for notes that have one.
    from offramp.converting.recipes.template_call import call

    return call(job)


def _command(job: Job) -> Body:
    from offramp.converting.recipes.template_command import command

    return command(job)


_BY_PATTERN = {name: recipe for family in FAMILIES for name, recipe in family.recipes.items()}
RECIPES: dict[str, Callable[[Job], Body]] = {
    **{name: recipe for name, recipe in _BY_PATTERN.items() if " " not in name},
    "call": _call,
    "command": _command,
}
BY_TEMPLATE = ("call", "command")
# Of a note that keeps its operator from being converted, though a shipped note says how.
NO_REWRITE = "none"


def recipe_name(note: Note) -> str:
    """The name of the recipe in a note's ``rewrite`` field; empty without one."""
    return note.fields.get("rewrite", "").split("\n")[0].strip()


def takes_results(note: Note) -> Collection[str] | None:
    """The arguments for which a note's recipe takes results of other tasks; None for all."""
    name = recipe_name(note)
    return next((family.results for family in FAMILIES if name in family.recipes), None)


def choosing_arguments(note: Note) -> Collection[str]:
    """The arguments by which a note's recipe chooses what it writes."""
    name = recipe_name(note)
    if name in BY_TEMPLATE:
        from offramp.converting.recipes.filling import choosing

        return choosing(note)
    return next((family.choosing for family in FAMILIES if name in family.recipes), ())


def names_written(note: Note, rows: Mapping[str, ArgumentRow]) -> set[str]:
    """The names that the code of a note's recipe imports, where its templates tell them."""
    name = recipe_name(note)
    own = RUN_COMMAND_NAMES if name == "command" or note.kind.startswith("bash") else frozenset()
    if name not in BY_TEMPLATE:
        return set(own)
    from offramp.converting.recipes.filling import template_names

    return {*own, *template_names(note, rows)}


def recipe_of(note: Note, pattern: str) -> Callable[[Job], Body] | None:
    """The recipe that a note names, in the form that a pattern asks for; None where it names none."""
    name = recipe_name(note)
    return _BY_PATTERN.get(f"{name} {pattern}") or RECIPES.get(name)
