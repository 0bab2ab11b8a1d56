"""The flake8 plugin ``OFR``: the engine's findings through flake8's eyes; a front end, the only importer of flake8.

Which rules run is flake8's choice (its select, ignore and noqa) on top of what
``[tool.offramp]`` enables in the directory where flake8 was started.
"""

from __future__ import annotations

import ast
import tokenize
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from flake8.options.manager import OptionManager
from flake8.style_guide import Decision, DecisionEngine

from offramp import __version__
from offramp.engine import Context, check_bytes
from offramp.escapes import visible
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import OfframpError
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions
from offramp.settings import Selection, Settings, enabled_codes, load


class Plugin:
    r"""Checks one file that flake8 has read and parsed.

    ``lines`` are decoded and have ``\n`` as line end, whatever the file has. Raises
    OfframpError, which flake8 reports as the plugin's failure, for bad configuration,
    a bad note, or a rule that failed.
    """

    name = "offramp"
    version = __version__

    _settings: ClassVar[Settings]
    _rulebook: ClassVar[Rulebook]
    _context: ClassVar[Context]
    _disable_noqa: ClassVar[bool]

    def __init__(self, tree: ast.Module, filename: str, lines: Sequence[str]) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Read offramp's configuration; rules that it leaves off are ignored unless flake8 selects them by name."""
        cls._settings = load(".", {})
        cls._rulebook = load_rulebook(cls._settings.notes, _say_nothing)
        off = cls._rulebook.rules.keys() - enabled_codes(cls._settings, cls._rulebook.rules.values())
        manager.extend_default_ignore(sorted(off))

    @classmethod
    def parse_options(cls, options: Namespace) -> None:
        """Find out which rules flake8 will report, so that no other rule runs."""
        decider = DecisionEngine(options)
        # What cannot be parsed never gets here: flake8 reports it itself, as E999.
        codes = sorted(cls._rulebook.rules.keys() - {"OFR901"})
        enabled = tuple(code for code in codes if decider.decision_for(code) is Decision.Selected)
        settings = cls._settings._replace(selections=(Selection(select=enabled),))
        cls._context = Context(settings, cls._rulebook, frozenset(enabled), find_versions(settings))
        cls._disable_noqa = options.disable_noqa

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Row from 1, column from 0 in code points, ``CODE message``, and the plugin's type, for each finding."""
        raw = _encode(self._lines)
        result = check_bytes(self._filename, raw, self._context, tree=self._tree, disable_noqa=self._disable_noqa)
        if result.problem:
            raise OfframpError(result.problem)
        positions = Positions(result.text)
        for finding in result.findings:
            row, column = positions.location(finding.span.start)
            yield row, column - 1, f"{finding.code} {visible(finding.message)}", type(self)


def _say_nothing(sentence: str) -> None:
    """Do nothing: that a user's note replaces a shipped one is said by the command line, flake8 has no place for it."""


def _encode(lines: Sequence[str]) -> bytes:
    """The bytes of the file, in the encoding that its cookie names, so that they decode to the same text."""
    head = iter([line.encode("utf-8", "surrogateescape") for line in lines[:2]])
    encoding, _ = tokenize.detect_encoding(lambda: next(head, b""))
    return "".join(lines).encode(encoding, "surrogateescape")
