"""offramp's rules as Fixit 2 has them, one LintRule for every code; a front end, the only importer of Fixit and LibCST.

Fixit makes an instance of every enabled rule for every file, in no order, and keeps one
replacement for each node. So the rules of a file share one run of the engine, and all of
them that fix hand in the same new module for the whole old one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from types import new_class
from typing import ClassVar, overload

from fixit import Invalid, LintRule, Valid
from libcst import BatchableCSTVisitor, Comment, CSTNode, Module, ParserSyntaxError, parse_module
from libcst.metadata import (
    BatchableMetadataProvider,
    ByteSpanPositionProvider,
    CodePosition,
    CodeRange,
    FilePathProvider,
    MetadataWrapper,
    PositionProvider,
)

from offramp.engine import Context, check_bytes, project_around, safe_fixes
from offramp.escapes import visible
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import Finding, OfframpError, Rule
from offramp.output import rule_url
from offramp.reading.source import Positions, Source, SourceError
from offramp.reading.versions import find_versions
from offramp.record import NamedTuple
from offramp.settings import Settings, enabled_codes, load

# What these find stands in files that Fixit does not read.


def lint_rules() -> dict[str, type[LintRule]]:
    """The rules by their codes, those of the notes that the current directory's configuration names among them."""
    rulebook = _rulebook(os.getcwd())
    return {code: _lint_rule(rule, rulebook) for code, rule in rulebook.rules.items()}


class _Checked(NamedTuple):
    """All that is reported of a file; ``applied`` are the findings whose fixes made ``new_text``, if there are any."""

    findings: tuple[Finding, ...] = ()
    text: bytes = b""
    applied: tuple[Finding, ...] = ()
    new_text: bytes = b""


class _Run:
    """The run of the engine that the rules of one file share, once all of them have said that they are there."""

    def __init__(self, module: Module) -> None:
        self.codes: set[str] = set()
        self._module = module
        self._checked: _Checked | None = None

    def checked(self, path: Path) -> _Checked:
        """The findings of the rules that are there. Raises OfframpError for bad configuration or a rule that failed."""
        if self._checked is None:
            raw = _as_read(path, self._module)
            context = _examples() if _is_example(path, raw) else _context(os.getcwd())
            self._checked = _check(str(path), raw, self.codes, context)
        return self._checked

    @cached_property
    def replacement(self) -> Module | None:
        """The fixed file; None where nothing is fixed or LibCST would not give it back byte for byte."""
        if self._checked is None or not self._checked.applied:
            return None
        module = parse_module(self._checked.new_text)
        return module if module.bytes == self._checked.new_text else None


class _RunProvider(BatchableMetadataProvider[_Run]):
    """Gives all rules of a file the same run."""

    def visit_Module(self, node: Module) -> bool:  # noqa: N802 - LibCST's name
        self.set_metadata(node, _Run(node))
        return False


class _ModuleVisitor(BatchableCSTVisitor):
    """Visits the module only; LibCST would look through the thousand methods of every rule, for every file."""

    def get_visitors(self) -> Mapping[str, Callable[[CSTNode], None]]:
        return {name: getattr(self, name) for name in ("visit_Module", "leave_Module")}


class OfframpRule(LintRule, _ModuleVisitor):
    """Reports the findings of one code; Fixit makes one of each class for every file."""

    METADATA_DEPENDENCIES = (PositionProvider, FilePathProvider, _RunProvider)
    TAGS = {"offramp"}  # noqa: RUF012 - declared by Fixit
    RULE: ClassVar[Rule]

    def visit_Module(self, node: Module) -> None:  # noqa: N802 - LibCST's name
        """Say that this rule is there."""
        self.get_metadata(_RunProvider, node).codes.add(self.RULE.code)

    def leave_Module(self, original_node: Module) -> None:  # noqa: N802 - LibCST's name
        """Report; every rule that is enabled has been in ``visit_Module`` by now."""
        run = self.get_metadata(_RunProvider, original_node)
        checked = run.checked(self.get_metadata(FilePathProvider, original_node))
        positions = Positions(checked.text)
        for finding in checked.findings:
            if finding.code != self.RULE.code:
                continue
            place = CodeRange(_position(positions, finding.span.start), _position(positions, finding.span.end))
            replacement = run.replacement if finding in checked.applied else None
            node = self._node(place) if replacement is None else None
            message = f"{visible(finding.message)} [{self.RULE.name}] {rule_url(finding.code)}"
            self.report(node or original_node, message, position=place, replacement=replacement)

    def ignore_lint(self, node: CSTNode) -> bool:  # noqa: ARG002 - decided before the file was fixed
        """False: what a comment silences does not come here, so that no fix touches it either."""
        return False

    def _node(self, place: CodeRange) -> CSTNode | None:
        # Fixit sends nodes from process to process: one that is small is sent fast.
        for node, found in self.metadata[PositionProvider].items():
            if isinstance(found, CodeRange) and found.start.line == place.start.line and found == place:
                return node
        return None


