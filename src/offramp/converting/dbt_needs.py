"""Tells what the dbt commands of a flow need where it runs: projects, and the adapters of their profiles."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator

from offramp.converting.recipes.run_functions import RUN_BASH, RUN_COMMAND
from offramp.finding.dbt_in_texts import script_text
from offramp.finding.written_texts import texts_of, words_of
from offramp.python.code import Code
from offramp.python.programs import starts_program
from offramp.python.values import Reference
from offramp.record import NamedTuple
from offramp.settings import DBT_COMMANDS
from offramp.shell.parsing import UNKNOWN
from offramp.shell.reading import Reader

_PROFILES = "profiles.yml"
# The class by which prefect-dbt's runner is told the project.
_SETTINGS = Reference("prefect_dbt.PrefectDbtSettings")


class DbtNeeds(NamedTuple):
    """The directories that dbt runs in, as far as they are known, and the packages of the adapters that it needs."""

    directories: tuple[str, ...]
    packages: tuple[str, ...]


def dbt_needs(path: str, text: bytes) -> DbtNeeds | None:
    """The needs of a flow, made of the file ``path``; None where it runs no dbt command that is seen."""
    if not any(name.encode() in text for name in DBT_COMMANDS):
        return None
    code = Code(ast.parse(text))
    found = [one for call in code.names.calls for one in _run_in(code, path, call)]
    if not found:
        return None
    directories = tuple(sorted({one for one in found if one and UNKNOWN not in one}))
    adapters = {adapter for one in directories for adapter in _adapters(path, one)}
    return DbtNeeds(directories, ("dbt-core", *sorted(f"dbt-{adapter}" for adapter in adapters)))


def _run_in(code: Code, path: str, call: ast.Call) -> Iterator[str]:
    """The directory of each dbt command that a call is given; empty for that of the flow."""
    if code.values.single(call.func) == _SETTINGS:
        yield from (
            texts_of(code.values, one.value)[0].rstrip("/") for one in call.keywords if one.arg == "project_dir"
        )
    if not call.args or not _starts(code, call):
        return
    reader = Reader(DBT_COMMANDS, lambda script: script_text(path, script))
    lists = words_of(code.values, call.args[0])
    readings = [reader.words(words) for words in lists]
    readings += [] if lists else [reader.text(text) for text in texts_of(code.values, call.args[0])]
    given = next((one.value for one in call.keywords if one.arg == "cwd"), None)
    start = texts_of(code.values, given)[0] if given is not None else ""
    for run, changed in (one for reading in readings for one in reading.runs):
        yield (run.option("--project-dir") or os.path.join(start, changed)).rstrip("/")


def _starts(code: Code, call: ast.Call) -> bool:
    """Return whether a call starts a program: by a function of a flow's file, or of the standard library."""
    if isinstance(call.func, ast.Name) and call.func.id in {RUN_BASH, RUN_COMMAND}:
        return True
    value = code.values.single(call.func)
    return isinstance(value, Reference) and starts_program(value.path)


def _adapters(path: str, directory: str) -> Iterable[str]:
    """The kinds of databases in the profiles beside a dbt project, where it lies in the repository of a file."""
    import yaml

    text = script_text(path, f"{directory}/{_PROFILES}")
    if text is None:
        return
    try:
        profiles = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    for profile in profiles.values() if isinstance(profiles, dict) else ():
        outputs = profile.get("outputs") if isinstance(profile, dict) else None
        for output in outputs.values() if isinstance(outputs, dict) else ():
            if isinstance(output, dict) and isinstance(output.get("type"), str):
                yield output["type"]
