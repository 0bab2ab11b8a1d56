"""The recipes by the names that the ``rewrite`` fields of notes have for them."""

from __future__ import annotations

from collections.abc import Callable

from offramp.fixing.recipes import dbt_cloud
from offramp.fixing.recipes.dbt_cloud import Body, Job
from offramp.fixing.recipes.template_call import call

RECIPES: dict[str, Callable[[Job], Body]] = {**dbt_cloud.RECIPES, "call": call}
# Those of traps, which their detectors lead to.
FOR_TRAPS = frozenset({"await_call", "call_arguments", "call_form", "future_results", "wait_for_run"})
