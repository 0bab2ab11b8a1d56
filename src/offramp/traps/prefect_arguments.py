"""Arguments of prefect-dbt that it does not take, and credentials and options that are given wrongly; finding layer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from offramp.finding.operators import Module
from offramp.knowledge.api_surface import Definition, Signature, Surface, surface
from offramp.knowledge.prefect_dbt_calls import CLASSES, FUNCTIONS, OPTIONS, TRIGGER_AND_WAIT
from offramp.python.names import expects_failure
from offramp.python.values import Arguments, Constant, Reference, Table, Values
from offramp.reading.versions import Versions
from offramp.traps.prefect_calls import prefect_of
from offramp.traps.prefect_context import Prefect
from offramp.traps.prefect_keys import credentials
from offramp.traps.trap import Trap

_OPTIONS_ARGUMENT = "trigger_job_run_options"
_ATTEMPTS, _USUAL_ATTEMPTS = "retry_filtered_models_attempts", 3
_PATHS = {known.name: path for path, known in FUNCTIONS.items()}
_CLASS_PATHS = {name: path for path, name in CLASSES.items()}
_CALLING = frozenset({"call", "submit", "map", "delay"})
_SCHEME = re.compile(r"(?i)\s*(https?://)")
# How blocks load themselves is Prefect's (2.7 to 3.8).
_LOADS = ("load", "aload")
_LOADING = Signature(
    ("name", "validate", "client"), frozenset({"name", "validate", "client"}), frozenset({"name"}), False, False
)


def surface_of(versions: Versions) -> Surface | None:
    """What prefect-dbt offers in the releases that a project may use; None where that is not known."""
    if versions.is_own("prefect_dbt"):
        return None
    return surface(versions.prefect, versions.prefect_dbt)


def unknown_argument(module: Module, versions: Versions) -> Iterator[Trap]:
    """Arguments that a callable of prefect-dbt takes in none of the releases that may be in use."""
    prefect, offered = prefect_of(module, versions), surface_of(versions)
    for call in module.names.calls if offered is not None else ():
        known = _definitions(prefect, offered, call)
        if not known or (not known[0].is_class and expects_failure(module.names, call)):
            continue
        positional = [definition.most_positional() for definition in known]
        if all(most is not None and most < len(call.args) for most in positional) and not _starred(call):
            slots = {"lack": _positional(max(filter(None, positional), default=0))}
            consequence = f"the call raises {_error(known[0])}"
            yield Trap(call.func, {"call": _name(known[0]), "consequence": consequence, **slots}, call)
        for name in _certain(module.values.arguments(call)) if known[0].name != OPTIONS else ():
            if all(name in definition.accepts([name]) for definition in known):
                slots = {"call": _name(known[0]), "lack": f"no `{name}`", "consequence": _consequence(known[0])}
                yield Trap(call.func, slots, call)


def missing_arguments(module: Module, versions: Versions) -> Iterator[tuple[ast.Call, str, list[str]]]:
    """The calls of prefect-dbt that leave out what every release that may be in use requires."""
    prefect, offered = prefect_of(module, versions), surface_of(versions)
    for call in module.names.calls if offered is not None else ():
        known = [one for one in _definitions(prefect, offered, call) if one.kind not in ("open", "enum", "property")]
        arguments = module.values.arguments(call)
        if not known or not arguments.complete or _starred(call):
            continue
        missing = known[-1].takes.missing(len(call.args), arguments.given)
        if missing and all(definition.takes.missing(len(call.args), arguments.given) for definition in known):
            yield call, _name(known[-1]), missing


def repeated_models(module: Module, versions: Versions) -> Iterator[tuple[ast.Call, int]]:
    """The calls that trigger a job and run failed models again, with how many times they do."""
    prefect, offered = prefect_of(module, versions), surface_of(versions)
    for call in module.names.calls:
        known = _definitions(prefect, offered, call)
        if known and known[0].name == TRIGGER_AND_WAIT:
            arguments = module.values.arguments(call, known[0].takes.positional)
            given = arguments.given.get(_ATTEMPTS)
            attempts = given.constant.value if given is not None and given.constant is not None else None
            if given is None and arguments.complete:
                attempts = _USUAL_ATTEMPTS
            if isinstance(attempts, int) and attempts > 0:
                yield call, attempts


def lost_run_option(module: Module, versions: Versions) -> Iterator[Trap]:
    """Options of a job run that TriggerJobRunOptions drops."""
    prefect, offered = prefect_of(module, versions), surface_of(versions)
    options = offered.definitions(_CLASS_PATHS[OPTIONS]) if offered is not None else []
    for call in module.names.calls if options else ():
        known = _definitions(prefect, offered, call)
        if known and known[0].name == OPTIONS:
            given = _certain(module.values.arguments(call))
        else:
            given = _in_table(module.values, call, known)
        for name in given:
            if all(name in definition.accepts([name]) for definition in options):
                yield Trap(call.func, {"field": name}, call)


def domain_with_scheme(module: Module, _: Versions) -> Iterator[Trap]:
    """Domains of dbt Cloud that begin with ``https://``, which prefect-dbt writes before them again."""
    for call, given in credentials(module):
        node = given.get("domain")
        parts = module.values.text(node) if node is not None else None
        scheme = _SCHEME.match(parts[0]) if parts and isinstance(parts[0], str) else None
        if scheme:
            yield Trap(call.func, {"scheme": scheme[1]}, call.func)


