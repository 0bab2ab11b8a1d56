"""OFR202: operators that are asked to defer but not to wait, so that they never defer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.operators import Module, Use
from offramp.finding.passes import waits
from offramp.finding.trap import File, Trap
from offramp.finding.triggers import check_made_here, helper_triggers, helper_waits, trigger_slots, triggers

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("operator", "task")
_DEFERRABLE = "deferrable"


def find(file: File) -> Iterator[Trap]:
    """Trigger operators that are asked to defer but not to wait."""
    for use in triggers(file.module):
        if _defers(use) and waits(file.module, use) is False:
            yield Trap(use.callee, trigger_slots(use), use.made, learned=use)
    for one in helper_triggers(file.module):
        if _defers(one.use) and helper_waits(one) is False:
            yield Trap(one.use.callee, trigger_slots(one.use), one.use.made, learned=one.use, elsewhere=one.told)


def _defers(use: Use) -> bool:
    given = use.arguments.given.get(_DEFERRABLE)
    constant = given.constant if given is not None else None
    # The operator looks for exactly True (seen on providers 4.0.0 and 4.11.1).
    return constant is not None and constant.value is True


def fix(planning: Planning, use: Use) -> Fix:
    """Take the argument out; where ``default_args`` has it too, set it back."""
    from offramp.editing.arguments import argument_to_change
    from offramp.editing.bracketed import call_arguments
    from offramp.model import Applicability, Edit, Fix

    check_made_here(planning.module, use)
    call, keyword = argument_to_change((use.made, use.call), _DEFERRABLE, use.callee)
    if _in_default_args(planning.module, use):
        edit = Edit(planning.source.positions.span(keyword.value), "False")
        title = "Set `deferrable=False`, since `default_args` set it too and it has no effect"
        return Fix(title, (edit,), Applicability.SAFE)
    arguments = call_arguments(planning.source, call)
    assert arguments is not None  # a generator expression that stands alone has no keyword beside it
    return Fix("Remove `deferrable`, which has no effect", (arguments.removed(keyword),), Applicability.SAFE)


def _in_default_args(module: Module, use: Use) -> bool:
    """Return whether the argument is one of the ``default_args`` that reach the operator as well."""
    defaults = dict(module.dags.inherited(use.around).given)
    for call in (use.call, use.made):
        own = module.values.arguments(call).given if isinstance(call, ast.Call) else {}
        if "default_args" in own:
            module.dags.defaults(own["default_args"], defaults)
    return _DEFERRABLE in defaults
