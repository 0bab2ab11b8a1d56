"""``offramp notes check|test|new``: mapping notes that are checked, tested and begun; topmost layer."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offramp.escapes import visible
from offramp.frontends.terminal import CLEAN, FAILED, FOUND, complain, write
from offramp.model import OfframpError

if TYPE_CHECKING:
    from offramp.engine import Context


def declare(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``offramp notes``."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="check|test|new")
    for name, purpose in (
        ("check", "check note files against the real libraries"),
        ("test", "run the examples of note files as tests"),
    ):
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument(
            "files", nargs="*", metavar="FILE", help="note files (default: those of the configuration)"
        )
        _declare_configuration(command)
    new = commands.add_parser("new", help="begin a note on an operator", description="begin a note on an operator")
    new.add_argument(
        "operator", metavar="OPERATOR", help="its dotted path, such as company.operators.NightlyDbtOperator"
    )
    new.add_argument("file", nargs="?", metavar="FILE", help="the Python file that defines it, if it is not importable")
    _declare_configuration(new)


def _declare_configuration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="", metavar="PATH", help="use this configuration file and no other")
    parser.add_argument("--isolated", action="store_true", help="use no configuration file")


def run(args: argparse.Namespace) -> int:
    """Run one of the commands; the exit code."""
    return {"check": _check, "test": _test, "new": _new}[args.action](args)


def _check(args: argparse.Namespace) -> int:
    from offramp.notes.check import ERROR, REMARK, WARNING, NoteError, check_file

    context = _context(args, args.files)
    counts = dict.fromkeys((ERROR, WARNING, REMARK), 0)
    failed = False
    files = _files(args, context)
    for path in files:
        try:
            remarks = check_file(path, context)
        except NoteError as error:
            complain(str(error))
            failed = True
            continue
        for remark in remarks:
            counts[remark.kind] += 1
            write(sys.stdout, visible(f"{path}:{remark.line}: {remark.kind}: {remark.sentence}") + "\n")
    words = ", ".join(_counted(count, kind) for kind, count in counts.items() if count)
    write(sys.stdout, f"{words or 'Nothing to say'} ({_counted(len(files), 'file')} checked).\n")
    if failed:
        return FAILED
    return FOUND if counts[ERROR] else CLEAN


def _test(args: argparse.Namespace) -> int:
    from offramp.notes.trial import try_file

    context = _context(args, args.files)
    tried = wrong = 0
    for path in _files(args, context):
        for trial in try_file(path, context):
            write(sys.stdout, visible(f"{path}:{trial.line}: {trial.code} {trial.section}") + "\n")
            for outcome in trial.outcomes:
                tried += 1
                wrong += outcome.fault != ""
                verdict = f"FAILED: {outcome.fault}" if outcome.fault else "ok"
                write(sys.stdout, visible(f"  line {outcome.line}, {outcome.what}: {verdict}") + "\n")
            if not trial.outcomes:
                write(sys.stdout, "  has no examples\n")
    write(
        sys.stdout,
        f"{_counted(tried, 'example')}, {wrong} failed.\n" if wrong else f"{_counted(tried, 'example')}, all ok.\n",
    )
    return FOUND if wrong else CLEAN


def _new(args: argparse.Namespace) -> int:
    from offramp.notes.scaffold import scaffold

    write(sys.stdout, scaffold(args.operator, args.file, _context(args, ()).rulebook))
    return CLEAN


def _files(args: argparse.Namespace, context: Context) -> list[str]:
    """The files that are named, else those of the configuration, else the shipped ones."""
    from offramp.knowledge.rulebook import shipped_notes

    here = os.path.join(os.getcwd(), "")
    return [path.removeprefix(here) for path in args.files or context.settings.notes or shipped_notes()]


def _context(args: argparse.Namespace, notes: Sequence[str]) -> Context:
    """The rules of the configuration and of the note files that are named."""
    from offramp.engine import Context
    from offramp.knowledge.rulebook import load_rulebook, shipped_notes
    from offramp.reading.versions import find_versions
    from offramp.settings import load

    if args.config and args.isolated:
        raise OfframpError("--config and --isolated exclude each other")
    settings = load(".", {}, config=args.config, isolated=args.isolated)
    known = {os.path.realpath(path) for path in (*settings.notes, *shipped_notes())}
    more = [path for path in notes if os.path.realpath(path) not in known]
    rulebook = load_rulebook([*settings.notes, *more], lambda _: None)
    enabled = frozenset(rule.code for rule in rulebook.rules.values() if rule.default)
    return Context(settings, rulebook, enabled, find_versions(settings))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
