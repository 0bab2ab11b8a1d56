"""Functions that start programs, and where each is given the words of the one that it starts."""

from __future__ import annotations

import ast

from offramp.record import NamedTuple

# Forms of what a function is given: a list of words, or a text that is one; a text for a shell; the words one by one;
# a text that it takes apart itself.
LIST, SHELL, EACH, LINE = "list", "shell", "each", "line"
# Names of parameters that take words, and of those that take a program too.
WORDS = ("args", "cmd", "command")
PARAMETERS = (*WORDS, "file", "program")


class Starter(NamedTuple):
    """A way of giving a function a program: the form, and the positions at which the program and all its words begin.

    ``after`` is how many arguments follow words that are given one by one.
    """

    form: str
    program: int = 0
    words: int = 0
    after: int = 0

    def words_among(self, arguments: list[ast.expr]) -> list[ast.expr]:
        """The arguments that are words, where they are given one by one."""
        return arguments[self.words : len(arguments) - self.after]


_NAMES: dict[Starter, tuple[str, ...]] = {
    Starter(LIST): (
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")),
        "pty.spawn",
    ),
    Starter(SHELL): (
        *("subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen"),
        *("asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell"),
    ),
    Starter(EACH): ("asyncio.create_subprocess_exec", "asyncio.subprocess.create_subprocess_exec"),
    # The first word says again what the program is.
    Starter(LIST, words=1): (
        *(f"os.exec{kind}" for kind in ("v", "ve", "vp", "vpe")),
        *("os.posix_spawn", "os.posix_spawnp"),
    ),
    Starter(EACH, words=1): ("os.execl", "os.execlp"),
    Starter(EACH, words=1, after=1): ("os.execle", "os.execlpe"),
    Starter(LIST, program=1, words=2): tuple(f"os.spawn{kind}" for kind in ("v", "ve", "vp", "vpe")),
    Starter(EACH, program=1, words=2): ("os.spawnl", "os.spawnlp"),
    Starter(EACH, program=1, words=2, after=1): ("os.spawnle", "os.spawnlpe"),
    Starter(LINE): ("pexpect.run", "pexpect.spawn", "invoke.run"),
}
STARTERS = {name: starter for starter, names in _NAMES.items() for name in names}


def starts_program(path: str) -> bool:
    """Return whether a function starts a program."""
    return path in STARTERS
