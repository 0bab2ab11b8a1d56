"""Paths as the user names them -> the files to check; may import ``settings`` and ``model``.

What is found in a directory, and what is left out, is what ``ruff check`` would take,
save for notebooks, ``.ignore`` files and the user's global ignore file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from offramp.record import NamedTuple
from offramp.settings import CONFIG_NAMES, PYTHON_ENDINGS, Settings, excluder, settings_for

if TYPE_CHECKING:
    from typing import TypeAlias

    from offramp.reading.gitignore import GitIgnore

NOTEBOOK = "notebooks are checked in editors only: for the command line, write the code to a .py file"


class Discovery(NamedTuple):
    """The files to check, and what was said about the paths.

    ``files`` are sorted, without duplicates, relative to the current directory where
    they lie in it and absolute elsewhere. ``excluded`` are the named paths that
    configuration leaves out. ``problems`` are sentences, one for each path that
    cannot be checked.
    """

    files: tuple[str, ...]
    excluded: tuple[str, ...]
    problems: tuple[str, ...]


def discover(paths: Sequence[str], settings: Settings, *, manifests: bool = False, why_no_pipe: str = "") -> Discovery:
    """The files that ``paths`` stand for: files as named, directories searched for those of Python.

    With ``manifests``, dependency manifests and what they include are taken too. A
    named path is left out only under ``force_exclude``. A path that does not exist or
    cannot be read, and a directory with nothing to check, is a problem; so are a
    device, which may never end, and a pipe where ``why_no_pipe`` says why. Raises
    OfframpError for bad configuration met on the way.
    """
    search = _Search(settings, manifests=manifests)
    excluded = []
    for path in paths:
        absolute = os.path.abspath(path)
        try:
            mode = os.stat(absolute).st_mode
        except (OSError, ValueError) as error:
            search.problem(absolute, _why(absolute, error))
            continue
        nearest = settings_for(os.path.join(absolute, "x") if stat.S_ISDIR(mode) else absolute, settings)
        if nearest.force_exclude and is_excluded(absolute, nearest):
            excluded.append(search.shown(absolute))
        elif stat.S_ISDIR(mode):
            search.directory(absolute, nearest)
        elif absolute.endswith(".ipynb"):
            search.problem(absolute, NOTEBOOK)
        elif why := _why_not(absolute, mode, why_no_pipe):
            search.problem(absolute, why)
        else:
            search.files.add(search.shown(absolute))
    if manifests:
        search.includes()
    return Discovery(tuple(sorted(search.files)), tuple(excluded), tuple(search.problems))


def _why_not(absolute: str, mode: int, why_no_pipe: str) -> str:
    """Return why something that is not a directory is not read; empty where it is."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISFIFO(mode) or (stat.S_ISCHR(mode) and _ends(absolute)):
        return why_no_pipe
    what = "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"
    return f"this is {what}, neither a file nor a pipe: name a file, or `-` for standard input"


