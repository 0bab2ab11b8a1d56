"""Findings as text for people, in the layouts that ruff's users know; imports reading and model only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from offramp.escapes import visible
from offramp.model import Applicability, FileResult, Finding, Fix, Refusal, Rule
from offramp.output import rule_url
from offramp.reading.source import Positions, positions_in

_BOLD = "1"
_RED = "1;91"
_BLUE = "1;94"
_CYAN = "36"

_OWN = re.compile("OFR8(?!00)")
_CONTEXT = 2
_NARROWEST = 40
_TAB = "    "
# Wider lines are cut to a window around the finding: a file of one 10 MB line must stay readable.
_WIDEST = 160
_LEAD = 60


class Paint:
    """Wraps text in ANSI colours and codes in links to their rules' pages, or leaves them alone where that is off."""

    __slots__ = ("_links", "_on")

    def __init__(self, on: bool, *, links: bool = False) -> None:
        self._on = on
        self._links = links

    def __call__(self, style: str, text: str) -> str:
        """The text in the given ANSI style."""
        return f"\x1b[{style}m{text}\x1b[0m" if self._on else text

    def code(self, code: str) -> str:
        """A rule's code, which a terminal opens the page of; the codes of users' own notes have none."""
        painted = self(_RED, code)
        if not self._links or _OWN.match(code):
            return painted
        return f"\x1b]8;;{rule_url(code)}\x1b\\{painted}\x1b]8;;\x1b\\"


def full(results: Iterable[FileResult], paint: Paint, columns: int = 0) -> Iterator[str]:
    """Lines of the ``full`` layout: message, place and source excerpt with carets, in so many columns if not 0."""
    for result in results:
        positions = positions_in(result.text)
        excerpts = _Excerpts(result, positions, paint, columns)
        refused: tuple[Refusal, ...] = ()
        for finding in result.findings:
            message = [
                paint(_BOLD, line) for line in _wrapped(visible(finding.message), columns, len(finding.code) + 1)
            ]
            yield f"{paint.code(finding.code)} {message[0]}"
            yield from (f"{' ' * len(finding.code)} {line}" for line in message[1:])
            yield from excerpts.of(finding)
            if finding.fix is not None:
                yield from _help(finding.fix, paint, columns)
            for refusal in finding.refusals[: 1 if refused == finding.refusals else None]:
                place = positions.row(refusal.span.start) if refusal.span is not None else 0
                where = f" (line {place})" if place else ""
                more = " and the others named above" if refused == finding.refusals and len(refused) > 1 else ""
                yield from _labelled("no fix", f"{visible(refusal.reason)}{where}{more}", paint, columns)
            refused = finding.refusals
            yield ""


def concise(results: Iterable[FileResult], paint: Paint) -> Iterator[str]:
    """Lines of the ``concise`` layout: ``path:row:column: CODE message``."""
    colon = paint(_CYAN, ":")
    for result in results:
        positions = positions_in(result.text)
        for finding in result.findings:
            row, column = positions.location(finding.span.start)
            place = f"{paint(_BOLD, visible(result.path))}{colon}{row}{colon}{column}{colon}"
            yield f"{place} {paint.code(finding.code)} {visible(finding.message)}"


def grouped(results: Iterable[FileResult], paint: Paint) -> Iterator[str]:
    """Lines of the ``grouped`` layout: the findings of a file indented below its path."""
    for result in results:
        positions = positions_in(result.text)
        places = [positions.location(finding.span.start) for finding in result.findings]
        row_width = max(len(str(place.row)) for place in places)
        column_width = max(len(str(place.column)) for place in places)
        yield f"{paint(_BOLD, visible(result.path))}:"
        for finding, place in zip(result.findings, places, strict=True):
            at = f"{place.row:>{row_width}}{paint(_CYAN, ':')}{place.column:<{column_width}}"
            yield f"  {at} {paint.code(finding.code)} {visible(finding.message)}"
        yield ""


