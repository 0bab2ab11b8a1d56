"""Reads the comments that suppress findings, and those that were meant to; may import ``reading`` and ``model``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from offramp.model import Span
from offramp.reading.source import Source
from offramp.record import NamedTuple

_CODE = r"[A-Z]+[0-9]+"
# Codes of offramp's, or the beginning of several.
OUR_CODE = r"(?i)OFR\d*"
# Patterns are compiled when first used: few files have a comment that they are for.
_MARKS = (b"noqa", b"offramp")
_MARKED = rb"(?i)#[^\r\n]*(?:noqa|offramp)"
# The text after the codes is the reason. As for flake8, something else than codes after the colon makes
# it a `noqa` for everything, and a code stands for all that begin with it.
_CODES = rf"(?:\s*:\s*(?P<codes>{_CODE}(?:[,\s]*{_CODE})*))?"
_NOQA = rf"(?i)#\s*noqa{_CODES}"
_FLAKE8 = rf"(?i)#\s*flake8\s*[:=]\s*noqa{_CODES}"
_OFFRAMP = (
    r"(?i)#\s*offramp\s*(?P<colon>[:=-]?)\s*"
    r"(?P<word>ignor\w*|skip[\w-]*|noqa|disabl[\w-]*|suppress\w*)(?:\[(?P<codes>[^\]]*)\])?"
)
# A code of offramp's where codes were meant, in whatever brackets.
_MEANT = r"[\s:=,-]*[\[({'\"]*\s*(?P<code>(?i:OFR)(?:\d\w*|\b))"
# Text after `ignore` that is not a reason: brackets, another sign, a code of another linter, the name of a rule.
_NO_REASON = rf"[\w\[({{:=-]|\s+(?:[\[{{]|[A-Z]{{1,4}}\d{{3,4}}\b|\w+(?:-\w+)+\s*$)|{_MEANT}"
# The begin of another comment behind a reason, and marks that may set the reason off from the codes.
_NEXT_COMMENT = r"(?:^|\s)#\s*(?=[A-Za-z])"
_SET_OFF = " \t:;,.-\u2013\u2014"
_LEAST = "OFR101"


class Comment(NamedTuple):
    """One suppression; ``row`` 0 stands for the whole file, no ``codes`` for every code; else each has its span.

    ``reason`` is what ``# offramp: ignore[CODES]`` says after its codes; in other forms it means nothing.
    ``fault`` says of the comment what is wrong with its form. offramp's ``own`` forms then suppress nothing and are not
    ``valid``; flake8's suppress what they do for flake8.
    """

    row: int
    span: Span
    codes: tuple[tuple[str, Span], ...] = ()
    reason: str = ""
    fault: str = ""
    valid: bool = True
    own: bool = False

    def covers(self, code: str) -> bool:
        """Return whether it suppresses findings of a rule."""
        return self.valid and (not self.codes or any(code.startswith(listed) for listed, _ in self.codes))


def comments(source: Source) -> Iterator[Comment]:
    """Every comment of a file that suppresses something, or was meant to.

    Strings are told from comments by the tokenizer, which is imported only here.
    """
    rows = marked(source)
    if not rows:
        return
    import tokenize

    last = max(rows)
    lines = (source.positions.line(row) + "\n" for row in range(1, source.positions.rows() + 1))
    try:
        for token in tokenize.generate_tokens(lambda: next(lines, "")):
            row, column = token.start
            if token.type == tokenize.COMMENT and row in rows:
                before = source.positions.line(row)[:column]
                start = source.positions.offset(row, len(before.encode()))
                for comment in read(token.string, row, alone=not before.strip()):
                    yield _placed(comment, token.string, start)
            if row > last:
                return
    except (tokenize.TokenError, SyntaxError):
        # CPython parsed this text: where only its tokenizer module stumbles, the comments so far count.
        return


def marked(source: Source) -> set[int]:
    """The rows that have what reads like the mark of a comment."""
    lower = source.utf8.lower()
    if not any(mark in lower for mark in _MARKS):
        return set()
    return {source.positions.row(match.start()) for match in re.finditer(_MARKED, source.utf8)}


def read(text: str, row: int, *, alone: bool) -> Iterator[Comment]:
    """The suppressions in a comment, with places in its text; one ``alone`` on its line may be the file's."""
    if match := re.match(_FLAKE8, text):
        yield from _of_flake8(text, match, row, alone=alone)
    for match in re.finditer(_NOQA, text):
        code = re.match(_MEANT, text[match.end() :]) if match["codes"] is None else None
        fault = f"suppresses every rule here: write `# noqa: {_written(code)}`" if code else ""
        yield Comment(row, Span(*match.span()), _listed(match), fault=fault)
    for match in re.finditer(_OFFRAMP, text):
        yield from _of_offramp(text, match, row, alone=alone)


def _of_flake8(text: str, match: re.Match[str], row: int, *, alone: bool) -> Iterator[Comment]:
    span = Span(*match.span())
    code = re.match(_MEANT, text[match.end() :]) if match["codes"] is None else None
    named = code is not None or "OFR" in (match["codes"] or "")
    if alone:
        fault = f"suppresses every rule in this file: write `# flake8: noqa: {_written(code)}`" if code else ""
        yield Comment(0, span, _listed(match), fault=fault)
    elif named:
        fault = "suppresses nothing: `# flake8: noqa` stands on a line of its own"
        yield Comment(row, span, fault=fault, valid=False)


def _of_offramp(text: str, match: re.Match[str], row: int, *, alone: bool) -> Iterator[Comment]:
    span = Span(*match.span())
    word, after, codes = match["word"].lower(), text[match.end() :], _listed(match)
    code = re.match(_MEANT, match["codes"] or after)
    bare = match["codes"] is None and not re.match(_NO_REASON, after)
    right = match["colon"] == ":"
    if right and word == "ignore" and (codes or bare):
        reason = re.split(_NEXT_COMMENT, after)[0].lstrip(_SET_OFF).rstrip() if codes else ""
        yield Comment(row, span, codes, reason, own=True)
    elif right and word == "skip-file" and bare and alone:
        yield Comment(0, span, own=True)
    elif right or match["codes"] is not None or code:
        fault = f"suppresses nothing in this form: write `# offramp: ignore[{_written(code)}]`"
        if word.startswith("skip"):
            fault = "suppresses nothing in this form: write `# offramp: skip-file` on a line of its own, without codes"
        yield Comment(row, span, fault=fault, valid=False, own=True)


def _written(code: re.Match[str] | None) -> str:
    """A code as it is to be written, from how it was."""
    found = code["code"].upper() if code is not None else ""
    return found if re.fullmatch(r"OFR\d+", found) else _LEAST


def _listed(match: re.Match[str]) -> tuple[tuple[str, Span], ...]:
    """The codes of a comment with their places; none where it lists none."""
    if match["codes"] is None:
        return ()
    first = match.start("codes")
    codes = re.finditer(r"[^,\s]+", match["codes"])
    return tuple((code[0], Span(first + code.start(), first + code.end())) for code in codes)


def _placed(comment: Comment, text: str, start: int) -> Comment:
    """A comment with places in the file, from those in its text."""

    def span(local: Span) -> Span:
        first, last = (start + len(text[:index].encode()) for index in local)
        return Span(first, last)

    codes = tuple((code, span(place)) for code, place in comment.codes)
    return comment._replace(span=span(comment.span), codes=codes)
