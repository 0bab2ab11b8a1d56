"""The families of operators whose conversion needs more than their notes say; nothing outside a family names it."""

from __future__ import annotations

from offramp.converting.families import dbt_cloud, dbt_core
from offramp.converting.families.family import Family

FAMILIES: tuple[Family, ...] = (dbt_cloud.FAMILY, dbt_core.FAMILY)
BLOCK_KINDS = {path: kind for family in FAMILIES for path, kind in family.blocks.items()}
