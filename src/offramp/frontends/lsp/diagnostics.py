"""Findings as the protocol's diagnostics; see the package for the layer rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from lsprotocol import types

from offramp.frontends.lsp.documents import Checked, uri_of
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Finding, Place, Rule
from offramp.output import rule_url, well_formed

# Says where the bytes from one offset to another are shown.
Locate = Callable[[int, int], types.Location]

_TAGS = {"unnecessary": types.DiagnosticTag.Unnecessary}
# Every operator of a DAG has all blockers of the DAG.
_MOST_RELATED = 10


class Shape:
    """Parts of a diagnostic, and texts, that the client understands."""

    def __init__(self, capabilities: types.ClientCapabilities) -> None:
        document = capabilities.text_document
        known = (document and document.publish_diagnostics) or types.PublishDiagnosticsClientCapabilities()
        pulled = (document and document.diagnostic) or types.DiagnosticClientCapabilities()
        self.links = bool(known.code_description_support or pulled.code_description_support)
        self.related = bool(known.related_information or pulled.related_information)
        tags = known.tag_support or pulled.tag_support
        self.tags = frozenset(tags.value_set) if tags is not None else frozenset()
        hover = document.hover if document is not None else None
        self.markdown = hover is None or types.MarkupKind.Markdown in (hover.content_format or ())

    def of(self, finding: Finding, rulebook: Rulebook, locate: Locate, *, accepted: bool = False) -> types.Diagnostic:
        """The diagnostic of one finding, with the places that keep it from being fixed."""
        rule = rulebook.rules.get(finding.code)
        has_page = self.links and rule is not None and rulebook.notes[rule.section].shipped
        tag = _TAGS.get(rule.tag) if rule is not None else None
        return types.Diagnostic(
            range=locate(*finding.span).range,
            severity=types.DiagnosticSeverity.Hint if accepted else _severity(rule),
            code=finding.code,
            code_description=types.CodeDescription(rule_url(finding.code)) if has_page else None,
            source="offramp",
            message=well_formed(finding.message),
            tags=[tag] if tag in self.tags else None,
            related_information=(_related(finding, locate) or None) if self.related else None,
        )

    def of_document(self, checked: Checked) -> Mapping[str, list[types.Diagnostic]]:
        """The diagnostics of a document, or of every cell of a notebook, by URI."""
        found: defaultdict[str, list[types.Diagnostic]] = defaultdict(list)
        findings: Iterable[Finding] = checked.planned if checked.is_planned else checked.result.findings
        for finding in (*checked.kept, *findings):
            accepted = (finding.code, finding.span) in checked.accepted
            diagnostic = self.of(finding, checked.context.rulebook, checked.text.location, accepted=accepted)
            found[checked.text.part_at(finding.span.start).uri].append(diagnostic)
        return {part.uri: found[part.uri] for part in checked.text.parts}


def _severity(rule: Rule | None) -> types.DiagnosticSeverity:
    if rule is not None and rule.is_fault:
        return types.DiagnosticSeverity.Error
    to_convert = rule is None or rule.is_to_convert
    return types.DiagnosticSeverity.Information if to_convert else types.DiagnosticSeverity.Warning


def _related(finding: Finding, locate: Locate) -> list[types.DiagnosticRelatedInformation]:
    placed = [(_line(one.place) if one.place else locate(*one.span), one.message) for one in finding.related]
    placed += [
        (locate(*refusal.span), f"prevents a fix: {refusal.reason}")
        for refusal in finding.refusals
        if refusal.span is not None
    ]
    return [
        types.DiagnosticRelatedInformation(location, well_formed(sentence))
        for location, sentence in placed[:_MOST_RELATED]
    ]


def _line(place: Place) -> types.Location:
    """The beginning of a line of another file."""
    start = types.Position(place.row - 1, 0)
    return types.Location(uri_of(place.path), types.Range(start, start))
