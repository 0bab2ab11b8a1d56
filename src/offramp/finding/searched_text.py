"""Tells by the words of a text whether a rule looks into it, as the rule's note says."""

from __future__ import annotations

import re

from offramp.knowledge.rulebook import Rulebook
from offramp.model import Rule

# Words in notes for what the files of a rule name; everything else is a text.
NOTED, BANNED, _NONE, PROGRAMS, _SCRIPTS = "operators", "banned", "none", "programs", "scripts"
# Ends of the names of shell scripts; `.bash` is a module of Airflow, too.
_SCRIPT_NAME = rb"""\.sh[\s"'{;&|)\\]|\.bash["']"""


class SearchedText:
    """A text, which is searched once for each word of the notes."""

    def __init__(self, utf8: bytes, rulebook: Rulebook, programs: tuple[str, ...]) -> None:
        self._utf8 = utf8
        self._rulebook = rulebook
        # Names of what is banned are looked for where imports are.
        self._known = {BANNED: True, PROGRAMS: any(program.encode() in utf8 for program in programs)}

    def holds(self, rule: Rule) -> bool:
        """Return whether the text has what a rule's files have."""
        return self.names(rule) and (not rule.needles or any(map(self._has, rule.needles)))

    def names(self, rule: Rule) -> bool:
        """Return whether the text has one of the words that files are searched for."""
        return any(map(self._has, rule.files))

    def _has(self, word: str) -> bool:
        if word not in self._known and word == _SCRIPTS:
            self._known[word] = re.search(_SCRIPT_NAME, self._utf8) is not None
        if word not in self._known:
            self._known[word] = any(text in self._utf8 for text in texts_of_word(word, self._rulebook))
        return self._known[word]


def texts_of_word(word: str, rulebook: Rulebook) -> tuple[bytes, ...]:
    """The texts that a word in a note stands for."""
    if word == NOTED:
        return rulebook.needles()
    return () if word == _NONE else (word.encode(),)
