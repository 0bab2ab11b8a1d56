"""The templates in a note's ``rewrite`` field, and the blocks that its rows name; knowledge layer."""

from __future__ import annotations

import ast
import re

from offramp.knowledge.note_format import fences
from offramp.model import ArgumentRow
from offramp.record import NamedTuple

# ``{name}`` is a value, ``{name?}`` one that takes its argument or line along where it is absent, ``{name:text}`` the
# letters of a string; ``:flag``, ``:words`` and ``:json`` are those of command lines.
SLOT = re.compile(r"\{([A-Za-z_]\w*)(\?|:[a-z]+\??)?\}")
_CONDITION = re.compile(r"([A-Za-z_]\w*)(!=|=|:)(\S*)$")
_BLOCK = re.compile(r"block: ([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\((\w+(?:, ?\w+)*)\))?$")
_UNSAFE = re.compile(r"^- unsafe: (.+(?:\n  .+)*)", re.MULTILINE)
_REFUSED = re.compile(r"^- refused: `(\w+)` with `([^`]+)`: (.+(?:\n  .+)*)", re.MULTILINE)


class Condition(NamedTuple):
    """An argument that has a value (``=``, nothing for None), has another (``!=``), or is of a type (``:``).

    The type ``any`` is that of absent ones too: the argument makes no difference to a template.
    """

    argument: str
    sign: str
    wanted: str


class Template(NamedTuple):
    """One template: when it holds, what it imports, and its lines after that; ``problem`` says what it is not."""

    conditions: tuple[Condition, ...]
    imports: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    problem: str = ""

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots."""
        return tuple(name for line in self.lines for name, _ in SLOT.findall(line))


class NamedBlock(NamedTuple):
    """A class of blocks that a row names, and its fields that come from the environment, all of them where none."""

    path: str
    fields: tuple[str, ...]


def templates(rewrite: str) -> tuple[Template, ...]:
    """The templates of a ``rewrite`` field, in order: the first whose conditions hold is taken."""
    return tuple(_template(fence.language, fence.content) for fence in fences(rewrite))


def always_unsafe(rewrite: str) -> tuple[str, ...]:
    """The reasons (``- unsafe: …``) why what a rewrite gives is never safe."""
    return tuple(" ".join(reason.split()) for reason in _UNSAFE.findall(rewrite))


def refused_texts(rewrite: str) -> tuple[tuple[str, str, str], ...]:
    """The arguments that a rewrite refuses by what is in their text (``- refused: `name` with `text`: reason``)."""
    return tuple((name, text, " ".join(reason.split())) for name, text, reason in _REFUSED.findall(rewrite))


def named_block(row: ArgumentRow) -> NamedBlock | None:
    """The block that an argument becomes by its row; None for other rows."""
    match = _BLOCK.fullmatch(row.target)
    if match is None:
        return None
    return NamedBlock(match[1], tuple(re.findall(r"\w+", match[2] or "")))


def _template(info: str, content: str) -> Template:
    words = info.split()[1:]
    conditions = [_CONDITION.match(word) for word in words]
    problem = next((f"`{word}` is not a condition" for word, one in zip(words, conditions, strict=True) if not one), "")
    lines: list[str] = []
    imports: list[tuple[str, str]] = []
    for line in content.rstrip().splitlines():
        if line.startswith(("import ", "from ")):
            imports += _imported(line)
        elif lines or line.strip():
            lines.append(line)
    found = tuple(Condition(one[1], one[2], one[3]) for one in conditions if one is not None)
    return Template(found, tuple(imports), tuple(lines), problem)


def _imported(line: str) -> list[tuple[str, str]]:
    try:
        statement = ast.parse(line).body[0]
    except SyntaxError:
        return []
    if isinstance(statement, ast.ImportFrom):
        return [(statement.module or "", alias.name) for alias in statement.names]
    return [("", alias.name) for alias in statement.names] if isinstance(statement, ast.Import) else []
