"""Finds the dbt commands in shell texts, through what they start and call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from offramp.record import NamedTuple
from offramp.shell.parsing import UNKNOWN, parse
from offramp.shell.syntax import document_of, source_of, takes_text, word_of, words_of
from offramp.shell.words import Inner, Run, Script, run_by

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 5
_JINJA = (("{{", "}}", UNKNOWN), ("{%", "%}", " "), ("{#", "#}", " "))


class Reading(NamedTuple):
    """The dbt commands of a text, each with the directory that the text has changed to; whether it is understood.

    ``texts`` are the texts that they stand in, and ``words`` as a text that starts the same.
    """

    runs: tuple[tuple[Run, str], ...]
    understood: bool
    texts: tuple[str, ...] = ()


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
        return Reading(tuple(self._in_text(text, "", 0)), self._understood, (text,))

    def words(self, words: Sequence[str]) -> Reading:
        """The dbt commands of a list of words, which no shell reads before the program that it names."""
        self._understood = True
        known = [without_jinja(word) for word in words]
        return Reading(tuple(self._started(known, "", 0)), self._understood, (_as_text(known),))

    def _in_text(self, text: str, directory: str, depth: int) -> Iterator[tuple[Run, str]]:
        text = without_jinja(text)
        if depth > _DEEPEST or not self._may_run(text):
            return
        tree = parse(text)
        self._understood = self._understood and not tree.has_error
        variables: dict[str, str] = {}
        for node in nodes_of_commands(tree):
            if node.type == "variable_assignment":
                name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
                if name is not None and value is not None:
                    variables[source_of(name)] = word_of(value, variables)
                continue
            words = words_of(node, variables)
            if words[:1] == ["cd"]:
                directory = _changed(directory, words[1:])
            document = document_of(node)
            run = run_by(words, self._names)
            if document and (run is None or isinstance(run, Script)) and words and takes_text(words):
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


def merged(readings: Iterable[Reading]) -> Reading:
    """Several readings as one, each command once."""
    all_ = [reading for reading in readings if reading.runs or not reading.understood]
    runs = dict.fromkeys(run for reading in all_ for run in reading.runs)
    texts = dict.fromkeys(text for reading in all_ for text in reading.texts)
    return Reading(tuple(runs), all(reading.understood for reading in all_), tuple(texts))


def _as_text(words: Sequence[str]) -> str:
    import shlex

    return shlex.join(words)


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


def nodes_of_commands(tree: Node) -> Iterator[Node]:
    """The commands and assignments of a tree, in order, those of substitutions and functions too."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.type in {"command", "variable_assignment"}:
            yield node
        waiting += reversed(node.children)


def _changed(directory: str, words: Sequence[str]) -> str:
    """The directory after ``cd``."""
    to = next((word for word in words if not word.startswith("-") or word == "-"), "~")
    if to == "-":
        return UNKNOWN
    if directory and not to.startswith(("/", "~", "$", UNKNOWN)):
        return f"{directory.rstrip('/')}/{to}"
    return to
