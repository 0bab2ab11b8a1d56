"""OFR901: files that cannot be decoded or parsed, which the engine comes upon; no search finds them."""

from __future__ import annotations

SLOTS = ("sentence",)
