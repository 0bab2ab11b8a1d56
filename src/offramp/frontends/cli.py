"""The command line: arguments in, findings and an exit code out; the topmost layer, may import any other.

Exit codes: 0 clean, 1 findings, 2 when offramp or its input failed (2 wins over 1),
130 when interrupted.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from offramp import __version__
from offramp.escapes import visible
from offramp.frontends.checking import (
    declare_files,
    declare_output,
    declare_rules,
    declare_run,
    deliver,
    deliver_files,
    named,
    overrides,
    shown_at_once,
)
from offramp.frontends.terminal import CLEAN, FAILED, FOUND, INTERRUPTED, complain, processors, write
from offramp.model import Applicability, FileResult, OfframpError
from offramp.output.formats import rendered
from offramp.output.outcome import Look, Outcome
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.engine import Context
    from offramp.settings import Settings

_CONVERSIONS = {"always": True, "configured": None, "never": False}
# New objects between two garbage collections: a file's analysis, which holds cycles, makes some 50,000.
_COLLECTED_AFTER = 200_000


class Command(NamedTuple):
    """One subcommand: what it is for, how its arguments are declared, and what it does."""

    purpose: str
    declare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def command() -> NoReturn:
    """The console command: ``main`` in a process of its own.

    Most garbage collections of a short run, and taking the interpreter apart at its
    end, would be a sixth of its time.
    """
    gc.set_threshold(_COLLECTED_AFTER)
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; raises nothing but argparse's SystemExit.

    With OFFRAMP_DEBUG set, an internal error keeps its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # File names need not be UTF-8, and a terminal need not know every character.
            stream.reconfigure(errors="backslashreplace")
    try:
        return _dispatch(sys.argv[1:] if argv is None else argv)
    except OfframpError as error:
        complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except Exception as error:
        # The last resort: no input may end in a traceback.
        if os.environ.get("OFFRAMP_DEBUG"):
            raise
        complain(_internal_error(error))
        return FAILED


def _dispatch(argv: Sequence[str]) -> int:
    if not argv or argv[0] not in COMMANDS:
        _show_commands(argv)
    return COMMANDS[argv[0]].run(command_parser(argv[0]).parse_args(argv[1:]))


class Parser(argparse.ArgumentParser):
    """A parser whose help is loaded when somebody asks for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, "formatter_class": _help_formatter, **options})

    def error(self, message: str) -> NoReturn:
        """End the run with what is wrong with the arguments, which may be names of files."""
        super().error(visible(message))

    def format_help(self) -> str:
        """The help, as wide as the terminal."""
        from offramp.frontends.help_texts import MANUALS, Formatter

        manual = MANUALS[self.prog]
        self.description = manual.about
        self.epilog = "\n\n".join(filter(None, (self.epilog, manual.epilog)))
        self.formatter_class = Formatter
        return super().format_help()

    def format_usage(self) -> str:
        """The usage, as wide as the terminal."""
        from offramp.frontends.help_texts import Formatter

        self.formatter_class = Formatter
        return super().format_usage()


def command_parser(name: str) -> Parser:
    """The parser of one command; only that of the command at hand is built, for argparse takes its time."""
    parser = Parser(prog=f"offramp {name}")
    COMMANDS[name].declare(parser)
    return parser


def _show_commands(argv: Sequence[str]) -> NoReturn:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {command.purpose}" for name, command in COMMANDS.items())
    parser = Parser(prog="offramp", usage="%(prog)s COMMAND [options]", epilog=f"commands:\n{commands}")
    parser.add_argument("--version", action="version", version=f"offramp {__version__}", help="show the version")
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help="see `offramp COMMAND --help`")
    parser.parse_args(argv)
    parser.error("the command must come first")


def _help_formatter(prog: str) -> argparse.HelpFormatter:
    # Without a width, argparse imports shutil for every option that is declared, 5 ms in all.
    return argparse.HelpFormatter(prog, width=100)


