"""OFR902: comments that suppress nothing; suppressing findings comes upon them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from offramp.finding.comments import OUR_CODE, Comment
from offramp.model import Rule, Span

SLOTS = ("sentence",)


def unused(
    found: Iterable[Comment], used: Collection[Span], enabled: Collection[str]
) -> Iterator[tuple[Span, Comment, str]]:
    """Written codes of rules that ran and of which nothing is found there; ``used`` codes suppress something."""
    for comment in found:
        for code, span in comment.codes:
            if code in enabled and re.fullmatch("OFR[0-9]{3}", code) and span not in used:
                yield (span, comment, f"nothing here to suppress: {code}")


def faults(found: Iterable[Comment], rules: Mapping[str, Rule]) -> Iterator[tuple[Span, Comment, str]]:
    """Comments of a wrong form, and codes that no rule has."""
    for comment in found:
        if comment.fault:
            yield (comment.span, comment, f"this comment {comment.fault}")
        for code, span in comment.codes:
            ours = comment.own or re.fullmatch(OUR_CODE, code)
            if ours and not any(known.startswith(code) for known in rules):
                named = [known for known, rule in rules.items() if code.lower() in (rule.name, known.lower())]
                advice = f"; write `{named[0]}`" if named else ""
                yield (span, comment, f"`{code}` suppresses nothing: no rule has this code{advice}")
