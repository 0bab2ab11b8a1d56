"""Runs every enabled rule over one parsed file; the only place that turns matches into findings."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING
from zlib import crc32

from offramp.finding.banned_imports import banned_imports
from offramp.finding.bans import Bans
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Finding, Related, Rule, Span
from offramp.python.nodes import walk
from offramp.reading.prefilter import declares_dependencies
from offramp.reading.source import Source
from offramp.reading.versions import Versions

if TYPE_CHECKING:
    from offramp.finding.api_keys import Keys
    from offramp.finding.operators import Module, Use
    from offramp.traps.trap import Trap

# The detectors of the gate: what they look for is what is banned, not what is noted.
_BANNED = frozenset({"airflow-import", "dynamic-airflow-import", "airflow-dependency"})
_COMMENT_NEEDLES = (b"OFR",)
_PREFECT_NEEDLES = (b"prefect_dbt",)
# Detectors of traps by the module of this package that has them, each as the function of its name. A module is
# imported only for a file that holds a needle of its side.
_AIRFLOW_TRAPS = {
    "waits": ("fire-and-forget-run", "deferrable-without-wait", "double-wait"),
    "hook_waits": ("hook-wait-result-ignored",),
}
_PREFECT_TRAPS = {
    "prefect_calls": ("dbt-call-not-awaited", "returned-coroutine", "wrong-call-form"),
    "prefect_runs": (
        "fire-and-forget-trigger",
        "wait-result-ignored",
        "wait-window-too-short",
        "retries-without-effect",
    ),
    "prefect_futures": ("future-not-resolved",),
    "prefect_arguments": ("unknown-argument", "domain-with-scheme", "lost-run-option"),
    "prefect_keys": ("hard-coded-api-key",),
    "prefect_imports": ("wrong-import",),
}
# The rules that look into dependency manifests.
_IN_MANIFESTS = frozenset({"airflow-dependency", "unknown-extra"})
_ON_PREFECT = frozenset(detector for detectors in _PREFECT_TRAPS.values() for detector in detectors)
# Only a file with one of these, in any case, or with what looks like a key of dbt Cloud may hold an API key. One
# expression for all of it takes ten times as long.
_KEY_NEEDLES = tuple(b"apikey api_key api-key token secret passw authorization credentials".split())
_KEY_LOOKS = re.compile(rb"dbt[a-z]_[\w-]{16}", re.IGNORECASE)
# Strings and comments begin so; elsewhere nobody writes a key.
_BEFORE_TEXT = ("'", '"', "#")
# Layouts show so many rows before and after that of a finding.
_SHOWN_AROUND = 2
_BLANKED = bytes(byte if byte in b"\r\n" else ord("*") for byte in range(256))
_IMPORTERS = tuple(
    b"import_module __import__ import_string importorskip resolve_name run_module run_path locate".split()
)
_LONGEST_PRINT = 120


def needles(rulebook: Rulebook, enabled: frozenset[str], bans: Bans) -> frozenset[bytes]:
    """Byte strings of which every Python file with a finding of the enabled rules contains one."""
    found: set[bytes] = set()
    detectors = {rule.detector for rule in rulebook.rules.values() if rule.code in enabled}
    if detectors - _BANNED - _ON_PREFECT - _IN_MANIFESTS:
        found.update(rulebook.needles())
    if detectors & _ON_PREFECT:
        found.update(_PREFECT_NEEDLES)
    if detectors & _BANNED:
        found.update(bans.needles())
    if "unused-suppression" in detectors:
        found.update(_COMMENT_NEEDLES)
    return frozenset(found)


def reads_manifests(rulebook: Rulebook, enabled: frozenset[str]) -> frozenset[str]:
    """The detectors of the enabled rules that look into dependency manifests."""
    return _IN_MANIFESTS & {rule.detector for rule in rulebook.rules.values() if rule.code in enabled}


def manifest_matters(raw: bytes, detectors: frozenset[str], bans: Bans) -> bool:
    """Whether one of those detectors may find something in a manifest."""
    from offramp.reading.manifests import names_prefect_dbt

    if "airflow-dependency" in detectors and bans.relevant(raw):
        return True
    return "unknown-extra" in detectors and names_prefect_dbt(raw)


def find(source: Source, rulebook: Rulebook, enabled: frozenset[str], versions: Versions, bans: Bans) -> list[Finding]:
    """The findings of the enabled rules in a Python file, in order of place, before suppressions."""
    rules = _by_detector(rulebook, enabled)
    found: list[Finding] = []
    if not rules.keys().isdisjoint(_BANNED):
        found.extend(_banned(source, rules, bans))
    on_airflow, on_prefect = _sides(source.utf8, rulebook, rules)
    if on_airflow or on_prefect:
        from offramp.finding.operators import module_of

        module = module_of(source, rulebook)
        if on_airflow:
            found.extend(_operators(source, module, rules))
            found.extend(_traps(source, module, rules, versions, _AIRFLOW_TRAPS))
        if on_prefect:
            found.extend(_traps(source, module, rules, versions, _PREFECT_TRAPS))
    if declares_dependencies(source.path, source.utf8):
        found.extend(_extras(source, rules, versions))
    return sorted(found, key=lambda finding: (finding.span, finding.code))


def takes_tree(raw: bytes, rulebook: Rulebook, enabled: frozenset[str]) -> bool:
    """Whether one of the enabled rules reads more of a Python file than its import statements."""
    rules = _by_detector(rulebook, enabled)
    dynamic = "dynamic-airflow-import" in rules and any(name in raw for name in _IMPORTERS)
    return dynamic or any(_sides(raw, rulebook, rules))


def _sides(utf8: bytes, rulebook: Rulebook, rules: Mapping[str, Rule]) -> tuple[bool, bool]:
    """Whether a text can have findings of the rules for Airflow's operators, and of those for Prefect."""
    on_airflow = not rules.keys() <= _BANNED and any(needle in utf8 for needle in rulebook.needles())
    on_prefect = not _ON_PREFECT.isdisjoint(rules) and any(needle in utf8 for needle in _PREFECT_NEEDLES)
    return on_airflow, on_prefect


