"""OFR901: files that cannot be decoded or parsed; reading them comes upon it."""

from __future__ import annotations

from offramp.finding.trap import Trap
from offramp.model import Span

SLOTS = ("sentence",)


def fault(sentence: str, offset: int) -> Trap:
    """The place in a file where reading it failed, and how."""
    return Trap(Span(offset, offset), {"sentence": sentence}, sentence)
