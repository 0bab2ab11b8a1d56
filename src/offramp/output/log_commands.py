"""Text in the log commands of CI services."""

from __future__ import annotations

from collections.abc import Mapping

from offramp.escapes import visible


def escaped(text: str, replacements: Mapping[str, str]) -> str:
    """A text without what a log or its service would act on; ``replacements`` are the service's own, in their order."""
    text = visible(text, kept="\r\n")
    for character, replacement in replacements.items():
        text = text.replace(character, replacement)
    return text
