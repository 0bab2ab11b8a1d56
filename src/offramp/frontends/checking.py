"""The arguments that ``check`` and ``gate`` share, and how both show findings."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from offramp.frontends.terminal import columns, use_colour, use_links, write_all
from offramp.model import FileResult, OfframpError
from offramp.output.formats import TERMINAL_LAYOUTS, rendered, shower
from offramp.output.outcome import Look, Outcome
from offramp.record import NamedTuple
from offramp.settings import OUTPUT_FORMATS

# Makes the pieces of the text that shows an outcome in a layout.
Report = Callable[[str, Outcome, Look], Iterator[str]]


class Output(NamedTuple):
    """One ``--output``: the layout of the findings, and the file that they go to, or None for stdout."""

    layout: str
    file: str | None


def declare_rules(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose rules."""
    rules = parser.add_argument_group("rules")
    for option, purpose in (
        ("--select", "run these rules only"),
        ("--extend-select", "run these rules too"),
        ("--ignore", "do not run these rules"),
    ):
        rules.add_argument(option, action="extend", type=_listed, metavar="CODES", help=purpose)


def declare_files(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The arguments that leave files out."""
    files = parser.add_argument_group("files")
    for option, purpose in (
        ("--exclude", "skip these paths, instead of the defaults"),
        ("--extend-exclude", "skip these paths too"),
    ):
        files.add_argument(option, action="extend", type=_listed, metavar="GLOBS", help=purpose)
    flag = argparse.BooleanOptionalAction
    files.add_argument("--force-exclude", action=flag, help="skip excluded files even when they are named")
    files.add_argument("--respect-gitignore", action=flag, help="skip what git ignores (the default)")
    return files


def declare_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The arguments for the findings' layout and place."""
    output = parser.add_argument_group("output")
    output.add_argument(
        "--output-format",
        choices=OUTPUT_FORMATS,
        metavar="FORMAT",
        help=f"layout of the findings: {', '.join(OUTPUT_FORMATS)} (default: full)",
    )
    output.add_argument("--output-file", metavar="PATH", help="write the findings there")
    output.add_argument(
        "--output",
        action="append",
        default=[],
        type=_output,
        metavar="FORMAT=FILE",
        help="write the findings there too, in that layout; without =FILE on stdout instead; may be repeated",
    )
    output.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours and links to rules (default: auto)",
    )
    output.add_argument("-q", "--quiet", action="store_true", help="print findings and problems only")
    return output


def declare_run(parser: argparse.ArgumentParser) -> None:
    """The arguments for configuration and processes."""
    run = parser.add_argument_group("run")
    run.add_argument("--config", default="", metavar="PATH", help="use this configuration file and no other")
    run.add_argument("--isolated", action="store_true", help="use no configuration file")
    run.add_argument("--jobs", type=_positive, metavar="N", help="processes (default: one per processor)")
    run.add_argument("--no-cache", action="store_true", help="without effect for now: nothing is cached")


def overrides(args: argparse.Namespace) -> dict[str, object]:
    """The options of a configuration file that the command line gives, by their names in the file."""
    if args.config and args.isolated:
        raise OfframpError("--config and --isolated exclude each other")
    if "output" in args:
        _refuse_confused_outputs(args)
    options = (
        "select",
        "extend_select",
        "ignore",
        "exclude",
        "extend_exclude",
        "force_exclude",
        "respect_gitignore",
        "output_format",
    )
    given = {option: getattr(args, option, None) for option in options}
    return {option.replace("_", "-"): value for option, value in given.items() if value is not None}


def named(paths: Sequence[str]) -> frozenset[str]:
    """The paths that the user gave, in the form that discovery gives them."""
    here = os.path.join(os.getcwd(), "")
    return frozenset(os.path.abspath(path).removeprefix(here) for path in paths)


def deliver(args: argparse.Namespace, layout: str, outcome: Outcome, report: Report = rendered) -> None:
    """Print the findings and write them to every file that was asked for; raises OfframpError where that fails.

    What goes to stdout or ``--output-file`` is what ``report`` makes of them, in ``layout``
    unless ``--output`` names another for stdout.
    """
    for output in _printed(args, layout):
        _deliver_one(args, output, outcome, report)
    deliver_files(args, outcome)


def shown_at_once(args: argparse.Namespace, layout: str) -> Callable[[FileResult], str] | None:
    """Return what makes the text of one file's findings, where a terminal's layout is all that ``deliver`` gives."""
    printed = _printed(args, layout)
    alone = len(printed) == 1 and all(output.file is None for output in (*printed, *args.output))
    return shower(printed[0].layout, _look(args)) if alone and printed[0].layout in TERMINAL_LAYOUTS else None


def deliver_files(args: argparse.Namespace, outcome: Outcome) -> None:
    """The same for the files that ``--output`` names alone."""
    for output in args.output:
        if output.file is not None:
            _deliver_one(args, output, outcome, rendered)


def _printed(args: argparse.Namespace, layout: str) -> Sequence[Output]:
    printed = [output for output in args.output if output.file is None]
    return printed or [Output(layout, args.output_file)]


def _look(args: argparse.Namespace) -> Look:
    return Look(use_colour(args.color), use_links(args.color), args.quiet, columns())


def _refuse_confused_outputs(args: argparse.Namespace) -> None:
    files = [output.file for output in args.output]
    if args.output_file is not None and None in files:
        raise OfframpError("--output-file and an --output without =FILE exclude each other")
    files.append(args.output_file)
    for file in files:
        if file is not None and files.count(file) > 1:
            raise OfframpError(f"two outputs would go to {file}")


def _deliver_one(args: argparse.Namespace, output: Output, outcome: Outcome, report: Report) -> None:
    if output.file is None:
        if output.layout not in TERMINAL_LAYOUTS and isinstance(sys.stdout, io.TextIOWrapper):
            # Programs that read these take nothing but UTF-8.
            sys.stdout.reconfigure(encoding="utf-8")
        write_all(sys.stdout, report(output.layout, outcome, _look(args)))
        return
    parts = report(output.layout, outcome, Look(args.color == "always", quiet=args.quiet))
    try:
        with open(output.file, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(parts)
    except OSError as error:
        raise OfframpError(f"{output.file}: cannot write the findings: {error.strerror}") from None


def _output(text: str) -> Output:
    layout, equals, file = text.partition("=")
    if layout not in OUTPUT_FORMATS:
        raise argparse.ArgumentTypeError(f"there is no format `{layout}`, only {', '.join(OUTPUT_FORMATS)}")
    if equals and not file:
        raise argparse.ArgumentTypeError(f"`{text}` names no file")
    return Output(layout, file if file not in ("", "-") else None)


def _listed(text: str) -> list[str]:
    return [item for item in (part.strip() for part in text.split(",")) if item]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number from 1 up")
    return int(text)
