"""Checks one file, or many; every front end goes through here."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from offramp.detect import (
    cannot_parse,
    find,
    find_in_manifest,
    is_searched,
    manifest_matters,
    names_operators,
    needles,
    operator_codes,
    reads_manifests,
    takes_tree,
)
from offramp.finding.bans import Bans
from offramp.finding.keys_in import keys_in, without_keys
from offramp.finding.suppress import suppress
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import Applicability, FileResult, Finding, Rule
from offramp.reading.prefilter import Prefilter, declares_dependencies
from offramp.reading.source import Source, SourceError, readable
from offramp.reading.versions import Versions, find_versions
from offramp.record import NamedTuple
from offramp.settings import PYTHON_ENDINGS, Gate, Settings, enabled_codes, merged_gate, settings_for

if TYPE_CHECKING:
    from offramp.converting.options import Options
    from offramp.converting.rounds import Round, Stage
    from offramp.finding.other_modules import OtherModules
    from offramp.project.index import Project
    from offramp.project.linked_modules import Links

_CANNOT_PARSE = "OFR901"
# What would take longer than this many seconds is done in processes; starting them costs a fraction of it.
_WORTH_PROCESSES = 0.3
# How long to look, in seconds, before saying how long the rest will take.
_LOOKING = 0.02


class Context:
    """Knowledge of a run: settings, rulebook, codes that run, versions in use.

    Files below a nearer configuration, or matched by ``per-file-ignores``, get a context of their own.
    """

    def __init__(self, settings: Settings, rulebook: Rulebook, enabled: frozenset[str], versions: Versions) -> None:
        self.settings = settings
        self.rulebook = rulebook
        self.enabled = enabled
        self.versions = versions
        self.project: Project | None = None
        # Gives the text of a file that another imports.
        self.read: Callable[[str], bytes | None] = text_of
        # Whether converted files deploy their flows themselves; a prefect.yaml does it otherwise.
        self.serves = True
        # True where converted files stay where they are.
        self.in_place = True
        # Whether fixes may take DAGs out of Airflow; None leaves that to each configuration's `convert-dags`.
        self.converts: bool | None = True
        self._nested: dict[int, Context] = {}
        self._of_directory: dict[str, Context] = {}

    @cached_property
    def prefilter(self) -> Prefilter:
        """Tells which files can have findings of the enabled rules."""
        return Prefilter(needles(self.rulebook, self.enabled, self.bans, self.settings.dbt_commands))

    def imported_by(self, path: str, raw: bytes) -> OtherModules | None:
        """The modules of the project that a file imports; None where there are none, or no operator is looked for."""
        return self.links.of(path, raw) if self._operator_codes else None

    @cached_property
    def links(self) -> Links:
        """The modules of the project, as far as files import them."""
        from offramp.project.linked_modules import Links

        return Links(self.settings, self.rulebook, self.read, self._names_operators)

    def _names_operators(self, raw: bytes) -> bool:
        """Return whether a text has names of what one of the rules that look for operators looks for."""
        return names_operators(raw, self.rulebook, self._operator_codes, self.settings.dbt_commands)

    def forget_imported(self, path: str) -> bool:
        """A file has changed: let go of what others took from it, and say whether there is any."""
        links: Links | None = self.__dict__.get("links")
        nested = [context.forget_imported(path) for context in list(self._nested.values())]
        return (links is not None and links.forget(path)) or any(nested)

    @cached_property
    def _operator_codes(self) -> frozenset[str]:
        return operator_codes(self.rulebook, self.enabled)

    @cached_property
    def reads_manifests(self) -> tuple[Rule, ...]:
        """The rules that look into dependency manifests; with none, manifests are not checked."""
        return reads_manifests(self.rulebook, self.enabled)

    @cached_property
    def bans(self) -> Bans:
        """Return what the gate keeps out where no ``allow`` says otherwise."""
        return self._bans(())

    def bans_for(self, path: str) -> Bans:
        """Return what the gate keeps out of one file."""
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
        """Return whether OFR901 is asked for by its code, so that every file is parsed."""
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
                found.read = self.read
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
    if _is_manifest(path, context):
        return _guarded(path, raw, context, lambda: _check_manifest(path, raw, context, context.enabled_for(path)))

    def check() -> FileResult:
        source, findings = _found(path, raw, context, tree=tree, disable_noqa=disable_noqa)
        if fixes and findings:
            findings = _planned(source, findings, context)
            if any(finding.fix is not None for finding in findings):
                return _offered(_stage(source, findings, context))
        return _result(source, findings)

    return _guarded(path, raw, context, check)


def _found(
    path: str, raw: bytes, context: Context, *, tree: ast.Module | None = None, disable_noqa: bool = False
) -> tuple[Source, list[Finding]]:
    """A file parsed, and its findings without fixes; ``context`` is the file's own. Raises SourceError."""
    rulebook = context.rulebook
    enabled = context.enabled_for(path)
    programs = context.settings.dbt_commands
    source = Source(path, raw, tree, lazily=not takes_tree(raw, rulebook, enabled, programs))
    others = context.imported_by(path, raw)
    found = find(source, rulebook, enabled, context.versions, context.bans_for(path), programs, others)
    return source, suppress(source, found, rules=rulebook.rules, enabled=enabled, disable_noqa=disable_noqa)


