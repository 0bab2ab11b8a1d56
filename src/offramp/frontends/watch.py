"""``offramp check --watch``: checks again whenever something changes that findings depend on; topmost layer.

Each check is a process of its own: nothing of an earlier configuration, note or file is left in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from watchfiles import Change, DefaultFilter
from watchfiles import watch as changes_in

from offramp.frontends.checking import overrides
from offramp.frontends.terminal import INTERRUPTED, draws, write
from offramp.model import OfframpError
from offramp.reading.manifests import is_manifest
from offramp.record import NamedTuple
from offramp.settings import CONFIG_NAMES, PYTHON_ENDINGS, load

_HOME_AND_CLEAR = "\x1b[H\x1b[2J"
# The same modules as here, without those of the current directory that `-c` would let in.
_CHECK = "import sys; sys.path[:] = {path!r}; from offramp.frontends.cli import command; command()"
_LOOK_UP = 0.5  # seconds; a wait without end cannot be interrupted on Windows


class _Places(NamedTuple):
    """Absolute paths: directories whose whole trees count, others that count alone, and files of any name."""

    trees: frozenset[str]
    folders: frozenset[str]
    named: frozenset[str]


def watch(args: argparse.Namespace, argv: Sequence[str]) -> int:
    """Check by the command line ``argv`` until interrupted; the exit code. Raises OfframpError."""
    command = [sys.executable, "-c", _CHECK.format(path=sys.path), *(word for word in argv if word != "--watch")]
    try:
        while True:
            places = _places(args)
            with _Changes(places) as changes:
                while places == _places(args):
                    _check(command, quiet=args.quiet)
                    changes.wait()
    except KeyboardInterrupt:
        return INTERRUPTED


def _check(command: Sequence[str], *, quiet: bool) -> None:
    if draws(sys.stdout):
        write(sys.stdout, _HOME_AND_CLEAR)
    subprocess.run(command, check=False)
    if not quiet:
        write(sys.stderr, f"[{time.strftime('%X')}] Watching for changes, until Ctrl-C.\n")


def _places(args: argparse.Namespace) -> _Places:
    paths = [os.path.abspath(path) for path in args.paths or ["."]]
    trees = {path for path in paths if os.path.isdir(path)}
    named = {path for path in paths if path not in trees}
    if args.config:
        named.add(os.path.abspath(args.config))
    with suppress(OfframpError):  # The check says what is wrong; once that is mended, the notes are known.
        named.update(load(".", overrides(args), config=args.config, isolated=args.isolated).notes)
    folders = {os.getcwd(), *map(_existing_folder, named), *_configured_above(os.getcwd())}
    below = tuple(os.path.join(tree, "") for tree in trees)
    alone = {folder for folder in folders if not os.path.join(folder, "").startswith(below)}
    return _Places(frozenset(trees), frozenset(alone), frozenset(named))


def _existing_folder(path: str) -> str:
    """The innermost directory above ``path`` that there is."""
    folder = os.path.dirname(path)
    return folder if os.path.isdir(folder) else _existing_folder(folder)


def _configured_above(directory: str) -> list[str]:
    parent = os.path.dirname(directory)
    here = [directory] if any(os.path.lexists(os.path.join(directory, name)) for name in CONFIG_NAMES) else []
    return here if parent == directory else here + _configured_above(parent)


class _Relevant(DefaultFilter):
    """Takes the changes that findings may depend on, in directories that are not passed over by custom."""

    def __init__(self, places: _Places) -> None:
        super().__init__()
        self._named = places.named
        self._note_folders = {os.path.dirname(path) for path in places.named if path.endswith(".md")}

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether a change counts."""
        folder, name = os.path.split(path)
        return super().__call__(change, path) and (
            path in self._named
            or name.endswith(PYTHON_ENDINGS)
            or name in (*CONFIG_NAMES, ".gitignore")
            or (name.endswith(".md") and folder in self._note_folders)
            or is_manifest(path)
            or os.path.isdir(path)
            or (change == Change.deleted and "." not in name)  # may have been a directory
        )


class _Changes:
    """The changes in some places, from when the context is entered on."""

    def __init__(self, places: _Places) -> None:
        self._places = places
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._failure = ""

    def __enter__(self) -> _Changes:
        for paths, recursive in ((self._places.trees, True), (self._places.folders, False)):
            if paths:
                threading.Thread(target=self._listen, args=(paths, recursive), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()

    def wait(self) -> None:
        """Return once something has changed since the last call, or raise OfframpError where that is not to be seen."""
        while not self._changed.wait(_LOOK_UP):
            pass
        self._changed.clear()
        if self._failure:
            raise OfframpError(self._failure)

    def _listen(self, paths: frozenset[str], recursive: bool) -> None:
        relevant = _Relevant(self._places)
        try:
            for _ in changes_in(
                *paths, watch_filter=relevant, stop_event=self._stopped, recursive=recursive, raise_interrupt=False
            ):
                self._changed.set()
        except OSError as error:
            self._failure = f"--watch: {error}"
            self._changed.set()
