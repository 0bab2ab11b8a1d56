"""What ``check`` and ``gate`` share: their arguments, and how findings are shown."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from offramp.frontends.terminal import use_colour, write
from offramp.model import FileResult, OfframpError, Rule
from offramp.settings import OUTPUT_FORMATS

CANNOT_PARSE = "OFR901"


class Outcome(NamedTuple):
    """The files whose findings are shown, the rules by code, and the last line."""

    found: Sequence[FileResult]
    rules: Mapping[str, Rule]
    summary: str

    @property
    def unparsed(self) -> bool:
        """Whether a file could not be parsed, so that its other findings are unknown."""
        return any(finding.code == CANNOT_PARSE for result in self.found for finding in result.findings)


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
    output.add_argument("--output-format", choices=OUTPUT_FORMATS, help="layout of the findings (default: full)")
    output.add_argument("--output-file", metavar="PATH", help="write the findings there")
    output.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")
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


def deliver(args: argparse.Namespace, report: Callable[[bool], str]) -> None:
    """Print a report, or write it to ``--output-file``; raises OfframpError where that fails.

    ``report`` is told whether to use colour.
    """
    if args.output_file is None:
        write(sys.stdout, report(use_colour(args.color)))
        return
    text = report(args.color == "always")
    try:
        with open(args.output_file, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise OfframpError(f"{args.output_file}: cannot write the findings: {error.strerror}") from None


def findings_report(args: argparse.Namespace, layout: str, outcome: Outcome, colour: bool) -> str:
    """The findings in one layout."""
    if layout == "json":
        from offramp.output.json_report import report

        return report(outcome.found, outcome.rules) + "\n"
    from offramp.output import text

    present = {"full": text.full, "concise": text.concise, "grouped": text.grouped}[layout]
    lines = [*present(outcome.found, text.Paint(colour)), *([] if args.quiet else [outcome.summary])]
    return "".join(f"{line}\n" for line in lines)


def _listed(text: str) -> list[str]:
    return [item for item in (part.strip() for part in text.split(",")) if item]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number from 1 up")
    return int(text)
