"""OFR121: tasks whose Bash command runs dbt."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.finding.dbt_in_texts import TEXT, commands_text, doubt_text, kinds, place_text, started
from offramp.finding.trap import File, Trap

SLOTS = ("operator", "commands", "place", "doubt")


def find(file: File) -> Iterator[Trap]:
    """The operators, and what functions under ``@task.bash`` return."""
    for task in started(file):
        if TEXT in kinds(task.note).values():
            runs = task.reading.runs
            slots = {
                "operator": task.name,
                "commands": commands_text(runs),
                "place": place_text(runs, task.directory),
                "doubt": doubt_text(task.reading),
            }
            yield Trap(task.place, slots, task.about, learned=task.use, elsewhere=task.elsewhere)
