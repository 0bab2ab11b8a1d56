"""Runs every enabled rule over one file; the only place that turns traps into findings."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from offramp.finding.bans import Bans
from offramp.finding.keys_in import keys_in
from offramp.finding.places import header
from offramp.finding.searched_text import BANNED, NOTED, PROGRAMS, SearchedText, texts_of_word
from offramp.finding.trap import OPERATORS, File, Trap, trap_module
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Finding, Related, Rule, Span
from offramp.reading.prefilter import declares_dependencies
from offramp.reading.source import Source
from offramp.reading.versions import Versions
from offramp.settings import DBT_COMMANDS

if TYPE_CHECKING:
    from offramp.finding.other_modules import OtherModules

_LONGEST_PRINT = 120


def needles(rulebook: Rulebook, enabled: frozenset[str], bans: Bans, programs: tuple[str, ...]) -> frozenset[bytes]:
    """Byte strings of which every Python file with a finding of the enabled rules contains one."""
    found: set[bytes] = set()
    for word in {word for rule in rulebook.rules.values() if rule.code in enabled for word in rule.files}:
        if word == PROGRAMS:
            found.update(program.encode() for program in programs)
        else:
            found.update(bans.needles() if word == BANNED else texts_of_word(word, rulebook))
    return frozenset(found)


def operator_codes(rulebook: Rulebook, enabled: frozenset[str]) -> frozenset[str]:
    """The enabled rules that look for operators: noted ones, and those that run a text."""
    rules = (rule for rule in rulebook.rules.values() if rule.code in enabled)
    return frozenset(rule.code for rule in rules if {NOTED, PROGRAMS} & {*rule.files, *rule.needles})


def reads_manifests(rulebook: Rulebook, enabled: frozenset[str]) -> tuple[Rule, ...]:
    """The enabled rules that look into dependency manifests."""
    return tuple(rule for rule in _searching(rulebook, enabled) if rule.manifests)


def manifest_matters(raw: bytes, rules: Iterable[Rule], bans: Bans) -> bool:
    """Return whether one of some rules may find something in a manifest."""
    return any(trap_module(rule).matters(raw, bans) for rule in rules)


def find(
    source: Source,
    rulebook: Rulebook,
    enabled: frozenset[str],
    versions: Versions,
    bans: Bans,
    programs: tuple[str, ...] = DBT_COMMANDS,
    others: OtherModules | None = None,
) -> list[Finding]:
    """The findings of the enabled rules in a Python file, in order of place, before suppressions.

    ``programs`` are those that are dbt, ``others`` the modules that the file imports.
    """
    declares = declares_dependencies(source.path, source.utf8)
    text = SearchedText(_with_others(source.utf8, others), rulebook, programs)
    rules = [
        rule
        for rule in _searching(rulebook, enabled)
        if (declares and rule.manifests) or (rule.manifests != "only" and text.holds(rule))
    ]
    return _found(File(source, rulebook, versions, bans, programs=programs, others=others), rules, enabled)


def find_in_manifest(
    source: Source, rulebook: Rulebook, enabled: frozenset[str], versions: Versions, bans: Bans
) -> list[Finding]:
    """The findings of the enabled rules in a dependency manifest; raises SourceError as its parser does."""
    file = File(source, rulebook, versions, bans, is_manifest=True)
    return _found(file, reads_manifests(rulebook, enabled), enabled)


def is_searched(raw: bytes, rulebook: Rulebook, enabled: frozenset[str], programs: tuple[str, ...]) -> bool:
    """Return whether one of the enabled rules looks into a Python file, which has all kinds of words that it needs."""
    text = SearchedText(raw, rulebook, programs)
    return any(text.holds(rule) for rule in _searching(rulebook, enabled))


def names_operators(raw: bytes, rulebook: Rulebook, enabled: frozenset[str], programs: tuple[str, ...]) -> bool:
    """Return whether a file names what an enabled rule looks for; what that runs may stand elsewhere."""
    text = SearchedText(raw, rulebook, programs)
    return any(
        text.names(rule) if PROGRAMS in rule.needles else text.holds(rule) for rule in _searching(rulebook, enabled)
    )


def takes_tree(raw: bytes, rulebook: Rulebook, enabled: frozenset[str], programs: tuple[str, ...]) -> bool:
    """Return whether one of the enabled rules reads more of a Python file than its import statements."""
    text = SearchedText(raw, rulebook, programs)
    rules = _searching(rulebook, enabled)
    return any(text.holds(rule) for rule in rules if rule.needles or BANNED not in rule.files)


@lru_cache(maxsize=16)
def _searching(rulebook: Rulebook, enabled: frozenset[str]) -> tuple[Rule, ...]:
    """The enabled rules, one of all that the same module searches for."""
    rules = (rule for rule in rulebook.rules.values() if rule.code in enabled)
    return tuple({rule.detector or OPERATORS: rule for rule in rules}.values())


def _with_others(utf8: bytes, others: OtherModules | None) -> bytes:
    """A file's text, and those of the modules that what is found in it may come from."""
    return utf8 if others is None else b"\n".join((utf8, *others.texts))


def _found(file: File, rules: Iterable[Rule], enabled: frozenset[str]) -> list[Finding]:
    """The findings of some rules, in order of place."""
    found = [
        _finding(file, trap.rule or rule, trap)
        for rule in rules
        if hasattr(module := trap_module(rule), "find")
        for trap in module.find(file)
        if (trap.rule is None or trap.rule.code in enabled) and _is_here(trap.place)
    ]
    return sorted(found, key=lambda finding: (finding.span, finding.code))


def _is_here(place: ast.AST | Span) -> bool:
    """Return whether a place is one of the file: what another module says has none in it."""
    return isinstance(place, Span) or hasattr(place, "lineno")


def cannot_parse(rulebook: Rulebook, sentence: str, offset: int) -> Finding:
    """The finding for a file that cannot be decoded or parsed."""
    rule = rulebook.rules[rulebook.code("cannot-parse")]
    return _at_span(rule, trap_module(rule).fault(sentence, offset))


def _at_span(rule: Rule, trap: Trap) -> Finding:
    """The finding of a trap that stands on no syntax node."""
    assert isinstance(trap.place, Span)
    return Finding(rule.code, trap.place, trap.place, rule.message.format_map(trap.slots), _print(str(trap.about)))


def _finding(file: File, rule: Rule, trap: Trap) -> Finding:
    """The finding that tells of a trap."""
    if isinstance(trap.place, Span):
        return _at_span(rule, trap)
    source, about = file.source, trap.about
    if isinstance(about, ast.AST):
        keys = keys_in(source)
        about = ast.unparse(about) if keys is None else keys.unparsed(about)
    return Finding(
        rule.code,
        source.positions.span(trap.place),
        header(source, trap.statement or file.module.names.statement(trap.place), trap.place),
        rule.message.format_map(trap.slots),
        _print(about),
        related=_related(source, trap, trap.place),
        trap=trap,
    )


def _related(source: Source, trap: Trap, about: ast.AST) -> tuple[Related, ...]:
    """The other places that a trap is about."""
    here = [Related(source.positions.span(node), sentence) for node, sentence in trap.related if _is_here(node)]
    if trap.elsewhere is not None:
        here.append(Related(source.positions.span(about), trap.elsewhere[1], trap.elsewhere[0]))
    return tuple(here)


def _print(text: str) -> str:
    """A fingerprint that people can read in a review: one line, long ones closed by a checksum."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_PRINT:
        return line
    return f"{line[:_LONGEST_PRINT]}… {crc32(line.encode('utf-8', 'replace')):08x}"
