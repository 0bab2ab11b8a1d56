"""The dbt commands that calls of Python start: by a process, or by dbt's own code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache

from offramp.finding.dbt_in_texts import reading_of
from offramp.finding.trap import File
from offramp.finding.written_texts import words_of
from offramp.python.programs import EACH, LINE, SHELL, STARTERS, WORDS
from offramp.python.values import Constant, Made, Member, Reference, Value
from offramp.record import NamedTuple
from offramp.shell.parsing import UNKNOWN
from offramp.shell.reading import Reading
from offramp.shell.words import Run

RUNNER, HOOK = "dbtRunner().invoke", "SubprocessHook().run_command"
_HOOKS = ("airflow.hooks.subprocess.SubprocessHook", "airflow.providers.standard.hooks.subprocess.SubprocessHook")
# dbt's own code, given the words after `dbt`.
_RUNNER = Reference("dbt.cli.main.dbtRunner")
_ENTRANCES = frozenset({"dbt.cli.main.cli", "dbt.main.handle_and_check", "dbt.main.main"})


class Start(NamedTuple):
    """A call that starts dbt: how, in words, with which commands, and the expression that has them.

    ``shell`` says that the standard shell reads the text.
    """

    how: str
    reading: Reading
    node: ast.expr | None
    shell: bool = False


@lru_cache(maxsize=1)
def starts(file: File) -> Mapping[ast.Call, Start]:
    """The calls of a file that start dbt, in the order of the text; kept for its other rules, which ask again."""
    found = ((call, _start_of(file, call)) for call in file.module.names.calls)
    return {call: start for call, start in found if start is not None}


def _start_of(file: File, call: ast.Call) -> Start | None:
    """Return how a call of Python starts dbt; None where it does not."""
    for value in file.module.values.evaluate(call.func):
        start = _start(file, call, value)
        if start is not None:
            return start if start.reading.runs else None
    return None


def _start(file: File, call: ast.Call, value: Value) -> Start | None:
    path = value.path if isinstance(value, Reference) else ""
    if path in STARTERS and STARTERS[path].form != LINE:
        return _of_program(file, call, path)
    node = given(call, 0, ("args",))
    if path in _ENTRANCES:
        return Start(path.rpartition(".")[2], _of_dbt(file, node), node)
    if _is_method(value, "invoke", (_RUNNER.path,)):
        return Start(RUNNER, _of_dbt(file, node), node)
    if _is_method(value, "run_command", _HOOKS):
        node = given(call, 0, ("command",))
        return None if node is None else Start(HOOK, reading_of(file, node, by_shell=False), node)
    return None


def _is_method(value: Value, name: str, classes: tuple[str, ...]) -> bool:
    """Return whether a value is a method of an object of one of some classes."""
    if not isinstance(value, Member) or value.name != name or not isinstance(value.owner, Made):
        return False
    callee = value.owner.callee
    return isinstance(callee, Reference) and callee.path in classes


def _of_program(file: File, call: ast.Call, path: str) -> Start | None:
    starter = STARTERS[path]
    if starter.form == EACH:
        words = ast.List(starter.words_among(call.args), ast.Load())
        node: ast.expr | None = ast.copy_location(words, call)
    else:
        node = given(call, starter.words, WORDS)
    if node is None:
        return None
    shell = starter.form == SHELL or _takes_shell(file, call)
    return Start(path, reading_of(file, node, by_shell=shell), node, shell)


def _takes_shell(file: File, call: ast.Call) -> bool:
    shell = next((one.value for one in call.keywords if one.arg == "shell"), None)
    return shell is not None and file.module.values.single(shell) not in (Constant(False), Constant(None))


def _of_dbt(file: File, node: ast.expr | None) -> Reading:
    """The one command that dbt's own code is given, as it is for the command line."""
    lists = words_of(file.module.values, node) if node is not None else []
    return Reading(tuple((Run("dbt", tuple(words)), "") for words in lists or [[UNKNOWN]]), understood=True)


def given(call: ast.Call, place: int, names: tuple[str, ...]) -> ast.expr | None:
    """The argument at a place, or by one of its names; None where it is not seen."""
    if len(call.args) > place and not any(isinstance(one, ast.Starred) for one in call.args[: place + 1]):
        return call.args[place]
    return next((one.value for one in call.keywords if one.arg in names), None)
