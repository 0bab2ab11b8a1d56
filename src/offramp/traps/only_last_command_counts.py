"""OFR219: operations of Prefect with several commands, of which only the last one's failure counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.finding.dbt_failures import Operation, judged, operation
from offramp.finding.dbt_in_texts import commands_text
from offramp.finding.trap import File, Trap
from offramp.shell.outcome import ARRIVES, HIDDEN

if TYPE_CHECKING:
    from offramp.editing.planning import Planning
    from offramp.model import Fix, Span
    from offramp.reading.source import Source

SLOTS = ("call", "commands")
HELP = "Make an operation for each command, so that the first failure ends the flow run"
_STRICT = "set -e"
_DBT_ALONE = r"\s*dbt\s[^;&|\n]*"


def find(file: File) -> Iterator[Trap]:
    """The operations in which a command that would fail alone does not, since others follow."""
    for call in file.module.names.calls:
        made = operation(file, call)
        if made is not None and len(made.parts) > 1:
            alone = {verdict.run for verdict in judged(file, made.texts) if verdict.outcome == ARRIVES}
            whole = judged(file, ["\n".join(made.texts)])
            lost = dict.fromkeys(one.run for one in whole if one.outcome == HIDDEN and one.run in alone)
            if lost:
                slots = {"call": made.name, "commands": commands_text([(run, "") for run in lost])}
                yield Trap(call.func, slots, call, learned=made)


def fix(planning: Planning, made: Operation) -> Fix:
    """Have the shell leave at the first failure, or run one command at a time where each gets options of its own."""
    from offramp.model import Applicability, Edit, Fix, Span

    reason = "what was green fails then, and the commands after a failure do not run"
    if made.name != "ShellOperation":
        return _split(planning, made, reason)
    span = planning.source.positions.span(made.parts[0])
    edit = Edit(Span(span.start, span.start), f'"{_STRICT}", ')
    return Fix(f"Begin with `{_STRICT}`", (edit,), Applicability.UNSAFE, reason)


def _split(planning: Planning, made: Operation, reason: str) -> Fix:
    """Write the statement of an operation once for each command. Raises Blocked."""
    from offramp.model import Applicability, Blocked

    source, statement = planning.source, planning.module.names.statement(made.call)
    whole, listed = source.positions.span(statement), source.positions.span(made.node)
    if not _runs(statement, made.call) or not isinstance(made.node, ast.List):
        raise Blocked("is not made and run in one statement, which could be written for each command", made.call)
    if not all(re.fullmatch(_DBT_ALONE, text) for text in made.texts):
        raise Blocked("has commands that prepare something for the next", made.call)
    before = source.utf8[whole.start : listed.start].decode()
    after = source.utf8[listed.end : whole.end].decode()
    texts = [f"{before}[{part}]{after}" for part in _elements(source, made.node, listed)]
    insertions = planning.insertions()
    insertions.replace_statement(statement, texts)
    return insertions.fix("Make an operation for each command", Applicability.UNSAFE, reason)


def _elements(source: Source, node: ast.List, listed: Span) -> Iterator[str]:
    """The elements of a list, each with what stands before it, comments too, and the last with what is behind it."""
    from offramp.editing.bracketed import list_elements

    begin = listed.start + 1
    items = list_elements(source, node).items
    for item in items:
        comma = item.end if item.comma is None else item.comma
        behind = source.utf8[comma + 1 : listed.end - 1] if item is items[-1] and item.comma is not None else b""
        end = listed.end - 1 if item is items[-1] and item.comma is None else comma
        yield (source.utf8[begin:end] + behind).decode().strip(" ")
        begin = comma + 1


def _runs(statement: ast.stmt, call: ast.Call) -> bool:
    """Return whether a statement is nothing but the run of what a call makes, awaited or not."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    value = value.value if isinstance(value, ast.Await) else value
    method = value.func if isinstance(value, ast.Call) and not (value.args or value.keywords) else None
    return isinstance(method, ast.Attribute) and method.attr in ("run", "arun") and method.value is call
