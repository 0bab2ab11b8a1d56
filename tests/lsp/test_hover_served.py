"""What a real client of the installed ``offramp server`` is shown under the pointer."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from lsp.editor import Editor, abilities, editing
from lsp.test_hover import CHECK_INTERVAL, IMPORT

CALL = 'Op(task_id="🙂", job_id=1, check_interval=5)\n'


async def hovered(editor: Editor, uri: str, line: int, character: int) -> types.Hover | None:
    params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
    return await editor.client.text_document_hover_async(params)


@pytest.mark.asyncio
@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 29), ("utf-16", 27), ("utf-32", 26)])
async def test_the_row_of_an_argument_is_shown_as_markdown(encoding: str, column: int, tmp_path: Path) -> None:
    async with editing(tmp_path, capabilities=abilities(encoding)) as editor:
        uri = editor.open("dag.py", f"{IMPORT} as Op\n{CALL}")
        shown = await hovered(editor, uri, 1, column)
        assert shown == types.Hover(
            types.MarkupContent(types.MarkupKind.Markdown, CHECK_INTERVAL),
            types.Range(types.Position(1, column), types.Position(1, column + 14)),
        )
        assert await hovered(editor, uri, 1, column - 2) is None


@pytest.mark.asyncio
async def test_a_client_without_markdown_is_shown_plain_text_and_nothing_of_broken_code(
    tmp_path: Path,
) -> None:
    can = abilities("utf-16")
    assert can.text_document is not None
    can.text_document.hover = types.HoverClientCapabilities(content_format=[types.MarkupKind.PlainText])
    async with editing(tmp_path, capabilities=can) as editor:
        uri = editor.open("dag.py", f"{IMPORT} as Op\n{CALL}")
        shown = await hovered(editor, uri, 1, 27)
        assert shown is not None
        assert isinstance(shown.contents, types.MarkupContent)
        assert shown.contents.kind == types.MarkupKind.PlainText
        assert shown.contents.value.startswith("check_interval of DbtCloudRunJobOperator · on Prefect: poll_frequency_")
        editor.type(uri, f"{IMPORT} as Op\n{CALL}def\n")
        assert await hovered(editor, uri, 1, 27) is None
        assert await hovered(editor, editor.uri("not_open.py"), 1, 28) is None
