"""Tells what can be done about findings: code actions and their commands; see the package for the layer rule.

Planning and proving load with the first request, not when the server starts.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from offramp.engine import Context, check_bytes, fix_bytes, proven
from offramp.finding.baseline import Entry, change_baseline, compare
from offramp.finding.suppress import UNUSED, rows_of
from offramp.frontends.lsp.documents import Checked, uri_of
from offramp.model import Applicability, Edit, Finding, Fix, OfframpError, Span, UnprovenError
from offramp.output import rule_url
from offramp.reading.source import Source, readable
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from typing import TypeGuard

    from offramp.frontends.lsp.session import Session

EXPLAIN, ADD_TO_BASELINE = "offramp.explain", "offramp.addToBaseline"
QUICK_FIX = types.CodeActionKind.QuickFix.value
CONVERT = "refactor.rewrite.offramp"
FIX_ALL = "source.fixAll.offramp"
KINDS = (QUICK_FIX, CONVERT, FIX_ALL)

_GATE = "OFR3"
_LONGEST_TITLE = 200
_CONFIRMED = "convert"


class Abilities:
    """Parts of a code action that the client understands."""

    def __init__(self, capabilities: types.ClientCapabilities) -> None:
        document, workspace = capabilities.text_document, capabilities.workspace
        action = (document and document.code_action) or types.CodeActionClientCapabilities()
        edit = (workspace and workspace.workspace_edit) or types.WorkspaceEditClientCapabilities()
        late = action.resolve_support.properties if action.resolve_support is not None else ()
        self.resolves = bool(action.data_support) and "edit" in late
        operations = edit.resource_operations or ()
        # Neovim says that it makes files, and not that it knows the only form of edits that can.
        self.versions = bool(edit.document_changes or operations)
        self.creates = types.ResourceOperationKind.Create in operations
        self.confirms = self.versions and edit.change_annotation_support is not None


class _Offer(NamedTuple):
    """One action on ``findings``; ``key`` is what ``Actions.edit`` knows it by, empty where it has a command."""

    kind: str
    title: str
    findings: Sequence[Finding] = ()
    key: str = ""
    command: types.Command | None = None
    preferred: bool = False


class Actions:
    """All that can be done about the findings of one checked document."""

    def __init__(self, checked: Checked, abilities: Abilities) -> None:
        self._checked = checked
        self._abilities = abilities
        self._is_notebook = len(checked.text.parts) != 1 or checked.text.parts[0].uri != checked.text.uri

    def offered(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """The actions for a range.

        Where the client resolves them they come without edits, for ``edit`` to prove
        and make; else what cannot be proven is left out.
        """
        wanted = frozenset(kind for kind in KINDS if _is_wanted(kind, params.context.only))
        source = self._checked.source
        if not wanted or source is None or not self._checked.result.findings:
            return []
        actions = []
        for offer in self._offers(source, params, wanted):
            solved = [one for finding in offer.findings for one in self._diagnostics(finding, params)]
            action = types.CodeAction(
                offer.title,
                offer.kind,
                diagnostics=solved or None,
                is_preferred=offer.preferred or None,
                command=offer.command,
            )
            if offer.key and self._abilities.resolves:
                action.data = {"uri": self._checked.uri, "version": self._checked.version, "key": offer.key}
            elif offer.key:
                try:
                    action.edit = self.edit(offer.key)
                except UnprovenError:
                    continue
            actions.append(action)
        return actions

    def edit(self, key: str) -> types.WorkspaceEdit:
        """The edit of an action; raises UnprovenError where the result would not be what it should be."""
        checked, source = self._checked, self._checked.source
        assert source is not None
        what, _, index = key.partition(":")
        if what == "all":
            return self._workspace_edit(self._everything(source))
        finding = checked.planned[int(index)]
        if what == "noqa":
            return self._workspace_edit([self._suppression(source, finding)])
        assert finding.fix is not None
        if what == "file":
            return self._new_file(finding.fix)
        return self._workspace_edit(self._fixed(source, finding.fix), finding.fix if finding.fix.flows else None)

    # -- what is offered -------------------------------------------------------------

    def _offers(self, source: Source, params: types.CodeActionParams, wanted: frozenset[str]) -> Iterator[_Offer]:
        start, end = (self._checked.positions.offset(place) for place in (params.range.start, params.range.end))
        planned = list(enumerate(self._checked.planned))
        # Some clients send the cursor as the range, with the diagnostics of the whole line.
        here = [
            (index, finding)
            for index, finding in planned
            if self._touches(finding.span, start, end) or self._diagnostics(finding, params)
        ]
        if QUICK_FIX in wanted:
            yield from self._fixes(here)
            yield from self._explanations(here)
            yield from self._suppressions(source, here, one_line=params.range.start.line == params.range.end.line)
            yield from self._acceptances(here)
        if CONVERT in wanted and not self._is_notebook:
            fixed = {finding.fix.edits for _, finding in here if QUICK_FIX in wanted and finding.fix is not None}
            yield from self._conversions(planned, fixed, start, end)
        if FIX_ALL in wanted:
            from offramp.editing.edits import applicable

            converts = self._checked.context.settings.convert_dags and not self._is_notebook
            if applicable(self._checked.planned, unsafe=False, converts=converts):
                yield _Offer(FIX_ALL, "Apply all safe fixes of offramp", key="all")

    def _touches(self, span: Span, start: int, end: int) -> bool:
        shown = self._checked.text.part_at(span.start).uri == self._checked.uri
        return shown and span.start <= end and start <= span.end

    def _diagnostics(self, finding: Finding, params: types.CodeActionParams) -> list[types.Diagnostic]:
        """The client's diagnostics of a finding."""
        place = self._checked.text.location(*finding.span)
        if place.uri != self._checked.uri:
            return []
        return [one for one in params.context.diagnostics if one.code == finding.code and one.range == place.range]

    def _fixes(self, here: Iterable[tuple[int, Finding]]) -> Iterator[_Offer]:
        """One for each fix, which several findings may share."""
        fixes: defaultdict[tuple[Edit, ...], list[tuple[int, Finding]]] = defaultdict(list)
        for index, finding in here:
            if self._can_be_made(finding.fix):
                fixes[finding.fix.edits].append((index, finding))
        for sharing in fixes.values():
            index, finding = sharing[0]
            assert finding.fix is not None
            codes = ", ".join(dict.fromkeys(one.code for _, one in sharing))
            safe = finding.fix.applicability is Applicability.SAFE
            title = _cut(f"{codes}: {finding.fix.title}{_doubt(finding.fix)}")
            yield _Offer(QUICK_FIX, title, [one for _, one in sharing], f"fix:{index}", preferred=safe)

    def _can_be_made(self, fix: Fix | None) -> TypeGuard[Fix]:
        """Return whether a fix changes something.

        In a notebook only safe ones do, each edit in one cell: what is made async there is
        called in an event loop, and by magics that are not seen.
        """
        if fix is None or not fix.edits:
            return False
        safe = fix.applicability is Applicability.SAFE and not fix.flows
        return not self._is_notebook or (safe and all(self._is_placed(edit) for edit in fix.edits))

    def _explanations(self, here: Iterable[tuple[int, Finding]]) -> Iterator[_Offer]:
        """Make actions that say why there is no fix: clients hide a disabled action, and show one with a command."""
        for _, finding in here:
            if finding.refusals:
                more = f" (and {len(finding.refusals) - 1} more)" if len(finding.refusals) > 1 else ""
                why = f"no fix: {finding.refusals[0].reason}{more}"
            elif finding.fix is not None and not self._can_be_made(finding.fix):
                why = f"by hand: {finding.fix.title}"
            else:
                continue
            title = _cut(f"{finding.code}: {why}")
            command = types.Command(title, EXPLAIN, arguments=[self._explanation(finding)])
            yield _Offer(QUICK_FIX, title, [finding], command=command)

    def _explanation(self, finding: Finding) -> str:
        rulebook = self._checked.context.rulebook
        rule = rulebook.rules[finding.code]
        note = rulebook.notes[rule.section]
        lines = [f"{rule.code} {rule.name}: {finding.message}"]
        for refusal in finding.refusals:
            at = self._checked.text.location(*refusal.span).range.start.line + 1 if refusal.span is not None else 0
            lines.append(f"- {f'line {at}: ' if at else ''}{refusal.reason}")
        if finding.fix is not None:
            lines.append(f"{finding.fix.title}{_doubt(finding.fix)}")
            lines += [note.fields[field] for field in ("example/after", "notes") if note.fields.get(field)][:1]
        return "\n".join([*lines, *([rule_url(rule.code)] if note.shipped else [])])

    def _suppressions(self, source: Source, here: Iterable[tuple[int, Finding]], *, one_line: bool) -> Iterator[_Offer]:
        seen = set()
        for index, finding in here:
            place = (finding.code, rows_of(source, finding))
            rule = self._checked.context.rulebook.rules[finding.code]
            if place not in seen and not rule.is_fault and finding.code != UNUSED:
                seen.add(place)
                row = self._checked.text.location(*finding.span).range.start.line + 1
                where = "this line" if one_line else f"line {row}"
                yield _Offer(QUICK_FIX, f"Suppress {finding.code} on {where}", [finding], f"noqa:{index}")

    def _acceptances(self, here: Iterable[tuple[int, Finding]]) -> Iterator[_Offer]:
        for _, finding in here:
            accepted = (finding.code, finding.span) in self._checked.accepted
            if finding.code.startswith(_GATE) and not accepted and not self._is_notebook:
                title = _cut(f"Add {finding.code} to the baseline: {finding.message}")
                asked = [self._checked.uri, finding.code, finding.fingerprint]
                yield _Offer(
                    QUICK_FIX, title, [finding], command=types.Command(title, ADD_TO_BASELINE, arguments=asked)
                )

    def _conversions(
        self, planned: Iterable[tuple[int, Finding]], fixed: set[tuple[Edit, ...]], start: int, end: int
    ) -> Iterator[_Offer]:
        """Make actions for any place in what would be converted; in place too, where no quick fix does that."""
        seen = set()
        for index, finding in planned:
            fix = finding.fix
            if fix is None or not fix.flows or fix.edits in seen:
                continue
            seen.add(fix.edits)
            spans = [edit.span for edit in fix.edits]
            if not any(self._touches(span, start, end) for span in (*spans, finding.span)):
                continue
            if fix.edits not in fixed:
                yield _Offer(CONVERT, _cut(f"{fix.title}{_doubt(fix)}"), key=f"fix:{index}")
            if self._abilities.creates and self._checked.uri.startswith("file:"):
                name = os.path.basename(self._free_path())
                title = _cut(f"{fix.title}, in a new file {name}{_doubt(fix)}")
                yield _Offer(CONVERT, title, key=f"file:{index}")

    # -- what is done ----------------------------------------------------------------

    def _fixed(self, source: Source, fix: Fix) -> list[Edit]:
        planned = self._checked.planned
        sharing = [finding for finding in planned if finding.fix is not None and finding.fix.edits == fix.edits]
        return list(proven(source, planned, sharing, self._checked.context).edits)

    def _everything(self, source: Source) -> list[Edit]:
        """Return what ``--fix`` does, with DAGs converted where the configuration says so."""
        from offramp.editing.edits import between

        context = self._context(converts=False if self._is_notebook else None)
        result = fix_bytes(source.path, source.raw, context, unsafe=False, named=True)
        if result.problem:
            raise UnprovenError(result.problem)
        return between(source.utf8, readable(result.new_text)) if result.new_text is not None else []

    def _suppression(self, source: Source, finding: Finding) -> Edit:
        from offramp.editing.edits import apply
        from offramp.editing.noqa import noqa

        edit = noqa(source, finding)
        if edit is None:
            raise UnprovenError(f"{source.path}: no line of the statement can take a comment")
        changed = source.encoded(apply(source.utf8, [edit]))
        after = check_bytes(source.path, changed, self._checked.context, named=True)
        before = Counter((one.code, one.fingerprint) for one in self._checked.result.findings)
        left = Counter((one.code, one.fingerprint) for one in after.findings)
        suppressed = (finding.code, finding.fingerprint)
        if after.problem or left - before or left[suppressed] >= before[suppressed]:
            raise UnprovenError(f"{source.path}: {finding.code} would not be suppressed by a comment")
        return edit

    def _new_file(self, fix: Fix) -> types.WorkspaceEdit:
        """The module that ``offramp migrate`` would write of this file, beside it."""
        from offramp.converting.migration import Converted, judged

        context = self._context(converts=True)
        context.serves = context.settings.deployment == "serve"
        unsafe = fix.applicability is Applicability.UNSAFE
        path = self._free_path()
        result = fix_bytes(self._checked.path, self._checked.raw, context, unsafe=unsafe, named=True)
        verdict = judged(result, path)
        if not isinstance(verdict, Converted):
            blockers = verdict.blockers if verdict is not None else ((0, "nothing is left to convert"),)
            reasons = "; ".join(f"line {row}: {reason}" if row else reason for row, reason in blockers)
            raise UnprovenError(f"{self._checked.path}: not converted: {reasons}")
        # A range is cut at the end of the text; Neovim leaves an empty line behind what is put into an empty one.
        everything = types.Range(types.Position(0, 0), types.Position(1, 0))
        text = readable(verdict.text).decode("utf-8", "surrogatepass")
        uri = uri_of(path)
        create = types.CreateFile(uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False))
        written = types.TextDocumentEdit(
            types.OptionalVersionedTextDocumentIdentifier(uri), [types.TextEdit(everything, text)]
        )
        return types.WorkspaceEdit(document_changes=[create, written])

    def _free_path(self) -> str:
        """Return where the new file goes: nothing is there yet."""
        stem = os.path.splitext(self._checked.path)[0]
        names = (f"{stem}_flow{number if number > 1 else ''}.py" for number in count(1))
        return next(name for name in names if not os.path.lexists(name))

    def _context(self, *, converts: bool | None) -> Context:
        """The document's context for applying fixes; ``converts`` None leaves DAGs to the configuration."""
        own = self._checked.context
        context = Context(own.settings._replace(fixed=True), own.rulebook, own.enabled, own.versions)
        context.project = own.project
        context.read = own.read
        context.converts = converts
        return context

    # -- as the protocol has it ------------------------------------------------------

    def _is_placed(self, edit: Edit) -> bool:
        part = self._checked.text.part_at(edit.span.start)
        return part.start <= edit.span.start and edit.span.end <= part.end

    def _workspace_edit(self, edits: Sequence[Edit], confirmed: Fix | None = None) -> types.WorkspaceEdit:
        """Edits of the document, or of the cells of its notebook; ``confirmed`` is the fix that the client shows first.

        Raises UnprovenError for an edit that reaches over two cells.
        """
        changes: dict[str, list[types.TextEdit]] = {part.uri: [] for part in self._checked.text.parts}
        for edit in sorted(edits):
            if not self._is_placed(edit):
                raise UnprovenError(f"{self._checked.path}: the fix would reach over two cells")
            place = self._checked.text.location(*edit.span)
            changes[place.uri].append(types.TextEdit(place.range, edit.text))
        if not self._abilities.versions:
            return types.WorkspaceEdit(changes={uri: made for uri, made in changes.items() if made})
        annotations = {_CONFIRMED: _annotation(confirmed)} if confirmed and self._abilities.confirms else None
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(part.uri, part.version),
                    [types.AnnotatedTextEdit(_CONFIRMED, one.range, one.new_text) for one in changes[part.uri]]
                    if annotations
                    else changes[part.uri],
                )
                for part in self._checked.text.parts
                if changes[part.uri]
            ],
            change_annotations=annotations,
        )


