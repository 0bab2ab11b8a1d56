"""A git revision to compare the work tree with, read without touching either; may import ``model``."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence

from offramp.model import OfframpError
from offramp.record import NamedTuple

_FILE_MODES = (b"100644", b"100755")
_BATCH = 500


class Change(NamedTuple):
    """One file that differs from the revision; paths are absolute.

    ``path`` is empty for a deleted file; ``old_path`` and ``blob`` are empty for an
    added one.
    """

    path: str
    old_path: str
    blob: str


class Revision:
    """The point where the work tree's branch left ``ref``, and what has changed since.

    ``top`` is the repository's directory; ``unchanged`` holds the tracked files that
    are as they were. All paths are absolute.
    """

    def __init__(self, ref: str) -> None:
        """Compare the work tree around the current directory, committed or not, with ``ref``.

        Raises OfframpError where there is no repository or no such revision.
        """
        self.top = os.getcwd()
        self.top = os.fsdecode(self._git("rev-parse", "--show-toplevel").removesuffix(b"\n"))
        self.commit = self._fork_point(ref)
        with tempfile.TemporaryDirectory(prefix="offramp-") as folder:
            scratch = self._scratch(folder)
            tracked = self._git("ls-files", "-z", scratch=scratch).split(b"\0")
            self.changes = tuple(self._changes(scratch))
        self.unchanged = {self._absolute(path) for path in tracked if path} - {change.path for change in self.changes}

    def read(self, changes: Sequence[Change]) -> Iterator[tuple[Change, bytes]]:
        """The old content of each change that has one."""
        wanted = [change for change in changes if change.blob]
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            asked = "".join(f"{change.blob}\n" for change in batch).encode()
            answer = self._git("cat-file", "--batch", given=asked)
            place = 0
            for change in batch:
                head, _, _ = answer[place:].partition(b"\n")
                place += len(head) + 1
                if not head.endswith(b"missing"):
                    size = int(head.split()[-1])
                    yield change, answer[place : place + size]
                    place += size + 1

    def _fork_point(self, ref: str) -> str:
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        shallow = self._git("rev-parse", "--is-shallow-repository").strip() == b"true"
        if found.returncode:
            raise OfframpError(f"git knows no revision `{ref}`{_SHALLOW if shallow else ''}")
        commit = found.stdout.decode().strip()
        fork = self._run("merge-base", commit, "HEAD")
        if fork.returncode:
            why = _SHALLOW if shallow else ""
            raise OfframpError(f"the history of HEAD and of `{ref}` has no commit in common{why}")
        return fork.stdout.decode().strip()

    def _scratch(self, folder: str) -> dict[str, str]:
        """An index and an object store of this run's own, so that git can count untracked files without a trace."""
        index, objects = (
            os.path.join(self.top, os.fsdecode(self._git("rev-parse", "--git-path", name).removesuffix(b"\n")))
            for name in ("index", "objects")
        )
        scratch = {"GIT_INDEX_FILE": os.path.join(folder, "index"), "GIT_OBJECT_DIRECTORY": folder}
        scratch["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = objects
        if os.path.exists(index):
            shutil.copyfile(index, scratch["GIT_INDEX_FILE"])
        return scratch

    def _changes(self, scratch: dict[str, str]) -> Iterator[Change]:
        untracked = self._git("ls-files", "-z", "--others", "--exclude-standard", scratch=scratch)
        if untracked:
            names = ("--pathspec-from-file=-", "--pathspec-file-nul")
            self._git("add", "--intent-to-add", *names, scratch=scratch, given=untracked)
        options = ("--raw", "-z", "--no-abbrev", "-M", "-l5000", "--no-relative", "--ignore-submodules")
        raw = self._git("diff", "--no-ext-diff", *options, self.commit, "--", scratch=scratch)
        fields = iter(raw.split(b"\0")[:-1])
        for field in fields:
            old_mode, _, blob, _, status = field.removeprefix(b":").split(b" ")
            old = new = self._absolute(next(fields))
            if status.startswith(b"R"):
                new = self._absolute(next(fields))
            had = old_mode in _FILE_MODES
            if status != b"U":
                yield Change("" if status == b"D" else new, old if had else "", blob.decode() if had else "")

    def _absolute(self, path: bytes) -> str:
        return os.path.join(self.top, os.fsdecode(path))

    def _git(self, *arguments: str, scratch: Mapping[str, str] = {}, given: bytes = b"") -> bytes:
        done = self._run(*arguments, scratch=scratch, given=given)
        if done.returncode:
            said = done.stderr.decode("utf-8", "backslashreplace").strip().partition("\n")[0]
            raise OfframpError(f"--base: git {arguments[0]}: {said.removeprefix('fatal: ')}")
        return done.stdout

    def _run(
        self, *arguments: str, scratch: Mapping[str, str] = {}, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C", **scratch}
        command = ("git", "-c", "core.fsmonitor=false", *arguments)
        try:
            return subprocess.run(command, cwd=self.top, env=environment, input=given, capture_output=True, check=False)
        except FileNotFoundError:
            raise OfframpError("--base needs git, which is not installed") from None


_SHALLOW = (
    "; this is a shallow clone, which has only the newest commits:"
    " `git fetch --unshallow`, or `fetch-depth: 0` in actions/checkout, brings the others"
)
