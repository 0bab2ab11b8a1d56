"""Tells what Airflow calls one thing in its releases, and the keys of its context; knowledge layer.

The data is ``airflow_names.json``, which ``scripts/snapshot_airflow_names.py`` reads from the published packages. It
is loaded when first asked for.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

# The provider whose modules hand on what Airflow 2 and 3 have in different places.
COMPATIBILITY = "airflow.providers.common.compat."
_DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "airflow_names.json")


def current_name(path: str) -> str:
    """The dotted path under which Airflow 3 has what another path leads to; the path itself where none is known."""
    if not path.startswith("airflow."):
        return path
    names = _current_names()
    known, rest = path, ""
    while known not in names and "." in known:
        known, _, last = known.rpartition(".")
        rest = f".{last}{rest}"
    return f"{names[known]}{rest}" if known in names else path


@lru_cache(maxsize=1)
def context_names() -> frozenset[str]:
    """The keys of the context that some release of Airflow runs tasks with."""
    return frozenset(name for names in _data()["context"].values() for name in names)


@lru_cache(maxsize=1)
def _current_names() -> dict[str, str]:
    return {other: current for current, others in _data()["same"].items() for other in (current, *others)}


@lru_cache(maxsize=1)
def _data() -> Any:
    import json  # the command line needs it only now

    with open(_DATA, encoding="utf-8") as file:
        return json.load(file)
