"""OFR903: mapping notes that cannot be used, which end the run: reading notes comes upon them."""

from __future__ import annotations

SLOTS = ("sentence",)
