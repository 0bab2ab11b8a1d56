"""The ways in which every conversion of Cosmos differs, by what a flow has for it."""

from __future__ import annotations

DIFFERENCES: tuple[tuple[tuple[bytes, ...], str], ...] = (
    (
        (b"PrefectDbtRunner",),
        "- PrefectDbtRunner runs dbt in the flow's process: dbt-core and the adapter have to be installed there.\n",
    ),
)
