"""The dbt commands that tasks start: in shell texts, lists of words and scripts, as notes say where these are given."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from offramp.finding.helper_calls import helper_uses
from offramp.finding.operators import SHELL, Module, Use
from offramp.finding.passes import Pass, passes
from offramp.finding.trap import File
from offramp.finding.written_texts import split_words, texts_of, words_of
from offramp.model import Note, Place
from offramp.python.evaluation import Values
from offramp.python.values import Given, Items, Table
from offramp.record import NamedTuple
from offramp.shell.parsing import UNKNOWN
from offramp.shell.reading import Reader, Reading, merged
from offramp.shell.words import Run

_MOST = 4
_LONGEST = 100
_LARGEST = 100_000
_ABOVE = 8
_ENDS = (".sh", ".bash")
# Kinds of arguments that hold a command.
TEXT, REMOTE, WORDS, OVERRIDES = "text", "remote", "words", "overrides"
_HOLDING = frozenset({TEXT, REMOTE, WORDS, OVERRIDES})
# Images of dbt Labs, whose entrypoint is dbt.
_IMAGES = ("ghcr.io/dbt-labs/dbt-", "fishtownanalytics/dbt:")
# Keys of what is overridden in a container that hold its command, by all the services' names.
_COMMAND_KEYS = frozenset("args arguments cmd command commands entryPoint entrypoint".split())


class Started(NamedTuple):
    """The dbt commands that one task starts.

    ``place`` is where its findings stand, ``about`` what identifies it; ``use`` the operator, None for a function, and
    ``passes`` those that make it. ``elsewhere`` is where a function of another module makes it, and a sentence.
    """

    place: ast.expr
    about: ast.AST
    name: str
    note: Note
    reading: Reading
    directory: str
    use: Use | None = None
    passes: tuple[Pass, ...] = ()
    elsewhere: tuple[Place, str] | None = None


def kinds(note: Note) -> dict[str, str]:
    """Return what each argument of a note's ``shell`` field holds: a text, words, overrides or a directory."""
    lines = note.fields.get(SHELL, "").splitlines()
    pairs = (line.removeprefix("- ").partition(":") for line in lines if line.startswith("- "))
    return {name.strip(): kind.strip() for name, _, kind in pairs}


@lru_cache(maxsize=1)
def started(file: File) -> tuple[Started, ...]:
    """The tasks of a file that start dbt by a shell text or a container's command, in any pass that makes them.

    They are kept for the other rules of the file, which ask again.
    """
    return tuple(_all_started(file))


def _all_started(file: File) -> Iterator[Started]:
    module = file.module
    for use in module.shell_uses:
        holding = kinds(use.note)
        if any(name in use.arguments.given for name, kind in holding.items() if kind in _HOLDING):
            yield from _started(file, use, tuple(passes(module, use)))
    for one in helper_uses(module, SHELL):
        yield from _started(file, one.use, one.passes, one.told)
    yield from _returned(file, module)


def _started(
    file: File, use: Use, made: tuple[Pass, ...], elsewhere: tuple[Place, str] | None = None
) -> Iterator[Started]:
    """The task of an operator that the passes make, if it starts dbt in one of them."""
    reading, directory = _read(file, made, kinds(use.note))
    if reading.runs and use.call is not None:
        name = use.derived.name if use.derived is not None else use.path.rpartition(".")[2]
        yield Started(use.callee, use.call, name, use.note, reading, directory, use, made, elsewhere)


def reading_of(file: File, node: ast.expr, *, by_shell: bool) -> Reading:
    """The dbt commands of what Python starts as a program: a text that a shell reads, or a list of words."""
    values = file.module.values
    if by_shell:
        readings = [reader(file).text(text) for text in texts_of(values, node)]
    else:
        readings = [reader(file).words(words) for words in words_of(values, node)]
    return merged(readings)


def reader(file: File) -> Reader:
    """Return what reads texts of a file: names of dbt are configured, and scripts looked for in its project."""
    return Reader(file.programs, lambda path: script_text(file.source.path, path))


def _read(file: File, made: tuple[Pass, ...], holding: dict[str, str]) -> tuple[Reading, str]:
    """The dbt commands of an operator in all passes that make it, and the directory that it is told to run in."""
    readings: list[Reading] = []
    directories = dict[str, None]()
    for one in made:
        values, given = one.module.values, one.use.arguments.given
        readings += _readings(file, values, given, holding)
        directories.update(dict.fromkeys(_directory(values, given, holding)))
    directory = next(iter(directories)) if len(directories) == 1 else (UNKNOWN if directories else "")
    return merged(readings), directory


def _directory(values: Values, given: dict[str, Given], holding: dict[str, str]) -> Iterator[str]:
    for name, kind in holding.items():
        if kind == "directory" and name in given:
            node = given[name].node
            yield texts_of(values, node)[0] if node is not None else UNKNOWN


def _readings(file: File, values: Values, given: dict[str, Given], holding: dict[str, str]) -> Iterator[Reading]:
    words: list[str] = []
    for name, kind in holding.items():
        node = given[name].node if name in given else None
        if node is None:
            continue
        if kind == TEXT:
            yield from _of_text(file, texts_of(values, node))
        elif kind == REMOTE:
            yield from (reader(file).text(text) for text in texts_of(values, node))
        elif kind == WORDS:
            words += _words(values, node)
        elif kind == "image" and not words and texts_of(values, node)[0].startswith(_IMAGES):
            words.append("dbt")
        elif kind == OVERRIDES:
            for listed in _overridden(values, node, 0):
                yield reader(file).words(listed)
    if words:
        yield reader(file).words(words)


