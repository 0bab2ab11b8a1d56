"""Tells what the configuration says about fixes."""

from __future__ import annotations

from collections.abc import Mapping

from offramp.reading.versions import Versions
from offramp.record import NamedTuple
from offramp.settings import DBT_COMMANDS


class Options(NamedTuple):
    """The settings that conversion depends on.

    ``serves`` is off where a prefect.yaml deploys the flows, which holds no Python;
    ``in_place`` where the flows are written to another directory than that of their DAGs. ``programs`` are the names
    of dbt.
    """

    blocks: Mapping[str, str]
    pattern: str
    versions: Versions
    serves: bool = True
    in_place: bool = True
    programs: tuple[str, ...] = DBT_COMMANDS
    dbt_core_pattern: str = "auto"