def _guarded(path: str, raw: bytes, context: Context, check: Callable[[], FileResult]) -> FileResult:
    """Return the result of a check, or of what is wrong with the file or with offramp."""
    try:
        return check()
    except SourceError as error:
        return _unparsed(path, raw, context.rulebook, str(error), error.offset)
    except RecursionError:
        return _unparsed(path, raw, context.rulebook, "cannot analyse: nested too deeply", 0)
    except Exception as error:
        if os.environ.get("OFFRAMP_DEBUG"):
            raise
        return FileResult(path, (), problem=f"{path}: {_fault(error)}")


def _fault(error: Exception) -> str:
    from offramp.finding.api_keys import told

    return told(f"internal error: {type(error).__name__}: {error}; please report it")


def _result(source: Source, findings: Sequence[Finding], *, fixable: tuple[int, int] = (0, 0)) -> FileResult:
    """The result of a file as it may be shown: nothing in it tells an API key."""
    text = without_keys(source, findings) if findings else b""
    keys = keys_in(source) if text is None else None
    findings = _without_traps(findings)
    if keys is None:
        return FileResult(source.path, tuple(findings), source.utf8 if text is None else text, fixable=fixable)
    return FileResult(source.path, tuple(map(keys.shown, findings)), keys.text(), fixable=fixable)


def _hidden(source: Source, findings: Sequence[Finding]) -> list[Finding]:
    """Findings whose texts tell no API key, with all edits of their fixes."""
    keys = keys_in(source)
    findings = _without_traps(findings)
    return findings if keys is None else list(map(keys.hidden, findings))


def _without_traps(findings: Sequence[Finding]) -> list[Finding]:
    """Findings as results have them: no tree of a file is kept, or goes to another process."""
    return [finding._replace(trap=None) if finding.trap is not None else finding for finding in findings]