def add_to_baseline(checked: Checked, file: str, code: str, fingerprint: str) -> None:
    """Let the baseline ``file`` accept one more of a document's equal findings; nothing is done where it has them all.

    Raises OfframpError where there is no baseline or it cannot be written, and where the
    document is not as its file, which is what the gate reads.
    """
    if not os.path.lexists(file):
        raise OfframpError(f"there is no baseline {file}: `offramp gate --accept-new` makes one")
    if not _is_saved(checked):
        raise OfframpError(f"{checked.path}: save the file first, for the baseline holds what is in files")
    path = os.path.relpath(checked.path, os.path.dirname(file)).replace(os.sep, "/")

    def change(entries: frozenset[Entry]) -> frozenset[Entry]:
        added = compare([(path, checked.result)], entries, lambda _entry: False).added
        return entries.union([entry for entry in added if entry[1:3] == (code, fingerprint)][:1])

    change_baseline(file, change)


def _is_saved(checked: Checked) -> bool:
    try:
        with open(checked.path, "rb") as file:
            return file.read() == checked.raw
    except OSError:
        return False


def _is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    return not only or any(not asked or kind == asked or kind.startswith(f"{asked}.") for asked in only)


def _doubt(fix: Fix) -> str:
    if fix.applicability is Applicability.UNSAFE:
        return f" (unsafe: {fix.reason})"
    return f" ({fix.reason})" if fix.reason else ""