class _Examples(Sequence[Valid | Invalid]):
    """Examples of a rule, as Fixit's tests want them; made when they are asked for."""

    def __init__(self, make: Callable[[], list[Valid] | list[Invalid]]) -> None:
        self._make = make

    @cached_property
    def _cases(self) -> list[Valid] | list[Invalid]:
        return self._make()

    @overload
    def __getitem__(self, place: int) -> Valid | Invalid: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Valid | Invalid]: ...
    def __getitem__(self, place: int | slice) -> Valid | Invalid | Sequence[Valid | Invalid]:
        return self._cases[place]

    def __len__(self) -> int:
        return len(self._cases)


class _Comments(LintRule):
    """Fixit's own reading of ``# lint-ignore`` and ``# lint-fixme``, of some comments ``besides`` too."""

    def __init__(self, code: str, besides: Iterable[str]) -> None:
        super().__init__()
        self.name = code
        self._besides = besides

    def node_comments(self, node: CSTNode) -> Generator[str, None, None]:
        yield from super().node_comments(node)
        yield from self._besides


def _lint_rule(rule: Rule, rulebook: Rulebook) -> type[LintRule]:
    body = {
        "__module__": "offramp.fixit",
        "__doc__": f"{rule.name}: {rule_url(rule.code)}",
        "RULE": rule,
    }
    made: type[OfframpRule] = new_class(rule.code, (OfframpRule,), exec_body=lambda namespace: namespace.update(body))
    # A class that had them from the start would have Fixit read them at once, and most runs have no need of them.
    for name, examples in (
        ("VALID", _Examples(lambda: [Valid(text) for text in _texts(rule, rulebook, "not_flagged")])),
        ("INVALID", _Examples(lambda: [_flagged(rule, text) for text in _texts(rule, rulebook, "example/before")])),
    ):
        setattr(made, name, examples)
    return made


def _flagged(rule: Rule, text: str) -> Invalid:
    new_text = _check("example.py", text.encode(), {rule.code}, _examples()).new_text
    return Invalid(text, expected_replacement=new_text.decode() or None)


def _texts(rule: Rule, rulebook: Rulebook, field: str) -> Iterator[str]:
    """The examples in one field of a rule's note that Fixit can parse, without their marks."""
    from offramp.knowledge.note_format import fenced_blocks
    from offramp.output.pages import unmarked

    if rule.manifests == "only":
        return
    for block in fenced_blocks(rulebook.notes[rule.section].fields.get(field, "")):
        text = unmarked(block)
        try:
            parse_module(text)
        except ParserSyntaxError:
            continue
        yield text


def _check(path: str, raw: bytes, codes: Collection[str], context: Context) -> _Checked:
    """Return what the rules ``codes`` find in a file, and the text with what is to be fixed."""
    result = check_bytes(path, raw, context)
    if result.problem:
        raise OfframpError(result.problem)
    findings = tuple(finding for finding in result.findings if finding.code in codes)
    try:
        source = Source(path, raw)
    except SourceError:
        return _Checked(findings, result.text)
    if b"lint-" in source.utf8:
        findings = tuple(finding for finding in findings if not _is_ignored(source, finding))
    if not findings:
        return _Checked()
    nearest = context.of(path)
    if nearest.settings.convert_dags and nearest.project is None:
        nearest.project = project_around([nearest.settings.root], nearest.settings)
    done = safe_fixes(source, result.findings, findings, nearest)
    if done is None:
        return _Checked(findings, result.text)
    spans = {(finding.code, finding.span) for finding in done.applied}
    fixed = tuple(finding for finding in findings if (finding.code, finding.span) in spans)
    return _Checked(findings, result.text, fixed, done.source.raw)


