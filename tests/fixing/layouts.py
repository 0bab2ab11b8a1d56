"""The same code laid out in other ways: comments, commas, parentheses, line ends and blanks where nobody puts them."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

from offramp.reading.source import Source

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def commented(text: str) -> str:
    """A comment behind every comma and opening bracket inside of brackets, one in each pair of empty ones."""
    number = count()
    return _inside(text, lambda token: f"{token}  # c{next(number)}\n" if token in {",", *_OPENING} else token)


def leading_commas(text: str) -> str:
    """A comment before every comma inside of brackets, which then begins its line."""
    number = count()
    return _inside(text, lambda token: f"  # c{next(number)}\n    , " if token == "," else token)


def trailing_comments(text: str) -> str:
    """A comment before everything that closes."""
    number = count()
    return _inside(text, lambda token: f"  # c{next(number)}\n  {token}" if token in _CLOSING else token)


def continued(text: str) -> str:
    r"""A ``\`` and a new line behind ``=``, ``await``, ``return`` and commas."""
    return _between(text, lambda token: f"{token} \\\n   " if token in ("=", "await", "return", ",") else token)


def parenthesised(text: str) -> str:
    """Parentheses, with a comment inside, around what statements return, assign or only evaluate."""
    source = Source("x.py", text.encode())
    edits = []
    for number, node in enumerate(ast.walk(source.tree)):
        value = getattr(node, "value", None)
        strings = isinstance(value, ast.Constant) and isinstance(node, ast.Expr)
        if isinstance(node, ast.Expr | ast.Assign | ast.Return) and value is not None and not strings:
            span = source.positions.span(value)
            # A tuple's span begins at its parenthesis, where it has one.
            edits.append((span.end, "\n    )"))
            edits.append((span.start, f"(  # p{number}\n    "))
    utf8 = source.utf8
    for at, piece in sorted(edits, reverse=True):
        utf8 = utf8[:at] + piece.encode() + utf8[at:]
    return utf8.decode()


def decorated(text: str) -> str:
    """A comment between decorators and what they decorate."""
    number = count()
    return re.sub(
        r"^( *)(@.*\n)(?= *(?:async )?(?:def|class|@))",
        lambda m: f"{m[0]}{m[1]}# d{next(number)}\n",
        text,
        flags=re.MULTILINE,
    )


def tabs(text: str) -> str:
    """Tabs for every four blanks of indentation."""
    return re.sub(r"^(?: {4})+", lambda blanks: "\t" * (len(blanks[0]) // 4), text, flags=re.MULTILINE)


def windows(text: str) -> str:
    """Line ends of Windows."""
    return text.replace("\n", "\r\n")


def form_feeds(text: str) -> str:
    """Form feeds before what is defined."""
    return re.sub(r"^(?=@|def |async def |with )", "\f\n", text, flags=re.MULTILINE)


LAYOUTS: tuple[Callable[[str], str], ...] = (
    commented,
    leading_commas,
    trailing_comments,
    continued,
    parenthesised,
    decorated,
    tabs,
    windows,
    form_feeds,
    lambda text: windows(commented(parenthesised(text))),
)
NAMES = (*(layout.__name__ for layout in LAYOUTS[:-1]), "all of it")


def comments(text: str) -> Counter[str]:
    """How often each comment stands in a text."""
    return Counter(token.string for token in _tokens(text) if token.type == tokenize.COMMENT)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text, newline=None).readline)


def _inside(text: str, change: Callable[[str], str]) -> str:
    """The text with its tokens inside of brackets changed."""
    return _rewritten(text, lambda token, depth: change(token) if depth else token)


def _between(text: str, change: Callable[[str], str]) -> str:
    return _rewritten(text, lambda token, _depth: change(token))


def _rewritten(text: str, change: Callable[[str, int], str]) -> str:
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    edits = []
    depth = strings = 0
    for token in _tokens(text):
        name = tokenize.tok_name[token.type]
        strings += (name in ("FSTRING_START", "TSTRING_START")) - (name in ("FSTRING_END", "TSTRING_END"))
        depth += token.string in _OPENING
        if token.type in (tokenize.OP, tokenize.NAME) and not strings:
            new = change(token.string, depth)
            if new != token.string:
                row, column = token.start
                at = starts[row - 1] + len(token.line[:column].encode())
                edits.append((at, at + len(token.string), new))
        depth -= token.string in _CLOSING
    utf8 = text.encode()
    for start, end, new in sorted(edits, reverse=True):
        utf8 = utf8[:start] + new.encode() + utf8[end:]
    return utf8.decode()
