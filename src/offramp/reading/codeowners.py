"""Tells who owns a file, as CODEOWNERS says on GitHub and GitLab; may import ``settings`` and ``model``."""

from __future__ import annotations

import os
import re

from offramp.settings import glob_regex

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?\s*(?P<owners>.*)")


class CodeOwners:
    """The owners of the files below one directory; of several matching lines the last counts."""

    def __init__(self, root: str) -> None:
        """Read the first CODEOWNERS file of ``root``, if there is one."""
        self._rules: list[tuple[re.Pattern[str], tuple[str, ...]]] = []
        for place in _PLACES:
            path = os.path.join(root, place)
            if os.path.isfile(path):
                with open(path, encoding="utf-8-sig", errors="replace") as file:
                    self._read(file.read())
                break

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file, given relative to the root with ``/``; none where no line matches."""
        for pattern, owners in reversed(self._rules):
            if pattern.fullmatch(path):
                return owners
        return ()

    def _read(self, text: str) -> None:
        usual: tuple[str, ...] = ()
        for line in text.splitlines():
            content = re.sub(r"(?:^|(?<=\s))#.*", "", line).strip()
            section = _SECTION.fullmatch(content)
            if section:
                usual = tuple(section["owners"].split())
            elif content:
                pattern, *owners = re.split(r"(?<!\\)\s+", content)
                self._rules.append((_compile(pattern.replace("\\ ", " ")), tuple(owners) or usual))


def _compile(pattern: str) -> re.Pattern[str]:
    """A pattern stands for a file, or for all below a directory; one that ends in ``/*`` for direct children only."""
    body = pattern.strip("/")
    anchored = pattern.startswith("/") or "/" in body
    regex = ("" if anchored else "(?:.*/)?") + glob_regex(body, barrier="/", braces=False)
    if pattern.endswith("/"):
        regex += "/.*"
    elif not pattern.endswith("/*"):
        regex += "(?:/.*)?"
    return re.compile(regex, re.DOTALL)
