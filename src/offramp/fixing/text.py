"""Layout of generated code: string literals, and calls on one line where they fit, else one argument a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH = 88
INDENT = "    "


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
    """A constant, or lists and dicts of constants, as Python text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return repr_text(value) if isinstance(value, str) else repr(value)
