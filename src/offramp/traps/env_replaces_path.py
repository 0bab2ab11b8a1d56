"""OFR225: Bash operators whose `env` takes the PATH away by which dbt is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.dbt_in_texts import commands_text, started
from offramp.finding.describe import name_text, task_text
from offramp.finding.trap import File, Trap
from offramp.python.values import Constant, Table

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.finding.operators import Use
    from offramp.model import Fix

SLOTS = ("operator", "task", "commands")
_APPEND = "append_env"
# A text that says itself where programs are, or names dbt by its path.
_FINDS = r"PATH|activate|\bsource\b|\bexport\b|(?:^|[;&|\s])\.\s|/bin/|/dbt[ \t]+[\w-]|\b(?:eval|module|hash)\b"
# The beginning of a command, where Bash itself looks for a program, behind variables of its own.
_BEGINS = r"(?:^|[;&|({\n])\s*(?:\w+=\S*\s+)*"


def find(file: File) -> Iterator[Trap]:
    """The operators that get an environment without PATH, and look for dbt by it."""
    for task in started(file):
        use = task.use
        if use is None or task.note.kind != "bash" or not _replaces(use):
            continue
        programs = "|".join(re.escape(run.program) for run, _ in task.reading.runs)
        looks = rf"{_BEGINS}(?:{programs})\s"
        if all(re.search(looks, text) and not re.search(_FINDS, text) for text in task.reading.texts):
            slots = {"operator": name_text(use), "task": task_text(use), "commands": commands_text(task.reading.runs)}
            yield Trap(task.place, slots, task.about, learned=use)


def _replaces(use: Use) -> bool:
    """Return whether the environment is a known dict without PATH, and all that the command gets."""
    given = use.arguments.given
    env, append = given.get("env"), given.get(_APPEND)
    if env is None or (append is not None and append.constant != Constant(False)) or not use.arguments.complete:
        return False
    value = env.values[0] if len(env.values) == 1 else None
    if not isinstance(value, Table) or not value.complete or not value.entries:
        return False
    return not {"PATH", "BASH_ENV"} & value.entries.keys()


def fix(planning: Planning, use: Use) -> Fix:
    """Add the variables to the environment of the worker."""
    from offramp.editing.arguments import argument_to_change
    from offramp.editing.bracketed import call_arguments
    from offramp.model import Applicability, Blocked, Edit, Fix

    reason = "the command then has all variables of the worker too, and dbt may be another one"
    if _APPEND in use.arguments.given:
        _, keyword = argument_to_change((use.made, use.call), _APPEND, use.callee)
        edits = [Edit(planning.source.positions.span(keyword.value), "True")]
    else:
        arguments = call_arguments(planning.source, use.call) if use.call is not None else None
        if arguments is None:
            raise Blocked("has no arguments that could be added to", use.callee)
        edits = arguments.added(f"{_APPEND}=True")
    return Fix("Add the variables to the worker's", tuple(edits), Applicability.UNSAFE, reason)
