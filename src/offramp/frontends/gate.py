"""``offramp gate``: fails on findings that neither a baseline nor a git revision has; the topmost layer."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from offramp.engine import Context, check_bytes, check_files
from offramp.finding.baseline import (
    BASELINE_NAME,
    Entry,
    Verdict,
    baseline_file,
    change_baseline,
    compare,
    entries_of,
    load_baseline,
    renamed,
)
from offramp.finding.moves import moved
from offramp.frontends.checking import (
    Report,
    declare_files,
    declare_output,
    declare_rules,
    declare_run,
    deliver,
    named,
    overrides,
)
from offramp.frontends.terminal import CLEAN, FAILED, FOUND, complain, processors
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult, OfframpError
from offramp.output.formats import rendered
from offramp.output.outcome import CANNOT_PARSE, Look, Outcome
from offramp.output.progress import progress
from offramp.reading.discover import Discovery, discover, printable
from offramp.reading.repository import repository_of
from offramp.reading.versions import find_versions
from offramp.record import NamedTuple
from offramp.settings import enabled_codes, load

if TYPE_CHECKING:
    from offramp.reading.revision import Revision

_RULES = ["OFR3"]
_MOST_SHOWN = 10
_NO_PIPE = "this is not a file, and the gate knows findings by their files: name the file"


class _Run(NamedTuple):
    """Task of one run of the gate; ``file`` is the baseline's path and ``root`` its directory."""

    args: argparse.Namespace
    context: Context
    discovery: Discovery
    file: str
    has_baseline: bool
    revision: Revision | None

    @property
    def root(self) -> str:
        return os.path.dirname(self.file)

    def relative(self, path: str) -> str:
        """A path as entries have it."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")


def declare(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``offramp gate``."""
    parser.usage = "%(prog)s [options] [PATH ...]"
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and directories (default: the current one)")
    gate = parser.add_argument_group("gate")
    gate.add_argument("--baseline", metavar="FILE", help=f"the accepted findings (default: {BASELINE_NAME})")
    gate.add_argument("--base", metavar="REF", help="compare with a git revision; a baseline follows renames since")
    gate.add_argument("--update", action="store_true", help="remove entries from the baseline whose findings are gone")
    gate.add_argument("--accept-new", action="store_true", help="add the new findings to the baseline")
    gate.add_argument(
        "--locked", action=argparse.BooleanOptionalAction, help="write no baseline (the default where CI is set)"
    )
    gate.add_argument("--strict", action="store_true", help="fail on entries whose findings are gone")
    declare_rules(parser)
    declare_files(parser)
    output = declare_output(parser)
    output.add_argument("--statistics", action="store_true", help="count by folder and owner instead")
    declare_run(parser)


def run(args: argparse.Namespace) -> int:
    """Run the gate and return its exit code; raises OfframpError."""
    _refuse_to_write_where_locked(args)
    options = {"select": _RULES, **overrides(args)}
    settings = load(".", options, config=args.config, isolated=args.isolated)
    rulebook = load_rulebook(settings.notes, complain)
    enabled = enabled_codes(settings, rulebook.rules.values())
    context = Context(settings, rulebook, enabled, find_versions(settings))
    file = os.path.abspath(str(args.baseline)) if args.baseline else baseline_file(os.getcwd(), settings)
    found = discover(args.paths or ["."], settings, manifests=bool(context.reads_manifests), why_no_pipe=_NO_PIPE)
    has_baseline = os.path.lexists(file)
    # A baseline that is made holds all that there is, or the next run would fail on the rest.
    ref = args.base if has_baseline or not args.accept_new else None
    gate = _Run(args, context, found, file, has_baseline, _revision(ref, found.files))
    _check_that_there_is_a_baseline(gate)
    return _judge(gate)


def _judge(gate: _Run) -> int:
    writes = gate.args.update or gate.args.accept_new
    accepted = load_baseline(gate.file, settle=writes) if gate.has_baseline else frozenset()
    for path in gate.discovery.excluded:
        complain(f"{path} is excluded by the configuration")
    files = _files_to_check(gate)
    results = _checked(gate, files)
    problems = [*gate.discovery.problems, *(result.problem for result in results if result.problem)]
    unparsed = [result for result in results if any(finding.code == CANNOT_PARSE for finding in result.findings)]
    unknown = {result.path for result in results if result.problem} | {result.path for result in unparsed}
    sound = [(gate.relative(result.path), result) for result in results if result.path not in unknown]
    coverage = _Coverage(gate, (path for path in files if path not in unknown))
    moves: dict[str, str] = {}
    if gate.has_baseline:
        moves = _renames(gate, {entry.path for entry in accepted})
    elif gate.revision is not None:
        accepted = frozenset(_entries_of_revision(gate, gate.revision, sound))
    moves |= coverage.moves(sound, renamed(accepted, moves))
    verdict = compare(sound, renamed(accepted, moves), coverage.covers)
    for problem in problems:
        complain(problem)
    failed = bool(problems or unparsed)
    if writes and failed:
        complain(f"{printable(os.path.relpath(gate.file))} is not written: the check is incomplete")
    if writes and not failed:
        verdict = _write(gate, verdict, moves)
    elif moves:
        _report_moves(gate, moves)
    _show(gate, verdict, unparsed, len(files), problems)
    if failed:
        return FAILED
    return FOUND if verdict.new or (gate.args.strict and gate.has_baseline and verdict.gone) else CLEAN


