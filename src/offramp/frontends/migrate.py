"""``offramp migrate``: flows beside the DAGs, with what deploys them and a report; the topmost layer."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from offramp.converting.connections import Connection, connections
from offramp.converting.families import BLOCK_KINDS
from offramp.converting.migration import REPORT, Converted, Plan, Refused, Stays, can_be_unsafe, judged, migration
from offramp.editing.write import place
from offramp.engine import Context, check_files, fix_bytes
from offramp.escapes import visible
from offramp.frontends.checking import declare_files, declare_run, named, overrides
from offramp.frontends.terminal import CLEAN, FAILED, FOUND, complain, processors, write
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Applicability, FileResult, OfframpError
from offramp.output.outcome import CANNOT_PARSE
from offramp.output.progress import progress
from offramp.project.import_paths import ImportPaths
from offramp.reading.discover import discover
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

# The operators, and the traps that stand between them and a conversion.
_RULES = ["OFR1", "OFR201", "OFR202", "OFR204", "OFR8"]
_NO_PIPE = "this is not a file, and flows are named after their DAGs' files: name the file"


def declare(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``offramp migrate``."""
    parser.usage = "%(prog)s [options] DAGS ... --out DIR"
    parser.add_argument("paths", nargs="+", metavar="DAGS", help="files and directories; they are never changed")
    out = parser.add_argument_group("output")
    out.add_argument("--out", required=True, metavar="DIR", help="where the flows go")
    out.add_argument("--force", action="store_true", help="overwrite files there")
    out.add_argument("--unsafe-fixes", action="store_true", help="write flows that differ from their DAGs too")
    out.add_argument("--connections", metavar="FILE", help="JSON that `airflow connections export` wrote")
    out.add_argument("-q", "--quiet", action="store_true", help="print problems only")
    declare_files(parser)
    declare_run(parser)


def run(args: argparse.Namespace) -> int:
    """Migrate and return the exit code; raises OfframpError with nothing written."""
    _keep_apart(args.paths, args.out)
    exported = _exported(args.connections)
    settings = load(".", {**overrides(args), "select": _RULES}, config=args.config, isolated=args.isolated)
    rulebook = load_rulebook(settings.notes, complain)
    context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
    context.serves = settings.deployment == "serve"
    context.in_place = False
    discovery = discover(args.paths, settings, why_no_pipe=_NO_PIPE)
    for path in discovery.excluded:
        complain(f"{path} is excluded by the configuration")
    paths = [path for path in discovery.files if path.endswith(".py") and not _below(path, args.out)]
    for problem in discovery.problems:
        complain(problem)
    if discovery.problems:
        return FAILED
    plan, failed = _plan(args, paths, context)
    if not (plan.converted or plan.doubtful or plan.refused):
        raise OfframpError(f"no dbt operator is reported in {', '.join(args.paths)}: there is nothing to migrate")
    files = migration(
        plan,
        dags=args.paths,
        serves=context.serves,
        exported=exported,
        neighbours=_neighbours(args.paths, paths),
        locate=_Modules(args.out, context).locate,
    )
    place(args.out, files, force=args.force, spared=paths)
    if not args.quiet:
        write(sys.stdout, "".join(f"{visible(line)}\n" for line in _summary(args.out, plan)))
    if failed:
        return FAILED
    return FOUND if plan.refused or plan.doubtful else CLEAN


def _plan(args: argparse.Namespace, paths: Sequence[str], context: Context) -> tuple[Plan, bool]:
    """Sort the files by what becomes of them, and say whether offramp failed on one.

    What safe fixes do not convert is tried with unsafe ones.
    """
    plan = Plan([], [], [], [])
    targets = _targets(args.paths, paths)
    by_name = named(args.paths)
    jobs = args.jobs or processors()
    running = check_files(paths, context, jobs, named=by_name, fix=Applicability.SAFE)
    failed = False
    for safe in running if args.quiet else progress(running, len(paths)):
        result, verdict = safe, judged(safe, targets[safe.path])
        if isinstance(verdict, Refused) and can_be_unsafe(safe) and not safe.problem:
            unsafe = _unsafe(safe.path, context, is_named=safe.path in by_name)
            tried = judged(unsafe, targets[safe.path])
            if isinstance(tried, Converted) or unsafe.problem:
                result, verdict = unsafe, tried
        if isinstance(verdict, Converted):
            (plan.doubtful if verdict.doubts and not args.unsafe_fixes else plan.converted).append(verdict)
        elif isinstance(verdict, Refused):
            plan.refused.append(verdict)
        else:
            plan.ignored.append(result.path)
        if result.problem:
            complain(result.problem)
        failed |= bool(result.problem) or any(finding.code == CANNOT_PARSE for finding in result.findings)
    return plan, failed