def _is_ignored(source: Source, finding: Finding) -> bool:
    """Return whether a comment of Fixit's kind silences a finding, where Fixit looks for them or offramp does."""
    text = source.text.replace("\f", "")
    dropped = source.utf8.count(b"\f", 0, finding.span.start)
    start, end = finding.span.start - dropped, finding.span.end - dropped
    wrapper = _wrapper(text)
    spans = wrapper.resolve(ByteSpanPositionProvider)
    around = [node for node, span in spans.items() if span.start <= start and end <= span.start + span.length]
    rows = {source.positions.row(at) for at in (finding.statement.start, finding.statement.end, finding.span.start)}
    positions = Positions(text.encode("utf-8", "surrogatepass"))
    comments = _Comments(
        finding.code,
        [node.value for node, span in spans.items() if isinstance(node, Comment) and positions.row(span.start) in rows],
    )
    with comments.resolve(wrapper):
        return comments.ignore_lint(min(around, key=lambda node: spans[node].length))


@lru_cache(maxsize=1)
def _wrapper(text: str) -> MetadataWrapper:
    return MetadataWrapper(parse_module(text), unsafe_skip_copy=True)


def _as_read(path: Path, module: Module) -> bytes:
    """The bytes that Fixit read: LibCST drops form feeds before statements and a carriage return at the end.

    What comes from stdin or an editor is not what is on disk, so that the module is all there is of it.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return module.bytes
    return raw if _bare(raw) == _bare(module.bytes) else module.bytes


def _bare(raw: bytes) -> bytes:
    return raw.replace(b"\f", b"").rstrip(b"\r")


def _position(positions: Positions, offset: int) -> CodePosition:
    row, column = positions.location(offset)
    return CodePosition(row, column - 1)


@lru_cache(maxsize=8)
def _context(directory: str) -> Context:
    """Return what is configured where Fixit was started; files below other configurations get theirs from it."""
    settings = load(directory, {})
    return _context_of(settings, load_rulebook(settings.notes, _say_nothing))


def _context_of(settings: Settings, rulebook: Rulebook) -> Context:
    enabled = enabled_codes(settings, rulebook.rules.values())
    context = Context(settings, rulebook, enabled, find_versions(settings))
    # Fixit runs over files that nobody named: DAGs are converted where the configuration says so.
    context.converts = None
    return context


@lru_cache(maxsize=8)
def _rulebook(directory: str) -> Rulebook:
    """The rules that there are; where the configuration is bad the shipped ones, which say so file by file.

    Fixit only logs what goes wrong here, and finds nothing.
    """
    try:
        return _context(directory).rulebook
    except OfframpError:
        return load_rulebook([], _say_nothing)


@lru_cache(maxsize=1)
def _examples() -> Context:
    """All rules, and nothing that a project says."""
    rulebook = _rulebook(os.getcwd())
    with tempfile.TemporaryDirectory() as folder:
        settings = load(folder, {"select": ["ALL"]}, isolated=True)
        return _context_of(settings, rulebook)


def _is_example(path: Path, raw: bytes) -> bool:
    """Return whether this is one of the examples: Fixit's tests hand them over under a path where there is no file."""
    return not path.exists() and raw in _example_texts(os.getcwd())


@lru_cache(maxsize=1)
def _example_texts(directory: str) -> frozenset[bytes]:
    rulebook = _rulebook(directory)
    return frozenset(
        text.encode()
        for rule in rulebook.rules.values()
        for field in ("not_flagged", "example/before")
        for text in _texts(rule, rulebook, field)
    )


def _say_nothing(sentence: str) -> None:
    """Do nothing: that a user's note replaces a shipped one is said by the command line, Fixit has no place for it."""
