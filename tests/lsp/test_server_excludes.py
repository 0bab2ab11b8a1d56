"""Which open files are checked: those that the real ``ruff server`` would check."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from lsp.editor import COMMAND
from lsp.test_diagnostics import FLOW
from lsp.test_server_robust import Wire, call

RUFF = str(Path(sysconfig.get_path("scripts")) / "ruff")
OPTIONS = """\
exclude = ["left_out", "one.py", "glob_*.py", "deep/*/x.py", ".venv"]
extend-exclude = ["more/"]
force-exclude = false
"""
CHECKED = {
    "plain.py": True,
    "stub.pyi": True,
    "left_out/a.py": False,
    "left_out/deep/a.py": False,
    "one.py": False,
    "deep/one.py": False,
    "glob_1.py": False,
    "deep/er/x.py": False,
    "deep/x.py": True,
    ".venv/lib/a.py": False,
    "node_modules/a.py": True,
    "more/a.py": False,
    "ignored.py": True,
    "nested/a.py": False,
    "nested/one.py": True,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("excluded")
    (root / "nested").mkdir()
    for path, options in ((root, OPTIONS), (root / "nested", 'exclude = ["a.py"]\n')):
        (path / "offramp.toml").write_text(options)
        (path / "ruff.toml").write_text(f'{options}lint.select = ["F401"]\n')
    (root / ".gitignore").write_text("ignored.py\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    for name in CHECKED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


@pytest.mark.parametrize(
    ("command", "text"), [([COMMAND, "server"], FLOW), ([RUFF, "server"], "import os\n")], ids=["offramp", "ruff"]
)
def test_what_is_checked(folder: Path, command: list[str], text: str) -> None:
    wire = Wire(folder, command, workspaceFolders=[{"uri": folder.as_uri(), "name": "folder"}])
    try:
        wire.initialize()
        checked = {}
        for name in CHECKED:
            uri = (folder / name).as_uri()
            item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
            wire.send(call("textDocument/didOpen", {"textDocument": item}))
            wire.send(call("textDocument/diagnostic", {"textDocument": {"uri": uri}}, name))
            checked[name] = wire.answer(name)["result"]["items"] != []
        assert checked == CHECKED
    finally:
        wire.end()
