"""What the server loads, and when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lsp.test_diagnostics import FLOW
from lsp.test_server_robust import Wire, call

PLANNING = ("offramp.converting.plan", "offramp.editing.planning", "offramp.prefect_code.awaiting")


def imported(wire: Wire) -> set[str]:
    """What a server that ends now had imported."""
    wire.send(call("shutdown", None, "end"), call("exit", None))
    _, said = wire.leaves()
    return {line.rpartition("|")[2].strip() for line in said.decode().splitlines() if line.startswith("import time:")}


def test_planning_is_loaded_for_the_first_action(tmp_path: Path) -> None:
    start = "from offramp.frontends.cli import command; command()"
    command = [sys.executable, "-X", "importtime", "-c", start, "server"]
    seen = []
    for asks in (False, True):
        wire = Wire(tmp_path, command)
        try:
            wire.initialize()
            wire.shows("flow.py", FLOW, "OFR211")
            if asks:
                everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
                params = {
                    "textDocument": {"uri": "file:///flow.py"},
                    "range": everywhere,
                    "context": {"diagnostics": []},
                }
                wire.send(call("textDocument/codeAction", params, 2))
                assert wire.answer(2)["result"]
            seen.append(imported(wire))
        finally:
            wire.end()
    assert {"pygls.lsp.server", "offramp.prefect_code.value_paths"} <= seen[0]
    assert seen[0].isdisjoint(PLANNING)
    assert seen[1].issuperset(PLANNING)
    assert not any(name.split(".")[0] in ("libcst", "fixit", "flake8", "rich") for name in seen[0] | seen[1])


def test_without_the_extra_one_sentence_says_so(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['pygls'] = None; from offramp.frontends.cli import main; sys.exit(main(['server']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "offramp: the language server needs pygls: pip install 'offramp[lsp]'\n"
