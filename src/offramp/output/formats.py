"""Every layout of the findings by its name; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

from offramp.model import FileResult
from offramp.output.outcome import Look, Outcome

# Read by people in their terminal, in its encoding.
TERMINAL_LAYOUTS = ("full", "concise", "grouped")
# What people read as it is printed ends with the summary.
_LOGS = (*TERMINAL_LAYOUTS, "github", "azure")


def rendered(layout: str, outcome: Outcome, look: Look) -> Iterator[str]:
    """The findings in one of ``settings.OUTPUT_FORMATS``, piece by piece."""
    yield from _findings(layout, outcome, look)
    if layout in _LOGS and not look.quiet:
        yield f"{outcome.summary}\n"


def _findings(layout: str, outcome: Outcome, look: Look) -> Iterator[str]:
    if layout in TERMINAL_LAYOUTS:
        show = shower(layout, look)
        return (result.shown or show(result) for result in outcome.found)
    written: Iterator[str] = import_module(f"offramp.output.layouts.{layout}").report(outcome)
    return written


def shower(layout: str, look: Look) -> Callable[[FileResult], str]:
    """Return what makes the text of one file's findings in one of ``TERMINAL_LAYOUTS``."""
    from offramp.output import plain_text

    paint = plain_text.Paint(look.colour, links=look.links)
    match layout:
        case "concise":
            lines = partial(plain_text.concise, paint=paint)
        case "grouped":
            lines = partial(plain_text.grouped, paint=paint)
        case _:
            lines = partial(plain_text.full, paint=paint, columns=look.columns)
    return lambda result: "\n".join([*lines([result]), ""])
