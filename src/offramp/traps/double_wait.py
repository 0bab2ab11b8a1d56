"""OFR204: sensors that wait for a run whose operator has waited already."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.describe import name_text
from offramp.finding.operators import Module, Use
from offramp.finding.passes import waits
from offramp.finding.task_places import full_task_id
from offramp.finding.trap import File, Trap
from offramp.finding.triggers import trigger_slots, triggers

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("operator", "task", "sensor")
HELP = "Remove the sensor, or let only the sensor wait (`wait_for_termination=False`)"


def find(file: File) -> Iterator[Trap]:
    """Sensors of one run that has been waited for."""
    module = file.module
    by_id: dict[tuple[ast.AST | None, str | None], list[Use]] = {}
    for use in triggers(module):
        by_id.setdefault((_dag(module, use), full_task_id(module, use)), []).append(use)
    for sensor in module.uses:
        waited = _waited(module, sensor, by_id) if _is_sensor(module, sensor) else None
        if waited is not None:
            slots = {**trigger_slots(waited), "sensor": name_text(sensor)}
            related = (waited.callee, "waits for the run itself, until it has ended")
            yield Trap(sensor.callee, slots, sensor.call or sensor.callee, (related,))


def fix(_planning: Planning, _learned: None) -> Fix:
    """Say what to do by hand."""
    from offramp.model import Applicability, Fix

    return Fix(HELP, (), Applicability.DISPLAY_ONLY, "both waits are harmless")


def _is_sensor(module: Module, use: Use) -> bool:
    if use.role != "sensor" or use.call is None:
        return False
    return use.derived is None or not module.decides(use.derived)


def _waited(module: Module, sensor: Use, by_id: dict[tuple[ast.AST | None, str | None], list[Use]]) -> Use | None:
    """The operator that has waited for the run of a sensor, where there is only one that it may be of."""
    from offramp.finding.run_flow import run_sources  # nearly no file has such sensors

    found: list[Use] = []
    for source in run_sources(module, sensor):
        found.extend([source] if isinstance(source, Use) else by_id.get((_dag(module, sensor), source), []))
    if len(found) == 1 and found[0].role == "trigger" and waits(module, found[0]) is True:
        return found[0]
    return None


def _dag(module: Module, use: Use) -> ast.AST | None:
    """Return what makes the DAG of a use; where that is not seen, tasks of one function are taken to share theirs."""
    return use.around.dag or (None if use.around.known else module.names.enclosing_function(use.callee))