def _refuse_to_write_where_locked(args: argparse.Namespace) -> None:
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    locked = in_ci if args.locked is None else args.locked
    if locked and (args.update or args.accept_new):
        option = "--update" if args.update else "--accept-new"
        why = "--locked forbids that" if args.locked else "CI is set; --no-locked allows it"
        raise OfframpError(f"{option} would write the baseline, but {why}")


def _revision(ref: str | None, files: Sequence[str]) -> Revision | None:
    if ref is None:
        return None
    from offramp.reading.revision import Revision

    return Revision(ref, files)


def _check_that_there_is_a_baseline(gate: _Run) -> None:
    if gate.has_baseline:
        return
    if not _is_gone(gate.file):
        raise OfframpError(
            f"{gate.file}: the baseline is outside of this sparse checkout; `git sparse-checkout add` it"
        )
    if gate.args.accept_new:
        return
    asked = "--update" if gate.args.update else "--baseline" if gate.args.baseline else ""
    if asked:
        raise OfframpError(f"{asked}: there is no baseline {gate.file}; --accept-new makes one")


def _files_to_check(gate: _Run) -> Sequence[str]:
    """All files, or without a baseline those that the revision does not have as they are."""
    if gate.revision is None or gate.has_baseline or gate.args.statistics:
        return gate.discovery.files
    unchanged = gate.revision.unchanged
    return [path for path in gate.discovery.files if os.path.abspath(path) not in unchanged]


def _checked(gate: _Run, files: Sequence[str]) -> list[FileResult]:
    running = check_files(files, gate.context, gate.args.jobs or processors(), named=named(gate.args.paths))
    shown = running if gate.args.quiet else progress(running, len(files))
    return [result for result in shown if result.findings or result.problem]


def _renames(gate: _Run, known: Collection[str]) -> dict[str, str]:
    """The files with entries that git says were renamed since the revision, old -> new."""
    changes = gate.revision.changes if gate.revision is not None else ()
    both = (change for change in changes if change.path and change.old_path)
    paths = ((gate.relative(change.old_path), gate.relative(change.path)) for change in both)
    return {old: new for old, new in paths if old != new and old in known}


def _entries_of_revision(gate: _Run, revision: Revision, sound: Iterable[tuple[str, FileResult]]) -> Iterator[Entry]:
    """Return the revision's findings: those of its version of the changed files, and those of the unchanged ones."""
    for change, raw in revision.read():
        # A file may move from where something is allowed to where it is not: the old path decides what was found.
        old = check_bytes(change.old_path, raw, gate.context)
        if not any(finding.code == CANNOT_PARSE for finding in old.findings):
            yield from entries_of(gate.relative(change.path or change.old_path), old.findings)
    for path, result in sound:
        if os.path.abspath(result.path) in revision.unchanged:
            yield from entries_of(path, result.findings)


class _Coverage:
    """Entries that a run can judge: those of files it checked, and of files gone from directories it searched."""

    def __init__(self, gate: _Run, checked: Iterable[str]) -> None:
        self._root = os.path.join(gate.root, "")
        self._codes = gate.context.enabled
        self._added = None if gate.revision is None else gate.revision.added
        here = os.path.join(os.getcwd(), "")
        self._checked: Collection[str] = {path if os.path.isabs(path) else here + path for path in checked}
        given = (os.path.abspath(path) for path in gate.args.paths or ["."])
        self._directories = tuple(os.path.join(path, "") for path in given if os.path.isdir(path))

    def covers(self, entry: Entry) -> bool:
        """Return whether this run would have found what an entry stands for."""
        if entry.code not in self._codes:
            return False
        path = self._absolute(entry.path)
        return path in self._checked or (path.startswith(self._directories) and _is_gone(path))

    def is_new(self, path: str) -> bool:
        """Return whether a file may have been moved here: without a revision, nobody can say that it was there."""
        return self._added is None or self._absolute(path) in self._added

    def moves(self, results: Collection[tuple[str, FileResult]], accepted: Collection[Entry]) -> dict[str, str]:
        """The files that were moved, old -> new, as entries have them."""
        return moved(results, accepted, self._codes, self.is_new, lambda path: self._left(self._absolute(path)))

    def _left(self, path: str) -> bool:
        """Return whether a file has left its place: where a part of a tree is looked at, only git's trees are whole."""
        searched = path.startswith(self._directories) or repository_of(os.path.dirname(path)) != ""
        return searched and _is_gone(path)

    def _absolute(self, path: str) -> str:
        path = self._root + path
        return os.path.normpath(path) if ".." in path else path


