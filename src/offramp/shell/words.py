"""Tells what a command's words run: dbt, another shell text, or a script; knows no files."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from offramp.knowledge.dbt_commands import command_of, is_command
from offramp.record import NamedTuple
from offramp.shell.parsing import UNKNOWN

# Fusion's name for itself, wherever dbt's is one.
_DBT, _FUSION = "dbt", "dbtf"
_SHELLS = re.compile(r"(?:ba|da|z|k|mk|a)?sh")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_MODULE = re.compile(r"dbt(?:\.cli(?:\.main)?)?")
# Programs that run the command among their words.
_RUNNING = frozenset(
    """
    aws-vault builtin caffeinate chamber chpst chronic chroot command coverage dotenv doppler dumb-init env envdir
    exec faketime firejail flock gosu infisical ionice nice nohup nsenter op rtx runuser setsid setuser stdbuf
    su-exec sudo taskset time timeout tini torsocks unbuffer unshare watch with-contenv xargs xvfb-run
    """.split()
)
# Programs that do so as one of their commands.
_RUNNING_BY = {
    "apptainer": ("exec", "run"),
    "conda": ("run",),
    "docker": ("compose", "exec", "run"),
    "docker-compose": ("exec", "run"),
    "hatch": ("run",),
    "kubectl": ("exec", "run"),
    "mamba": ("run",),
    "micromamba": ("run",),
    "mise": ("exec", "x"),
    "nerdctl": ("exec", "run"),
    "oc": ("exec", "run"),
    "pdm": ("run",),
    "pipenv": ("run",),
    "pipx": ("run",),
    "pixi": ("run",),
    "podman": ("exec", "run"),
    "poetry": ("run",),
    "pyenv": ("exec",),
    "rye": ("run",),
    "singularity": ("exec", "run"),
    "uv": ("run", "tool"),
    "uvx": (),
}
# Programs that run a shell text: after ``-c`` or as their last words.
_BY_TEXT = frozenset({"su", "script", "runuser", "ssh", "eval", "parallel", "watch"})
# Options of a shell whose value follows.
_WITH_VALUE = r"[-+][a-zA-Z]*[oO]|--rcfile|--init-file"
_SCRIPT = re.compile(r"\.(?:sh|bash)$")


class Run(NamedTuple):
    """A dbt command: its words after the program, of which those that are not known have UNKNOWN."""

    program: str
    words: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command as dbt calls it; empty where it is not known, or there is none."""
        return "" if any(UNKNOWN in word for word in self.words[:1]) else command_of(self.words)

    def option(self, *names: str) -> str:
        """The value of an option; empty where it is not given."""
        for index, word in enumerate(self.words):
            for name in names:
                if word == name and index + 1 < len(self.words):
                    return self.words[index + 1]
                if name.startswith("--") and word.startswith(f"{name}="):
                    return word[len(name) + 1 :]
        return ""


class Inner(NamedTuple):
    """A shell text that a command runs."""

    text: str


class Script(NamedTuple):
    """A file of shell text that a command runs."""

    path: str


def run_by(words: Sequence[str], names: Collection[str]) -> Run | Inner | Script | None:
    """Return what the words of a command run; None for what has to do with neither dbt nor another shell text."""
    words = list(words)
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
        del words[0]
    if not words:
        return None
    program = _base(words[0])
    if _is_dbt(program, names):
        return Run(words[0], tuple(words[1:]))
    if _SHELLS.fullmatch(program):
        return _of_shell(words)
    if program in {"source", "."} and len(words) > 1:
        return Script(words[1])
    if _PYTHON.fullmatch(program):
        return _of_python(words)
    if program in _BY_TEXT:
        return _text_among(program, words) or _among(words[1:], names)
    if program in _RUNNING or _is_running_by(program, words):
        return _among(words[1:], names)
    if words[0] == UNKNOWN:
        return _of_unknown(words, names)
    return Script(words[0]) if _SCRIPT.search(words[0]) else None


def _of_unknown(words: Sequence[str], names: Collection[str]) -> Run | None:
    """Return what a program runs that is not known: Python's, or one that takes a dbt command with some words."""
    if words[1:2] == ["-m"]:
        return _of_python(words)
    found = _among(words[1:2], names, words[2:])
    return found if isinstance(found, Run) and found.words else None


def _is_dbt(program: str, names: Collection[str]) -> bool:
    return program in names or (program == _FUSION and _DBT in names)


def _base(word: str) -> str:
    """The name of a program, without its directory."""
    return word.replace("\\", "/").rpartition("/")[2]


def _is_running_by(program: str, words: Sequence[str]) -> bool:
    commands = _RUNNING_BY.get(program)
    return commands is not None and (not commands or any(word in commands for word in words[1:]))


def _among(words: Sequence[str], names: Collection[str], more: Sequence[str] = ()) -> Run | Inner | Script | None:
    """Return what a program runs that takes a command among its words: options and their values come before it."""
    for index, word in enumerate(words):
        program, rest = _base(word), (*words[index + 1 :], *more)
        if _is_dbt(program, names) and _begins_command(rest):
            return Run(word, tuple(rest))
        if _SHELLS.fullmatch(program) or _PYTHON.fullmatch(program) or (program in _RUNNING and index == 0):
            found = run_by((word, *rest), names)
            if found is not None:
                return found
        if program in _RUNNING_BY and _is_running_by(program, (word, *rest)):
            return _among(rest, names)
    return None


def _begins_command(words: Sequence[str]) -> bool:
    """Return whether words can follow dbt: a word that is not a command of it follows another thing of that name."""
    return not words or words[0].startswith("-") or UNKNOWN in words[0] or words[0][:1] == "$" or is_command(words)


def _of_shell(words: Sequence[str]) -> Inner | Script | None:
    for index, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", word):
            text = next((other for other in words[index + 1 :] if not other.startswith("-")), "")
            return Inner(text) if text else None
        if not word.startswith(("-", "+")) and not re.fullmatch(_WITH_VALUE, words[index - 1]):
            return Script(word)
    return None


def _of_python(words: Sequence[str]) -> Run | None:
    for index, word in enumerate(words[1:], 1):
        if word == "-m" and index + 1 < len(words):
            module = words[index + 1]
            return Run(f"{words[0]} -m {module}", tuple(words[index + 2 :])) if _MODULE.fullmatch(module) else None
        if not word.startswith("-"):
            # A program of an environment that is started by its own Python.
            return Run(word, tuple(words[index + 1 :])) if _base(word) == _DBT and "/" in word else None
    return None


def _text_among(program: str, words: Sequence[str]) -> Inner | None:
    """The shell text that a program is given as one or several words."""
    for index, word in enumerate(words[:-1]):
        if word in {"-c", "--command"}:
            return Inner(words[index + 1])
    if program == "eval":
        return Inner(" ".join(words[1:]))
    last = words[-1]
    return Inner(last) if len(words) > 1 and re.search(r"\s", last) else None
