"""Measure the language server against its speed budget: start, one change, a large workspace; ``--runs`` of each.

``python scripts/bench_lsp.py``: the start is compared with that of a bare pygls
server, run in turns. Reads ``/proc``, so Linux only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from bench import dag_of_lines

SERVER = [str(Path(sysconfig.get_path("scripts")) / "offramp"), "server"]
BARE = """\
from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")

@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params):
    return None

server.start_io()
"""
MOST_TIMES_BARE = 1.3
MOST_SECONDS = 0.060
MOST_SECONDS_ACTION = 0.400
MOST_MEGABYTES = 300
FILES = 10_000


class Client:
    """A client that sends what it is told and waits for one kind of answer."""

    def __init__(self, command: list[str], root: Path) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.root = root
        self._number = 0

    def initialize(self) -> None:
        """Say hello; a client that pushes and shows everything."""
        diagnostics = {"relatedInformation": True, "codeDescriptionSupport": True}
        capabilities = {"textDocument": {"publishDiagnostics": diagnostics}}
        self.ask("initialize", {"capabilities": capabilities, "rootUri": self.root.as_uri(), "processId": None})
        self.send("initialized", {})

    def ask(self, method: str, params: object) -> Any:
        """The result of one request."""
        self._number += 1
        self.send(method, params, self._number)
        return self.wait(lambda message: message.get("id") == self._number)["result"]

    def send(self, method: str, params: object, number: int | None = None) -> None:
        """Send a notification, or with a number a request."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        body = json.dumps(message).encode()
        _open(self.process.stdin).write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        _open(self.process.stdin).flush()

    def published(self, version: int) -> Any:
        """The diagnostics that are pushed for a version of a document."""
        return self.wait(lambda message: message.get("params", {}).get("version") == version)["params"]

    def wait(self, wanted: Any) -> Any:
        """The next message that is wanted; others are passed over."""
        while True:
            length = 0
            while line := _open(self.process.stdout).readline().strip():
                if line.startswith(b"Content-Length:"):
                    length = int(line.partition(b":")[2])
            message = json.loads(_open(self.process.stdout).read(length))
            if wanted(message):
                return message

    def peak(self) -> float:
        """The most memory that the server has had, in megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def worked(self) -> float:
        """The processor seconds that the server has taken, which a busy machine does not change much."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def leave(self) -> None:
        """End the server."""
        self.ask("shutdown", None)
        self.send("exit", None)
        self.process.wait(10)


def main() -> None:
    """Run the measurements and print one line for each; exit code 1 where one is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        held = [start(root, args.runs), changes(root, args.runs), workspace(root)]
    sys.exit(0 if all(held) else 1)


def start(root: Path, runs: int) -> bool:
    """From the start of the process to the answer to ``initialize``."""
    taken: dict[str, list[float]] = {"offramp": [], "bare": []}
    for _ in range(runs):
        for name, command in (("offramp", SERVER), ("bare", [sys.executable, "-c", BARE])):
            begin = time.perf_counter()
            client = Client(command, root)
            client.initialize()
            taken[name].append(time.perf_counter() - begin)
            client.leave()
    ours, bare = (statistics.median(taken[name]) for name in ("offramp", "bare"))
    print(f"initialise: {ours * 1000:.0f} ms, bare pygls {bare * 1000:.0f} ms: {ours / bare:.2f} times", end="")
    return verdict(ours / bare <= MOST_TIMES_BARE, f"{MOST_TIMES_BARE} times")


def changes(root: Path, runs: int) -> bool:
    """From a change of one character in a DAG of 500 lines to its diagnostics, and a code action after the first."""
    text = dag_of_lines(500)
    uri = (root / "dag.py").as_uri()
    client = Client(SERVER, root)
    client.initialize()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    client.send("textDocument/didOpen", {"textDocument": item})
    found = client.published(1)["diagnostics"]
    at = text[: text.index("3600")].count("\n")
    place = {"line": at, "character": len(text.splitlines()[at]) - 2}
    taken, worked, acted = [], [], []
    for version in range(2, runs + 3):
        change = {
            "range": {"start": place, "end": {**place, "character": place["character"] + 1}},
            "text": str(version % 10),
        }
        begin, work = time.perf_counter(), client.worked()
        client.send(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
        )
        client.published(version)
        taken.append(time.perf_counter() - begin)
        worked.append(client.worked() - work)
        begin = time.perf_counter()
        client.ask(
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": found[0]["range"], "context": {"diagnostics": found[:1]}},
        )
        acted.append(time.perf_counter() - begin)
    client.leave()
    after, action = statistics.median(taken[1:]), statistics.median(acted[1:])
    work = statistics.median(worked[1:])
    print(
        f"diagnostics of 500 lines: {after * 1000:.0f} ms after the change, {work * 1000:.0f} ms of them work", end=""
    )
    held = verdict(after <= MOST_SECONDS, f"{MOST_SECONDS * 1000:.0f} ms")
    print(f"code action, planned anew, after the first ({acted[0] * 1000:.0f} ms): {action * 1000:.0f} ms", end="")
    return verdict(action <= MOST_SECONDS_ACTION, f"{MOST_SECONDS_ACTION * 1000:.0f} ms") and held


def workspace(root: Path) -> bool:
    """All diagnostics of a folder of 10,000 files, of which one in twenty has a DAG."""
    dag, plain = dag_of_lines(60), "import os\n\n\ndef here():\n    return os.getcwd()\n" * 40
    for number in range(FILES):
        folder = root / f"package_{number // 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"module_{number}.py").write_text(dag if number % 20 == 0 else plain)
    client = Client(SERVER, root)
    client.initialize()
    begin = time.perf_counter()
    report = client.ask("workspace/diagnostic", {"previousResultIds": []})
    taken = time.perf_counter() - begin
    peak = client.peak()
    client.leave()
    print(f"{FILES} files: {len(report['items'])} with findings in {taken:.1f} s, {peak:.0f} MB", end="")
    return verdict(peak <= MOST_MEGABYTES, f"{MOST_MEGABYTES} MB")


def verdict(held: bool, budget: str) -> bool:
    """End the line with whether the budget holds."""
    print(f"; budget {budget}: {'holds' if held else 'FAILS'}")
    return held


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


if __name__ == "__main__":
    main()