def _declare_check(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [options] [PATH ...]"
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="files and directories (default: the current one), or - for stdin")
    add("--watch", action="store_true", help="check again whenever files change, until Ctrl-C")
    declare_rules(parser)
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument("--fix", action="store_true", help="apply the safe fixes")
    fixes.add_argument("--unsafe-fixes", action="store_true", help="with --fix or --diff, apply the unsafe ones too")
    fixes.add_argument("--diff", action="store_true", help="show what --fix would change, and write nothing")
    fixes.add_argument(
        "--convert-dags",
        choices=_CONVERSIONS,
        default="always",
        help="whether --fix may turn DAGs into flows (default: always; configured: where `convert-dags = true`)",
    )
    declare_files(parser).add_argument("--stdin-filename", metavar="PATH", help="name of the file that stdin holds")
    output = declare_output(parser)
    output.add_argument("--statistics", action="store_true", help="count the findings of each rule instead")
    output.add_argument("--exit-zero", action="store_true", help="exit 0 although there are findings")
    declare_run(parser)


class _Checked(NamedTuple):
    """Results of what was checked; ``stdin`` has its bytes where that is it."""

    results: Sequence[FileResult]
    problems: Sequence[str]
    files: int
    stdin: bytes | None = None


def _check(args: argparse.Namespace) -> int:
    if args.watch:
        return _watch(args)
    from offramp.settings import load

    from_stdin = args.stdin_filename is not None or "-" in args.paths
    if from_stdin and args.paths not in ([], ["-"]):
        raise OfframpError("stdin is checked alone: name no other path")
    settings = load(args.stdin_filename or ".", overrides(args), config=args.config, isolated=args.isolated)
    context = _context(args, settings)
    checked = _check_stdin(args, context) if from_stdin else _check_paths(args, context)
    return CLEAN if checked is None else _deliver(args, context, checked)


def _context(args: argparse.Namespace, settings: Settings) -> Context:
    from offramp.engine import Context
    from offramp.knowledge.rulebook import load_rulebook
    from offramp.reading.versions import find_versions
    from offramp.settings import enabled_codes

    rulebook = load_rulebook(settings.notes, complain)
    enabled = enabled_codes(settings, rulebook.rules.values())
    if not enabled:
        raise OfframpError("no rule is left to run")
    context = Context(settings, rulebook, enabled, find_versions(settings))
    context.converts = _CONVERSIONS[args.convert_dags]
    return context


def _applied(args: argparse.Namespace) -> Applicability | None:
    """Return the least trusted fixes that are applied or shown; None for none."""
    if not args.fix and not args.diff:
        return None
    return Applicability.UNSAFE if args.unsafe_fixes else Applicability.SAFE


def _check_stdin(args: argparse.Namespace, context: Context) -> _Checked | None:
    """Check the file that stdin holds; None where the configuration leaves it out."""
    from offramp.engine import check_bytes, fix_bytes, project_around

    raw = sys.stdin.buffer.read()
    name = args.stdin_filename or "-"
    if args.stdin_filename is not None:
        if _is_left_out(name, context.settings):
            complain(f"{name} is excluded by the configuration")
            if args.fix:
                sys.stdout.buffer.write(raw)
            return None
        context.project = project_around([name], context.settings)
    if _applied(args) is None:
        result = check_bytes(name, raw, context, named=True, fixes=True)
    else:
        result = fix_bytes(name, raw, context, unsafe=args.unsafe_fixes, named=True)
    return _Checked([result], (), 1, raw)


