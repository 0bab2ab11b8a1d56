"""Calls of git that run nothing of the repository they look at; may import ``model``.

A repository's configuration names programs: hooks, filters, a file system monitor, drivers of diffs, helpers of
transports. ``Git`` is for questions about refs, commits and the index, for which git starts none of them; what could be
started all the same is switched off. Whatever reads the work tree goes through ``Scratch``: a git directory of this
run's own, whose configuration says no more than how to compare files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from types import TracebackType

from offramp.model import OfframpError
from offramp.record import NamedTuple

_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
)
# No object is fetched: transports run helpers, ssh and whatever else the configuration names. The list of allowed
# protocols is empty, which beats any configuration, for the versions of git that know nothing of GIT_NO_LAZY_FETCH.
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
SUBMODULE = "160000"
_LEFT_OUT = "S"
# How file names, modes, times and line ends are compared: all that is taken over from a repository's configuration.
_COMPARING = (
    "core.autocrlf core.checkstat core.eol core.filemode core.ignorecase core.precomposeunicode core.symlinks "
    "core.trustctime"
).split()
# Variables of git's that keep their meaning for another git directory.
_OBJECTS = "GIT_ALTERNATE_OBJECT_DIRECTORIES"
_ANYWHERE = frozenset({"GIT_EXEC_PATH", _OBJECTS})


class Tracked(NamedTuple):
    """The paths of an index, relative to its work tree: all, and those of them that are something special."""

    paths: frozenset[str]
    left_out: frozenset[str]
    submodules: frozenset[str]


class Git:
    """The repository around a directory, asked about its refs, commits and index.

    ``purpose`` begins the sentence of every error. A repository that is found ``inside``
    another, as a submodule is, is not the one that variables of the environment may name.
    """

    def __init__(self, directory: str, purpose: str, *, inside: bool = False) -> None:
        """Start at ``directory``; nothing is run yet."""
        self.directory = directory
        self.purpose = purpose
        self._environment = {**(_without_variables() if inside else os.environ), **_OFFLINE}

    def top(self) -> str:
        """The work tree's directory."""
        return os.fsdecode(self.output("rev-parse", "--show-toplevel").removesuffix(b"\n"))

    def tracked(self) -> Tracked:
        """The index, with what a sparse checkout leaves out."""
        lines = os.fsdecode(self.output("ls-files", "-z", "-t", "--stage")).split("\0")[:-1]
        # A tag, the mode, the object's name and the stage are equally long in all lines.
        start = lines[0].index("\t") + 1 if lines else 0
        return Tracked(
            frozenset([line[start:] for line in lines]),
            frozenset([line[start:] for line in lines if line[0] == _LEFT_OUT]),
            frozenset([line[start:] for line in lines if line[2:8] == SUBMODULE]),
        )

    def sides(self, path: str) -> tuple[bytes, bytes, bytes]:
        """The file before a merge that is not resolved, and on both of its sides; empty where it was not there."""
        found = [b"", b"", b""]
        for line in self.run("ls-files", "-z", "--unmerged", "--", path).stdout.split(b"\0")[:-1]:
            _, name, stage = line.partition(b"\t")[0].split(b" ")
            found[int(stage) - 1] = self.output("cat-file", "blob", name.decode())
        base, ours, theirs = found
        return base, ours, theirs

    def output(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what a command prints; raises OfframpError with git's own reason where it fails."""
        done = self.run(*arguments, given=given)
        if done.returncode:
            raise OfframpError(f"{self.purpose}: git {arguments[0]}: {_first_line(done.stderr)}")
        return done.stdout

    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command, which may fail."""
        return self._run(arguments, self._environment, given)

    def _run(
        self, arguments: tuple[str, ...], environment: Mapping[str, str], given: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        # Not a program of the current directory, where PATH or the system would look there.
        places = os.pathsep.join(filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep)))
        program = shutil.which("git", path=places)
        if program is None or not os.path.isabs(program):
            raise OfframpError(f"{self.purpose} needs git, which is not installed")
        command = (program, *_OPTIONS, *arguments)
        return subprocess.run(
            command, cwd=self.directory, env=environment, input=given, capture_output=True, check=False
        )


class Scratch(Git):
    """A git directory in a temporary folder, with the index and the objects of a repository and its work tree.

    No program that the repository, the user or the system configures is known in it, so none runs: files with a
    ``filter`` attribute are compared as they stand. Line ends are converted as configured.
    """

    def __init__(self, repository: Git) -> None:
        """Use it in a ``with`` statement, which ends with the folder; nothing is written to ``repository``."""
        super().__init__(repository.directory, repository.purpose)
        self._repository = repository
        self._folder = tempfile.TemporaryDirectory(prefix="offramp-")

    def __enter__(self) -> Scratch:
        folder = self._folder.name
        for name in ("objects", "refs", "info", "home"):
            os.makedirs(os.path.join(folder, name))
        self._write("HEAD", "ref: refs/heads/none\n")
        asked = (part for name in ("objects", "index", "HEAD", "info/attributes") for part in ("--git-path", name))
        answers = self._repository.output("rev-parse", *asked, "--show-object-format")
        *places, kind = os.fsdecode(answers).splitlines()
        objects, index, head, attributes = (os.path.join(self.directory, place) for place in places)
        self._write("config", self._configuration(kind))
        shared = (entry.path for entry in os.scandir(os.path.dirname(head)) if entry.name.startswith("sharedindex."))
        for place, name in ((index, "index"), (attributes, "info/attributes"), *((path, "") for path in shared)):
            if os.path.isfile(place):
                # With its time, by which git tells what may have changed in the instant when the index was written.
                shutil.copy2(place, os.path.join(folder, name))
        self._environment = {
            **_without_variables(),
            **_OFFLINE,
            "GIT_DIR": folder,
            _OBJECTS: os.pathsep.join(filter(None, (_quoted(objects), os.environ.get(_OBJECTS)))),
            "GIT_WORK_TREE": self.directory,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "HOME": os.path.join(folder, "home"),
            "XDG_CONFIG_HOME": os.path.join(folder, "home"),
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def _configuration(self, kind: str) -> str:
        asked = self._repository.run("config", "-z", "--get-regexp", f"^({'|'.join(_COMPARING)})$").stdout.decode()
        lines = ["[core]", "repositoryformatversion = 1", "bare = false"]
        for setting in filter(None, asked.split("\0")):
            name, _, value = setting.partition("\n")
            if not value or value.isalnum():
                lines.append(f"{name.partition('.')[2]} = {value or 'true'}")
        return "\n".join([*lines, "[extensions]", f"objectformat = {kind}", ""])

    def _write(self, name: str, text: str) -> None:
        with open(os.path.join(self._folder.name, name), "wb") as file:
            file.write(os.fsencode(text))


def _without_variables() -> dict[str, str]:
    """The environment without what points git to one repository or configures it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _ANYWHERE}


def _quoted(path: str) -> str:
    """A path as git reads it among others, whatever characters it has."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _first_line(said: bytes) -> str:
    return said.decode("utf-8", "backslashreplace").strip().partition("\n")[0].removeprefix("fatal: ")
