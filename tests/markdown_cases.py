"""Reads the Markdown cases of all tests; tests/README.md says how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SETTING = re.compile(r"\b(Selected|Prefect|Provider|Imported): ((?:[\w.]+(?:, )?)*\w)")
_MARK = re.compile(r"# (OFR\d{3}(?: OFR\d{3})*)(?: ([^#]+))?$")
_REFUSED = re.compile(r"  # no: (.+)$", re.MULTILINE)


class Case(NamedTuple):
    """One case: its blocks of code without the ``preamble`` before each, and the lines ``after`` them.

    ``paths`` are those of the files that the blocks are, empty where none is said.
    """

    name: str
    preamble: str
    settings: dict[str, str]
    blocks: tuple[str, ...]
    after: str
    paths: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The file that is checked, with its marks."""
        return self.preamble + self.blocks[0]

    @property
    def files(self) -> dict[str, str]:
        """The files of a tree, by their paths."""
        return {path: self.preamble + block for path, block in zip(self.paths, self.blocks, strict=True)}

    @property
    def selected(self) -> set[str]:
        """The codes that run besides those that run unasked."""
        return set(re.findall(r"OFR\d{3}", self.settings.get("Selected", "")))

    @property
    def versions(self) -> dict[str, str]:
        """The settings of the versions in use."""
        names = {"Prefect": "prefect-version", "Provider": "dbt-cloud-provider-version"}
        return {names[name]: value for name, value in self.settings.items() if name in names}


class Mark(NamedTuple):
    """Findings that the end of a line says are on it."""

    row: int
    codes: tuple[str, ...]
    words: str


def cases(folder: Path) -> Iterator[Case]:
    """The cases of every file in a folder."""
    for path in sorted(folder.glob("*.md")):
        (_, start), *parts = _parts(path.read_text("utf-8"))
        _, blocks, _, _ = _split(start)
        for title, text in parts:
            prose, own, after, paths = _split(text)
            assert own, f"{path}: {title} has no code"
            yield Case(f"{path.stem}: {title}", "".join(blocks), dict(_SETTING.findall(prose)), own, after, paths)


def marks(code: str) -> list[Mark]:
    """The findings that are marked in a text."""
    found = ((row, _MARK.search(line)) for row, line in enumerate(code.splitlines(), 1))
    return [Mark(row, tuple(mark[1].split()), mark[2] or "") for row, mark in found if mark]


def refusals(code: str) -> list[tuple[int, str]]:
    """The rows that prevent a fix, and words of the reasons."""
    return [(row, mark[1]) for row, line in enumerate(code.splitlines(), 1) if (mark := _REFUSED.search(line))]


def without_refusals(code: str) -> str:
    """A text without the marks of its refusals."""
    return _REFUSED.sub("", code)


def _parts(text: str) -> list[tuple[str, str]]:
    """The text before the first heading of a case, and each case with its title; not within code."""
    found: list[tuple[str, list[str]]] = [("", [])]
    inside = False
    for line in text.splitlines(keepends=True):
        inside ^= line.startswith("```")
        if line.startswith("## ") and not inside:
            found.append((line[3:].strip(), []))
        else:
            found[-1][1].append(line)
    return [(title, "".join(lines)) for title, lines in found]


def _split(text: str) -> tuple[str, tuple[str, ...], str, tuple[str, ...]]:
    """The text before the blocks of code, the blocks, the text after them, and the paths of the blocks."""
    pieces = re.split(r"^```(?:\w+(?: (\S+))?\n)?", text, flags=re.MULTILINE)
    texts = pieces[::2]
    after = texts[-1] if len(texts) > 1 else ""
    return texts[0], tuple(texts[1::2]), after, tuple(path or "" for path in pieces[1::4])
