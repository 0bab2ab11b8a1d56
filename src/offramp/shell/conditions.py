"""Tests that a shell makes of exit codes and variables: ``[ ]``, ``[[ ]]``, ``(( ))`` and the patterns of ``case``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offramp.shell.parsing import UNKNOWN
from offramp.shell.state import FAILED, SUCCESS, State
from offramp.shell.syntax import source_of

if TYPE_CHECKING:
    from tree_sitter import Node

_EQUAL = {"-eq": True, "==": True, "=": True, "-ne": False, "!=": False}
_ORDER = {
    "-gt": lambda a, b: a > b,
    ">": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
    ">=": lambda a, b: a >= b,
    "-lt": lambda a, b: a < b,
    "<": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "<=": lambda a, b: a <= b,
}
_WRAPPING = frozenset({"test_command", "compound_statement", "parenthesized_expression"})


def truth(node: Node, state: State) -> bool | None:
    """Return whether a test holds; None where that is not known."""
    if node.type in _WRAPPING:
        inner = [child for child in node.named_children if child.type != "comment"]
        return truth(inner[0], state) if len(inner) == 1 else None
    if node.type == "binary_expression":
        return _compared(node, state)
    if node.type == "unary_expression":
        return _one(node, state)
    arithmetic = node.parent is not None and node.parent.type == "compound_statement"
    value = value_of(node, state, bare=arithmetic)
    if value is None:
        return None
    return value != SUCCESS if arithmetic else value != ""


def _compared(node: Node, state: State) -> bool | None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return None
    sign = source_of(operator)
    if sign in {"&&", "||"}:
        both = (truth(left, state), truth(right, state))
        short = sign == "||"
        return short if short in both else (None if None in both else not short)
    arithmetic = _is_arithmetic(node)
    return compared(value_of(left, state, bare=arithmetic), sign, value_of(right, state, bare=arithmetic))


def _is_arithmetic(node: Node) -> bool:
    above: Node | None = node
    while above is not None and above.type not in {"test_command", "program"}:
        if above.type == "compound_statement":
            return True
        above = above.parent
    return False


def compared(left: str | None, sign: str, right: str | None) -> bool | None:
    """Return what a comparison of two values gives; None where that is not known."""
    if left is None or right is None:
        return None
    if FAILED in (left, right):
        return _with_failure(left, sign, right)
    if sign in _EQUAL:
        return (left == right) is _EQUAL[sign]
    if sign in _ORDER and left.isdigit() and right.isdigit():
        return bool(_ORDER[sign](int(left), int(right)))
    return None


def _with_failure(left: str, sign: str, right: str) -> bool | None:
    """Return what a comparison with dbt's code gives, which is 1 or 2."""
    other = right if left == FAILED else left
    if other == FAILED or not other.isdigit():
        return None if other == FAILED or sign not in _EQUAL else not _EQUAL[sign]
    codes = ("1", "2")
    results = {compared(code, sign, other) if left == FAILED else compared(other, sign, code) for code in codes}
    return results.pop() if len(results) == 1 else None


def _one(node: Node, state: State) -> bool | None:
    operator = node.child_by_field_name("operator")
    inner = [child for child in node.named_children if operator is None or child.start_byte != operator.start_byte]
    sign = source_of(operator) if operator is not None else ""
    if len(inner) != 1:
        return None
    if sign == "!":
        held = truth(inner[0], state)
        return None if held is None else not held
    value = value_of(inner[0], state)
    if sign not in {"-n", "-z"} or value is None:
        return None
    return (value != "") is (sign == "-n")


def value_of(node: Node, state: State, *, bare: bool = False) -> str | None:
    """The value of a word; None where it is not known. ``bare`` for arithmetic, where a name is its value."""
    text = source_of(node)
    if node.type in {"string", "simple_expansion", "expansion"}:
        if node.type == "string" and len(node.named_children) != 1:
            return "" if text == '""' else None
        if node.type == "string":
            child = node.named_children[0]
            return value_of(child, state) if len(source_of(child)) == len(text) - 2 else None
        return _expanded(text, state)
    if node.type == "raw_string":
        return text[1:-1]
    if bare and re.fullmatch(r"[A-Za-z_]\w*", text):
        return dict(state.variables).get(text)
    plain = node.type in {"word", "number", "string_content", "extglob_pattern", "variable_name"}
    return text if plain and not set(text) & set(f"$*?[\\{UNKNOWN}") else None


def _expanded(text: str, state: State) -> str | None:
    """The value of ``$name``, ``${name}``, ``$?`` or a part of ``PIPESTATUS``."""
    name = text[1:].strip("{}")
    if name == "?":
        return state.code
    found = re.fullmatch(r"PIPESTATUS(?:\[(\d)\])?", name)
    if found:
        place = int(found[1] or 0)
        return state.parts[place] if place < len(state.parts) else None
    name, _, default = name.partition(":-")
    value = dict(state.variables).get(name)
    return value if value is None or value else default


def matches(pattern: Node, value: str | None) -> bool | None:
    """Return whether a value is what a pattern of ``case`` asks for; None where that is not known."""
    text = source_of(pattern).strip("\"'")
    if text == "*":
        return True
    if value is None or not text.isdigit():
        return None
    return compared(value, "==", text)
