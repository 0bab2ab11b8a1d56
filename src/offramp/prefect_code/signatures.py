"""Calls of prefect-dbt held against the signatures of the releases that may be in use."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.operators import Module
from offramp.knowledge.api_surface import Definition, Signature, Surface, surface
from offramp.knowledge.prefect_dbt_calls import CLASSES, FUNCTIONS, TRIGGER_AND_WAIT
from offramp.prefect_code.context import Prefect, prefect_of
from offramp.python.values import Arguments, Constant, Reference
from offramp.reading.versions import Versions

_ATTEMPTS, _USUAL_ATTEMPTS = "retry_filtered_models_attempts", 3
_PATHS = {known.name: path for path, known in FUNCTIONS.items()}
CLASS_PATHS = {name: path for path, name in CLASSES.items()}
_CALLING = frozenset({"call", "submit", "map", "delay"})
# How blocks load themselves is Prefect's (2.7 to 3.8).
_LOADS = ("load", "aload")
_LOADING = Signature(
    ("name", "validate", "client"), frozenset({"name", "validate", "client"}), frozenset({"name"}), False, False
)


def surface_of(versions: Versions) -> Surface | None:
    """The names and parameters of prefect-dbt in the releases that a project may use; None where not known."""
    if versions.is_own("prefect_dbt"):
        return None
    return surface(versions.prefect, versions.prefect_dbt)


def missing_arguments(module: Module, versions: Versions) -> Iterator[tuple[ast.Call, str, list[str]]]:
    """The calls of prefect-dbt that leave out what every release that may be in use requires."""
    prefect, offered = prefect_of(module, versions), surface_of(versions)
    for call in module.names.calls if offered is not None else ():
        known = [one for one in definitions(prefect, offered, call) if one.kind not in ("open", "enum", "property")]
        arguments = module.values.arguments(call)
        if not known or not arguments.complete or starred(call):
            continue
        missing = known[-1].takes.missing(len(call.args), arguments.given)
        if missing and all(definition.takes.missing(len(call.args), arguments.given) for definition in known):
            yield call, called(known[-1]), missing


def repeated_models(module: Module, versions: Versions) -> Iterator[tuple[ast.Call, int]]:
    """The calls that trigger a job and run failed models again, with how many times they do."""
    prefect, offered = prefect_of(module, versions), surface_of(versions)
    for call in module.names.calls:
        known = definitions(prefect, offered, call)
        if known and known[0].name == TRIGGER_AND_WAIT:
            arguments = module.values.arguments(call, known[0].takes.positional)
            given = arguments.given.get(_ATTEMPTS)
            attempts = given.constant.value if given is not None and given.constant is not None else None
            if given is None and arguments.complete:
                attempts = _USUAL_ATTEMPTS
            if isinstance(attempts, int) and attempts > 0:
                yield call, attempts


def definitions(prefect: Prefect, offered: Surface | None, call: ast.Call) -> list[Definition]:
    """The callable of a call in each release that may be in use and has it; empty when that is not known."""
    if offered is None:
        return []
    target = prefect.target(call.func)
    if target is not None:
        if target.function is not None or target.form not in _CALLING:
            return []
        if target.owner:
            if target.callable.name.rpartition(".")[2] in _LOADS:
                return [Definition(target.callable.name, "method", False, False, _LOADING, {})]
            owners = offered.definitions(CLASS_PATHS[target.owner])
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


def certain(arguments: Arguments) -> list[str]:
    """The names that are certainly given: what comes out of a dict that is not fully known may be gone."""
    return [name for name, given in arguments.given.items() if arguments.complete or given.origin != "spread"]


def starred(call: ast.Call) -> bool:
    """Return whether a call has arguments behind a star."""
    return any(isinstance(argument, ast.Starred) for argument in call.args)


def called(definition: Definition) -> str:
    """A definition as messages name it."""
    owner, _, name = definition.path.rpartition(".")
    return f"{owner.rpartition('.')[2]}.{name}" if definition.kind == "method" else name
