"""Checks one file, or many; every front end goes through here."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from offramp.finding.bans import Bans
from offramp.finding.detect import (
    cannot_parse,
    find,
    find_in_manifest,
    manifest_matters,
    needles,
    reads_manifests,
    shown_text,
    takes_tree,
)
from offramp.finding.suppress import suppress
from offramp.fixing.edits import applicable, apply, edits_of, unproven
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import Applicability, FileResult, Finding, Rule
from offramp.reading.prefilter import Prefilter, declares_dependencies
from offramp.reading.source import Source, SourceError, readable
from offramp.reading.versions import Versions, find_versions
from offramp.record import NamedTuple
from offramp.settings import PYTHON_ENDINGS, Gate, Settings, enabled_codes, merged_gate, settings_for

if TYPE_CHECKING:
    from offramp.finding.project.index import Project
    from offramp.fixing.options import Options

_CANNOT_PARSE = "OFR901"
# Fixes that overlap are applied one round after the other; more rounds than this mean that they undo each other.
_MOST_ROUNDS = 10
# What would take longer than this many seconds is done in processes; starting them costs a fraction of it.
_WORTH_PROCESSES = 0.3
# How long to look, in seconds, before saying how long the rest will take.
_LOOKING = 0.02


class Context:
    """What a run knows: settings, rulebook, codes that run, versions in use.

    Files below a nearer configuration, or matched by ``per-file-ignores``, get a context of their own.
    """

    def __init__(self, settings: Settings, rulebook: Rulebook, enabled: frozenset[str], versions: Versions) -> None:
        self.settings = settings
        self.rulebook = rulebook
        self.enabled = enabled
        self.versions = versions
        self.project: Project | None = None
        # Whether converted files deploy their flows themselves; a prefect.yaml does it otherwise.
        self.serves = True
        # Whether converted files stay where they are.
        self.in_place = True
        # Whether fixes may take DAGs out of Airflow; None leaves that to each configuration's `convert-dags`.
        self.converts: bool | None = True
        self._nested: dict[int, Context] = {}
        self._of_directory: dict[str, Context] = {}

    @cached_property
    def prefilter(self) -> Prefilter:
        """Tells which files can have findings of the enabled rules."""
        return Prefilter(needles(self.rulebook, self.enabled, self.bans))

    @cached_property
    def reads_manifests(self) -> frozenset[str]:
        """The detectors that look into dependency manifests; with none, manifests are not checked."""
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
        return any(_CANNOT_PARSE in (*(layer.select or ()), *layer.extend_select) for layer in self.settings.selections)

    def of(self, path: str) -> Context:
        """The context of one file; raises OfframpError for bad configuration near it."""
        directory = os.path.dirname(path)
        context = self._of_directory.get(directory)
        if context is None:
            context = self._of_directory[directory] = self._nearest(path)
        return context

    def _nearest(self, path: str) -> Context:
        settings = settings_for(path, self.settings)
        context = self
        if settings is not self.settings:
            found = self._nested.get(id(settings))
            if found is None:
                same = settings.notes == self.settings.notes
                rulebook = self.rulebook if same else load_rulebook(settings.notes, lambda _sentence: None)
                enabled = enabled_codes(settings, rulebook.rules.values())
                found = self._nested[id(settings)] = Context(settings, rulebook, enabled, find_versions(settings))
                found.project = self.project
                found.serves = self.serves
                found.in_place = self.in_place
                found.converts = self.converts
            context = found
        return context

    def rules_of(self, results: Iterable[FileResult]) -> dict[str, Rule]:
        """The rules by code, with those that the configuration near one of the files adds."""
        rules = dict(self.rulebook.rules)
        for result in results:
            if any(finding.code not in rules for finding in result.findings):
                rules = {**self.of(result.path).rulebook.rules, **rules}
        return rules

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
    fixes: bool = False,
) -> FileResult:
    """Check one file's bytes.

    ``tree`` spares parsing where a front end has it; a ``named`` file is parsed even
    when it cannot have findings; ``disable_noqa`` ignores suppression comments;
    ``fixes`` gives every finding its fix or refusals. An error inside offramp becomes
    the result's ``problem``.
    """
    context = context.of(path)
    if not (named or context.parses_all) and not _may_matter(path, raw, context):
        return FileResult(path, ())
    rulebook = context.rulebook
    enabled = context.enabled_for(path)
    try:
        if _is_manifest(path, context):
            return _check_manifest(path, raw, context, enabled)
        source = Source(path, raw, tree, lazily=not takes_tree(raw, rulebook, enabled))
        found = find(source, rulebook, enabled, context.versions, context.bans_for(path))
        findings = suppress(source, found, rules=rulebook.rules, enabled=enabled, disable_noqa=disable_noqa)
        if fixes and findings:
            findings = planned(source, findings, context)
        text = shown_text(source, rulebook) if findings else b""
    except SourceError as error:
        return _unparsed(path, raw, rulebook, str(error), error.offset)
    except RecursionError:
        return _unparsed(path, raw, rulebook, "cannot analyse: nested too deeply", 0)
    except Exception as error:
        if os.environ.get("OFFRAMP_DEBUG"):
            raise
        fault = f"internal error: {type(error).__name__}: {error}; please report it"
        return FileResult(path, (), problem=f"{path}: {fault}")
    return FileResult(path, tuple(findings), text)


def planned(source: Source, findings: Sequence[Finding], context: Context) -> list[Finding]:
    """The findings of one file with their fixes or refusals; ``context`` is the file's own."""
    from offramp.fixing.plan import plan

    return plan(source, findings, context.rulebook, _options(context), context.project)


