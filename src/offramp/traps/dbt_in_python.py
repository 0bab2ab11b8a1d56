"""OFR123: Python code of DAG files that runs dbt."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.dbt_in_texts import commands_text, doubt_text, place_text, reading_of
from offramp.finding.trap import File, Trap
from offramp.finding.written_texts import texts_of, words_of
from offramp.python.values import Constant, Made, Member, Reference, Value
from offramp.shell.parsing import UNKNOWN
from offramp.shell.reading import Reading
from offramp.shell.words import Run

SLOTS = ("how", "commands", "place", "doubt")
# Functions that start a program, by whether a shell reads what they are given.
_STARTING = {
    **dict.fromkeys((f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")), False),
    **dict.fromkeys(("subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen"), True),
    **dict.fromkeys(("asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell"), True),
    **dict.fromkeys(("asyncio.create_subprocess_exec", "asyncio.subprocess.create_subprocess_exec"), False),
    **dict.fromkeys(("os.execv", "os.execvp", "os.posix_spawn", "os.posix_spawnp"), False),
}
_WORD_BY_WORD = frozenset({"asyncio.create_subprocess_exec", "asyncio.subprocess.create_subprocess_exec"})
_SECOND = frozenset({"os.execv", "os.execvp", "os.posix_spawn", "os.posix_spawnp"})
_COMMAND_NAMES = ("args", "cmd", "command")
_HOOKS = ("airflow.hooks.subprocess.SubprocessHook", "airflow.providers.standard.hooks.subprocess.SubprocessHook")
# dbt's own code, given the words after `dbt`.
_RUNNER = Reference("dbt.cli.main.dbtRunner")
_ENTRANCES = frozenset({"dbt.cli.main.cli", "dbt.main.handle_and_check", "dbt.main.main"})


def find(file: File) -> Iterator[Trap]:
    """The calls, in files that import Airflow."""
    if not any(_is_of_airflow(node) for node in ast.walk(file.source.tree)):
        return
    for call in file.module.names.calls:
        how, reading = _started(file, call)
        if reading is not None and reading.runs:
            slots = {
                "how": how,
                "commands": commands_text(reading.runs),
                "place": place_text(reading.runs, _directory(file, call)),
                "doubt": doubt_text(reading),
            }
            yield Trap(call.func, slots, call)


def _is_of_airflow(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").partition(".")[0] == "airflow"
    return isinstance(node, ast.Import) and any(one.name.partition(".")[0] == "airflow" for one in node.names)


def _started(file: File, call: ast.Call) -> tuple[str, Reading | None]:
    """Return how a call starts programs, in words, and the dbt commands among them; None where it starts none."""
    for value in file.module.values.evaluate(call.func):
        path = value.path if isinstance(value, Reference) else ""
        if path in _STARTING:
            return path, _of_program(file, call, path)
        if path in _ENTRANCES:
            return path.rpartition(".")[2], _of_dbt(file, call, "args")
        if _is_method(value, "invoke", (_RUNNER.path,)):
            return "dbtRunner().invoke", _of_dbt(file, call, "args")
        if _is_method(value, "run_command", _HOOKS):
            node = _given(call, 0, ("command",))
            return "SubprocessHook().run_command", None if node is None else reading_of(file, node, by_shell=False)
    return "", None


def _is_method(value: Value, name: str, classes: tuple[str, ...]) -> bool:
    """Return whether a value is a method of an object of one of some classes."""
    if not isinstance(value, Member) or value.name != name or not isinstance(value.owner, Made):
        return False
    callee = value.owner.callee
    return isinstance(callee, Reference) and callee.path in classes


def _of_program(file: File, call: ast.Call, path: str) -> Reading | None:
    if path in _WORD_BY_WORD:
        node: ast.expr | None = ast.copy_location(ast.List(call.args, ast.Load()), call)
    else:
        node = _given(call, 1 if path in _SECOND else 0, _COMMAND_NAMES)
    if node is None:
        return None
    return reading_of(file, node, by_shell=_STARTING[path] or _takes_shell(file, call))


def _takes_shell(file: File, call: ast.Call) -> bool:
    given = next((one.value for one in call.keywords if one.arg == "shell"), None)
    return given is not None and file.module.values.single(given) not in (Constant(False), Constant(None))


def _of_dbt(file: File, call: ast.Call, name: str) -> Reading:
    """The one command that dbt's own code is given, as it is for the command line."""
    node = _given(call, 0, (name,))
    lists = words_of(file.module.values, node) if node is not None else []
    return Reading(tuple((Run("dbt", tuple(words)), "") for words in lists or [[UNKNOWN]]), understood=True)


def _given(call: ast.Call, place: int, names: tuple[str, ...]) -> ast.expr | None:
    """The argument at a place, or by one of its names; None where it is not seen."""
    if len(call.args) > place and not any(isinstance(one, ast.Starred) for one in call.args[: place + 1]):
        return call.args[place]
    return next((one.value for one in call.keywords if one.arg in names), None)


def _directory(file: File, call: ast.Call) -> str:
    given = next((one.value for one in call.keywords if one.arg == "cwd"), None)
    return "" if given is None else texts_of(file.module.values, given)[0]
