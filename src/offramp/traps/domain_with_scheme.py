"""OFR405: domains of credentials that begin with ``https://``, which prefect-dbt writes before them again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from offramp.finding.trap import File, Trap
from offramp.prefect_code.credentials import credentials

SLOTS = ("scheme",)
_SCHEME = re.compile(r"(?i)\s*(https?://)")


def find(file: File) -> Iterator[Trap]:
    """The calls that give credentials such a domain."""
    for call, given in credentials(file.module):
        node = given.get("domain")
        parts = file.module.values.text(node) if node is not None else None
        scheme = _SCHEME.match(parts[0]) if parts and isinstance(parts[0], str) else None
        if scheme:
            yield Trap(call.func, {"scheme": scheme[1]}, call.func)
