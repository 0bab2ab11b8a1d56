"""OFR903: mapping notes that cannot be used, which reading them comes upon; no search finds them."""

from __future__ import annotations

SLOTS = ("sentence",)
