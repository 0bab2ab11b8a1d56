"""Runs every enabled rule over one parsed file; the only place that turns matches into findings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from zlib import crc32

from offramp.finding.imports import airflow_imports
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Finding, Rule, Span
from offramp.reading.source import Source
from offramp.reading.versions import Versions

if TYPE_CHECKING:
    from offramp.finding.operators import Module, Use
    from offramp.finding.waits import Trap

_IMPORT_NEEDLES = (b"airflow", b"cosmos")
_COMMENT_NEEDLES = (b"OFR",)


def needles(rulebook: Rulebook, enabled: frozenset[str]) -> frozenset[bytes]:
    """Byte strings of which every file with a finding of the enabled rules contains one."""
    found: set[bytes] = set()
    rules = [rule for rule in rulebook.rules.values() if rule.code in enabled]
    if any(rule.detector != "airflow-import" for rule in rules):
        found.update(rulebook.needles())
    if any(rule.detector == "airflow-import" for rule in rules):
        found.update(_IMPORT_NEEDLES)
    if any(rule.detector == "unused-suppression" for rule in rules):
        found.update(_COMMENT_NEEDLES)
    return frozenset(found)


def find(
    source: Source, rulebook: Rulebook, enabled: frozenset[str], versions: Versions, first_party: frozenset[str]
) -> list[Finding]:
    """The findings of the enabled rules, in order of place, before suppressions.

    ``first_party`` names the project's own top-level packages.
    """
    rules = {rule.detector or rule.code: rule for rule in rulebook.rules.values() if rule.code in enabled}
    found: list[Finding] = []
    imports = rules.get("airflow-import")
    if imports is not None:
        found.extend(
            _finding(source, imports, {"name": imported.path}, imported.node, imported.statement, imported.path)
            for imported in airflow_imports(source.tree, first_party)
        )
    if any(needle in source.utf8 for needle in rulebook.needles()):
        found.extend(_operators(source, rulebook, rules, versions))
    return sorted(found, key=lambda finding: (finding.span, finding.code))


def cannot_parse(rulebook: Rulebook, sentence: str, offset: int) -> Finding:
    """The finding for a file that cannot be decoded or parsed."""
    rule = next(rule for rule in rulebook.rules.values() if rule.detector == "cannot-parse")
    place = Span(offset, offset)
    return Finding(rule.code, place, place, rule.message.format(sentence=sentence), _print(sentence))


def _operators(
    source: Source, rulebook: Rulebook, rules: Mapping[str, Rule], versions: Versions
) -> Iterator[Finding]:
    from offramp.finding import waits
    from offramp.finding.operators import Module

    module = Module(source.tree, rulebook)
    derived = rules.get("derived-operator")
    for use in (*module.subclasses(), *module.uses):
        if use.call is None or use.derived is not None:
            rule, slots = derived, _derived_slots(use)
        else:
            rule = rulebook.rule_for(use.note)
            slots = _Slots(module, use)
            rule = rule if rule.code in {enabled.code for enabled in rules.values()} else None
        if rule is not None:
            about = use.call or use.callee
            statement = module.names.statement(use.callee)
            yield _finding(source, rule, slots, use.callee, statement, ast.unparse(about))
    traps: dict[str, Callable[[Module, Versions], Iterable[Trap]]] = {
        "fire-and-forget-run": waits.fire_and_forget_run,
        "deferrable-without-wait": waits.deferrable_without_wait,
        "hook-wait-result-ignored": waits.hook_wait_result_ignored,
        "double-wait": waits.double_wait,
    }
    for detector, search in traps.items():
        if detector in rules:
            for trap in search(module, versions):
                statement = module.names.statement(trap.node)
                yield _finding(source, rules[detector], trap.slots, trap.node, statement, ast.unparse(trap.about))


class _Slots(dict[str, str]):
    """The slots of an operator's message, each worked out only when the message has it."""

    def __init__(self, module: Module, use: Use) -> None:
        self._module = module
        self._use = use

    def __missing__(self, slot: str) -> str:
        from offramp.finding import describe

        if slot == "operator":
            return describe.name_text(self._use)
        if slot == "task":
            return describe.task_text(self._use)
        if slot == "connection":
            return describe.connection_text(self._use, self._module.rulebook.arguments(self._use.note))
        if slot == "waits":
            return describe.waits_text(self._module, self._use)
        return describe.argument_text(self._use, slot)


def _derived_slots(use: Use) -> dict[str, str]:
    from offramp.finding import describe

    name = use.derived.name if use.derived is not None else ast.unparse(use.callee)
    return {"operator": name, "base": use.path.rpartition(".")[2], "task": describe.task_text(use)}


def _finding(
    source: Source, rule: Rule, slots: Mapping[str, str], node: ast.AST, statement: ast.stmt, about: str
) -> Finding:
    span = source.positions.span(node)
    return Finding(
        rule.code, span, _header(source, statement, node), rule.message.format_map(slots), _print(about)
    )


def _print(text: str) -> str:
    return f"{crc32(text.encode('utf-8', 'replace')):08x}"


def _header(source: Source, statement: ast.stmt, node: ast.AST) -> Span:
    """The span of a simple statement, or of a compound one without its body; of a decorator, itself."""
    span = source.positions.span(statement)
    for decorator in getattr(statement, "decorator_list", ()):
        outer = source.positions.span(decorator)
        if outer.start <= source.positions.span(node).start < outer.end:
            return outer
    body = getattr(statement, "body", None) or getattr(statement, "cases", None)
    if not isinstance(body, list):
        return span
    heads = [
        source.positions.span(part)
        for part in ast.walk(statement)
        if isinstance(part, ast.expr | ast.alias) and source.positions.span(part).end <= _body_start(source, body[0])
    ]
    return Span(span.start, max([span.start, *(head.end for head in heads)]))


def _body_start(source: Source, first: ast.AST) -> int:
    first = getattr(first, "pattern", first)
    starts = [source.positions.span(part).start for part in (first, *getattr(first, "decorator_list", ()))]
    return min(starts)
