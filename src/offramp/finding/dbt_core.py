"""The words of messages on operators that run dbt Core: the command line that they run, the project, its tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from offramp.finding.configurations import configuration, member
from offramp.finding.describe import given_text
from offramp.finding.operators import Module, Use
from offramp.model import ArgumentRow, Note
from offramp.python.evaluation import Values
from offramp.python.values import UNKNOWN, Arguments, Constant, Given, Items, Made, Reference, Table

_LONGEST = 120
_UNKNOWN = "…"
# Words for where a value stands in what Cosmos is configured by: the configuration's class and argument there, and the
# operator's own argument, which releases before 1.0 have.
_PROJECT = (("project_config", "dbt_project_path"), ("project_config", "manifest_path"), ("", "dbt_project_name"))
_SELECTING = (("select", "--select"), ("exclude", "--exclude"), ("selector", "--selector"))
_TESTS = {
    "AFTER_EACH": "tests after each model",
    "AFTER_ALL": "tests after everything",
    "BUILD": "tests by `dbt build`",
    "NONE": "no tests",
}


def line_text(module: Module, use: Use) -> str:
    """The dbt command line that an operator runs, as its note's table has it; what is not known is an ellipsis."""
    values, note = module.values, use.note
    words = {"program": ["dbt"], "before": [], "after": [], "behind": []}
    for name, row in module.rulebook.arguments(note).items():
        given = use.arguments.given.get(name)
        if given is None or not (row.target == "dbt" or row.target.startswith(("--", "dbt "))):
            continue
        if row.target == "dbt":
            words["program"] = [_program(given)]
        elif row.target.startswith("--"):
            words["behind"] += _option(values, row, row.target, given)
        elif row.target.startswith("dbt --"):
            words["before"] += _option(values, row, row.target.removeprefix("dbt "), given)
        elif row.target == "dbt flags":
            words["before" if "global" in name else "behind"].append(_value(values, given) or _UNKNOWN)
        else:
            words["after"].append(_value(values, given) or _UNKNOWN)
    command = by_name(note, "runs", use.path)
    line = [*words["program"], *words["before"], command, *words["after"], *words["behind"]]
    if not use.arguments.complete:
        line.append(_UNKNOWN)
    text = " ".join(word for word in line if word)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}{_UNKNOWN}"


def where_text(module: Module, use: Use) -> str:
    """Return where an operator runs dbt: by its class, or by the execution mode that it is given."""
    place = by_name(use.note, "where", use.path)
    if place:
        return place
    given = _configured(module, use, "execution_config", "execution_mode")
    default = "LOCAL" if _is_known(module, use, "execution_config") else ""
    mode = default if given is None else member(given.values)
    return f"execution mode {mode}" if mode else "an execution mode that is not known here"


def project_text(module: Module, use: Use) -> str:
    """The dbt project that an operator runs."""
    for config, name in _PROJECT:
        given = _configured(module, use, config, name)
        if given is not None:
            text = _value(module.values, given)
            return f"the dbt project `{text}`" if text else f"the dbt project {given_text(given, 'path')}"
    return "a dbt project that is not known here"


def selection_text(module: Module, use: Use) -> str:
    """The nodes of the project that an operator runs."""
    parts = []
    for name, option in _SELECTING:
        given = _configured(module, use, "render_config", name)
        if given is None or given.constant == Constant(None):
            continue
        text = _value(module.values, given)
        if text != "":
            parts.append(f"`{option} {text or _UNKNOWN}`")
    if parts:
        return " ".join(parts)
    return "all of it" if _is_known(module, use, "render_config") else "a selection that is not known here"


def tests_text(module: Module, use: Use) -> str:
    """Return when an operator runs the tests of the project."""
    return _TESTS.get(test_behavior(module, use), "it is not known here when tests run")


def test_behavior(module: Module, use: Use) -> str:
    """Return the member of Cosmos's ``TestBehavior`` that holds for an operator; empty where it is not known."""
    given = _configured(module, use, "render_config", "test_behavior")
    if given is not None:
        return member(given.values)
    return "AFTER_EACH" if _is_known(module, use, "render_config") else ""


def _configured(module: Module, use: Use, config: str, name: str) -> Given | None:
    """An argument of one of the configurations that Cosmos is given, or of the operator itself."""
    if name in use.arguments.given:
        return use.arguments.given[name]
    made = _configuration(module, use, config)
    return made.given.get(name) if made is not None else None


def _configuration(module: Module, use: Use, config: str) -> Arguments | None:
    given = use.arguments.given.get(config)
    value = given.values[0] if given is not None and len(given.values) == 1 else UNKNOWN
    return configuration(module.values, config, value)


def _is_known(module: Module, use: Use, config: str) -> bool:
    """Return whether all that a configuration is given is known."""
    if config not in use.arguments.given:
        return use.arguments.complete
    made = _configuration(module, use, config)
    return made is not None and made.complete


def by_name(note: Note, field: str, path: str) -> str:
    """The text of the bullet ``- Name: text`` whose name a class's name has, at an end of it; the longest counts."""
    name = path.rpartition(".")[2]
    found = ("", "")
    for line in note.fields.get(field, "").splitlines():
        key, _, text = line.removeprefix("- ").partition(": ")
        if len(key) > len(found[0]) and (name.startswith(key) or name.endswith(key)):
            found = (key, text)
    return found[1]


def _program(given: Given) -> str:
    return str(given.constant.value) if given.constant is not None and given.constant.value else _UNKNOWN


def _option(values: Values, row: ArgumentRow, option: str, given: Given) -> Iterator[str]:
    """The words of an option; none where the argument is not set."""
    constant = given.constant
    if constant is not None and (constant.value is None or constant.value is False):
        return
    yield option
    if (constant is None or constant.value is not True) and " " not in option:
        yield _quoted(text) if (text := _value(values, given, as_json=row.name in {"vars", "args"})) else _UNKNOWN


def _value(values: Values, given: Given, *, as_json: bool = False) -> str | None:
    """The text that an argument gives dbt: a list's parts with blanks between; None where it is not known."""
    value = given.values[0] if len(given.values) == 1 else None
    if isinstance(value, Constant):
        return str(value.value)
    if isinstance(value, Items) and value.complete:
        parts = [values.single(node) for node in value.nodes]
        known = [str(part.value) for part in parts if isinstance(part, Constant)]
        return " ".join(known) if len(known) == len(parts) else None
    if isinstance(value, Table) and value.complete:
        return _table(values, value.entries) if as_json else (None if value.entries else "")
    if isinstance(value, Made) and isinstance(value.callee, Reference) and value.callee.path.startswith("pathlib."):
        first = values.single(value.call.args[0]) if len(value.call.args) == 1 else None
        return str(first.value) if isinstance(first, Constant) else None
    return None


def _table(values: Values, entries: Mapping[str, object]) -> str | None:
    known = {name: values.single(node) for name, node in entries.items() if node is not None}  # type: ignore[arg-type]
    if len(known) != len(entries) or not all(isinstance(value, Constant) for value in known.values()):
        return None
    return json.dumps({name: value.value for name, value in known.items()}, default=str)  # type: ignore[union-attr]


def _quoted(text: str) -> str:
    return text if text and not any(sign in text for sign in " \t\n'\"{}$;&|<>()") else f"'{text}'"