def shown(path: str, raw: bytes, context: Context) -> bytes:
    """The UTF-8 text of a file that can be parsed, API keys as asterisks."""
    return shown_text(Source(path, raw), context.of(path).rulebook)


class UnprovenError(Exception):
    """Fixes that were not made: which, and why, in one sentence."""


def proven(
    source: Source, findings: Sequence[Finding], applied: Sequence[Finding], context: Context, *, fixes: bool = False
) -> tuple[bytes, FileResult]:
    """The new bytes of a file with the fixes of ``applied``, some of its ``findings``, and what checking them gives.

    The new text parses, compiles and reads no name that is gone; the findings are gone
    and none has come. Raises UnprovenError where that is not so. ``fixes`` plans the fixes of
    what is left.
    """
    codes = ", ".join(sorted({finding.code for finding in applied}))
    try:
        changed = source.encoded(apply(source.utf8, edits_of(applied, source)))
    except (UnicodeEncodeError, ValueError) as error:
        raise UnprovenError(f"{source.path}: the fix of {codes} was not applied: {error}") from None
    after = check_bytes(source.path, changed, context, named=True, fixes=fixes)
    fault = after.problem or unproven(findings, applied, after.findings)
    if not fault:
        from offramp.fixing.proof import airflow_after, broken

        fixed = Source(source.path, changed)
        fault = broken(source.tree, fixed.tree)
        if not fault and any(finding.fix is not None and finding.fix.flows for finding in applied):
            need = airflow_after(fixed, context.of(source.path).project)
            fault = need.sentence if need is not None and not need.guarded else ""
    if fault:
        raise UnprovenError(f"{source.path}: the fix of {codes} was not applied: {fault}")
    return changed, after


def fix_bytes(path: str, raw: bytes, context: Context, *, unsafe: bool, named: bool = False) -> FileResult:
    """Apply the safe fixes of one file's bytes, and the ``unsafe`` ones if asked; nothing is written.

    The result holds the findings that are left, and ``new_text`` where anything was
    fixed. Every round of fixes is proven; when a proof fails, the text stays as it was
    and ``problem`` names the rule.
    """
    result = check_bytes(path, raw, context, named=named, fixes=True)
    nearest = context.of(path)
    converts = nearest.settings.convert_dags if nearest.converts is None else nearest.converts
    text = raw
    fixed: list[Finding] = []
    for _ in range(_MOST_ROUNDS):
        applied = applicable(result.findings, unsafe=unsafe, converts=converts)
        if not applied or result.problem:
            break
        try:
            changed, after = proven(Source(path, text), result.findings, applied, context, fixes=True)
        except UnprovenError as fault:
            return result._replace(problem=str(fault))
        fixed += applied
        result, text = after, changed
    if not fixed:
        return result
    return result._replace(new_text=text, old_text=raw, fixed=tuple(fixed))