def _definitions(prefect: Prefect, offered: Surface | None, call: ast.Call) -> list[Definition]:
    """What a call calls, in each release that may be in use and has it; empty when that is not known."""
    if offered is None:
        return []
    target = prefect.target(call.func)
    if target is not None:
        if target.function is not None or target.form not in _CALLING:
            return []
        if target.owner:
            if target.callable.name.rpartition(".")[2] in _LOADS:
                return [Definition(target.callable.name, "method", False, False, _LOADING, {})]
            owners = offered.definitions(_CLASS_PATHS[target.owner])
            found = [owner.methods.get(target.callable.name.rpartition(".")[2]) for owner in owners]
            return [method for method in found if method is not None]
        return offered.definitions(_PATHS[target.callable.name])
    paths = {
        value.path if isinstance(value, Reference) else ""
        for value in prefect.values.evaluate(call.func)
        if not isinstance(value, Constant)
    }
    path = paths.pop() if len(paths) == 1 else ""
    return offered.definitions(path) if path.startswith("prefect_dbt.") else []


def _certain(arguments: Arguments) -> list[str]:
    """The names that are certainly given: what comes out of a dict that is not fully known may be gone."""
    return [name for name, given in arguments.given.items() if arguments.complete or given.origin != "spread"]


def _positional(most: int) -> str:
    return f"only {most} positional argument{'s' * (most > 1)}" if most else "no positional arguments"


def _starred(call: ast.Call) -> bool:
    return any(isinstance(argument, ast.Starred) for argument in call.args)


def _in_table(values: Values, call: ast.Call, known: list[Definition]) -> list[str]:
    """The keys of options that are given as a dict, to what makes TriggerJobRunOptions of it."""
    if not known or known[0].kind not in ("flow", "block") or _OPTIONS_ARGUMENT not in known[0].takes.keywords:
        return []
    given = values.arguments(call, known[0].takes.positional).given.get(_OPTIONS_ARGUMENT)
    tables = [value for value in given.values if isinstance(value, Table) and value.complete] if given else []
    return list(tables[0].entries) if given and len(tables) == len(given.values) == 1 else []


def _name(definition: Definition) -> str:
    owner, _, name = definition.path.rpartition(".")
    return f"{owner.rpartition('.')[2]}.{name}" if definition.kind == "method" else name


def _consequence(definition: Definition) -> str:
    if definition.kind in ("block", "model"):
        return "it is ignored without a word"
    return f"the call raises {'ValidationError' if definition.kind == 'settings' else _error(definition)}"


def _error(definition: Definition) -> str:
    """What a call raises whose arguments do not fit the parameters."""
    return "ParameterBindError" if definition.kind in ("flow", "task") else "TypeError"