def keys_in(source: Source) -> Keys | None:
    """The API keys in a parsed file, which no output shows; None where there can be none."""
    if source.keys is None and not _may_hold_keys(source.utf8):
        source.keys = False
    if source.keys is False:
        return None
    from offramp.finding.api_keys import keys_of

    return keys_of(source)


def _may_hold_keys(utf8: bytes) -> bool:
    small = utf8.lower()
    return any(needle in small for needle in _KEY_NEEDLES) or _looks_like_key(small)


def _looks_like_key(utf8: bytes) -> bool:
    return b"dbt" in utf8.lower() and _KEY_LOOKS.search(utf8) is not None


def without_keys(source: Source, findings: Iterable[Finding]) -> bytes | None:
    """The text of a file whose findings can show no API key, with asterisks for what they do not show if need be.

    None where they may show one: where a string or a comment is told of, or stands on a row that is shown. To look
    for keys in a file takes far longer than to find imports in it.
    """
    if source.keys is None and not _may_hold_keys(source.utf8):
        return source.utf8
    if _looks_like_key(source.utf8):
        return None
    positions = source.positions
    last = positions.rows()
    text = bytearray(source.utf8.translate(_BLANKED))
    for finding in findings:
        first = max(1, positions.row(finding.span.start) - _SHOWN_AROUND)
        after = positions.row(finding.statement.end) + _SHOWN_AROUND + 1
        start, end = positions.offset(first, 0), positions.offset(after, 0) if after <= last else len(text)
        shown = source.utf8[start:end]
        told = f"{finding.message}{finding.fingerprint}{shown.decode('utf-8', 'replace')}"
        if finding.fix is not None or finding.refusals or finding.related or any(sign in told for sign in _BEFORE_TEXT):
            return None
        text[start:end] = shown
    return bytes(text)


def find_in_manifest(
    source: Source, rulebook: Rulebook, enabled: frozenset[str], versions: Versions, bans: Bans
) -> list[Finding]:
    """The findings of the enabled rules in a dependency manifest; raises SourceError as its parser does."""
    rules = _by_detector(rulebook, enabled)
    found: list[Finding] = []
    if "airflow-dependency" in rules:
        from offramp.traps.dependencies import in_manifest

        found.extend(
            _placed(rules[dependency.detector], {"name": dependency.name}, dependency.span)
            for dependency in in_manifest(source, bans)
            if dependency.detector in rules
        )
    found.extend(_extras(source, rules, versions))
    return sorted(found, key=lambda finding: (finding.span, finding.code))


def cannot_parse(rulebook: Rulebook, sentence: str, offset: int) -> Finding:
    """The finding for a file that cannot be decoded or parsed."""
    rule = next(rule for rule in rulebook.rules.values() if rule.detector == "cannot-parse")
    place = Span(offset, offset)
    return Finding(rule.code, place, place, rule.message.format(sentence=sentence), _print(sentence))


@lru_cache(maxsize=16)
def _by_detector(rulebook: Rulebook, enabled: frozenset[str]) -> Mapping[str, Rule]:
    return {rule.detector or rule.code: rule for rule in rulebook.rules.values() if rule.code in enabled}


def _banned(source: Source, rules: Mapping[str, Rule], bans: Bans) -> Iterator[Finding]:
    imports = rules.get("airflow-import")
    if imports is not None:
        for imported in banned_imports(source.import_statements(bans.needles()), bans):
            yield _finding(source, imports, {"name": imported.path}, imported.node, imported.statement, imported.path)
    dynamic = rules.get("dynamic-airflow-import")
    if dynamic is not None and any(name in source.utf8 for name in _IMPORTERS):
        from offramp.traps.dynamic_imports import dynamic_imports

        for found in dynamic_imports(source.tree, bans):
            yield _finding(source, dynamic, {"name": found.path}, found.node, found.statement, found.path)
    if declares_dependencies(source.path, source.utf8):
        from offramp.traps.dependencies import in_python

        for dependency in in_python(source, bans):
            if dependency.detector in rules:
                yield _placed(rules[dependency.detector], {"name": dependency.name}, dependency.span)