def _with_traps(source: Source, findings: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings of a result, with what their fixes start from; ``context`` is the file's own."""
    codes = frozenset(finding.code for finding in findings)
    programs = context.settings.dbt_commands
    others = context.imported_by(source.path, source.raw)
    found = find(source, context.rulebook, codes, context.versions, context.bans_for(source.path), programs, others)
    traps = {(finding.code, finding.span): finding.trap for finding in reversed(found)}
    return [finding._replace(trap=traps.get((finding.code, finding.span))) for finding in findings]


def _stage(source: Source, planned: Sequence[Finding], context: Context) -> Stage:
    """A state of a file whose fixes are to be made; ``context`` is the file's own."""
    from offramp.converting.rounds import Stage, Tools
    from offramp.finding.operators import module_to_fix

    tools = Tools(
        check=lambda raw: _checked_again(source.path, raw, context),
        plan=lambda source, findings: _planned(source, findings, context),
        module=lambda source: module_to_fix(source, context.rulebook),
        converts=context.settings.convert_dags if context.converts is None else context.converts,
        project=context.project,
    )
    return Stage(source, planned, tools)


def _checked_again(path: str, raw: bytes, context: Context) -> tuple[Source, list[Finding]]:
    """A file and its findings after fixes; raises SourceError for whatever is wrong with it."""
    try:
        return _found(path, raw, context)
    except RecursionError:
        raise SourceError("cannot analyse: nested too deeply") from None
    except Exception as error:
        if isinstance(error, SourceError) or os.environ.get("OFFRAMP_DEBUG"):
            raise
        raise SourceError(_fault(error)) from None


def _planned(source: Source, findings: Sequence[Finding], context: Context) -> list[Finding]:
    from offramp.converting.plan import plan

    return plan(source, findings, context.rulebook, _options(context), context.project)


def _offered(stage: Stage) -> FileResult:
    """The findings of a state with the fixes that were proven, and how many of them ``--fix`` would do away with."""
    from offramp.converting.rounds import counts

    stage.prove_all()
    return _result(stage.source, stage.findings, fixable=counts(stage))


def planned(source: Source, findings: Sequence[Finding], context: Context) -> list[Finding]:
    """The findings of one file with their fixes, which were proven, or refusals; ``context`` is the file's own."""
    stage = _stage(source, _planned(source, _with_traps(source, findings, context), context), context)
    stage.prove_all()
    return _hidden(source, stage.findings)


def proven(source: Source, planned: Sequence[Finding], chosen: Sequence[Finding], context: Context) -> Round:
    """The fixes of ``chosen``, some of a file's ``planned`` findings, made; ``context`` is the file's own.

    Raises UnprovenError where they would not do what they should.
    """
    return _stage(source, planned, context).proven(chosen)


def safe_fixes(
    source: Source, findings: Sequence[Finding], chosen: Sequence[Finding], context: Context
) -> Round | None:
    """The safe fixes of ``chosen``, some of a file's ``findings``, as far as they can be made at once."""
    others = [finding for finding in findings if finding not in chosen]
    found = _with_traps(source, chosen, context)
    return _stage(source, [*_planned(source, found, context), *others], context).next_round(unsafe=False)


def shown(path: str, raw: bytes) -> bytes:
    """The UTF-8 text of a file that can be parsed, API keys as asterisks."""
    source = Source(path, raw)
    keys = keys_in(source)
    return source.utf8 if keys is None else keys.text()


def fix_bytes(path: str, raw: bytes, context: Context, *, unsafe: bool, named: bool = False) -> FileResult:
    """Apply the safe fixes of one file's bytes, and the ``unsafe`` ones if asked; nothing is written.

    The result holds the findings that are left, and ``new_text`` where anything was
    fixed. Every round of fixes is proven: the new text parses, compiles and reads no name
    that is gone, the findings are gone and none has come. What cannot be proven is left
    out, and why is a refusal of its finding.
    """
    own = context.of(path)
    if not named and not own.parses_all and not _may_matter(path, raw, own):
        return FileResult(path, ())
    if _is_manifest(path, own):
        return check_bytes(path, raw, context, named=named)

    def fix() -> FileResult:
        from offramp.converting.rounds import run

        source, findings = _found(path, raw, own)
        if not findings:
            return FileResult(path, ())
        outcome = run(_stage(source, _planned(source, findings, own), own), unsafe=unsafe)
        result = _offered(outcome.stage)
        if not outcome.applied:
            return result
        new = outcome.stage.source.raw
        fixed = tuple(_hidden(source, outcome.applied))
        return result._replace(new_text=new, old_text=raw, fixed=fixed, gone=outcome.gone)

    return _guarded(path, raw, own, fix)


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
    from offramp.project.around import Around
    from offramp.project.index import Project

    return Project(Around(paths, settings), settings)


def _may_matter(path: str, raw: bytes, context: Context) -> bool:
    if _is_manifest(path, context):
        return manifest_matters(raw, context.reads_manifests, context.bans)
    programs = context.settings.dbt_commands
    if context.prefilter.matches(raw) and is_searched(raw, context.rulebook, context.enabled, programs):
        return True
    if (others := context.imported_by(path, raw)) is not None and others.texts:
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
    return FileResult(path, tuple(_without_traps(findings)), source.utf8 if findings else b"")


class _Work(NamedTuple):
    """Work to be done with every file of a run."""

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
    from offramp.converting.options import Options

    settings = context.settings
    return Options(
        settings.blocks,
        settings.dbt_cloud_pattern,
        context.versions,
        context.serves,
        context.in_place,
        settings.dbt_commands,
        settings.dbt_core_pattern,
    )


def text_of(path: str) -> bytes | None:
    """The bytes of a file; None where it cannot be read."""
    raw = _read(path)
    return raw if isinstance(raw, bytes) else None


def _read(path: str) -> bytes | FileResult:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        return FileResult(path, (), problem=f"{path}: cannot read: {error.strerror}")


def _unparsed(path: str, raw: bytes, rulebook: Rulebook, sentence: str, offset: int) -> FileResult:
    from offramp.finding.api_keys import masked_text, told

    text = masked_text(readable(raw))
    return FileResult(path, (cannot_parse(rulebook, told(sentence), min(offset, len(text))),), text)


def _in_processes(work: _Work, paths: Sequence[str], jobs: int) -> Iterator[FileResult]:
    from offramp.processes import can_fork, in_processes

    # A forked process has the context already; elsewhere it would have to be made again.
    return in_processes(work.check, paths, jobs, _lost) if can_fork() else map(work.check, paths)


def _lost(path: str, how: str) -> FileResult:
    return FileResult(path, (), problem=f"{path}: not checked: its process {how}")
