"""Checks one file, or many; every front end goes through here."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

from offramp.finding.bans import Bans
from offramp.finding.detect import cannot_parse, find, find_in_manifest, needles, reads_manifests
from offramp.finding.suppress import suppress
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import FileResult
from offramp.reading.prefilter import Prefilter
from offramp.reading.source import Source, SourceError
from offramp.reading.versions import Versions, find_versions
from offramp.settings import Gate, Settings, enabled_codes, merged_gate, settings_for

_CANNOT_PARSE = "OFR901"
# Starting processes costs about as much as parsing this many bytes.
_WORTH_PROCESSES = 400_000


class Context:
    """What a run knows: settings, rulebook, codes that run, versions in use.

    Files below a nearer configuration, or matched by ``per-file-ignores``, get a context of their own.
    """

    def __init__(self, settings: Settings, rulebook: Rulebook, enabled: frozenset[str], versions: Versions) -> None:
        self.settings = settings
        self.rulebook = rulebook
        self.enabled = enabled
        self.versions = versions
        self._nested: dict[int, Context] = {}

    @cached_property
    def prefilter(self) -> Prefilter:
        """Tells which files can have findings of the enabled rules."""
        return Prefilter(needles(self.rulebook, self.enabled, self.bans))

    @cached_property
    def reads_manifests(self) -> bool:
        """Whether dependency manifests are checked too."""
        return reads_manifests(self.rulebook, self.enabled)

    @cached_property
    def bans(self) -> Bans:
        """What the gate keeps out where no ``allow`` says otherwise."""
        return self._bans(())

    def bans_for(self, path: str) -> Bans:
        """What the gate keeps out of one file."""
        allowed = self._gate.allowed(path)
        return self._bans(allowed) if allowed else self.bans

    @cached_property
    def _gate(self) -> Gate:
        return merged_gate(self.settings)

    def _bans(self, allowed: tuple[str, ...]) -> Bans:
        root = self.settings.root
        return Bans(self._gate.banned or (), allowed, (root, os.path.join(root, "src")))

    @cached_property
    def parses_all(self) -> bool:
        """Whether OFR901 is asked for by its code, so that every file is parsed."""
        return any(
            _CANNOT_PARSE in (*(layer.select or ()), *layer.extend_select) for layer in self.settings.selections
        )

    def of(self, path: str) -> Context:
        """The context of one file; raises OfframpError for bad configuration near it."""
        settings = settings_for(path, self.settings)
        context = self
        if settings is not self.settings:
            found = self._nested.get(id(settings))
            if found is None:
                same = settings.notes == self.settings.notes
                rulebook = self.rulebook if same else load_rulebook(settings.notes, lambda sentence: None)
                enabled = enabled_codes(settings, rulebook.rules.values())
                found = self._nested[id(settings)] = Context(settings, rulebook, enabled, find_versions(settings))
            context = found
        return context

    def enabled_for(self, path: str) -> frozenset[str]:
        """Codes that run on one file, ``per-file-ignores`` taken off."""
        if not self.settings.per_file_ignores:
            return self.enabled
        return enabled_codes(self.settings, self.rulebook.rules.values(), path)


def check_bytes(
    path: str,
    raw: bytes,
    context: Context,
    *,
    tree: ast.Module | None = None,
    named: bool = False,
    disable_noqa: bool = False,
) -> FileResult:
    """Check one file's bytes.

    ``tree`` spares parsing where a front end has it; a ``named`` file is parsed even
    when it cannot have findings; ``disable_noqa`` ignores suppression comments. An
    error inside offramp becomes the result's ``problem``.
    """
    context = context.of(path)
    if not (named or context.parses_all) and not _may_matter(path, raw, context):
        return FileResult(path, ())
    rulebook = context.rulebook
    enabled = context.enabled_for(path)
    try:
        if _is_manifest(path, context):
            return _check_manifest(path, raw, context, enabled)
        source = Source(path, raw, tree)
        found = find(source, rulebook, enabled, context.versions, context.bans_for(path))
        findings = suppress(
            source, found, rules=rulebook.rules, enabled=enabled, disable_noqa=disable_noqa
        )
    except SourceError as error:
        return _unparsed(path, raw, rulebook, str(error), error.offset)
    except RecursionError:
        return _unparsed(path, raw, rulebook, "cannot analyse: nested too deeply", 0)
    except Exception as error:
        if os.environ.get("OFFRAMP_DEBUG"):
            raise
        return FileResult(path, (), problem=f"{path}: internal error: {type(error).__name__}: {error}; please report it")
    return FileResult(path, tuple(findings), source.utf8 if findings else b"")


def check_files(
    paths: Sequence[str], context: Context, jobs: int, *, named: Collection[str] = ()
) -> Iterator[FileResult]:
    """Check files in the order of ``paths``; with enough work in ``jobs`` processes.

    ``named`` are the paths that the user gave by name. A file that cannot be read
    gives a result with a problem.
    """
    results: dict[str, FileResult] = {}
    waiting: list[str] = []
    size = 0
    for path in paths:
        raw = _read(path)
        if isinstance(raw, FileResult):
            results[path] = raw
            continue
        own = context.of(path)
        if path in named or own.parses_all or _may_matter(path, raw, own):
            waiting.append(path)
            size += len(raw)
        else:
            results[path] = FileResult(path, ())
    checked = _in_processes(waiting, context, jobs, named) if jobs > 1 and size > _WORTH_PROCESSES else None
    for path in paths:
        result = results.get(path)
        if result is None:
            result = next(checked) if checked is not None else _check_file(path, context, path in named)
        yield result


def _may_matter(path: str, raw: bytes, context: Context) -> bool:
    if _is_manifest(path, context):
        return context.bans.relevant(raw)
    if context.reads_manifests and os.path.basename(path) == "setup.py" and context.bans.relevant(raw):
        return True
    return context.prefilter.matches(raw)


def _is_manifest(path: str, context: Context) -> bool:
    if path.endswith((".py", ".pyi")) or not context.reads_manifests:
        return False
    from offramp.reading.manifests import manifest_kind

    return manifest_kind(os.path.abspath(path)) != ""


def _check_manifest(path: str, raw: bytes, context: Context, enabled: frozenset[str]) -> FileResult:
    source = Source(path, raw, ast.Module([], []))
    findings = find_in_manifest(source, context.rulebook, enabled, context.bans_for(path))
    return FileResult(path, tuple(findings), source.utf8 if findings else b"")


def _check_file(path: str, context: Context, named: bool) -> FileResult:
    raw = _read(path)
    return raw if isinstance(raw, FileResult) else check_bytes(path, raw, context, named=named)


def _read(path: str) -> bytes | FileResult:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        return FileResult(path, (), problem=f"{path}: cannot read: {error.strerror}")


def _unparsed(path: str, raw: bytes, rulebook: Rulebook, sentence: str, offset: int) -> FileResult:
    text = raw.decode("utf-8", "replace").encode("utf-8")
    return FileResult(path, (cannot_parse(rulebook, sentence, min(offset, len(text))),), text)


_worker: Callable[[str], FileResult]


def _in_processes(paths: list[str], context: Context, jobs: int, named: Collection[str]) -> Iterator[FileResult]:
    import multiprocessing

    # A forked process has the context already; elsewhere it would have to be made again.
    if "fork" not in multiprocessing.get_all_start_methods():
        return (_check_file(path, context, path in named) for path in paths)
    return _forked(paths, context, jobs, named)


def _forked(paths: list[str], context: Context, jobs: int, named: Collection[str]) -> Iterator[FileResult]:
    import multiprocessing

    global _worker

    def check(path: str) -> FileResult:
        return _check_file(path, context, path in named)

    _worker = check
    with multiprocessing.get_context("fork").Pool(min(jobs, len(paths))) as pool:
        yield from pool.imap(_work, paths, chunksize=max(1, min(32, len(paths) // (jobs * 4))))


def _work(path: str) -> FileResult:
    return _worker(path)
