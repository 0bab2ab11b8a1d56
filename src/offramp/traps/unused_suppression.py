"""OFR902: comments that suppress nothing, which applying them comes upon; no search finds them."""

from __future__ import annotations

SLOTS = ("sentence",)
