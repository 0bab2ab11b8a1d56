"""Every layout of the findings by its name; imports what the layouts import, and each layout when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

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
    match layout:
        case "json":
            from offramp.output.json_report import report

            return chain(report(outcome.found, outcome.rules), ("\n",))
        case "jsonl":
            from offramp.output.json_report import report_lines

            return report_lines(outcome.found, outcome.rules)
        case "sarif":
            from offramp.output.sarif import sarif

            return sarif(outcome)
        case "gitlab":
            from offramp.output.gitlab import gitlab

            return gitlab(outcome)
        case "junit":
            from offramp.output.junit import junit

            return junit(outcome)
        case "rdjson":
            from offramp.output.rdjson import rdjson

            return rdjson(outcome)
        case "github":
            from offramp.output.annotations import github

            return github(outcome)
        case "azure":
            from offramp.output.annotations import azure

            return azure(outcome)
        case _:
            show = shower(layout, look)
            return (result.shown or show(result) for result in outcome.found)


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
