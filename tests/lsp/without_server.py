"""A document as it is checked and acted on, with no server between: actions are asked for, edits are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from attrs import evolve
from lsprotocol import types

from offramp.frontends.lsp.actions import Abilities, Actions
from offramp.frontends.lsp.checks import check
from offramp.frontends.lsp.documents import Checked, Document, uri_of
from offramp.frontends.lsp.folders import Folders

# The length of a piece of text in columns.
_UNITS = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}
ONLY_EDITS = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(
            document_changes=True, resource_operations=[types.ResourceOperationKind.Create]
        )
    )
)
RESOLVING = types.ClientCapabilities(
    workspace=ONLY_EDITS.workspace,
    text_document=types.TextDocumentClientCapabilities(
        code_action=types.CodeActionClientCapabilities(
            data_support=True, resolve_support=types.ClientCodeActionResolveOptions(["edit"])
        )
    ),
)


def folders(root: Path) -> Folders:
    """A workspace of one folder, in which nothing is to be complained of."""
    return Folders([str(root)], _no_sentence)


def opened(path: Path, text: str, encoding: str = "utf-16", workspace: Folders | None = None) -> Checked:
    """A document as it is checked when it is opened; without a workspace, its directory is one."""
    item = types.TextDocumentItem(uri_of(str(path)), "python", 1, text)
    return check(Document(item, encoding).text(), workspace or folders(path.parent), None)


def offered(
    checked: Checked,
    place: types.Range | None = None,
    only: Sequence[str] | None = None,
    capabilities: types.ClientCapabilities = ONLY_EDITS,
) -> list[types.CodeAction]:
    """The actions for a range, without one for the whole document."""
    place = place or types.Range(types.Position(0, 0), types.Position(10_000, 0))
    context = types.CodeActionContext([], only=only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(checked.uri), place, context)
    return Actions(checked, Abilities(capabilities)).offered(params)


def resolved(checked: Checked, action: types.CodeAction) -> types.CodeAction:
    """The action with the edit that was left to be asked for."""
    assert isinstance(action.data, dict)
    return evolve(action, edit=Actions(checked, Abilities(RESOLVING)).edit(action.data["key"]))


def edited(text: str, edits: Sequence[types.TextEdit], encoding: str = "utf-16") -> str:
    """The text with edits made, by the protocol's own rules."""
    places = sorted(
        (_place(text, edit.range.start, encoding), _place(text, edit.range.end, encoding), edit.new_text)
        for edit in edits
    )
    for (_, end, _), (start, _, _) in pairwise(places):
        assert end <= start, "the protocol forbids overlapping edits"
    for start, end, new in reversed(places):
        text = text[:start] + new + text[end:]
    return text


def edits_of(action: types.CodeAction, uri: str) -> list[types.TextEdit]:
    """The edits that an action makes of one document."""
    assert action.edit is not None
    found: list[types.TextEdit] = []
    for change in action.edit.document_changes or ():
        if isinstance(change, types.TextDocumentEdit) and change.text_document.uri == uri:
            for edit in change.edits:
                assert isinstance(edit, types.TextEdit | types.AnnotatedTextEdit)
                found.append(types.TextEdit(edit.range, edit.new_text))
    return found


def _place(text: str, position: types.Position, encoding: str) -> int:
    lines = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z", text)
    start = sum(map(len, lines[: position.line]))
    line = lines[position.line] if position.line < len(lines) else ""
    column = 0
    for index, char in enumerate(line.rstrip("\r\n")):
        if column >= position.character:
            return start + index
        column += _UNITS[encoding](char)
    return start + len(line.rstrip("\r\n"))


def _no_sentence(sentence: str) -> None:
    raise AssertionError(sentence)
