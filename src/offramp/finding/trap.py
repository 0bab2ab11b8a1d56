"""Types that the modules in ``traps/`` share: the traps that they yield, and the file that they look at."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from offramp.finding.bans import Bans
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Place, Rule, Span
from offramp.reading.source import Source
from offramp.reading.versions import Versions
from offramp.record import NamedTuple
from offramp.settings import DBT_COMMANDS

if TYPE_CHECKING:
    from offramp.finding.operators import Module
    from offramp.finding.other_modules import OtherModules

# Matches the operators that notes describe, for every rule whose note names no trap.
OPERATORS = "noted-operator"


class Trap(NamedTuple):
    """A place where a trap was found and what its message says.

    ``about`` identifies it across moved lines; ``related`` are other places that it is about, each with a
    sentence, ``elsewhere`` one in another file. ``statement`` is the one around the place, where no module has to
    be asked for it; ``rule`` is that of a note which the module searches for besides its own. ``learned`` is what
    its fix starts from.
    """

    place: ast.expr | ast.alias | Span
    slots: Mapping[str, str]
    about: ast.AST | str
    related: tuple[tuple[ast.AST, str], ...] = ()
    statement: ast.stmt | None = None
    rule: Rule | None = None
    learned: Any = None
    elsewhere: tuple[Place, str] | None = None


class File:
    """One file as traps look at it: its text and tree, and what holds for it."""

    def __init__(
        self,
        source: Source,
        rulebook: Rulebook,
        versions: Versions,
        bans: Bans,
        *,
        programs: tuple[str, ...] = DBT_COMMANDS,
        others: OtherModules | None = None,
        is_manifest: bool = False,
    ) -> None:
        self.source = source
        self.others = others
        self.rulebook = rulebook
        self.versions = versions
        self.bans = bans
        self.programs = programs
        self.is_manifest = is_manifest

    @cached_property
    def module(self) -> Module:
        """The names, values, DAGs and operators of a Python file."""
        from offramp.finding.operators import module_of

        return module_of(self.source, self.rulebook, self.others)


def trap_module(rule: Rule) -> ModuleType:
    """The module that knows a rule's trap, by the name of the rule; CONTRIBUTING says what is in it."""
    return trap_named(rule.detector or OPERATORS)


def trap_named(name: str) -> ModuleType:
    """The module that knows the trap of a name."""
    return import_module(f"offramp.traps.{name.replace('-', '_')}")
