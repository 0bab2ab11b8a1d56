"""OFR122: containers, cloud jobs and commands on other machines that run dbt."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.finding.dbt_in_texts import TEXT, commands_text, doubt_text, kinds, place_text, started, waits_text
from offramp.finding.trap import File, Trap

SLOTS = ("operator", "commands", "place", "waits", "doubt")


def find(file: File) -> Iterator[Trap]:
    """The operators."""
    for task in started(file):
        if TEXT not in kinds(task.note).values():
            runs = task.reading.runs
            slots = {
                "operator": task.name,
                "commands": commands_text(runs),
                "place": place_text(runs, task.directory),
                "waits": waits_text(task),
                "doubt": doubt_text(task.reading),
            }
            yield Trap(task.place, slots, task.about, learned=task.use, elsewhere=task.elsewhere)
