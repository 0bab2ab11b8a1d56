"""Begins a mapping note from an operator's code, which is read and never run; above the engine."""

from __future__ import annotations

import ast
import re

from offramp.knowledge.rulebook import Rulebook
from offramp.model import OfframpError
from offramp.reading.installed import class_at, class_in, module_file, parsed

_RUNS_FROM = 801
_RUNS_TO = 899
_SAMPLES = {"int": "1", "float": "1.0", "bool": "True", "dict": "{}", "list": "[]"}


def scaffold(path: str, file: str | None, rulebook: Rulebook) -> str:
    """A section on the operator at a dotted path, in the form of a note file.

    ``file`` is the Python file to read it from instead of the environment. Raises OfframpError.
    """
    module, _, name = path.rpartition(".")
    if not module or not all(part.isidentifier() for part in path.split(".")):
        raise OfframpError(f"`{path}` is not a dotted path like company.operators.NightlyDbtOperator")
    node, tree = _definition(path, file)
    constructor = _constructor(node)
    parameters = _parameters(constructor) if constructor is not None else []
    base = _noted_base(node, tree, rulebook)
    lines = [f"{{% section {name} %}}", "## operator", name, "", "## module", module, ""]
    code = _free_code(rulebook)
    lines += ["## code", f"{code} {_kebab(name)}", "", "- status: preview", ""]
    lines += ["## message", "`{operator}` is {task}, an operator of this project", ""]
    lines += ["## intent", _summary(node) or f"Finds uses of `{name}`.", ""]
    lines += ["## source_context", f"What `{name}` sends, waits for and fails on.", ""]
    known = rulebook.arguments(rulebook.notes[base]) if base else {}
    role = next(iter(rulebook.notes[base].roles.values()), "") if base else ""
    lines += ["## role", role, ""] if role else []
    lines += ["## inherits", "- BaseOperator", ""]
    lines += ["## arguments", "| airflow | prefect | when absent | note |", "|---|---|---|---|"]
    handed_on = _handed_on(constructor) if constructor is not None else {}
    for parameter, _, default in parameters:
        row = known.get(handed_on.get(parameter, parameter))
        target = row.target if row is not None else "refused"
        note = "" if row is not None else "what it becomes is not said yet"
        absent = row.when_absent if row is not None else ""
        if default is not None and target not in ("refused", "dropped", "selects"):
            absent = default.strip("'") if default != "None" else absent
        lines.append(f"| `{parameter}` | `{target}` | {f'`{absent}`' if absent else ''} | {note} |")
    given = ['task_id="run"', *(f"{each}={sample}" for each, sample, default in parameters if default is None)]
    example = [f"from {module} import {name}", "", f"run = {name}({', '.join(given)})  # {code}"]
    lines += ["", "## example", "### before", "```python", *example, "```", "{% endsection %}", ""]
    return "\n".join(lines)


def _definition(path: str, file: str | None) -> tuple[ast.ClassDef, ast.Module]:
    module, _, name = path.rpartition(".")
    if file is None and module_file(module) is None:
        raise OfframpError(f"there is no module `{module}` here: name the file that defines `{name}`")
    try:
        if file is not None:
            tree = parsed(file)
            found = class_in(tree, name)
        else:
            place = class_at(path)
            found, tree = (place[0], parsed(place[1])) if place is not None else (None, ast.Module([], []))
    except OSError as error:
        raise OfframpError(f"{file}: cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise OfframpError(f"{file or module}:{line}: cannot be parsed: {getattr(error, 'msg', error)}") from None
    if not isinstance(found, ast.ClassDef):
        raise OfframpError(f"{file or f'`{module}`'} defines no class `{name}`")
    return found, tree


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)


def _parameters(constructor: ast.FunctionDef) -> list[tuple[str, str, str | None]]:
    """Name, an example of a value, and default of each parameter; None for a required one."""
    taken = constructor.args
    plain = [*taken.posonlyargs, *taken.args][1:]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(taken.defaults)) + list(taken.defaults)
    pairs = [*zip(plain, defaults, strict=True), *zip(taken.kwonlyargs, taken.kw_defaults, strict=True)]
    return [
        (parameter.arg, _sample(parameter), ast.unparse(default) if default is not None else None)
        for parameter, default in pairs
        if parameter.arg != "task_id"
    ]


def _handed_on(constructor: ast.FunctionDef) -> dict[str, str]:
    """The parameters that a constructor hands on to its base as they are, with the names they have there."""
    return {
        keyword.value.id: keyword.arg
        for call in ast.walk(constructor)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
        for keyword in call.keywords
        if keyword.arg is not None and isinstance(keyword.value, ast.Name)
    }


def _sample(parameter: ast.arg) -> str:
    kind = ast.unparse(parameter.annotation) if parameter.annotation is not None else ""
    return next((sample for name, sample in _SAMPLES.items() if re.match(rf"{name}\b", kind)), f'"{parameter.arg}"')


def _noted_base(node: ast.ClassDef, tree: ast.Module, rulebook: Rulebook) -> str:
    """The section of the first base that a note covers."""
    imported = {
        alias.asname or alias.name: f"{item.module}.{alias.name}"
        for item in ast.walk(tree)
        if isinstance(item, ast.ImportFrom)
        for alias in item.names
    }
    for base in node.bases:
        note = rulebook.note(imported.get(ast.unparse(base), ast.unparse(base)))
        if note is not None:
            return note.section
    return ""


def _summary(node: ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n\n")[0].strip()


def _kebab(name: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    return "-".join(word.lower() for word in words) or "operator"


def _free_code(rulebook: Rulebook) -> str:
    for number in range(_RUNS_FROM, _RUNS_TO + 1):
        if f"OFR{number}" not in rulebook.rules:
            return f"OFR{number}"
    raise OfframpError("OFR801 to OFR899 are all used")