def _check_paths(args: argparse.Namespace, context: Context) -> _Checked:
    from offramp.engine import check_files
    from offramp.output.progress import progress
    from offramp.reading.discover import discover

    settings = context.settings
    discovery = discover(args.paths or ["."], settings, manifests=bool(context.reads_manifests))
    for path in discovery.excluded:
        complain(f"{path} is excluded by the configuration")
    show = None if args.diff or args.statistics else shown_at_once(args, settings.output_format)
    running = check_files(
        discovery.files,
        context,
        args.jobs or processors(),
        named=named(args.paths),
        fixes=True,
        fix=_applied(args),
        show=show,
    )
    results = [
        result
        for result in (running if args.quiet else progress(running, len(discovery.files)))
        if result.findings or result.problem or result.new_text is not None
    ]
    return _Checked(results, discovery.problems, len(discovery.files))


def _deliver(args: argparse.Namespace, context: Context, checked: _Checked) -> int:
    """Write what was fixed and what was found; returns the exit code."""
    from offramp.output import plain_text

    results = checked.results if _applied(args) is None else _fixed(args, checked.results, stdin=checked.stdin)
    problems = [*checked.problems, *(result.problem for result in results if result.problem)]
    for problem in problems:
        complain(problem)
    found = [result for result in results if result.findings]
    lines = (
        plain_text.summary(found, checked.files, len(problems)),
        plain_text.fixable(found, unsafe=args.unsafe_fixes),
    )
    told = "\n".join(filter(None, lines))
    outcome = Outcome(found, context.rules_of(found), told, problems, notes=context.rulebook.notes)
    if args.diff:
        deliver_files(args, outcome)
    else:
        deliver(args, context.settings.output_format, outcome, _statistics if args.statistics else rendered)
    if problems or outcome.unparsed:
        return FAILED
    found_any = any(result.new_text is not None for result in results) if args.diff else bool(found)
    return FOUND if found_any and not args.exit_zero else CLEAN


def _is_left_out(name: str, settings: Settings) -> bool:
    """Return whether a file that stdin holds is left out; raises OfframpError for a notebook, which is not checked."""
    from offramp.reading.discover import NOTEBOOK, is_excluded
    from offramp.settings import settings_for

    if name.endswith(".ipynb"):
        raise OfframpError(f"{name}: {NOTEBOOK}")
    absolute = os.path.abspath(name)
    nearest = settings_for(absolute, settings)
    return nearest.force_exclude and is_excluded(absolute, nearest)


def _watch(args: argparse.Namespace) -> int:
    refused = {
        "--fix": args.fix,
        "--diff": args.diff,
        "--output-file": args.output_file is not None,
        "--output": bool(args.output),
        "stdin": args.stdin_filename is not None or "-" in args.paths,
    }
    for what, asked in refused.items():
        if asked:
            raise OfframpError(f"--watch and {what} exclude each other")
    try:
        from offramp.frontends.watch import watch
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("offramp"):
            raise
        raise OfframpError(f"--watch needs {error.name}: pip install 'offramp[watch]'") from None
    return watch(args, sys.argv[1:])


def _fixed(args: argparse.Namespace, results: Sequence[FileResult], *, stdin: bytes | None) -> list[FileResult]:
    """Write what was fixed, or show it as a diff; a file that cannot be written gets a problem."""
    from offramp.output import plain_text

    fixes = [finding.fix for result in results for finding in result.fixed if finding.fix is not None]
    if any(fix.connections for fix in fixes):
        from offramp.converting.migration import check_blocks

        check_blocks(block for fix in fixes for block in fix.connections)
    if args.diff:
        from offramp.engine import shown
        from offramp.output.diff import unified

        for result in results:
            if result.new_text is not None:
                texts = [shown(result.path, raw) for raw in (result.old_text, result.new_text)]
                write(sys.stdout, unified(result.path, *texts))
    elif stdin is not None:
        new = results[0].new_text
        sys.stdout.buffer.write(stdin if new is None else new)
        sys.stdout.buffer.flush()
    else:
        results = [_written(result) for result in results]
    if not args.quiet:
        for line in plain_text.fixed(results, written=not args.diff):
            write(sys.stderr, f"{line}\n")
    return list(results)