def _cut(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _annotation(fix: Fix) -> types.ChangeAnnotation:
    blocks = ", ".join(block.name for block in fix.connections)
    parts = [f"unsafe: {fix.reason}" if fix.reason else "", f"loads the blocks {blocks}" if blocks else ""]
    description = "; ".join(filter(None, parts)) or None
    return types.ChangeAnnotation(fix.title, needs_confirmation=True, description=description)


# -- requests ----------------------------------------------------------------------


class ActionRequests:
    """Answers what a client asks about actions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def offer(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """The actions for a range of a document."""
        checked = await self._session.checked(params.text_document.uri)
        if checked is None:
            return []
        return await self._session.apart(Actions(checked, self._abilities).offered, params)

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """The action with its edit; an error says why there is none."""
        data = action.data if isinstance(action.data, dict) else {}
        checked = await self._session.checked(str(data.get("uri")))
        if checked is None or checked.version != data.get("version"):
            raise JsonRpcException("the document has changed since", types.LSPErrorCodes.ContentModified)
        try:
            action.edit = await self._session.apart(Actions(checked, self._abilities).edit, str(data.get("key")))
        except UnprovenError as error:
            raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed) from None
        return action

    def explain(self, text: str) -> None:
        """Show why a finding has no fix, or what to do by hand."""
        self._session.server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))

    async def add_to_baseline(self, uri: str, code: str, fingerprint: str) -> None:
        """Let the baseline accept a finding; the client is told where that is not done."""
        checked = await self._session.checked(uri)
        try:
            if checked is None:
                raise OfframpError(f"{uri} is not open")
            file = self._session.folders.baseline(checked.path)
            await self._session.apart(add_to_baseline, checked, file, code, fingerprint)
        except OfframpError as error:
            self._session.say(str(error))
        else:
            written = types.FileEvent(uri_of(file), types.FileChangeType.Changed)
            self._session.change_files(types.DidChangeWatchedFilesParams([written]))

    @property
    def _abilities(self) -> Abilities:
        return Abilities(self._session.server.client_capabilities)
