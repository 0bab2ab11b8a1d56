"""The places of a file that start dbt by a shell text, with what becomes of dbt's failure in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from offramp.finding.dbt_in_calls import Start, given, starts
from offramp.finding.dbt_in_texts import REMOTE, TEXT, Started, kinds, reader, script_text, started
from offramp.finding.trap import File
from offramp.finding.written_texts import texts_of
from offramp.model import Place as OtherPlace
from offramp.python.values import Constant, Items, Made, Member, Reference
from offramp.record import NamedTuple
from offramp.shell.outcome import ARRIVES, BACKGROUND, HIDDEN, Verdict, verdicts
from offramp.shell.parsing import UNKNOWN
from offramp.shell.words import Run

# Classes of Prefect's packages whose `commands` are the lines of one Bash script, and their function with one text.
_OPERATIONS = frozenset(
    """
    prefect_shell.ShellOperation prefect_shell.commands.ShellOperation
    prefect_dbt.DbtCoreOperation prefect_dbt.cli.DbtCoreOperation prefect_dbt.cli.commands.DbtCoreOperation
    """.split()
)
_TASKS = frozenset({"prefect_shell.shell_run_command", "prefect_shell.commands.shell_run_command"})
# Commands that only tell or prepare something: where they fail, what needs it fails next.
_ASIDE = frozenset({"", "source freshness", "docs generate", "docs serve"}) | frozenset(
    "debug deps clean list ls parse compile init show serve source docs".split()
)
# Shells that prefect-shell may be told to run commands with, in lower case as it reads them.
_LIKE_BASH = frozenset({"bash", "sh", "dash", "ksh", "zsh"})
_TESTS = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_LONGEST = 40
# A place that no argument has.
_BY_NAME = 99


class Place(NamedTuple):
    """A call, operator or returned text that runs dbt, and what becomes of its failure.

    ``node`` is the expression that has the text, None where no single one does; ``bash`` says that Bash reads it, and
    ``elsewhere`` where a function of another module makes it.
    """

    place: ast.expr
    about: ast.AST
    name: str
    node: ast.expr | None
    verdicts: tuple[Verdict, ...]
    bash: bool = True
    elsewhere: tuple[OtherPlace, str] | None = None


class Operation(NamedTuple):
    """An operation of Prefect whose commands are the lines of one script: the list of them, its parts, their texts."""

    call: ast.Call
    name: str
    node: ast.expr
    parts: tuple[ast.expr, ...]
    texts: tuple[str, ...]


@lru_cache(maxsize=1)
def places(file: File) -> tuple[Place, ...]:
    """The places whose texts run dbt commands that matter; kept for the file's other rules, which ask again."""
    return tuple(_all_places(file))


def _all_places(file: File) -> Iterator[Place]:
    for task in started(file):
        found = judged(file, task.reading.texts)
        yield Place(task.place, task.about, task.name, _text_of(task), found, elsewhere=task.elsewhere)
    for call in file.module.names.calls:
        start = starts(file).get(call)
        if start is not None:
            found = judged(file, start.reading.texts)
            yield Place(call.func, call, start.how, start.node if start.shell else None, found, bash=False)
        else:
            yield from _of_prefect(file, call)


def _text_of(task: Started) -> ast.expr | None:
    """The expression that has the text of a task, where one does."""
    if task.use is None:
        return task.place
    holding = kinds(task.note)
    found = [one.node for name, one in task.use.arguments.given.items() if holding.get(name) in {TEXT, REMOTE}]
    return found[0] if len(found) == 1 else None


def _of_prefect(file: File, call: ast.Call) -> Iterator[Place]:
    value = file.module.values.single(call.func)
    path = value.path if isinstance(value, Reference) else ""
    name = path.rpartition(".")[2]
    if path in _TASKS:
        if not _is_bash(file, call):
            return
        node = given(call, 0, ("command",))
        helper = given(call, _BY_NAME, ("helper_command",))
        before = texts_of(file.module.values, helper)[0] + "\n" if helper is not None else ""
        if node is not None:
            found = judged(file, (before + text for text in texts_of(file.module.values, node)))
            yield Place(call.func, call, name, None if before else node, found)
    else:
        yield from _of_operation(file, operation(file, call))


def triggered(file: File, call: ast.Call) -> tuple[str, list[Run]]:
    """The name of an operation of Prefect that a call triggers, and the dbt commands that matter of it."""
    for value in file.module.values.evaluate(call.func):
        made = value.owner if isinstance(value, Member) and value.name == "trigger" else None
        if isinstance(made, Made) and isinstance(made.callee, Reference) and made.callee.path in _OPERATIONS:
            parts = operation(file, made.call)
            texts = parts.texts if parts is not None else ()
            runs = [run for text in texts for run, _ in reader(file).text(text).runs if matters(run)]
            return f"{made.callee.path.rpartition('.')[2]}.trigger", runs
    return "", []


