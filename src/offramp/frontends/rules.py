"""``offramp rule`` and ``offramp docs``: what the rules mean, in the terminal and as pages; topmost layer."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence

from offramp.escapes import as_json, visible
from offramp.frontends.terminal import CLEAN, FAILED, FOUND, complain, use_links, write
from offramp.knowledge.rulebook import Rulebook, load_rulebook, shipped_notes
from offramp.model import OfframpError
from offramp.settings import load

# Longer lines are hard to read, whatever the terminal has.
_WIDEST = 100


def declare_rule(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``offramp rule``."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("code", nargs="?", metavar="CODE", help="code or name of a rule, such as OFR101")
    which.add_argument("--all", action="store_true", help="every rule")
    which.add_argument("--search", metavar="WORD", help="the rules on whose pages the word stands")
    parser.add_argument("--output-format", choices=("text", "json"), default="text", help="default: text")
    _declare_configuration(parser)


def declare_docs(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``offramp docs``."""
    parser.add_argument(
        "files", nargs="*", metavar="NOTE", help="note files (default: the configuration's, else offramp's own)"
    )
    parser.add_argument("--out", default="docs", metavar="DIR", help="directory of the pages (default: docs)")
    parser.add_argument("--readme", metavar="FILE", help="write the table of rules between the marks in this file too")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    _declare_configuration(parser)


def _declare_configuration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="", metavar="PATH", help="use this configuration file and no other")
    parser.add_argument("--isolated", action="store_true", help="use no configuration file")


def run_rule(args: argparse.Namespace) -> int:
    """Show rules; the exit code."""
    from offramp.output.pages import overview

    rulebook = load_rulebook(_configured(args), complain)
    if args.all and args.output_format == "text":
        write(sys.stdout, overview(rulebook.rules[code] for code in sorted(rulebook.rules)))
        return CLEAN
    from offramp.notes.example_findings import book

    rules = [
        rule
        for code, rule in sorted(rulebook.rules.items())
        if args.all or args.search is not None or args.code in (rule.code, rule.name)
    ]
    if not rules:
        raise OfframpError(f"there is no rule `{args.code}`; `offramp rule --all` lists them")
    notes = [rulebook.notes[rule.section] for rule in rules]
    files = list({note.file: None for note in rulebook.notes.values()})
    examples = () if args.search is not None and args.output_format == "text" else [note.section for note in notes]
    pages = book(rulebook, files, examples)
    if args.search is not None:
        word = args.search.casefold()
        notes = [note for note in notes if word in pages.rule_page(note).casefold()]
        if not notes:
            raise OfframpError(f"`{args.search}` stands on no rule's page")
    if args.output_format == "json":
        objects = [pages.object(note) for note in notes]
        shown: object = objects if args.all or args.search is not None else objects[0]
        write(sys.stdout, as_json(shown, indent=2, ascii_only=False) + "\n")
    elif args.search is not None:
        write(sys.stdout, overview(pages.rule(note) for note in notes))
    else:
        _show(pages.rule_page(notes[0]))
    return CLEAN


def _show(page: str) -> None:
    """Print a page: as it is written where a program reads it, laid out and paged in a terminal."""
    page = visible(page, kept="\t\n")
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        write(sys.stdout, page)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    # Without -R, less shows colours as characters; -F leaves short pages on the screen.
    os.environ["LESS"] = f"{os.environ['LESS']} -R" if os.environ.get("LESS") else "-FRX"
    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(page, hyperlinks=use_links("auto")), width=min(console.width, _WIDEST))


def run_docs(args: argparse.Namespace) -> int:
    """Write the pages, or compare them with what is there; the exit code."""
    configured = _configured(args)
    files = args.files or list(configured)
    known = {os.path.realpath(path) for path in (*configured, *shipped_notes())}
    more = [path for path in files if os.path.realpath(path) not in known]
    rulebook = load_rulebook([*configured, *more], lambda _: None)
    wanted = dict(_pages(args, rulebook, files or shipped_notes()))
    stale = [path for path, text in wanted.items() if _read(path) != text]
    stray = [path for path in _written_before(args.out) if path not in wanted]
    if args.check:
        for path in stale:
            complain(f"{path} is out of date: run `{_command(args)}`")
        for path in stray:
            complain(f"{path} belongs to no rule any more: run `{_command(args)}`")
        return FOUND if stale or stray else CLEAN
    try:
        for path in stale:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(wanted[path])
        for path in stray:
            os.unlink(path)
    except OSError as error:
        complain(f"{error.filename}: cannot be written: {error.strerror}")
        return FAILED
    done = f"{len(stale)} written, {len(stray)} removed" if stale or stray else "all up to date"
    write(sys.stdout, f"{len(wanted)} files: {done}.\n")
    return CLEAN


def _pages(args: argparse.Namespace, rulebook: Rulebook, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The path and the text of everything that is written."""
    from offramp.notes.example_findings import book
    from offramp.output.pages import GENERATED, TABLE_BEGIN, TABLE_END

    pages = book(rulebook, files)
    folder = os.path.join(args.out, "rules")
    for note in pages.noted:
        text = pages.rule_page(note, folder=folder)
        yield os.path.join(folder, f"{pages.page_name(note)}.md"), f"{GENERATED}\n\n{text}"
    yield os.path.join(folder, "index.md"), f"{GENERATED}\n\n{pages.index()}"
    for family in pages.families:
        yield os.path.join(args.out, "operators", f"{family.name}.md"), f"{GENERATED}\n\n{pages.family_page(family)}"
    yield os.path.join(args.out, "rules.json"), json.dumps(pages.objects(), indent=2, ensure_ascii=False) + "\n"
    if args.readme:
        before, begin, rest = (_read(args.readme) or "").partition(TABLE_BEGIN)
        _, end, after = rest.partition(TABLE_END)
        if not begin or not end:
            raise OfframpError(f"{args.readme}: has no lines `{TABLE_BEGIN}` and `{TABLE_END}` for the table")
        way = os.path.relpath(folder, os.path.dirname(args.readme) or ".").replace(os.sep, "/")
        yield args.readme, f"{before}{begin}\n{pages.readme_table(way)}\n{end}{after}"


def _written_before(out: str) -> Iterator[str]:
    """The pages that an earlier run wrote."""
    from offramp.output.pages import GENERATED

    for name in ("rules", "operators"):
        folder = os.path.join(out, name)
        for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            path = os.path.join(folder, file)
            if file.endswith(".md") and (_read(path) or "").startswith(GENERATED):
                yield path


def _command(args: argparse.Namespace) -> str:
    options = [] if args.out == "docs" else ["--out", args.out]
    options += ["--readme", args.readme] if args.readme else []
    options += ["--config", args.config] if args.config else []
    options += ["--isolated"] if args.isolated else []
    return " ".join(["offramp docs", *args.files, *options])


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise OfframpError(f"{path}: cannot be read: {error}") from None


def _configured(args: argparse.Namespace) -> tuple[str, ...]:
    if args.config and args.isolated:
        raise OfframpError("--config and --isolated exclude each other")
    return load(".", {}, config=args.config, isolated=args.isolated).notes
