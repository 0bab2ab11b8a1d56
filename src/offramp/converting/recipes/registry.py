"""The recipes by the names that the ``rewrite`` fields of notes have for them."""

from __future__ import annotations

from collections.abc import Callable

from offramp.converting.recipes import dbt_cloud
from offramp.converting.recipes.dbt_cloud import Body, Job
from offramp.converting.recipes.template_call import call
from offramp.model import Note

RECIPES: dict[str, Callable[[Job], Body]] = {**dbt_cloud.RECIPES, "call": call}
# Those of traps, which their detectors lead to.
FOR_TRAPS = frozenset({"await_call", "call_arguments", "call_form", "future_results", "wait_for_run"})


def recipe_of(note: Note, pattern: str) -> Callable[[Job], Body] | None:
    """The recipe that a note names, in the form that ``dbt-cloud-pattern`` asks for; None where it names none."""
    name = note.fields.get("rewrite", "").split("\n")[0].strip()
    if name == "run_job" and pattern == "job-block":
        return dbt_cloud.run_job_block
    return RECIPES.get(name)
