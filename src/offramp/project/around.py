"""The Python files of the whole project around some of its files; reads none of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from offramp.reading.repository import repository_of
from offramp.settings import PYTHON_ENDINGS, Settings, settings_for


class Around:
    """The files of a project, looked for each time that they are gone through.

    The project is what lies below the directory of the nearest configuration, or of the
    Git repository, whichever is the outer one; where there is neither, the directories of
    the files by themselves. What the configuration excludes is not checked, but may well need what
    is: only what is excluded by default, and what Git ignores, is left out.
    """

    def __init__(self, paths: Iterable[str], settings: Settings) -> None:
        """``paths`` are files and directories, which are part of the project wherever they lie."""
        self._paths = tuple(paths)
        self._settings = settings

    def __iter__(self) -> Iterator[str]:
        from offramp.reading.discover import discover

        roots: dict[str, Settings] = {}
        directories: dict[str, bool] = {}
        for path in self._paths:
            absolute = os.path.abspath(path)
            if os.path.isdir(absolute):
                directories[absolute] = True
            elif not os.path.exists(absolute) or os.path.isfile(absolute):
                # A pipe is not part of a project, and gives its text only once.
                directories.setdefault(os.path.dirname(absolute), False)
                yield path
        for directory, is_whole in sorted(directories.items()):
            if any(is_below(directory, root) for root in roots):
                continue
            settings = settings_for(os.path.join(directory, "x"), self._settings)
            root = project_root(directory, settings) or (directory if is_whole else "")
            if root:
                roots[root] = Settings(root=root, respect_gitignore=settings.respect_gitignore, fixed=True)
            elif os.access(directory, os.R_OK):
                entries = (entry for entry in os.scandir(directory) if entry.name.endswith(PYTHON_ENDINGS))
                yield from (entry.path for entry in entries if os.path.isfile(entry.path))
        for root, plain in roots.items():
            yield from discover([root], plain).files


def project_root(directory: str, settings: Settings) -> str:
    """The directory of the project around a directory; empty where nothing says how far it reaches."""
    roots = [repository_of(directory)]
    if settings.config_file and is_below(directory, settings.root):
        roots.append(settings.root)
    return min(filter(None, roots), key=len, default="")


def is_below(directory: str, root: str) -> bool:
    """Return whether a directory or file is in another directory, or is it."""
    return os.path.join(directory, "").startswith(os.path.join(root, ""))