def _written(result: FileResult) -> FileResult:
    from offramp.editing.write import replace

    if result.new_text is None:
        return result
    try:
        replace(result.path, result.old_text, result.new_text)
    except OfframpError as error:
        return result._replace(problem=str(error), new_text=None)
    return result


def _statistics(layout: str, outcome: Outcome, look: Look) -> Iterator[str]:
    from offramp.output import plain_text

    counted = plain_text.statistics(outcome.found, outcome.rules)
    if layout == "json":
        from offramp.output.json_objects import statistics_report

        yield statistics_report(counted) + "\n"
        return
    yield from (f"{count}\t{code}\t{name}\n" for count, code, name in counted)
    if not look.quiet:
        yield f"{outcome.summary}\n"


def _declare_rule(parser: argparse.ArgumentParser) -> None:
    from offramp.frontends import rules

    rules.declare_rule(parser)


def _rule(args: argparse.Namespace) -> int:
    from offramp.frontends import rules

    return rules.run_rule(args)


def _declare_docs(parser: argparse.ArgumentParser) -> None:
    from offramp.frontends import rules

    rules.declare_docs(parser)


def _docs(args: argparse.Namespace) -> int:
    from offramp.frontends import rules

    return rules.run_docs(args)


def _declare_gate(parser: argparse.ArgumentParser) -> None:
    from offramp.frontends import gate

    gate.declare(parser)


def _gate(args: argparse.Namespace) -> int:
    from offramp.frontends import gate

    return gate.run(args)


def _declare_migrate(parser: argparse.ArgumentParser) -> None:
    from offramp.frontends import migrate

    migrate.declare(parser)


def _migrate(args: argparse.Namespace) -> int:
    from offramp.frontends import migrate

    return migrate.run(args)


def _declare_notes(parser: argparse.ArgumentParser) -> None:
    from offramp.frontends import notes

    notes.declare(parser)


def _notes(args: argparse.Namespace) -> int:
    from offramp.frontends import notes

    return notes.run(args)


def _declare_server(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [--stdio]"
    parser.add_argument("--stdio", action="store_true", help="talk over stdin and stdout, as it always does")


def _server(_args: argparse.Namespace) -> int:
    try:
        from offramp.frontends.lsp.server import serve
    except ModuleNotFoundError as error:
        needed = (error.name or "").partition(".")[0]
        if needed == "offramp":
            raise
        raise OfframpError(f"the language server needs {needed}: pip install 'offramp[lsp]'") from None
    return serve()


def _declare_completion(parser: argparse.ArgumentParser) -> None:
    from offramp.frontends import completion

    completion.declare(parser)


def _completion(args: argparse.Namespace) -> int:
    from offramp.frontends import completion

    return completion.run(args)


COMMANDS = {
    "check": Command("check files and directories", _declare_check, _check),
    "gate": Command("let no new Airflow in", _declare_gate, _gate),
    "migrate": Command("write Prefect flows beside the DAGs", _declare_migrate, _migrate),
    "notes": Command("check, test and begin mapping notes", _declare_notes, _notes),
    "server": Command("serve editors: findings while typing, fixes, notes", _declare_server, _server),
    "rule": Command("explain a rule", _declare_rule, _rule),
    "docs": Command("write a page for every rule", _declare_docs, _docs),
    "generate-shell-completion": Command("let your shell complete commands", _declare_completion, _completion),
}


def _internal_error(error: Exception) -> str:
    place = ""
    for frame, line in _frames(error):
        if frame.startswith(os.path.dirname(os.path.dirname(__file__))):
            place = f" at {os.path.relpath(frame, os.path.dirname(os.path.dirname(__file__)))}:{line}"
    return (
        f"internal error: {type(error).__name__}: {error}{place}; please report it,"
        " with the traceback that OFFRAMP_DEBUG=1 shows"
    )


def _frames(error: Exception) -> Iterator[tuple[str, int]]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
