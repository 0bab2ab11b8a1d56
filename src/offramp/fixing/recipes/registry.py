"""The recipes by the names that the ``rewrite`` fields of notes have for them."""

from __future__ import annotations

from collections.abc import Callable

from offramp.fixing.recipes import dbt_cloud
from offramp.fixing.recipes.dbt_cloud import Body, Job
from offramp.fixing.recipes.template_call import call

RECIPES: dict[str, Callable[[Job], Body]] = {**dbt_cloud.RECIPES, "call": call}
