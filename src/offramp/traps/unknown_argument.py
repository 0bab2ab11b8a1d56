"""OFR401: arguments that a callable of prefect-dbt takes in none of the releases that may be in use."""

from __future__ import annotations

from collections.abc import Iterator

from offramp.finding.trap import File, Trap
from offramp.knowledge.api_surface import Definition
from offramp.knowledge.prefect_dbt_calls import OPTIONS
from offramp.prefect_code.context import prefect_of
from offramp.prefect_code.signatures import called, certain, definitions, starred, surface_of
from offramp.python.names import expects_failure

SLOTS = ("call", "lack", "consequence")


def find(file: File) -> Iterator[Trap]:
    """The calls that give such arguments."""
    module, offered = file.module, surface_of(file.versions)
    prefect = prefect_of(module, file.versions)
    for call in module.names.calls if offered is not None else ():
        known = definitions(prefect, offered, call)
        if not known or (not known[0].is_class and expects_failure(module.names, call)):
            continue
        positional = [definition.most_positional() for definition in known]
        if all(most is not None and most < len(call.args) for most in positional) and not starred(call):
            slots = {"lack": _positional(max(filter(None, positional), default=0))}
            consequence = f"the call raises {_error(known[0])}"
            yield Trap(call.func, {"call": called(known[0]), "consequence": consequence, **slots}, call)
        for name in certain(module.values.arguments(call)) if known[0].name != OPTIONS else ():
            if all(name in definition.accepts([name]) for definition in known):
                slots = {"call": called(known[0]), "lack": f"no `{name}`", "consequence": _consequence(known[0])}
                yield Trap(call.func, slots, call)


def _positional(most: int) -> str:
    return f"only {most} positional argument{'s' * (most > 1)}" if most else "no positional arguments"


def _consequence(definition: Definition) -> str:
    if definition.kind in ("block", "model"):
        return "it is ignored without a word"
    return f"the call raises {'ValidationError' if definition.kind == 'settings' else _error(definition)}"


def _error(definition: Definition) -> str:
    """Return what a call raises whose arguments do not fit the parameters."""
    return "ParameterBindError" if definition.kind in ("flow", "task") else "TypeError"
