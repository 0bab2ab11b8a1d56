"""Sets one argument of a call of prefect-dbt."""

from __future__ import annotations

import ast
from itertools import pairwise

from offramp.finding.prefect_context import Prefect, Target
from offramp.fixing.expressions import Blocked
from offramp.fixing.insertions import Insertions
from offramp.fixing.recipes.job_block import POSITIONAL
from offramp.fixing.text import INDENT, WIDTH
from offramp.knowledge.prefect_dbt_calls import TRIGGER_AND_WAIT
from offramp.model import Span
from offramp.reading.source import Source

_AIRFLOWS_TIMEOUT = 604800
_ATTEMPTS = "retry_filtered_models_attempts"


def no_attempts(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Turn off retries that are never sent; returns the title. Raises Blocked."""
    title = f"Set `{_ATTEMPTS}=0`"
    arguments = prefect.values.arguments(call, POSITIONAL[TRIGGER_AND_WAIT])
    given = arguments.given.get(_ATTEMPTS)
    if given is None:
        if not arguments.complete:
            raise Blocked("not all arguments are seen in this call", call)
        add_argument(insertions, call, f"{_ATTEMPTS}=0")
    elif given.node in (*call.args, *(keyword.value for keyword in call.keywords)) and given.node is not None:
        insertions.replace_node(given.node, "0")
    else:
        raise Blocked(f"`{_ATTEMPTS}` is not given in this call", call)
    return title


def longer_wait(insertions: Insertions, call: ast.Call, target: Target | None) -> str:
    """Wait as long as Airflow does; returns the title. Raises Blocked."""
    argument = "timeout_seconds" if target is None else "max_wait_seconds"
    add_argument(insertions, call, f"{argument}={_AIRFLOWS_TIMEOUT}")
    return f"Set `{argument}={_AIRFLOWS_TIMEOUT}`, as in Airflow"


def add_argument(insertions: Insertions, call: ast.Call, text: str, *, wider: int = 0) -> None:
    """Add a keyword argument at the end of a call; one argument a line where they have lines or fit on none.

    ``wider`` are the columns by which other edits make the call's line longer.
    """
    source = insertions.source
    span = source.positions.span
    parts: list[ast.expr | ast.keyword] = sorted([*call.args, *call.keywords], key=span)
    close = span(call).end - 1
    if not parts:
        insertions.replace(Span(close, close), text)
        return
    last = span(parts[-1])
    behind = source.utf8[last.end : close]
    if b")" in behind.split(b"#")[0] or any(isinstance(argument, ast.GeneratorExp) for argument in call.args):
        raise Blocked("a parenthesis stands behind the last argument", call)
    indent = _indent(source, parts[-1])
    if indent is not None:
        insertions.replace(Span(last.end, last.end), f",\n{indent}{text}")
        return
    line = source.positions.line(parts[0].lineno)
    one_line = parts[0].lineno == parts[-1].end_lineno and _outermost(insertions, call)
    if not one_line or len(line) + len(text) + 2 + wider <= WIDTH or b"#" in behind:
        insertions.replace(Span(last.end, last.end), f", {text}")
        return
    outer = line[: len(line) - len(line.lstrip())]
    first = _indent(source, parts[0])
    inner = first if first is not None else outer + INDENT
    if first is None:
        opening = span(call.func).end + 1
        insertions.replace(Span(opening, span(parts[0]).start), f"\n{inner}")
    for before, after in pairwise(parts):
        insertions.replace(Span(span(before).end, span(after).start), f",\n{inner}")
    if first is None:
        insertions.replace(Span(last.end, close), f",\n{inner}{text},\n{outer}")
    else:
        insertions.replace(Span(last.end, last.end), f",\n{inner}{text}" + ("" if b"," in behind else ","))


def _outermost(insertions: Insertions, call: ast.Call) -> bool:
    """Whether a call is all that its statement has on its right side."""
    parents = insertions.names.parents
    outer = parents[call]
    while isinstance(outer, ast.Await | ast.Attribute) or (isinstance(outer, ast.Call) and outer.func is not call):
        if isinstance(outer, ast.Call) and (outer.args or outer.keywords):
            return False
        outer = parents[outer]
    return isinstance(outer, ast.stmt)


def _indent(source: Source, part: ast.expr | ast.keyword) -> str | None:
    """The blanks before an argument that begins its line; None for others."""
    row = source.positions.offset(part.lineno, 0)
    before = source.utf8[row : source.positions.span(part).start].decode()
    return None if before.strip() else before
