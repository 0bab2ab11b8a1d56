"""Templates of Airflow's arguments as Python text that gives what they render to."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from offramp.converting.argument_text import UNRENDERED, Expressions, Rendered
from offramp.converting.cases.case import Case
from offramp.converting.cases.template_fields import Field, Parts, entries_of, table_entries
from offramp.dags.graph import Argument
from offramp.editing.text import operand, repr_text
from offramp.model import Blocked
from offramp.python.values import Constant

_LONGEST_WRITTEN = 100_000
_MERGED = "**"


def field_text(field: Field) -> str:
    """A field alone, as text."""
    return f'f"{{{field.code}}}"'


class Templates:
    """Writes what the arguments of one task render to, of whose texts the ``parts`` are given."""

    def __init__(self, case: Case, expressions: Expressions, parts: Mapping[ast.AST, Parts]) -> None:
        self._case = case
        self._expressions = expressions
        self._parts = parts
        self._whole: dict[ast.AST, Rendered | None] = {}

    def rendered(self, argument: Argument) -> dict[ast.AST, Rendered]:
        """Return what an argument and the entries of a dict in it render to, where they change. Raises Blocked."""
        found: dict[ast.AST, Rendered] = {}
        self._add_rendered(argument, found, set())
        return found

    def _add_rendered(self, argument: Argument, found: dict[ast.AST, Rendered], seen: set[ast.AST]) -> None:
        """Add them, each once however often it is named."""
        seen.add(argument.node)
        for entry in table_entries(self._case, argument.node):
            if entry not in seen:
                self._add_rendered(argument._replace(node=entry), found, seen)
        if (whole := self._rendered(argument)) is not None:
            found[argument.node] = whole

    def _rendered(self, argument: Argument) -> Rendered | None:
        if argument.node not in self._whole:
            self._whole[argument.node] = self._of_argument(argument)
        found = self._whole[argument.node]
        if found is not None and len(found.text) > _LONGEST_WRITTEN:
            raise Blocked("is too long to be written out", argument.node)
        return found

    def _of_argument(self, argument: Argument) -> Rendered | None:
        known = self._case.constant(argument)
        if known is not None:
            return _text(known.value, self._parts[argument.node]) if isinstance(known.value, str) else None
        display = entries_of(self._case, argument.node)
        return None if display is None else self._display(argument, display)

    def _display(self, argument: Argument, display: ast.List | ast.Tuple | ast.Dict) -> Rendered | None:
        entries = display.values if isinstance(display, ast.Dict) else display.elts
        parts = [argument._replace(node=entry) for entry in entries]
        inner = [self._rendered(part) for part in parts]
        if not any(one is not None for one in inner):
            return None
        if isinstance(argument.node, ast.Name):
            self._expressions.check_lasts(argument.node)
        texts = [
            one.text if one is not None else self._expressions.text(part, template=True)
            for one, part in zip(inner, parts, strict=True)
        ]
        if isinstance(display, ast.Dict):
            heads = [self._key(argument, key) for key in display.keys]
            texts = [
                head + (text if head != _MERGED else operand(text)) for head, text in zip(heads, texts, strict=True)
            ]
            return Rendered(f"{{{', '.join(texts)}}}")
        joined = ", ".join(texts)
        if isinstance(display, ast.List):
            return Rendered(f"[{joined}]")
        return Rendered(f"({joined},)" if len(texts) == 1 else f"({joined})")

    def _key(self, argument: Argument, key: ast.expr | None) -> str:
        return _MERGED if key is None else f"{self._expressions.text(argument._replace(node=key))}: "


def _text(text: str, parts: Parts) -> Rendered | None:
    """Return what a text renders to; None where that is the text itself, a stand-in where it is not known."""
    fields = [part for part in parts if isinstance(part, Field)]
    if any(field.problem is not None for field in fields):
        return UNRENDERED
    if not fields:
        whole = "".join(map(str, parts))
        return None if whole == text else Rendered(repr_text(whole), Constant(whole))
    written = "".join(_literal(part) if isinstance(part, str) else f"{{{part.code}}}" for part in parts)
    lengths = [len(part) if isinstance(part, str) else part.longest for part in parts]
    usual = [part if isinstance(part, str) else part.usual for part in parts]
    return Rendered(
        f'f"{written}"',
        longest=None if None in lengths else sum(filter(None, lengths)),
        usual=None if None in usual else "".join(filter(None, usual)),
    )


def _literal(text: str) -> str:
    """Text as it stands in an f-string in double quotes."""
    special = {'"': '\\"', "\\": "\\\\", "{": "{{", "}": "}}"}
    return "".join(special.get(one, one if one.isprintable() else repr(one)[1:-1]) for one in text)
