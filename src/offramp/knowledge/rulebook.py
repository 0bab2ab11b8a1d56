"""The rulebook: every rule by code, every note by section, every noted operator; knowledge layer.

Parsing the notes takes far longer than checking a file, so this module knows the
rulebook only in its compiled form and fetches the parser when there is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from offramp.model import ArgumentRow, Note, OfframpError, Rule

# What the matcher of noted operators can say besides the arguments of the note's table.
OPERATOR_SLOTS = frozenset("operator task connection waits dbt where project selection tests".split())

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Rulebook:
    """Everything the notes say, validated.

    ``rules`` is by code, ``notes`` by section name, ``section_rules`` holds the rule of
    each section that reports, ``operators`` maps a dotted path to its section's name.
    """

    __slots__ = ("_arguments", "_names", "_needles", "notes", "operators", "rules", "section_rules")

    def __init__(self, notes: Iterable[Note], section_rules: Iterable[Rule]) -> None:
        """Shipped notes and their rules come first: they stand for a code that several sections share."""
        self.notes = {note.section: note for note in notes}
        self.section_rules = {rule.section: rule for rule in section_rules}
        self.rules: dict[str, Rule] = {}
        for rule in sorted(self.section_rules.values(), key=lambda rule: rule.code):
            self.rules.setdefault(rule.code, rule)
        self.operators = {path: note.section for note in self.notes.values() for path in note.paths}
        self._arguments: dict[str, dict[str, ArgumentRow]] = {}
        self._names: frozenset[str] | None = None
        self._needles: tuple[bytes, ...] | None = None

    def note(self, path: str) -> Note | None:
        """The note that covers a dotted path."""
        section = self.operators.get(path)
        return self.notes[section] if section is not None else None

    def rule_for(self, note: Note) -> Rule:
        """The rule a note reports as, with that note's message; KeyError for a note without code."""
        return self.section_rules[note.section]

    def code(self, name: str) -> str:
        """The code under which the trap of a name reports; a user's rule may have the same name."""
        return next(rule.code for rule in self.rules.values() if rule.detector == name)

    def arguments(self, note: Note) -> dict[str, ArgumentRow]:
        """The note's rows by argument, then inherited ones; the first row of a name wins."""
        found = self._arguments.get(note.section)
        if found is None:
            found = {row.name: row for row in note.arguments}
            for section in note.inherits:
                for name, row in self.arguments(self.notes[section]).items():
                    found.setdefault(name, row)
            self._arguments[note.section] = found
        return found

    def names(self) -> frozenset[str]:
        """The last parts of all operators' dotted paths."""
        if self._names is None:
            self._names = frozenset(path.rpartition(".")[2] for path in self.operators)
        return self._names

    def needles(self) -> tuple[bytes, ...]:
        """Class names of all operators that report: a file without any of them needs no match."""
        if self._needles is None:
            names = {
                path.rpartition(".")[2].encode()
                for note in self.notes.values()
                if note.section in self.section_rules
                for path in note.paths
            }
            self._needles = tuple(sorted(names))
        return self._needles


def load_rulebook(
    notes: Sequence[str], warn: Callable[[str], None], *, shipped: Sequence[str] | None = None
) -> Rulebook:
    """The shipped notes and the user's note files; ``warn`` gets one sentence per replaced shipped note.

    ``shipped`` stands in for the paths of the shipped notes. Raises NoteError (``file:line: sentence``).
    """
    from offramp.knowledge import compiled

    ours = shipped_notes() if shipped is None else shipped
    stamp = compiled.stamp(ours, notes)
    known = compiled.load(stamp, os.path.dirname(ours[0])) if stamp else None
    if known is None:
        from offramp.knowledge.assembly import assemble

        known = assemble(ours, notes)
        if stamp:
            compiled.store(stamp, known)
    rulebook, warnings = known
    for sentence in warnings:
        warn(sentence)
    return rulebook


def shipped_notes() -> list[str]:
    """Paths of the notes that come with offramp: inside the installed package, or in a checkout's ``rules/``."""
    folder = os.path.join(_PACKAGE, "rules")
    if not os.path.isdir(folder):
        folder = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "rules")
    try:
        names = [name for name in sorted(os.listdir(folder)) if name.endswith(".md")]
    except OSError:
        names = []
    if not names:
        raise OfframpError(f"{folder}: offramp's own notes are not there; install it again")
    return [os.path.join(folder, name) for name in names]
