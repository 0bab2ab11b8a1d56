"""The objects that Cosmos is configured by: a project, a profile, how dbt runs and what becomes of its nodes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from offramp.python.evaluation import Values
from offramp.python.values import Arguments, Constant, Made, Member, Reference, Value

# Ends of the names of the classes that only say how Cosmos is to make tasks.
_CLASSES = ("Config", "ProfileMapping")
# Their positional arguments, by the argument that they are given as.
_POSITIONS = {
    "project_config": ("dbt_project_path",),
    "profile_config": ("profile_name", "target_name", "profiles_yml_filepath"),
    "execution_config": ("execution_mode",),
}


def configures(value: Value) -> bool:
    """Return whether a class makes nothing but a configuration of Cosmos."""
    return isinstance(value, Reference) and value.path.startswith("cosmos.") and value.path.endswith(_CLASSES)


def is_configuration(values: Values, node: ast.expr) -> bool:
    """Return whether an expression makes a configuration of Cosmos, which nothing but Cosmos needs."""
    value = values.single(node)
    return isinstance(value, Made) and configures(value.callee)


def configuration(values: Values, name: str, value: Value) -> Arguments | None:
    """The arguments of the configuration that is given as ``name``; None for what is no such call."""
    if not isinstance(value, Made) or not configures(value.callee):
        return None
    positions = _POSITIONS.get(name, ())
    made = values.arguments(value.call, positions)
    return made._replace(complete=made.complete and len(value.call.args) <= len(positions))


def member(values: Sequence[Value]) -> str:
    """The name of the member of an enumeration that is the one of some values; empty where it is not known."""
    value = values[0] if len(values) == 1 else None
    if isinstance(value, Constant) and isinstance(value.value, str):
        return value.value.upper()
    if isinstance(value, Reference):
        return value.path.rpartition(".")[2]
    return value.name if isinstance(value, Member) else ""
