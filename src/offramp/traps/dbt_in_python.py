"""OFR123: Python code of DAG files that runs dbt."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.dbt_in_calls import starts
from offramp.finding.dbt_in_texts import commands_text, doubt_text, place_text
from offramp.finding.trap import File, Trap
from offramp.finding.written_texts import texts_of

SLOTS = ("how", "commands", "place", "doubt")


def find(file: File) -> Iterator[Trap]:
    """The calls, in files that import Airflow."""
    if not any(_is_of_airflow(node) for node in ast.walk(file.source.tree)):
        return
    for call, start in starts(file).items():
        reading = start.reading
        slots = {
            "how": start.how,
            "commands": commands_text(reading.runs),
            "place": place_text(reading.runs, _directory(file, call)),
            "doubt": doubt_text(reading),
        }
        yield Trap(call.func, slots, call)


def _is_of_airflow(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").partition(".")[0] == "airflow"
    return isinstance(node, ast.Import) and any(one.name.partition(".")[0] == "airflow" for one in node.names)


def _directory(file: File, call: ast.Call) -> str:
    given = next((one.value for one in call.keywords if one.arg == "cwd"), None)
    return "" if given is None else texts_of(file.module.values, given)[0]
