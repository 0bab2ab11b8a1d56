"""Tells whether a shell text may end with some exit code, such as the 99 for which Airflow skips a task."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from offramp.shell.parsing import parse
from offramp.shell.reading import nodes_of_commands
from offramp.shell.syntax import words_of
from offramp.shell.words import Inner, Script, run_by

if TYPE_CHECKING:
    from tree_sitter import Node

# What Bash itself does, and programs of every system that end with 0, 1, 2 or more than 120.
_PLAIN = frozenset(
    """
    : basename break cat continue cd cp date declare dirname echo export false head hostname local ls mkdir mktemp
    mv popd printf pushd pwd readonly rm rmdir set shift shopt sleep sort source . tail tee test [ touch tr true
    type typeset ulimit umask uname unset wait wc whoami
    """.split()
)
_LEAVING = frozenset({"exit", "return"})
_DEEPEST = 5


def never_ends_with(text: str, code: int, names: Collection[str]) -> bool:
    """Return whether a text never ends with an exit code: each of its commands is dbt, or one that never does.

    ``names`` are those of dbt, which ends with 0, 1 or 2. A file that ``source`` reads is taken for one that sets
    variables, unless it is called a script.
    """
    return _never(text, code, names, 0)


def _never(text: str, code: int, names: Collection[str], depth: int) -> bool:
    tree = parse(text)
    if tree.has_error or depth > _DEEPEST:
        return False
    functions = _functions(tree)
    if any(name in functions for name in names):
        return False
    return all(_is_plain(words_of(one, {}), code, names, functions, depth) for one in nodes_of_commands(tree))


def _functions(tree: Node) -> set[str]:
    """The names of the functions that a text defines; their commands are among its own."""
    waiting, found = [tree], set[str]()
    while waiting:
        node = waiting.pop()
        name = node.child_by_field_name("name") if node.type == "function_definition" else None
        if name is not None and name.text is not None:
            found.add(name.text.decode("utf-8", "replace"))
        waiting += node.children
    return found


def _is_plain(words: list[str], code: int, names: Collection[str], functions: set[str], depth: int) -> bool:
    if not words:
        return True
    if words[0] in _LEAVING:
        return len(words) == 1 or words[1] == "$?" or (words[1].isdigit() and int(words[1]) % 256 != code)
    run = run_by(words, names)
    if isinstance(run, Inner):
        return _never(run.text, code, names, depth + 1)
    if isinstance(run, Script):
        return words[0] in {"source", "."} and not run.path.endswith((".sh", ".bash"))
    return run is not None or words[0] in _PLAIN or words[0] in functions
