"""The recipe ``call``: the body of a task as a note's template writes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from offramp.converting.recipes.body import Body, Job, absent_text
from offramp.editing.text import INDENT, operand
from offramp.model import Blocked
from offramp.python.nodes import walk

_SLOT = r"\{([A-Za-z_]\w*)\}"
_ALL = "{arguments}"


def call(job: Job) -> Body:
    """The template of the note's ``rewrite`` field with its slots filled.

    ``{arguments}`` becomes the keyword arguments of every row that leads to a plain name, each on a line of its own
    where it stands on one; ``{name}`` the value of that argument. Import lines at the top are imported by the file.
    Raises Blocked.
    """
    from offramp.knowledge.note_format import fenced_blocks

    blocks = fenced_blocks(job.expressions.module.rulebook.notes[job.task.kind].fields["rewrite"])
    if len(blocks) != 1:
        raise Blocked("the note's rewrite has no template", job.task.node)
    if job.consumed:
        raise Blocked("another task takes the result, which the note's template does not tell", job.task.node)
    if job.results:
        raise Blocked("takes a result of another task, which the note's template does not tell", job.task.node)
    keywords = _keywords(job)
    lines: list[str] = []
    imports: set[tuple[str, str]] = set()
    for line in blocks[0].rstrip().splitlines():
        if line.startswith(("import ", "from ")):
            imports |= _imported(line, job)
        elif line.strip() == _ALL:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [f"{indent}{name}={value}," for name, value in keywords.items()]
        elif lines or line.strip():
            lines.append(re.sub(_SLOT, lambda slot: _value(job, slot[1], keywords), line))
    text = "\n".join(["async def f():", *(INDENT + line for line in lines)])
    awaits = any(isinstance(node, ast.Await) for node in walk(_parsed(text, job)))
    return Body(tuple(lines), {}, awaits, frozenset(imports))


def _keywords(job: Job) -> dict[str, str]:
    """The keyword arguments of the call, in the order of the note's rows."""
    found: dict[str, str] = {}
    for name, row in job.rows.items():
        if row.target.isidentifier() and row.target not in ("dropped", "refused", "selects"):
            if name in job.call:
                found[row.target] = job.expressions.text(job.call[name][1], template=True)
            elif row.when_absent:
                found.setdefault(row.target, absent_text(row))
    for row, argument in job.call.values():
        if not row.target.isidentifier():
            raise Blocked(f"`{row.name}` becomes `{row.target}`, which the recipe `call` cannot write", argument.node)
    return found


def _value(job: Job, name: str, keywords: Mapping[str, str]) -> str:
    if name == "arguments":
        return ", ".join(f"{keyword}={value}" for keyword, value in keywords.items())
    given = job.call[name][1] if name in job.call else job.task.arguments.get(name)
    if given is not None:
        return operand(job.expressions.text(given, template=True))
    row = job.rows.get(name)
    if row is None or not row.when_absent:
        raise Blocked(f"no `{name}` is given, which the note's template needs", job.task.node)
    return absent_text(row)


def _parsed(text: str, job: Job) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        raise Blocked("the template of the note does not give Python here", job.task.node) from None


def _imported(line: str, job: Job) -> set[tuple[str, str]]:
    statement = _parsed(line, job).body[0]
    where = statement.module or "" if isinstance(statement, ast.ImportFrom) else ""
    return (
        {(where, alias.name) for alias in statement.names}
        if isinstance(statement, ast.Import | ast.ImportFrom)
        else set()
    )