def statistics(results: Iterable[FileResult], rules: Mapping[str, Rule]) -> list[tuple[int, str, str]]:
    """(count, code, name) of every rule found, the most frequent first."""
    counts = Counter(finding.code for result in results for finding in result.findings)
    return [
        (count, code, rules[code].name) for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def summary(results: Sequence[FileResult], checked: int, problems: int) -> str:
    """The last line of a run; ``results`` are those with findings, ``problems`` counts what failed.

    Nothing is said to have passed unless something was checked and nothing failed.
    """
    found = sum(len(result.findings) for result in results)
    of = f"{_count(checked, 'file')} checked"
    if found:
        line = f"Found {_count(found, 'finding')} in {_count(len(results), 'file')} ({of})."
    elif problems or not checked:
        line = f"Found nothing ({of})."
    else:
        return f"All checks passed! ({of})"
    return f"{line} {_count(problems, 'problem')} made the check incomplete." if problems else line


def fixable(results: Iterable[FileResult], *, unsafe: bool) -> str:
    """Return how many findings can be fixed, and how; empty when none can."""
    safe, more = (sum(counts) for counts in zip((0, 0), *(result.fixable for result in results), strict=True))
    if unsafe:
        return f"{safe + more} fixable with --fix --unsafe-fixes." if safe + more else ""
    if safe and more:
        return f"{safe} fixable with --fix, {more} more with --unsafe-fixes."
    if safe:
        return f"{safe} fixable with --fix."
    return f"{more} fixable with --fix --unsafe-fixes." if more else ""


def fixed(results: Iterable[FileResult], *, written: bool) -> list[str]:
    """Return what was fixed, or would be; empty when nothing is."""
    changed = [result for result in results if result.new_text is not None]
    if not changed:
        return []
    count = sum(result.gone for result in changed)
    verb = "Fixed" if written else "Would fix"
    lines = [f"{verb} {_count(count, 'finding')} in {_count(len(changed), 'file')}."]
    flows = {
        (result.path, flow.function)
        for result in changed
        for finding in result.fixed
        if finding.fix is not None
        for flow in finding.fix.flows
    }
    if flows:
        leave = "leaves" if len(flows) == 1 else "leave"
        if not written:
            leave = "would leave"
        lines.append(f"{_count(len(flows), 'DAG')} {leave} Airflow: deploy the flows first.")
    return lines


def _help(fix: Fix, paint: Paint, columns: int) -> Iterator[str]:
    label = {Applicability.SAFE: "fix", Applicability.UNSAFE: "unsafe fix", Applicability.DISPLAY_ONLY: "help"}
    reason = f" ({visible(fix.reason)})" if fix.reason else ""
    yield from _labelled(label[fix.applicability], f"{visible(fix.title)}{reason}", paint, columns)


def _labelled(label: str, text: str, paint: Paint, columns: int) -> Iterator[str]:
    lead = len(f"  = {label}: ")
    first, *more = _wrapped(text, columns, lead)
    yield f"  {paint(_BLUE, '=')} {paint(_BOLD, label)}: {first}"
    yield from (f"{' ' * lead}{line}" for line in more)


def _wrapped(text: str, columns: int, lead: int) -> list[str]:
    """The text in lines of words that fit behind ``lead`` characters; a word that does not fit stays whole."""
    if not columns or len(text) <= columns - lead:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        if line and lead + len(line) + 1 + len(word) > columns:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _Lines(dict[int, str]):
    """The lines of a text by row, each decoded once."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions

    def __missing__(self, row: int) -> str:
        line = self[row] = self._positions.line(row)
        return line


class _Excerpts:
    """Excerpts of one file; findings that stand close together show the same lines, which are made once."""

    def __init__(self, result: FileResult, positions: Positions, paint: Paint, columns: int) -> None:
        self._path = visible(result.path)
        self._positions = positions
        self._paint = paint
        self._columns = columns
        self._bar = paint(_BLUE, "|")
        self._lines = _Lines(positions)
        self._shown: dict[tuple[int, int, int], str] = {}

    def of(self, finding: Finding) -> list[str]:
        """The lines of one excerpt."""
        positions, paint, bar = self._positions, self._paint, self._bar
        row, column = positions.location(finding.span.start)
        end_row, end_column = positions.location(finding.span.end)
        rows = self._rows(row)
        gutter = len(str(rows.stop - 1))
        blank = " " * gutter
        place = f"{blank}{paint(_BLUE, '-->')} {self._path}:{row}:{column}"
        if not positions.utf8:
            return [place]
        marked = self._lines[row]
        stop = end_column - 1 if end_row == row else len(marked)
        widest = min(_WIDEST, max(_NARROWEST, self._columns - gutter - 3)) if self._columns else _WIDEST
        cut = max(0, min(column - 1 - min(_LEAD, widest // 3), len(marked) - widest)) if stop > widest else 0
        numbered = [self._numbered(number, gutter, cut, widest) for number in rows]
        before = _width(marked[cut : column - 1])
        carets = max(1, _width(marked[column - 1 : min(stop, cut + widest)]))
        numbered.insert(row - rows.start + 1, f"{blank} {bar} {' ' * before}{paint(_RED, '^' * carets)}")
        if rows.stop - 1 > row:
            numbered.append(f"{blank} {bar}")
        return [place, f"{blank} {bar}", *numbered]

    def _rows(self, row: int) -> range:
        lines = self._lines
        first = max(1, row - _CONTEXT)
        last = min(self._positions.rows(), row + _CONTEXT)
        while first < row and not lines[first].strip():
            first += 1
        while last > row and not lines[last].strip():
            last -= 1
        return range(first, last + 1)

    def _numbered(self, row: int, gutter: int, cut: int, widest: int) -> str:
        shown = self._shown.get((row, gutter, cut))
        if shown is None:
            text = _pictured(_window(self._lines[row], cut, cut + widest))
            shown = f"{self._paint(_BLUE, f'{row:>{gutter}}')} {self._bar} {text}".rstrip()
            self._shown[row, gutter, cut] = shown
        return shown


def _window(line: str, start: int, stop: int) -> str:
    """A part of a line, with a dot for what is left out on either side."""
    part = line[start:stop]
    if start and part:
        part = f"…{part[1:]}"
    return f"{part[:-1]}…" if len(line) > stop else part


def _pictured(text: str) -> str:
    """The text as a terminal may have it, with tabs as blanks."""
    return visible(text.replace("\t", _TAB))


def _width(text: str) -> int:
    """Terminal cells that the text takes when shown."""
    text = _pictured(text)
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