def waits_text(task: Started) -> str:
    """Return whether an operator waits for what it starts; by the argument that its note names, else it does."""
    name, waits = waiting_of(task)
    if waits is None:
        return f" and may or may not wait for it ({name} is not known here)"
    return " and waits for it" if waits else " and does not wait for it"


def waiting_of(task: Started) -> tuple[str, bool | None]:
    """The argument by which an operator waits for what it starts, and whether it does; None where that is not known."""
    name, kind = next(((name, kind) for name, kind in kinds(task.note).items() if kind.startswith("waits")), ("", ""))
    if not name or task.use is None:
        return name, True
    states = {one.use.arguments.truth(name, default=kind == "waits unless unset") for one in task.passes}
    return name, states.pop() if len(states) == 1 else None


def _words(values: Values, node: ast.expr) -> list[str]:
    """The words of a command that is given as a list, or as a text that no shell reads."""
    lists = words_of(values, node)
    return lists[0] if lists else split_words(texts_of(values, node)[0])


def _overridden(values: Values, node: ast.expr, depth: int) -> Iterator[list[str]]:
    """The lists of words under the keys of commands, at any depth of a dict."""
    value = values.single(node)
    if depth > _ABOVE:
        return
    if isinstance(value, Table):
        for key, entry in value.entries.items():
            if entry is None:
                continue
            if key in _COMMAND_KEYS:
                yield _words(values, entry)
            else:
                yield from _overridden(values, entry, depth + 1)
    elif isinstance(value, Items):
        for part in value.nodes:
            yield from _overridden(values, part, depth + 1)


def _of_text(file: File, texts: Iterable[str]) -> Iterator[Reading]:
    for text in texts:
        if text.endswith(_ENDS):
            # Airflow takes the whole text for the name of a template.
            content = script_text(file.source.path, text)
            if content is not None:
                yield reader(file).text(content)
        else:
            yield reader(file).text(text)


def _returned(file: File, module: Module) -> Iterator[Started]:
    """Return what functions return that are tasks of a shell text."""
    sections = [name for name, note in module.rulebook.notes.items() if "return" in kinds(note)]
    for function in module.names.functions:
        decorator = module.dags.decorated(function, tuple(sections)) if function.decorator_list else None
        if decorator is None:
            continue
        callee = decorator.func if isinstance(decorator, ast.Call) else decorator
        note = module.rulebook.notes[next(module.dags.section(value) for value in module.values.evaluate(callee))]
        given = module.values.arguments(decorator).given if isinstance(decorator, ast.Call) else {}
        directory = next(_directory(module.values, given, kinds(note)), "")
        for returned in module.values.returns(function):
            reading = merged(_of_text(file, texts_of(module.values, returned)))
            if reading.runs:
                yield Started(returned, returned, function.name, note, reading, directory)


def script_text(of: str, path: str) -> str | None:
    """The text of a script that a file of the project starts, where it lies in the project; None for elsewhere."""
    parts = [part for part in path.strip().split("/") if part not in {"", "."}]
    cut = max((index + 1 for index, part in enumerate(parts) if "$" in part or UNKNOWN in part), default=0)
    parts = parts[cut:]
    # Below an unknown or absolute directory one name alone says too little.
    whole = not cut and not path.startswith(("/", "~"))
    tails = [parts] if whole else [parts[index:] for index in range(max(len(parts) - 1, 0))]
    folder = os.path.dirname(os.path.abspath(of))
    for _ in range(_ABOVE):
        for tail in tails:
            candidate = os.path.join(folder, *tail)
            if tail and os.path.isfile(candidate):
                return _content(candidate)
        if os.path.exists(os.path.join(folder, ".git")) or os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    return None


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST)
    except OSError:
        return None


# -- words of messages -------------------------------------------------------------


def commands_text(runs: Sequence[tuple[Run, str]]) -> str:
    """The dbt commands, in backticks; unknown parts are ellipses."""
    shown = list(dict.fromkeys(f"`{_shown(' '.join(['dbt', *map(_quoted, run.words)]))}`" for run, _ in runs))
    more = len(shown) - _MOST
    if more > 0:
        shown = [*shown[:_MOST], f"{more} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def place_text(runs: Sequence[tuple[Run, str]], directory: str) -> str:
    """Return where dbt runs, and against which target, as far as the commands say."""
    folders = {run.option("--project-dir") or _below(directory, changed) for run, changed in runs}
    targets = {run.option("--target", "-t") for run, _ in runs} - {""}
    text = ""
    if len(folders) == 1 and (folder := folders.pop()):
        text = f" in `{_shown(folder)}`"
    elif folders - {""}:
        text = " in several directories"
    if len(targets) == 1:
        text += f", target `{_shown(targets.pop())}`"
    return text


def doubt_text(reading: Reading) -> str:
    """Return that a text is not one that the grammar of Bash knows, where it is not."""
    return "" if reading.understood else "; not all of the text could be parsed"


def _below(directory: str, changed: str) -> str:
    if not directory or changed.startswith(("/", "~", "$", UNKNOWN)):
        return changed or directory
    return f"{directory.rstrip('/')}/{changed}" if changed else directory


def _shown(text: str) -> str:
    line = " ".join(text.replace(UNKNOWN, "…").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _quoted(word: str) -> str:
    return word if word and not any(sign in word for sign in " \t\n'\"{};&|<>()") else f"'{word}'"
