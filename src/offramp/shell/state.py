"""What is known of a shell at one point of a text: exit codes, variables, options, traps and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.record import NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

# Codes are texts, as `$?` gives them. That of the dbt command that fails is one of its own: it is 1 or 2.
SUCCESS, OTHER, FAILED = "0", "1", "\ue001"
JOB = "\ue002"
EXIT, RETURN, BREAK, CONTINUE = "exit", "return", "break", "continue"


class Cause(NamedTuple):
    """What took the place of dbt's exit code: its kind, and the text that did."""

    kind: str
    text: str = ""


class State(NamedTuple):
    """A shell at one point of a way through a text; ``leaving`` is what it leaves by, empty for nothing.

    ``failed`` says that dbt has failed, ``answering`` that what runs does so because of it, and ``apart`` that it did
    so in the background; ``turning`` that a loop is around, and ``called`` a function or sourced file.
    """

    code: str = SUCCESS
    parts: tuple[str, ...] = (SUCCESS,)
    leaving: str = ""
    failed: bool = False
    answering: bool = False
    apart: bool = False
    turning: bool = False
    called: bool = False
    cause: Cause | None = None
    errexit: bool = False
    pipefail: bool = False
    errtrace: bool = False
    inherits: bool = False
    variables: tuple[tuple[str, str | None], ...] = ()
    functions: tuple[tuple[str, Node], ...] = ()
    jobs: tuple[str, ...] = ()
    exit_trap: str = ""
    error_trap: str = ""

    def ends(self, *codes: str) -> Iterator[State]:
        """The shell after a command that may end with each of some codes."""
        for code in codes:
            yield self._replace(code=code, parts=(code,))

    def bound(self, name: str, value: str | None) -> State:
        """The shell with a variable set; None for a value that is not known."""
        others = tuple(pair for pair in self.variables if pair[0] != name)
        return self._replace(variables=(*others, (name, value)))

    def lost(self, kind: str, text: str = "") -> State:
        """The shell where dbt's code, if it is the one at hand, is about to be lost."""
        return self._replace(cause=Cause(kind, text)) if self.code == FAILED else self

    def taking(self, inner: State) -> State:
        """The shell after another one, which it started, has ended."""
        return self._replace(
            code=inner.code,
            parts=(inner.code,),
            failed=inner.failed,
            apart=inner.apart,
            cause=inner.cause,
        )


def with_options(state: State, words: list[str]) -> State:
    """The shell after options are set as by ``set``; ``-o`` takes the word that follows."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--" or word[:1] not in {"-", "+"}:
            break
        on = word[0] == "-"
        for letter in word[1:]:
            name = waiting.pop(0) if letter == "o" and waiting else letter
            state = _named(state, name, on=on)
    return state


def _named(state: State, name: str, *, on: bool) -> State:
    """The shell after an option, by its letter or name, is set or unset."""
    if name in {"e", "errexit"}:
        return state._replace(errexit=on)
    if name in {"E", "errtrace"}:
        return state._replace(errtrace=on)
    if name == "inherit_errexit":
        return state._replace(inherits=on)
    return state._replace(pipefail=on) if name == "pipefail" else state


def with_shopt(state: State, words: list[str]) -> State:
    """The shell after ``shopt``."""
    on = any(word.startswith("-") and "s" in word for word in words)
    off = any(word.startswith("-") and "u" in word for word in words)
    for word in words:
        if on or off:
            state = _named(state, word, on=on)
    return state