def _extras(source: Source, rules: Mapping[str, Rule], versions: Versions) -> Iterator[Finding]:
    """The extras that a manifest, or a Python file, asks for and prefect-dbt does not have."""
    from offramp.reading.manifests import names_prefect_dbt

    rule = rules.get("unknown-extra")
    if rule is None or not names_prefect_dbt(source.utf8):
        return
    from offramp.knowledge.api_surface import surface
    from offramp.traps.dependencies import unknown_extras

    offered = surface(versions.prefect, versions.prefect_dbt)
    for found in unknown_extras(source, offered) if offered is not None else ():
        known = " and ".join(part for part in (", ".join(found.known[:-1]), found.known[-1]) if part)
        yield _placed(rule, {"extra": found.extra, "known": known}, found.span)


def _placed(rule: Rule, slots: Mapping[str, str], span: Span) -> Finding:
    """A finding that stands on no syntax node."""
    return Finding(rule.code, span, span, rule.message.format_map(slots), _print(next(iter(slots.values()))))


def _operators(source: Source, module: Module, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    derived = rules.get("derived-operator")
    for use in (*module.subclasses(), *module.uses):
        if use.call is None or use.derived is not None:
            rule, slots = derived, _derived_slots(use)
        else:
            rule = module.rulebook.rule_for(use.note)
            slots = _Slots(module, use)
            rule = rule if rule.code in {enabled.code for enabled in rules.values()} else None
        if rule is not None:
            about = use.call or use.callee
            statement = module.names.statement(use.callee)
            yield _finding(source, rule, slots, use.callee, statement, about)


def _traps(
    source: Source,
    module: Module,
    rules: Mapping[str, Rule],
    versions: Versions,
    detectors: Mapping[str, Iterable[str]],
) -> Iterator[Finding]:
    for place, names in detectors.items():
        for detector in names:
            if detector not in rules:
                continue
            search: Callable[[Module, Versions], Iterable[Trap]] = getattr(
                import_module(f"offramp.traps.{place}"), detector.replace("-", "_")
            )
            for trap in search(module, versions):
                statement = module.names.statement(trap.node)
                found = _finding(source, rules[detector], trap.slots, trap.node, statement, trap.about)
                related = (Related(source.positions.span(node), sentence) for node, sentence in trap.related)
                yield found._replace(related=tuple(related)) if trap.related else found


class _Slots(dict[str, str]):
    """The slots of an operator's message, each worked out only when the message has it."""

    def __init__(self, module: Module, use: Use) -> None:
        self._module = module
        self._use = use

    @cached_property
    def _settled(self) -> Use:
        from offramp.finding.passes import settled

        return settled(self._module, self._use)

    def __missing__(self, slot: str) -> str:
        from offramp.finding import describe

        if slot == "operator":
            return describe.name_text(self._use)
        if slot == "task":
            return describe.task_text(self._settled)
        if slot == "connection":
            return describe.connection_text(self._settled, self._module.rulebook.arguments(self._use.note))
        if slot == "waits":
            return describe.waits_text(self._module, self._use)
        return describe.argument_text(self._settled, slot)


def _derived_slots(use: Use) -> dict[str, str]:
    from offramp.finding import describe

    name = use.derived.name if use.derived is not None else ast.unparse(use.callee)
    return {"operator": name, "base": use.path.rpartition(".")[2], "task": describe.task_text(use)}


def _finding(
    source: Source, rule: Rule, slots: Mapping[str, str], node: ast.AST, statement: ast.stmt, about: ast.AST | str
) -> Finding:
    span = source.positions.span(node)
    if isinstance(about, ast.AST):
        keys = keys_in(source)
        about = ast.unparse(about) if keys is None else keys.unparsed(about)
    return Finding(rule.code, span, header(source, statement, node), rule.message.format_map(slots), _print(about))


def _print(text: str) -> str:
    """A fingerprint that people can read in a review: one line, long ones closed by a checksum."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_PRINT:
        return line
    return f"{line[:_LONGEST_PRINT]}… {crc32(line.encode('utf-8', 'replace')):08x}"


def header(source: Source, statement: ast.stmt, node: ast.AST) -> Span:
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
        for part in walk(statement)
        if isinstance(part, ast.expr | ast.alias) and source.positions.span(part).end <= _body_start(source, body[0])
    ]
    return Span(span.start, max([span.start, *(head.end for head in heads)]))


def _body_start(source: Source, first: ast.AST) -> int:
    first = getattr(first, "pattern", first)
    starts = [source.positions.span(part).start for part in (first, *getattr(first, "decorator_list", ()))]
    return min(starts)