def _ends(absolute: str) -> bool:
    """Return whether a character device can be read to an end: a terminal, and the one that is empty."""
    if os.path.samefile(absolute, os.devnull):
        return True
    try:
        descriptor = os.open(absolute, os.O_RDONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def is_excluded(absolute: str, settings: Settings) -> bool:
    """Return whether the configuration excludes an absolute path, or a directory around it up to the settings' root."""
    matcher = excluder(settings.exclude + settings.extend_exclude)
    while not matcher.matches(absolute, os.path.basename(absolute)):
        parent = os.path.dirname(absolute)
        if absolute in (settings.root, parent):
            return False
        absolute = parent
    return True


def printable(path: str) -> str:
    r"""``path`` with bytes that are not UTF-8 as ``\xNN``, so that any stream can show it."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


# The ignore files that count in one directory, those of inner directories first; None outside of a Git repository.
_Ignores: TypeAlias = "tuple[GitIgnore, ...] | None"


class _Search:
    """All that has been found so far; ``base`` are the run's settings."""

    def __init__(self, base: Settings, *, manifests: bool) -> None:
        self.base = base
        self.manifests = manifests
        self.here = os.path.join(os.getcwd(), "")
        self.files: set[str] = set()
        self.problems: list[str] = []

    def shown(self, absolute: str) -> str:
        return absolute.removeprefix(self.here)

    def problem(self, absolute: str, why: str) -> None:
        self.problems.append(f"{printable(self.shown(absolute))}: {why}")

    def directory(self, root: str, settings: Settings) -> None:
        """Take what is to be checked in and below ``root``, whose settings are ``settings``."""
        found = len(self.problems)
        taken = 0
        pending = [(root, settings, self._ignores_above(root) if settings.respect_gitignore else None)]
        while pending:
            directory, settings, ignores = pending.pop()
            try:
                with os.scandir(directory) as scan:
                    entries = {entry.name: entry for entry in scan}
            except OSError as error:
                self.problem(directory, f"cannot read this directory: {error.strerror}")
                continue
            if not entries.keys().isdisjoint(CONFIG_NAMES):
                settings = settings_for(os.path.join(directory, "x"), self.base)
            if settings.respect_gitignore:
                ignores = self._ignores_in(directory, entries.keys(), ignores)
            for entry in self._wanted(directory, entries.values(), settings, ignores):
                path = os.path.join(directory, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    pending.append((path, settings, ignores))
                elif self._is_file(entry):
                    self.files.add(self.shown(path))
                    taken += 1
        if not taken and len(self.problems) == found:
            what = "Python file or dependency manifest" if self.manifests else "Python file"
            self.problem(root, f"there is no {what} to check in this directory")

    def _wanted(
        self, directory: str, entries: Iterable[os.DirEntry[str]], settings: Settings, ignores: _Ignores
    ) -> Iterator[os.DirEntry[str]]:
        """The directories, Python files and manifests in a directory that nothing excludes."""
        matcher = excluder(settings.exclude + settings.extend_exclude)
        prefix = os.path.join(directory, "")
        for entry in entries:
            name = entry.name
            path = prefix + name
            is_directory = entry.is_dir(follow_symlinks=False)
            if not is_directory and not name.endswith(PYTHON_ENDINGS) and not self.is_manifest(path):
                continue
            if not matcher.matches(path, name) and not (ignores and _is_ignored(path, name, ignores, is_directory)):
                yield entry

    def is_manifest(self, path: str) -> bool:
        """Return whether this run takes a file as a dependency manifest; most runs never need to know what one is."""
        if not self.manifests:
            return False
        from offramp.reading.manifests import is_manifest

        return is_manifest(path)

    def includes(self) -> None:
        """Take the files that requirements files include, which may have any name."""
        # A pipe gives its text only once, to the check.
        pending = [path for path in sorted(self.files) if not path.endswith(PYTHON_ENDINGS) and os.path.isfile(path)]
        if not pending:
            return
        from offramp.reading.manifests import includes

        while pending:
            path = pending.pop()
            try:
                with open(path, "rb") as file:
                    raw = file.read()
            except OSError:
                continue  # The check that follows says why.
            for include in includes(os.path.abspath(path), raw):
                shown = self.shown(include.path)
                if shown in self.files:
                    continue
                if not os.path.isfile(include.path):
                    row = raw.count(b"\n", 0, include.offset) + 1
                    self.problems.append(
                        f"{printable(path)}:{row}: there is no file {printable(shown)}, which this line includes"
                    )
                    continue
                self.files.add(shown)
                pending.append(shown)

    def _is_file(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_symlink():
            return entry.is_file()
        try:
            return stat.S_ISREG(entry.stat().st_mode)
        except OSError as error:
            self.problem(entry.path, _why(entry.path, error))
            return False

    def _ignores_above(self, root: str) -> _Ignores:
        """The ignore files of the directories above ``root``, up to that of its repository."""
        above = []
        directory = root
        while not os.path.exists(os.path.join(directory, ".git")):
            parent = os.path.dirname(directory)
            if parent == directory:
                return None
            above.append(directory := parent)
        ignores: _Ignores = None
        for directory in reversed(above):
            names = {name for name in (".git", ".gitignore") if os.path.exists(os.path.join(directory, name))}
            ignores = self._ignores_in(directory, names, ignores)
        return ignores

    def _ignores_in(self, directory: str, names: Collection[str], ignores: _Ignores) -> _Ignores:
        if ".git" in names:
            exclude = os.path.join(directory, ".git", "info", "exclude")
            ignores = self._read(exclude, directory) if os.path.isfile(exclude) else ()
        if ignores is not None and ".gitignore" in names:
            ignores = self._read(os.path.join(directory, ".gitignore"), directory) + ignores
        return ignores

    def _read(self, path: str, directory: str) -> tuple[GitIgnore, ...]:
        from offramp.reading.gitignore import GitIgnore

        try:
            with open(path, "rb") as file:
                return (GitIgnore(directory, file.read()),)
        except OSError as error:
            self.problem(path, f"cannot read this ignore file: {error.strerror}")
            return ()


def _is_ignored(path: str, name: str, ignores: tuple[GitIgnore, ...], is_directory: bool) -> bool:
    verdicts = (ignore.verdict(path, name, is_directory=is_directory) for ignore in ignores)
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _why(path: str, error: OSError | ValueError) -> str:
    if os.path.islink(path):
        return "this symbolic link leads nowhere"
    if isinstance(error, FileNotFoundError):
        return "there is no such file or directory"
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) else "no file can have this name"
