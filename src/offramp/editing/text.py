"""Layout of generated code: string literals, expressions, and calls on one line where they fit, else a line each."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from offramp.reading.source import Source

WIDTH = 88
INDENT = "    "
# What binds as closely as a name does; all else needs parentheses beside an operator.
_CLOSED = (
    ast.Name,
    ast.Constant,
    ast.Attribute,
    ast.Call,
    ast.Subscript,
    ast.List,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.GeneratorExp,
    ast.JoinedStr,
)
_OWN_LINE = (ast.NamedExpr, ast.Yield, ast.YieldFrom)


def repr_text(value: str) -> str:
    """A string literal in double quotes where that needs no escapes."""
    return f'"{value}"' if value.isprintable() and not set('"\\') & set(value) else repr(value)


def call_lines(
    function: str, arguments: Mapping[str, str], positional: Sequence[str] = (), *, indent: int = 4
) -> list[str]:
    """The lines of a call with keyword arguments; ``indent`` columns are kept free before them."""
    parts = [*positional, *(f"{name}={value}" for name, value in arguments.items())]
    line = f"{function}({', '.join(parts)})"
    if len(line) + indent <= WIDTH and "\n" not in line:
        return [line]
    lines = [f"{function}("]
    for part in parts:
        first, *rest = part.split("\n")
        lines += [INDENT + first, *(INDENT + other for other in rest)]
        lines[-1] += ","
    lines.append(")")
    return lines


def literal(value: object) -> str:
    """A constant, or lists, tuples and dicts of constants, as Python text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    return repr_text(value) if isinstance(value, str) else repr(value)


def unparsed(node: ast.AST) -> str:
    """The text of an expression that stands nowhere, its strings as they are written here."""
    import tokenize  # slow to load
    from io import StringIO

    text = ast.unparse(node)
    found = [one for one in tokenize.generate_tokens(StringIO(text).readline) if one.type == tokenize.STRING]
    for token in reversed([one for one in found if one.string.startswith("'") and one.start[0] == one.end[0] == 1]):
        text = text[: token.start[1]] + repr_text(ast.literal_eval(token.string)) + text[token.end[1] :]
    return text


def expression_text(source: Source, node: ast.AST, *, one_line: bool = True) -> str:
    """An expression's source, as it can stand for an argument, an element or a value of a dict."""
    segment = source.segment(source.positions.span(node))
    text = ast.unparse(node) if one_line and "\n" in segment else segment
    open_tuple = isinstance(node, ast.Tuple) and not _is_one_argument(text)
    return f"({text})" if open_tuple or isinstance(node, _OWN_LINE) else text


def operand(text: str) -> str:
    """An expression's text as it can stand beside an operator, in the braces of an f-string, or before ``[``."""
    closed = isinstance(ast.parse(f"({text})", mode="eval").body, _CLOSED)
    return text if closed else f"({text})"


def _is_one_argument(text: str) -> bool:
    call = ast.parse(f"f({text})", mode="eval").body
    return isinstance(call, ast.Call) and len(call.args) == 1