def check_files(
    paths: Sequence[str],
    context: Context,
    jobs: int,
    *,
    named: Collection[str] = (),
    fixes: bool = False,
    fix: Applicability | None = None,
    show: Callable[[FileResult], str] | None = None,
) -> Iterator[FileResult]:
    """Check files in the order of ``paths``; what takes longer is shared by ``jobs`` processes.

    ``named`` are the paths that the user gave by name. ``fixes`` plans fixes; ``fix``
    applies them, down to that applicability, without writing; they take nothing away that
    other files of the project need, of those too that are not checked. ``show`` makes the text that is
    printed of a file with findings, in the process that checked it. A file that cannot be
    read gives a result with a problem.
    """
    if fixes or fix is not None:
        context.project = project_around(paths, context.settings)
    work = _Work(context, frozenset(named), fixes, fix, show)
    begin = monotonic()
    for place, path in enumerate(paths):
        passed = monotonic() - begin
        if jobs > 1 and passed > _LOOKING and passed * (len(paths) - place) > _WORTH_PROCESSES * place:
            yield from _in_processes(work, paths[place:], jobs)
            return
        yield work.check(path)


def project_around(paths: Sequence[str], settings: Settings) -> Project:
    """The project around some files or directories; nothing is looked at before it is asked."""
    from offramp.finding.project.around import Around
    from offramp.finding.project.index import Project

    return Project(Around(paths, settings))


def _may_matter(path: str, raw: bytes, context: Context) -> bool:
    if _is_manifest(path, context):
        return manifest_matters(raw, context.reads_manifests, context.bans)
    if context.prefilter.matches(raw):
        return True
    return declares_dependencies(path, raw) and manifest_matters(raw, context.reads_manifests, context.bans)


def _is_manifest(path: str, context: Context) -> bool:
    if path.endswith(PYTHON_ENDINGS) or not context.reads_manifests:
        return False
    from offramp.reading.manifests import manifest_kind

    return manifest_kind(os.path.abspath(path)) != ""


def _check_manifest(path: str, raw: bytes, context: Context, enabled: frozenset[str]) -> FileResult:
    source = Source(path, raw, ast.Module([], []))
    findings = find_in_manifest(source, context.rulebook, enabled, context.versions, context.bans_for(path))
    return FileResult(path, tuple(findings), source.utf8 if findings else b"")


class _Work(NamedTuple):
    """What is done with every file of a run."""

    context: Context
    named: frozenset[str]
    fixes: bool
    fix: Applicability | None
    show: Callable[[FileResult], str] | None

    def check(self, path: str) -> FileResult:
        result = self._checked(path)
        return result._replace(shown=self.show(result), text=b"") if self.show and result.findings else result

    def _checked(self, path: str) -> FileResult:
        raw = _read(path)
        if isinstance(raw, FileResult):
            return raw
        named = path in self.named
        if self.fix is not None:
            return fix_bytes(path, raw, self.context, unsafe=self.fix is Applicability.UNSAFE, named=named)
        return check_bytes(path, raw, self.context, named=named, fixes=self.fixes)


def _options(context: Context) -> Options:
    from offramp.fixing.options import Options

    settings = context.settings
    return Options(settings.blocks, settings.dbt_cloud_pattern, context.versions, context.serves, context.in_place)


def _read(path: str) -> bytes | FileResult:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        return FileResult(path, (), problem=f"{path}: cannot read: {error.strerror}")


def _unparsed(path: str, raw: bytes, rulebook: Rulebook, sentence: str, offset: int) -> FileResult:
    from offramp.finding.keys import masked_text

    text = masked_text(readable(raw))
    return FileResult(path, (cannot_parse(rulebook, sentence, min(offset, len(text))),), text)


def _in_processes(work: _Work, paths: Sequence[str], jobs: int) -> Iterator[FileResult]:
    from offramp.processes import can_fork, in_processes

    # A forked process has the context already; elsewhere it would have to be made again.
    return in_processes(work.check, paths, jobs, _lost) if can_fork() else map(work.check, paths)


def _lost(path: str, how: str) -> FileResult:
    return FileResult(path, (), problem=f"{path}: not checked: its process {how}")
