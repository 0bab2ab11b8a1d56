"""A git revision to compare the work tree with, read without touching either; may import ``model``.

Submodules are compared with the commits that the revision names for them. What is in
no commit of the work tree's, such as a file outside of a sparse checkout, is as it was.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping

from offramp.model import OfframpError
from offramp.reading.git import SUBMODULE, Git, Scratch
from offramp.record import NamedTuple

_FILE_MODES = (b"100644", b"100755")
_BATCH = 500
_PURPOSE = "--base"


class Change(NamedTuple):
    """One file that differs from the revision; paths are absolute.

    ``path`` is empty for a deleted file; ``old_path`` and ``blob`` are empty for an
    added one.
    """

    path: str
    old_path: str
    blob: str


class Revision:
    """The point where the work tree's branch left a ref, and what has changed since.

    ``unchanged`` holds the tracked files that are as they were, ``added`` those of the
    checked files that were not there. All paths are absolute.
    """

    def __init__(self, ref: str, files: Iterable[str]) -> None:
        """Compare the work tree around the current directory, committed or not, with ``ref``.

        ``files`` are those that are checked; of what is untracked, only they count. Raises
        OfframpError where there is no repository or no such revision.
        """
        repository = Git(Git(os.getcwd(), _PURPOSE).top(), _PURPOSE)
        commit = _fork_point(repository, ref)
        here = os.path.join(os.getcwd(), "")
        absolute = [path if os.path.isabs(path) else here + path for path in files]
        self._compared = tuple(_compare(repository, commit, absolute))
        self.unchanged = frozenset().union(*(one.unchanged for one in self._compared))
        self.changes = tuple(change for one in self._compared for change in one.changes)
        self.added = frozenset(change.path for change in self.changes if not change.old_path)

    def read(self) -> Iterator[tuple[Change, bytes]]:
        """The old content of each change that has one."""
        for compared in self._compared:
            yield from compared.read()


class _Compared:
    """One repository's work tree against one of its commits."""

    def __init__(self, repository: Git, commit: str, changes: tuple[Change, ...], unchanged: frozenset[str]) -> None:
        self.changes = changes
        self.unchanged = unchanged
        self._repository = repository
        self._commit = commit

    def read(self) -> Iterator[tuple[Change, bytes]]:
        wanted = [change for change in self.changes if change.blob]
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            asked = "".join(f"{change.blob}\n" for change in batch).encode()
            answer = self._repository.output("cat-file", "--batch", given=asked)
            place = 0
            for change in batch:
                head, _, _ = answer[place:].partition(b"\n")
                place += len(head) + 1
                if head.endswith(b"missing"):
                    raise OfframpError(
                        f"{_PURPOSE}: git has no old version of {change.old_path}{_PARTIAL % self._commit}"
                    )
                size = int(head.split()[-1])
                yield change, answer[place : place + size]
                place += size + 1


def _compare(repository: Git, commit: str, files: Iterable[str]) -> Iterator[_Compared]:
    """The repository's own files, then those of its submodules; ``files`` are absolute."""
    top = os.path.join(repository.directory, "")
    inside = {path[len(top) :] for path in files if path.startswith(top)}
    with Scratch(repository) as scratch:
        index = scratch.tracked()
        below = {path: [file for file in inside if file.startswith(f"{path}/")] for path in index.submodules}
        inside.difference_update(*below.values())
        there = index.paths - index.left_out - index.submodules
        _take_in(scratch, inside - there, commit)
        changes = tuple(_changes(repository, scratch, commit))
        known = {top + path for path in there | inside}
        yield _Compared(repository, commit, changes, frozenset(known.difference(change.path for change in changes)))
        searched = {path: found for path, found in below.items() if found and os.path.lexists(f"{top}{path}/.git")}
        commits = _commits_of_submodules(scratch, commit) if searched else {}
    for path, found in searched.items():
        submodule = Git(top + path, _PURPOSE, inside=True)
        old = _old_commit(submodule, path, commits, index.submodules)
        if old is not None:
            yield from _compare(submodule, old, [top + file for file in found])


def _take_in(scratch: Scratch, paths: Iterable[str], commit: str) -> None:
    """Have git look at files that it does not track, or that a sparse checkout leaves out, as at any other."""
    # The object is never asked for: what has no times in the index is compared by its content.
    lines = "".join(f"100644 {commit}\t{path}\0" for path in sorted(paths))
    if lines:
        scratch.output("update-index", "-z", "--index-info", given=os.fsencode(lines))


def _changes(repository: Git, scratch: Scratch, commit: str) -> Iterator[Change]:
    top = os.path.join(scratch.directory, "")
    options = ("--raw", "-z", "--no-abbrev", "-M", "-l5000", "--no-relative", "--ignore-submodules=all")
    try:
        raw = scratch.output("diff", "--no-ext-diff", "--no-textconv", *options, commit, "--")
    except OfframpError as error:
        partial = repository.run("config", "--get-regexp", r"^remote\..*\.promisor$").returncode == 0
        raise OfframpError(f"{error}{_PARTIAL % commit if partial else ''}") from None
    fields = iter(raw.split(b"\0")[:-1])
    for field in fields:
        old_mode, _, blob, _, status = field.removeprefix(b":").split(b" ")
        old = new = top + os.fsdecode(next(fields))
        if status.startswith(b"R"):
            new = top + os.fsdecode(next(fields))
        had = old_mode in _FILE_MODES
        if status != b"U":
            yield Change("" if status == b"D" else new, old if had else "", blob.decode() if had else "")


def _commits_of_submodules(scratch: Scratch, commit: str) -> dict[str, str]:
    """The commits that ``commit`` names for the submodules that it has."""
    found = {}
    for line in os.fsdecode(scratch.output("ls-tree", "-r", "-z", "--full-tree", commit)).split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, _, name = head.split(" ")
        if mode == SUBMODULE:
            found[path] = name
    return found


def _old_commit(submodule: Git, path: str, commits: Mapping[str, str], submodules: Collection[str]) -> str | None:
    """The commit that the revision had of a submodule, which may have been moved; None where it had none."""
    if path not in commits:
        left = (commit for old, commit in sorted(commits.items()) if old not in submodules)
        return next((commit for commit in left if _has(submodule, commit)), None)
    if not _has(submodule, commits[path]):
        raise OfframpError(
            f"{_PURPOSE}: the submodule {path} was at commit {commits[path][:12]}, which it does not have;"
            f" `git -C {path} fetch --unshallow`, or `fetch-depth: 0` in actions/checkout, brings it"
        )
    return commits[path]


def _has(repository: Git, commit: str) -> bool:
    return repository.run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0


def _fork_point(repository: Git, ref: str) -> str:
    found = repository.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        raise OfframpError(f"git knows no revision `{ref}`{_why(repository)}")
    fork = repository.run("merge-base", found.stdout.decode().strip(), "HEAD")
    if fork.returncode:
        raise OfframpError(f"the history of HEAD and of `{ref}` has no commit in common{_why(repository)}")
    return fork.stdout.decode().strip()


def _why(repository: Git) -> str:
    shallow = repository.output("rev-parse", "--is-shallow-repository").strip() == b"true"
    return _SHALLOW if shallow else ""


_SHALLOW = (
    "; this is a shallow clone, which has only the newest commits:"
    " `git fetch --unshallow`, or `fetch-depth: 0` in actions/checkout, brings the others"
)
# The commit, for which git fetches what it lacks once it is asked to show all changes.
_PARTIAL = "; in a partial clone, `git diff --stat %s` fetches what is missing"
