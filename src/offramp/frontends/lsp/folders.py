"""Tells what the configuration says about each file of a workspace; see the package for the layer rule."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from offramp.engine import Context, project_around, text_of
from offramp.finding.baseline import BASELINE_NAME, Entry, baseline_file, compare, load_baseline
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import FileResult, OfframpError, Span
from offramp.reading.discover import discover, is_excluded
from offramp.reading.versions import find_versions
from offramp.settings import CONFIG_NAMES, Settings, enabled_codes, load


class Folders:
    """The folders of a workspace, as they are configured; made anew when configuration changes.

    Bad configuration is said once, and the last good one, or none, stands in for it.
    """

    def __init__(
        self,
        roots: Sequence[str],
        say: Callable[[str], None],
        before: Folders | None = None,
        unsaved: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """``say`` gets the sentences about bad configuration; ``before`` has what held until now.

        ``unsaved`` are the texts of open files, by path.
        """
        self._unsaved = unsaved
        self.roots = tuple(dict.fromkeys(roots))
        self._say = say
        self._said: set[str] = set()
        self.good: dict[str, Context] = dict(before.good) if before is not None else {}
        self._contexts: dict[str, Context] = {}
        self._rulebooks: dict[tuple[str, ...], Rulebook] = {}
        self._baselines: dict[str, _Baseline] = {}
        self._stamps: dict[str, tuple[int, int]] = {}

    def context(self, path: str) -> Context:
        """The context of one file."""
        base = self._base(self._root(path))
        try:
            context = base.of(path)
            self._read_from(context.settings.config_file, *context.settings.notes)
            return context
        except OfframpError as error:
            self._complain(str(error))
            return _fixed(base)

    def excluded(self, path: str) -> bool:
        """Return whether configuration leaves a file out."""
        return is_excluded(path, self.context(path).settings)

    def accepted(self, result: FileResult) -> frozenset[tuple[str, Span]]:
        """Return which of a file's findings the baseline holds, by code and span."""
        if not result.findings:
            return frozenset()
        root = self._root(result.path)
        baseline = self._baselines.get(root)
        if baseline is None:
            baseline = self._baselines[root] = self._baseline(root)
        return baseline.holds(result)

    def load(self) -> None:
        """Read the configuration of every folder, so that the first check need not."""
        for root in self.roots:
            self._base(root)

    def baseline(self, path: str) -> str:
        """The baseline file that holds accepted findings of a file, or would."""
        return baseline_file(os.path.dirname(path), self.context(path).settings)

    def files(self, root: str) -> tuple[str, ...]:
        """Absolute paths of the Python files to check in a folder."""
        settings = self._base(root).settings
        try:
            found = discover([root], settings)
        except OfframpError as error:
            self._complain(str(error))
            found = discover([root], settings._replace(fixed=True))
        return tuple(map(os.path.abspath, found.files))

    def touched(self, path: str) -> None:
        """A Python file was written, made or removed; what its folder's other files need of each other changes."""
        context = self._contexts.get(self._root(path))
        if context is not None and context.project is not None:
            context.project.forget(path)

    def forget_imported(self, path: str) -> bool:
        """A file's text has changed: let go of what others took from it, and say whether there is any."""
        known = [context.forget_imported(path) for context in list(self._contexts.values())]
        return any(known)

    def _text(self, path: str) -> bytes | None:
        raw = self._unsaved.get(path)
        return raw if raw is not None else text_of(path)

    def watches(self, path: str) -> bool:
        """Return whether a change of this file may change what is found in others."""
        name = os.path.basename(path)
        if name in (*CONFIG_NAMES, BASELINE_NAME) or not name.endswith((".json", ".md")):
            return True
        # The thread that checks may be adding to these.
        baselines = {baseline.file for baseline in list(self._baselines.values())}
        has_notes = any(context.settings.notes for context in list(self._contexts.values()))
        return path in baselines or (name.endswith(".md") and has_notes)

    def outdated(self) -> bool:
        """Return whether a file of the configuration has changed since it was read, and the client did not say so."""
        return any(_stamp(file) != stamp for file, stamp in self._stamps.items())

    def _root(self, path: str) -> str:
        """The innermost folder of the workspace around a file, else the file's directory."""
        around = [root for root in self.roots if path.startswith(os.path.join(root, ""))]
        return max(around, key=len, default=os.path.dirname(path))

    def _base(self, root: str) -> Context:
        context = self._contexts.get(root)
        if context is None:
            try:
                context = self.good[root] = self._context(load(root, {}))
            except OfframpError as error:
                self._complain(str(error))
                good = self.good.get(root)
                context = _fixed(good) if good is not None else self._context(load(root, {}, isolated=True))
            context.read = self._text
            if root in self.roots:
                context.project = project_around([root], context.settings)
            self._contexts[root] = context
            self._read_from(*(os.path.join(root, name) for name in CONFIG_NAMES))
        return context

    def _context(self, settings: Settings) -> Context:
        rulebook = self._rulebooks.get(settings.notes)
        if rulebook is None:
            # That a user's note replaces a shipped one is said by the command line.
            rulebook = self._rulebooks[settings.notes] = load_rulebook(settings.notes, lambda _sentence: None)
        enabled = enabled_codes(settings, rulebook.rules.values())
        return Context(settings, rulebook, enabled, find_versions(settings))

    def _baseline(self, root: str) -> _Baseline:
        try:
            file = baseline_file(root, self._base(root).settings)
            self._read_from(file)
            return _Baseline(file, load_baseline(file) if os.path.lexists(file) else ())
        except OfframpError as error:
            self._complain(str(error))
            return _Baseline("", ())

    def _read_from(self, *files: str) -> None:
        for file in files:
            if file and file not in self._stamps:
                self._stamps[file] = _stamp(file)

    def _complain(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


class _Baseline:
    """The entries of one baseline file, by path."""

    def __init__(self, file: str, entries: Iterable[Entry]) -> None:
        self.file = file
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._entries[entry.path].append(entry)

    def holds(self, result: FileResult) -> frozenset[tuple[str, Span]]:
        path = os.path.relpath(result.path, os.path.dirname(self.file)).replace(os.sep, "/") if self._entries else ""
        if path not in self._entries:
            return frozenset()
        known = compare([(path, result)], self._entries[path], lambda _entry: False).known
        return frozenset((finding.code, finding.span) for found in known for finding in found.findings)


def _stamp(file: str) -> tuple[int, int]:
    try:
        status = os.stat(file)
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


def _fixed(context: Context) -> Context:
    """The same for every file, whatever stands near it."""
    fixed = Context(context.settings._replace(fixed=True), context.rulebook, context.enabled, context.versions)
    fixed.project = context.project
    fixed.read = context.read
    return fixed
