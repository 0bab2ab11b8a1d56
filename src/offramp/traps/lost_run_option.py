"""OFR406: options of a job run that TriggerJobRunOptions drops."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.trap import File, Trap
from offramp.knowledge.api_surface import Definition
from offramp.knowledge.prefect_dbt_calls import OPTIONS
from offramp.prefect_code.context import prefect_of
from offramp.prefect_code.run_calls import OPTIONS_ARGUMENT
from offramp.prefect_code.signatures import CLASS_PATHS, certain, definitions, surface_of
from offramp.python.evaluation import Values
from offramp.python.values import Table

SLOTS = ("field",)


def find(file: File) -> Iterator[Trap]:
    """The calls that give such options."""
    module, offered = file.module, surface_of(file.versions)
    prefect = prefect_of(module, file.versions)
    options = offered.definitions(CLASS_PATHS[OPTIONS]) if offered is not None else []
    for call in module.names.calls if options else ():
        known = definitions(prefect, offered, call)
        if known and known[0].name == OPTIONS:
            given = certain(module.values.arguments(call))
        else:
            given = _in_table(module.values, call, known)
        for name in given:
            if all(name in definition.accepts([name]) for definition in options):
                yield Trap(call.func, {"field": name}, call)


def _in_table(values: Values, call: ast.Call, known: list[Definition]) -> list[str]:
    """The keys of options that are given as a dict, to what makes TriggerJobRunOptions of it."""
    if not known or known[0].kind not in ("flow", "block") or OPTIONS_ARGUMENT not in known[0].takes.keywords:
        return []
    given = values.arguments(call, known[0].takes.positional).given.get(OPTIONS_ARGUMENT)
    tables = [value for value in given.values if isinstance(value, Table) and value.complete] if given else []
    return list(tables[0].entries) if given and len(tables) == len(given.values) == 1 else []