def _is_gone(path: str) -> bool:
    """Return whether a file is not there, and would be if it were still tracked."""
    if os.path.lexists(path):
        return False
    from offramp.reading.checkout import is_left_out

    return not is_left_out(path)


def _write(gate: _Run, verdict: Verdict, moves: Mapping[str, str]) -> Verdict:
    """Change the baseline as far as asked; what was settled by that is taken from the verdict."""
    update, accept = gate.args.update, gate.args.accept_new
    removed = frozenset(verdict.gone) if update else frozenset()
    added = frozenset(verdict.added) if accept else frozenset()
    change_baseline(gate.file, lambda entries: (renamed(entries, moves) - removed) | added)
    name = printable(os.path.relpath(gate.file))
    if accept:
        complain(f"{name}: {_count(len(added), 'new finding')} accepted")
    if update:
        complain(f"{name}: {_count(len(removed), 'entry', 'entries')} removed")
    if moves:
        complain(f"{name}: {_count(len(moves), 'moved file')} renamed")
    known = (*verdict.known, *verdict.new) if accept else verdict.known
    return Verdict(() if accept else verdict.new, known, (), () if update else verdict.gone)


def _report_moves(gate: _Run, moves: Mapping[str, str]) -> None:
    """Say which files count as moved, and that a baseline does not know it yet."""
    for old, new in sorted(moves.items())[:_MOST_SHOWN]:
        places = (printable(os.path.relpath(os.path.join(gate.root, path))) for path in (old, new))
        complain("moved with what was accepted: {} -> {}".format(*places))
    more = len(moves) - _MOST_SHOWN
    if more > 0:
        complain(f"{_count(more, 'moved file')} more not shown")
    if gate.has_baseline:
        name = printable(os.path.relpath(gate.file))
        files = _count(len(moves), "moved file stands", "moved files stand")
        complain(f"{name}: {files} under the old name; `offramp gate --update` writes the new one")


def _show(gate: _Run, verdict: Verdict, unparsed: Sequence[FileResult], checked: int, problems: Sequence[str]) -> None:
    outcome = Outcome(
        sorted((*verdict.new, *unparsed), key=lambda result: result.path),
        gate.context.rules_of((*verdict.new, *unparsed, *verdict.known)),
        _summary(verdict, checked, len(problems) + len(unparsed)),
        problems,
        gate.has_baseline or gate.revision is not None,
        verdict.known,
        [entry._replace(path=os.path.relpath(os.path.join(gate.root, entry.path))) for entry in verdict.gone],
        gate.context.rulebook.notes,
    )

    def statistics(layout: str, _outcome: Outcome, _look: Look) -> Iterator[str]:
        return _trend_report(gate, verdict, layout)

    report: Report = statistics if gate.args.statistics else rendered
    deliver(gate.args, gate.context.settings.output_format, outcome, report)
    if gate.has_baseline and verdict.gone:
        from offramp.finding.api_keys import told_code

        for entry in verdict.gone[:_MOST_SHOWN]:
            complain(f"gone from {printable(entry.path)}: {entry.code} {told_code(entry.name)}")
        more = len(verdict.gone) - _MOST_SHOWN
        rest = f", {more} of them not shown" if more > 0 else ""
        entries = "1 entry has" if len(verdict.gone) == 1 else f"{len(verdict.gone)} entries have"
        name = printable(os.path.relpath(gate.file))
        complain(f"{name}: {entries} no finding any more{rest}; `offramp gate --update` removes such entries")
    advises = not (gate.has_baseline or gate.args.accept_new or gate.args.quiet)
    if verdict.new and advises and gate.revision is None:
        complain(f"there is no {BASELINE_NAME}, so every finding is new; `offramp gate --accept-new` makes one")


def _trend_report(gate: _Run, verdict: Verdict, layout: str) -> Iterator[str]:
    from offramp.output.gate_report import trend, trend_json, trend_text
    from offramp.reading.codeowners import CodeOwners

    top = repository_of(gate.root) or gate.root
    owners = CodeOwners(top)
    prefix = "" if top == gate.root else os.path.relpath(gate.root, top).replace(os.sep, "/") + "/"
    left, new = (
        [entry for result in results for entry in entries_of(gate.relative(result.path), result.findings)]
        for results in (verdict.known, verdict.new)
    )
    counted = trend(left, new, verdict.gone, lambda path: owners.of(os.path.normpath(prefix + path)))
    if layout == "json":
        yield trend_json(counted) + "\n"
    else:
        yield from (f"{line}\n" for line in trend_text(counted))


def _summary(verdict: Verdict, checked: int, problems: int) -> str:
    new, known = (sum(len(result.findings) for result in results) for results in (verdict.new, verdict.known))
    about = f"({known} known, {_count(checked, 'file')} checked)"
    line = f"Found {_count(new, 'new finding')} {about}." if new else f"No new findings {about}."
    return f"{line} {_count(problems, 'problem')} made the check incomplete." if problems else line


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
