"""OFR101 to OFR107, OFR111 to OFR113, OFR131 to OFR142, and OFR800: uses of the operators that notes describe."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from offramp.finding.helper_calls import helper_uses
from offramp.finding.operators import Module, Use
from offramp.finding.trap import File, Trap

SLOTS = ("operator",)
# Functions of ``finding.dbt_core`` that fill slots.
_DBT_CORE = {
    "dbt": "line_text",
    "where": "where_text",
    "project": "project_text",
    "selection": "selection_text",
    "tests": "tests_text",
}


def find(file: File) -> Iterator[Trap]:
    """The calls of noted operators, each for the rule of its note."""
    module = file.module
    for use in module.uses:
        if use.call is not None:
            rule = module.rulebook.rule_for(use.note)
            yield Trap(use.callee, _Slots(module, use), use.call, rule=rule, learned=use)
    for one in helper_uses(module):
        use = one.use
        rule = module.rulebook.rule_for(use.note)
        slots = _Slots(module, use, settled_already=True)
        yield Trap(use.callee, slots, use.call or use.callee, rule=rule, learned=use, elsewhere=one.told)


class _Slots(dict[str, str]):
    """The slots of an operator's message, each worked out only when the message has it."""

    def __init__(self, module: Module, use: Use, *, settled_already: bool = False) -> None:
        self._module = module
        self._settled_already = settled_already
        self._use = use

    @cached_property
    def _settled(self) -> Use:
        from offramp.finding.passes import settled

        return self._use if self._settled_already else settled(self._module, self._use)

    def __missing__(self, slot: str) -> str:
        from offramp.finding import describe

        if slot == "operator":
            return describe.name_text(self._use)
        if slot == "task":
            return describe.task_text(self._settled)
        if slot == "connection":
            return describe.connection_text(self._settled, self._module.rulebook.arguments(self._use.note))
        if slot == "waits":
            return describe.waits_text(self._module, self._use)
        if slot in _DBT_CORE:
            from offramp.finding import dbt_core

            text: str = getattr(dbt_core, _DBT_CORE[slot])(self._module, self._settled)
            return text
        return describe.argument_text(self._settled, slot)
