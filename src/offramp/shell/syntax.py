"""Words and here-documents of commands in the tree of a shell text, as the shell hands them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from offramp.shell.parsing import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node

# The texts of what a shell would work out, which is not known here.
_WORKED_OUT = frozenset({"command_substitution", "process_substitution", "arithmetic_expansion"})


def words_of(command: Node, variables: Mapping[str, str]) -> list[str]:
    """The words of a command, after its assignments."""
    name = command.child_by_field_name("name")
    parts = [name.children[0]] if name is not None and name.children else []
    parts += command.children_by_field_name("argument")
    return [word_of(part, variables) for part in parts]


def word_of(node: Node, variables: Mapping[str, str]) -> str:
    """A word as the shell hands it on, as far as it is known."""
    if node.type in {"simple_expansion", "expansion"}:
        names = [child for child in node.named_children if child.type == "variable_name"]
        plain = len(node.named_children) == 1 and len(names) == 1
        return variables.get(source_of(names[0]), source_of(node)) if plain else source_of(node)
    if node.type in _WORKED_OUT:
        return UNKNOWN
    if node.type == "raw_string":
        return source_of(node)[1:-1]
    if node.type in {"string", "concatenation", "command_name", "translated_string"}:
        return _joined(node, variables)
    text = source_of(node)
    return text.replace("\\\n", "").replace("\\", "") if node.type == "word" else text


def _joined(node: Node, variables: Mapping[str, str]) -> str:
    """The parts of a string or of words without blanks between, with what stands between the parts."""
    inner = node.type == "string"
    raw, parts, at = node.text or b"", [], node.start_byte + inner
    for child in node.named_children:
        parts.append(raw[at - node.start_byte : child.start_byte - node.start_byte].decode("utf-8", "replace"))
        parts.append(source_of(child) if child.type == "string_content" else word_of(child, variables))
        at = child.end_byte
    parts.append(raw[at - node.start_byte : len(raw) - inner].decode("utf-8", "replace"))
    text = "".join(parts)
    return text.replace('\\"', '"').replace("\\\n", "") if inner else text


def source_of(node: Node) -> str:
    """The text of a node as it stands."""
    return (node.text or b"").decode("utf-8", "replace")


def document_of(command: Node) -> str:
    """The here-document that a command is given; empty for none."""
    around = command.parent
    outer = around.children_by_field_name("redirect") if around is not None else []
    for redirect in (*command.children_by_field_name("redirect"), *outer):
        for child in redirect.named_children:
            if child.type == "heredoc_body":
                return source_of(child)
            if redirect.type == "herestring_redirect":
                return word_of(child, {})
    return ""


def takes_text(words: Sequence[str]) -> bool:
    """Return whether a command reads a shell text from its input: a shell, here or on another machine."""
    programs = {word.rpartition("/")[2] for word in words}
    return bool(programs & {"bash", "sh", "zsh", "dash", "ksh", "ssh", "at"})
