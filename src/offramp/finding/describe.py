"""The words that messages use for what was found; known or said to be unknown."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module, Use
from offramp.finding.passes import pass_waits, passes, waits
from offramp.model import ArgumentRow
from offramp.python.values import UNKNOWN, Constant, Given

_LONGEST = 40
_MOST = 3


def name_text(use: Use) -> str:
    """The class name as its note calls it, or the local subclass that is used."""
    return use.derived.name if use.derived is not None else use.path.rpartition(".")[2]


def task_text(use: Use) -> str:
    """The task id, in backticks, or that it has none here."""
    given = use.arguments.given.get("task_id")
    return "an unnamed task" if given is None else given_text(given, "task_id")


def given_text(given: Given, name: str) -> str:
    """An argument's value in backticks, or its expression where the value is not known."""
    if given.constant is not None:
        value = given.constant.value
        return f"`{_shortened(value if isinstance(value, str) else repr(value))}`"
    values = [value.value for value in given.values if isinstance(value, Constant)]
    if len(values) == len(given.values):
        shown = [f"`{_shortened(str(value))}`" for value in values]
        return " or ".join(shown if len(shown) <= _MOST else [*shown[: _MOST - 1], f"{len(shown) - _MOST + 1} others"])
    if given.node is None or given.origin == "expand" or not hasattr(given.node, "lineno"):
        return f"an unknown {name}"
    return f"`{_shortened(ast.unparse(given.node))}` (not known here)"


def argument_text(use: Use, name: str) -> str:
    """An argument of a use, or that none is given."""
    given = use.arguments.given.get(name)
    if given is None:
        return f"(no {name} given)" if use.arguments.complete else f"(an unknown {name})"
    text = given_text(given, name)
    return f"({text})" if text == f"an unknown {name}" else text


def connection_text(use: Use, rows: dict[str, ArgumentRow]) -> str:
    """Return where the operator's connection comes from."""
    name = next((row for row in rows if row.endswith("conn_id")), "")
    given = use.arguments.given.get(name)
    if given is None or (given.values == (UNKNOWN,) and given.node is None):
        if use.arguments.complete and given is None:
            return "the default connection"
        return "an unknown connection"
    where = " from default_args" if given.origin == "default_args" else ""
    if given.constant is not None and given.constant.value is None:
        return f"no connection{where}"
    return f"connection {given_text(given, name)}{where}"


def waits_text(module: Module, use: Use) -> str:
    """Return whether the operator waits for its run."""
    state = waits(module, use)
    if state is None and {pass_waits(one) for one in passes(module, use)} == {True, False}:
        return "waits for some of its runs and not for others"
    if state is None:
        return "may or may not wait for it (wait_for_termination is not known here)"
    return "waits for it" if state else "does not wait for it"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
