"""The recipe ``call``: the body of a task as a note's template writes it."""

from __future__ import annotations

import re

from offramp.converting.recipes.body import Body, Job, absent_text
from offramp.converting.recipes.filling import Filling

_ALL = "{arguments}"
_NOTHING_WRITTEN = ("dropped", "refused", "selects")


def call(job: Job) -> Body:
    """The template of the note's ``rewrite`` field with its slots filled.

    ``{arguments}`` becomes the keyword arguments of every row that leads to a plain name, each on a line of its own
    where it stands on one; ``{name}`` the value of that argument, ``{name?}`` one that takes its argument or line along
    where it is absent. Import lines at the top are imported by the file. Raises Blocked.
    """
    filling = Filling(job)
    template = filling.chosen()
    filling.imports.update(template.imports)
    filling.is_async = any("await " in line for line in template.lines)
    return filling.finished([filled for line in template.lines for filled in _filled(filling, line)])


def _filled(filling: Filling, line: str) -> list[str]:
    """The lines that one line of the template gives."""
    from offramp.knowledge.rewrites import SLOT

    if line.strip() == _ALL:
        indent = line[: len(line) - len(line.lstrip())]
        return [f"{indent}{name}={value}," for name, value in _keywords(filling).items()]
    written = line
    for name, form in SLOT.findall(line):
        if form == "?" and filling.is_absent(name):
            filling.used.add(name)
            written = _without(written, name)
    if not written.strip() and line.strip():
        return []
    return [SLOT.sub(lambda slot: _slot(filling, slot[1], slot[2] or ""), written)]


def _slot(filling: Filling, name: str, form: str) -> str:
    if name == "arguments":
        return ", ".join(f"{keyword}={value}" for keyword, value in _keywords(filling).items())
    return filling.value(name, form)


def _keywords(filling: Filling) -> dict[str, str]:
    """The keyword arguments of the call, in the order of the note's rows."""
    job = filling.job
    found: dict[str, str] = {}
    for name, row in job.rows.items():
        if row.target.isidentifier() and row.target not in _NOTHING_WRITTEN:
            if name in job.results or name in job.call:
                found[row.target] = filling.written(name)
            elif row.when_absent:
                found.setdefault(row.target, absent_text(row))
    return found


def _without(line: str, name: str) -> str:
    """The line of a template without the argument that a slot is; empty where the slot is not an argument."""
    item = rf'(?:\w+=|"[^"]*": ?)?\{{{name}\?\}}'
    for pattern in (rf"{item}, *", rf", *{item}", rf"(?<=[(\[{{]){item}(?=[)\]}}])"):
        shorter, number = re.subn(pattern, "", line)
        if number:
            return shorter
    return ""
