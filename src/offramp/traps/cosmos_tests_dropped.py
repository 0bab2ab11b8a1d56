"""OFR226: projects whose tests Cosmos leaves out, and that nothing else in the file tests."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.finding.dbt_core import by_name, project_text, test_behavior
from offramp.finding.dbt_in_calls import starts
from offramp.finding.dbt_in_texts import started
from offramp.finding.describe import name_text
from offramp.finding.operators import Use
from offramp.finding.passes import settled
from offramp.finding.trap import File, Trap

SLOTS = ("operator", "project")
HELP = "Take `TestBehavior.NONE` out, or run `dbt test` after it"
# Commands of dbt that run tests, or run again what failed; "" is one that is not known.
_TESTING = frozenset({"test", "build", "retry", ""})


def find(file: File) -> Iterator[Trap]:
    """The groups and DAGs without tests, in files in which nothing else may run any."""
    module = file.module
    groups = [(use, test_behavior(module, settled(module, use))) for use in module.uses if _is_project(use)]
    dropped = [use for use, behavior in groups if behavior == "NONE" and use.call is not None]
    if not dropped or len(dropped) < len(groups) or _runs_tests(file):
        return
    for use in dropped:
        slots = {"operator": name_text(use), "project": project_text(module, settled(module, use))}
        yield Trap(use.callee, slots, use.made)


def _is_project(use: Use) -> bool:
    """Return whether an operator makes tasks of a whole project."""
    return "commands" in use.note.fields


def _runs_tests(file: File) -> bool:
    """Return whether anything else in a file may run the tests of a project."""
    if any(_may_test(use) for use in file.module.uses if not _is_project(use)):
        return True
    readings = [task.reading for task in started(file)] + [start.reading for start in starts(file).values()]
    return any(not reading.understood or _TESTING & {run.command for run, _ in reading.runs} for reading in readings)


def _may_test(use: Use) -> bool:
    """Return whether an operator runs tests: by its command, or by a job whose commands are not in the file."""
    return use.role == "trigger" or by_name(use.note, "runs", use.path) in _TESTING - {""}