def _unsafe(path: str, context: Context, *, is_named: bool) -> FileResult:
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        return FileResult(path, (), problem=f"{path}: cannot read: {error.strerror}")
    return fix_bytes(path, raw, context, unsafe=True, named=is_named)


def _keep_apart(dags: Iterable[str], out: str) -> None:
    """Refuse an output directory that holds the DAGs, or is a file."""
    base = os.path.realpath(out)
    if os.path.lexists(out) and not os.path.isdir(base):
        raise OfframpError(f"{out} is not a directory")
    for path in dags:
        if os.path.join(os.path.realpath(path), "").startswith(os.path.join(base, "")):
            raise OfframpError(f"--out {out} holds the DAGs of {path}: name a directory of its own")


def _below(path: str, directory: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(directory), ""))


def _targets(roots: Sequence[str], paths: Iterable[str]) -> dict[str, str]:
    """Return where the module of every file goes: as it lies below the outermost directory named, else by its name."""
    directories = sorted((os.path.join(os.path.abspath(root), "") for root in roots if os.path.isdir(root)), key=len)
    found = {}
    for path in paths:
        absolute = os.path.abspath(path)
        root = next(
            (root for root in directories if absolute.startswith(root)), os.path.join(os.path.dirname(absolute), "")
        )
        found[path] = absolute.removeprefix(root).replace(os.sep, "/")
    return found


class _Modules:
    """Finds the modules of the project that flows import, which ``out`` will hold."""

    def __init__(self, out: str, context: Context) -> None:
        self._out = out
        self._context = context
        self._paths: dict[str, ImportPaths] = {}

    def locate(self, module: Converted, path: str) -> Stays | None:
        """The module that a dotted path leads to from a DAG's file."""
        file = os.path.abspath(module.path)
        directory = os.path.dirname(file)
        if directory not in self._paths:
            self._paths[directory] = ImportPaths(directory, self._context.of(module.path).settings)
        target = self._paths[directory].target(path, file)
        if target is None:
            return None
        parts = path.split(".")[: len(path.split(".")) - len(target.rest)]
        place = os.path.splitext(target.file)[0].removesuffix(f"{os.sep}__init__")
        root = place.removesuffix(os.sep.join(parts)).rstrip(os.sep)
        own = os.path.dirname(os.path.join(self._out, module.target))
        return Stays(
            os.path.relpath(target.file), os.path.relpath(root), os.path.realpath(own) == os.path.realpath(root)
        )


def _neighbours(roots: Sequence[str], paths: Iterable[str]) -> frozenset[str]:
    """Return what imports can name of the files below the DAGs' directories."""
    parts = (part for target in _targets(roots, paths).values() for part in target.split("/"))
    return frozenset(part.removesuffix(".py") for part in parts)


def _exported(path: str | None) -> Mapping[str, Connection] | None:
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except UnicodeDecodeError:
        raise OfframpError(f"{path}: the connections are not UTF-8") from None
    except OSError as error:
        raise OfframpError(f"{path}: cannot read the connections: {error.strerror}") from None
    return connections(path, text, BLOCK_KINDS.values())


def _summary(out: str, plan: Plan) -> Iterator[str]:
    for module in plan.converted:
        yield f"{module.path} -> {os.path.join(out, module.target)}"
    for module in plan.doubtful:
        yield f"{module.path}: needs --unsafe-fixes: {'; '.join(module.doubts)}"
    for refused in plan.refused:
        row, reason = refused.blockers[0]
        at = f"{refused.path}{f':{row}' if row else ''}"
        more = f" (and {len(refused.blockers) - 1} more)" if len(refused.blockers) > 1 else ""
        yield f"{at}: refused: {reason}{more}"
    dags = sum(len(module.flows) for module in plan.converted)
    counts = [f"{dags} {'DAG' if dags == 1 else 'DAGs'} converted"]
    counts.append(f"{len(plan.refused)} {'file' if len(plan.refused) == 1 else 'files'} refused")
    if plan.doubtful:
        one = len(plan.doubtful) == 1
        counts.append(f"{len(plan.doubtful)} {'file needs' if one else 'files need'} --unsafe-fixes")
    yield f"{', '.join(counts)}: see {os.path.join(out, REPORT)}"