def operation(file: File, call: ast.Call) -> Operation | None:
    """The operation of Prefect that a call makes; None where it makes none, or its commands are not all known."""
    value = file.module.values.single(call.func)
    path = value.path if isinstance(value, Reference) else ""
    node = given(call, _BY_NAME, ("commands",)) if path in _OPERATIONS and _is_bash(file, call) else None
    listed = file.module.values.single(node) if node is not None else None
    if node is None or not isinstance(listed, Items) or not listed.complete:
        return None
    texts = [texts_of(file.module.values, part)[0] for part in listed.nodes]
    return Operation(call, path.rpartition(".")[2], node, tuple(listed.nodes), tuple(texts))


def _is_bash(file: File, call: ast.Call) -> bool:
    """Return whether Bash, or a shell that goes on and ends as it does, certainly runs the commands of a call."""
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    shell, extension = (given(call, _BY_NAME, (name,)) for name in ("shell", "extension"))
    return all(
        isinstance(value, Constant) and accepts(value.value)
        for node, accepts in ((shell, _is_shell), (extension, _is_no_powershell))
        if node is not None
        for value in file.module.values.evaluate(node)
    )


def _is_shell(name: object) -> bool:
    return name is None or (isinstance(name, str) and name.lower().rpartition("/")[2] in _LIKE_BASH)


def _is_no_powershell(extension: object) -> bool:
    return extension != ".ps1"


def _of_operation(file: File, made: Operation | None) -> Iterator[Place]:
    """The commands of an operation, each by its own text: what one does to the next is another rule's."""
    if made is None:
        return
    whole = {verdict.run for verdict in judged(file, ["\n".join(made.texts)]) if verdict.outcome == ARRIVES}
    for part, text in zip(made.parts, made.texts, strict=True):
        found = tuple(verdict for verdict in judged(file, [text]) if verdict.run not in whole)
        yield Place(made.call.func, made.call, made.name, part, found)


def judged(file: File, texts: Iterable[str]) -> tuple[Verdict, ...]:
    """Return the verdicts on the failures of those dbt commands in texts that matter."""

    def script(path: str) -> str | None:
        return script_text(file.source.path, path)

    return tuple(
        verdict
        for text in texts
        if reader(file).text(text).runs
        for verdict in verdicts(text, file.programs, script)
        if matters(verdict.run) and verdict.run.command
    )


def is_of_tests(path: str) -> bool:
    """Return whether a file is one of tests, which start dbt to see it fail."""
    return _TESTS.fullmatch(path.replace("\\", "/").rpartition("/")[2]) is not None


def matters(run: Run) -> bool:
    """Return whether a dbt command does something, for all that is known of it."""
    unknown = any(UNKNOWN in word for word in run.words[:1])
    return "--version" not in run.words and (unknown or run.command not in _ASIDE)


def telling(file: File, start: Start) -> list[Run]:
    """The dbt commands of a call whose failure, if it is heard of at all, is what the call tells."""
    lost = {verdict.run for verdict in judged(file, start.reading.texts) if verdict.outcome in {HIDDEN, BACKGROUND}}
    return list(dict.fromkeys(run for run, _ in start.reading.runs if matters(run) and run not in lost))


def of(found: Place, outcomes: Collection[str]) -> list[Verdict]:
    """The commands of a place whose failure has one of some outcomes, each once."""
    return list(dict.fromkeys(verdict for verdict in found.verdicts if verdict.outcome in outcomes))


def hidden(found: Place) -> list[Verdict]:
    """The commands of a place whose failure nobody hears of."""
    return of(found, (HIDDEN,))


# -- words of messages -------------------------------------------------------------


def how_text(found: Iterable[Verdict]) -> str:
    """Describe what takes the place of dbt's exit code."""
    return "; ".join(dict.fromkeys(map(_how, found)))


def _how(verdict: Verdict) -> str:
    cause = verdict.cause
    if cause is None:
        return "the exit code is another command's"
    text = _shown(cause.text)
    return {
        "next": f"`{text}` comes after it, whatever it did",
        "or": f"`|| {text}` answers for it",
        "pipe": f"the exit code is that of `{text}`, to which it is piped",
        "not": "`!` makes a success of it",
        "if": "a condition asks whether it failed, and goes on",
        "substitution": f"`{text}` gives its output and loses its exit code",
        "trap": f"the trap `{text}` ends with a code of its own",
        "exit": f"`{text}` ends with a code of its own",
        "background": "it runs in the background",
    }[cause.kind]


def _shown(text: str) -> str:
    line = " ".join(text.replace(UNKNOWN, "…").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
