"""Finds the dbt commands in shell texts, through what they start and call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from offramp.record import NamedTuple
from offramp.shell.parsing import UNKNOWN, parse
from offramp.shell.words import Inner, Run, Script, run_by

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 5
_JINJA = (("{{", "}}", UNKNOWN), ("{%", "%}", " "), ("{#", "#}", " "))
# The texts of what a shell would work out, which is not known here.
_WORKED_OUT = frozenset({"command_substitution", "process_substitution", "arithmetic_expansion"})


class Reading(NamedTuple):
    """The dbt commands of a text, each with the directory that the text has changed to; whether it is understood."""

    runs: tuple[tuple[Run, str], ...]
    understood: bool


class Reader:
    """Reads texts and lists of words.

    ``names`` are those of dbt; ``script`` gives the text of a file that a command runs, None where it is not there.
    """

    def __init__(self, names: Collection[str], script: Callable[[str], str | None]) -> None:
        self._names = names
        self._script = script
        self._understood = True

    def text(self, text: str) -> Reading:
        """The dbt commands of a shell text."""
        self._understood = True
        return Reading(tuple(self._in_text(text, "", 0)), self._understood)

    def words(self, words: Sequence[str]) -> Reading:
        """The dbt commands of a list of words, which no shell reads before the program that it names."""
        self._understood = True
        return Reading(tuple(self._started([without_jinja(word) for word in words], "", 0)), self._understood)

    def _in_text(self, text: str, directory: str, depth: int) -> Iterator[tuple[Run, str]]:
        text = without_jinja(text)
        if depth > _DEEPEST or not self._may_run(text):
            return
        tree = parse(text)
        self._understood = self._understood and not tree.has_error
        variables: dict[str, str] = {}
        for node in _commands(tree):
            if node.type == "variable_assignment":
                name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
                if name is not None and value is not None:
                    variables[_source(name)] = _word(value, variables)
                continue
            words = _words(node, variables)
            if words[:1] == ["cd"]:
                directory = _changed(directory, words[1:])
            document = _document(node)
            run = run_by(words, self._names)
            if document and (run is None or isinstance(run, Script)) and words and _takes_text(words):
                yield from self._in_text(document, directory, depth + 1)
            else:
                yield from self._started(words, directory, depth)

    def _started(self, words: Sequence[str], directory: str, depth: int) -> Iterator[tuple[Run, str]]:
        run = run_by(words, self._names)
        if isinstance(run, Run):
            yield run, directory
        elif isinstance(run, Inner):
            yield from self._in_text(run.text, directory, depth + 1)
        elif isinstance(run, Script) and UNKNOWN not in run.path and depth < _DEEPEST:
            text = self._script(run.path)
            if text is not None:
                yield from self._in_text(text, directory, depth + 1)

    def _may_run(self, text: str) -> bool:
        return any(name in text for name in self._names) or ".sh" in text or ".bash" in text


def without_jinja(text: str) -> str:
    """A text whose templates stand for one unknown word, or for nothing."""
    for begin, end, instead in _JINJA:
        while begin in text and end in text:
            start = text.index(begin)
            stop = text.find(end, start)
            if stop < 0:
                break
            text = text[:start] + instead + text[stop + len(end) :]
    return text


def _commands(tree: Node) -> Iterator[Node]:
    """The commands and assignments of a tree, in order, those of substitutions and functions too."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.type in {"command", "variable_assignment"}:
            yield node
        waiting += reversed(node.children)


def _words(command: Node, variables: dict[str, str]) -> list[str]:
    name = command.child_by_field_name("name")
    parts = [name.children[0]] if name is not None and name.children else []
    parts += command.children_by_field_name("argument")
    return [_word(part, variables) for part in parts]


def _word(node: Node, variables: dict[str, str]) -> str:
    """A word as the shell hands it on, as far as it is known."""
    if node.type in {"simple_expansion", "expansion"}:
        names = [child for child in node.named_children if child.type == "variable_name"]
        plain = len(node.named_children) == 1 and len(names) == 1
        return variables.get(_source(names[0]), _source(node)) if plain else _source(node)
    if node.type in _WORKED_OUT:
        return UNKNOWN
    if node.type == "raw_string":
        return _source(node)[1:-1]
    if node.type in {"string", "concatenation", "command_name", "translated_string"}:
        return _joined(node, variables)
    text = _source(node)
    return text.replace("\\\n", "").replace("\\", "") if node.type == "word" else text


def _joined(node: Node, variables: dict[str, str]) -> str:
    """The parts of a string or of words without blanks between, with what stands between the parts."""
    inner = node.type == "string"
    raw, parts, at = node.text or b"", [], node.start_byte + inner
    for child in node.named_children:
        parts.append(raw[at - node.start_byte : child.start_byte - node.start_byte].decode("utf-8", "replace"))
        parts.append(_source(child) if child.type == "string_content" else _word(child, variables))
        at = child.end_byte
    parts.append(raw[at - node.start_byte : len(raw) - inner].decode("utf-8", "replace"))
    text = "".join(parts)
    return text.replace('\\"', '"').replace("\\\n", "") if inner else text


def _source(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _document(command: Node) -> str:
    """The here-document that a command is given; empty for none."""
    around = command.parent
    if around is None or around.type != "redirected_statement":
        return ""
    for redirect in around.children_by_field_name("redirect"):
        for child in redirect.named_children:
            if child.type == "heredoc_body":
                return _source(child)
            if redirect.type == "herestring_redirect":
                return _word(child, {})
    return ""


def _takes_text(words: Sequence[str]) -> bool:
    """Return whether a command reads a shell text from its input: a shell, here or on another machine."""
    programs = {word.rpartition("/")[2] for word in words}
    return bool(programs & {"bash", "sh", "zsh", "dash", "ksh", "ssh", "at"})


def _changed(directory: str, words: Sequence[str]) -> str:
    """The directory after ``cd``."""
    to = next((word for word in words if not word.startswith("-") or word == "-"), "~")
    if to == "-":
        return UNKNOWN
    if directory and not to.startswith(("/", "~", "$", UNKNOWN)):
        return f"{directory.rstrip('/')}/{to}"
    return to
