"""What no client should do: the server lives on or leaves, and says nothing but the protocol on stdout."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from lsp.editor import COMMAND
from lsp.test_diagnostics import DAG, FLOW

SECONDS = 30


class Wire:
    """A server's ends."""

    def __init__(self, root: Path, command: Sequence[str] = (COMMAND, "server", "--stdio"), **more: Any) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "OFFRAMP_DEBUG"}
        self.stderr = TemporaryFile()  # noqa: SIM115 - closed in `end`
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            cwd=root,
            env=environment,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self._more = more

    def send(self, *messages: object) -> None:
        self.write(b"".join(framed(json.dumps(message).encode()) for message in messages))

    def write(self, raw: bytes) -> None:
        self.stdin.write(raw)
        self.stdin.flush()

    def initialize(self) -> None:
        params = {"processId": None, "rootUri": None, "capabilities": {}, **self._more}
        self.send(call("initialize", params, 1))
        assert "capabilities" in self.answer(1)["result"]
        self.send(call("initialized", {}))

    def answer(self, number: int | str) -> Any:
        return self.wait(lambda message: message.get("id") == number)

    def wait(self, wanted: Any) -> Any:
        """The next message that is wanted; everything on stdout must be messages."""
        while True:
            header = self.stdout.readline()
            assert header.startswith(b"Content-Length: "), header
            while self.stdout.readline() != b"\r\n":
                pass
            message = json.loads(self.stdout.read(int(header[16:])))
            assert message["jsonrpc"] == "2.0"
            if wanted(message):
                return message

    def shows(self, name: str, text: str, *codes: str) -> None:
        """Open a document, and wait for its findings."""
        self.send(opened(name, text))
        uri = f"file:///{name}"
        found = self.wait(lambda message: message.get("params", {}).get("uri") == uri)
        assert [one["code"] for one in found["params"]["diagnostics"]] == list(codes)

    def leaves(self) -> tuple[int, bytes]:
        """The exit code, and what else was said, be it on stdout or stderr."""
        said = self.stdout.read()
        code = self.process.wait(SECONDS)
        self.stderr.seek(0)
        return code, said + self.stderr.read()

    def end(self) -> None:
        """End the server where it has not left, and let go of it."""
        self.process.kill()
        self.process.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            with suppress(BrokenPipeError):
                stream.close()


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    wire = Wire(tmp_path)
    yield wire
    wire.end()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """One server for all that it has to survive."""
    wire = Wire(tmp_path_factory.mktemp("lasting"))
    wire.initialize()
    yield wire
    wire.send(call("shutdown", None, "last"), call("exit", None))
    code, said = wire.leaves()
    wire.end()
    assert (code, b"Traceback" in said) == (0, False)


def call(method: str, params: object, number: int | str | None = None) -> dict[str, object]:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return message if number is None else {**message, "id": number}


def opened(name: str, text: str) -> dict[str, object]:
    item = {"uri": f"file:///{name}", "languageId": "python", "version": 1, "text": text}
    return call("textDocument/didOpen", {"textDocument": item})


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


# -- survived ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff garbage\nContent-Length: no number\r\n\r\n",
        b"\n" * 1000 + b"x" * 200_000 + b"\r\n",
        framed(b"{"),
        framed(b"\xff\xfe"),
        framed(b"[" * 100_000),
        framed(b"[1, 2]"),
        framed(b"null"),
        framed(b'{"jsonrpc": "2.0"}'),
        framed(b'{"jsonrpc": "2.0", "id": 7}'),
        framed(b'{"jsonrpc": "1.0", "method": "initialized", "params": {}}'),
        framed(b'{"jsonrpc": "2.0", "method": 1, "params": 2}'),
        framed(b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {}}'),
        framed(b'{"jsonrpc": "2.0", "method": "textDocument/didOpen"}'),
        framed(b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": null}}'),
        framed(b'{"jsonrpc": "2.0", "method": "no/such", "params": {"a": [1, {"b": 2}]}}'),
        framed(b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 12345}}'),
        framed(b'{"jsonrpc": "2.0", "method": "$/cancelRequest"}'),
        framed(b'{"jsonrpc": "2.0", "id": "nobody asked", "result": 1}'),
        framed(b'{"jsonrpc": "2.0", "id": "nobody asked", "error": {"code": 1, "message": "m"}}'),
    ],
)
def test_what_is_no_message_is_passed_over(lasting: Wire, raw: bytes) -> None:
    lasting.write(raw)
    lasting.shows(f"{abs(hash(raw))}.py", FLOW, "OFR211")


@pytest.mark.parametrize("number", [11, "eleven"])
def test_what_is_not_known_is_said(lasting: Wire, number: int | str) -> None:
    lasting.send(call("no/such", None, number))
    assert lasting.answer(number)["error"]["code"] == -32601


@pytest.mark.parametrize(
    "params", [None, {}, {"textDocument": {}}, {"textDocument": {"uri": 5}}, {"textDocument": {"uri": "::"}}]
)
def test_requests_that_make_no_sense_are_answered(lasting: Wire, params: object) -> None:
    number = f"senseless {params}"
    lasting.send(call("textDocument/diagnostic", params, number))
    answer = lasting.wait(lambda message: "id" in message or message.get("method") == "window/logMessage")
    assert answer.get("method") == "window/logMessage" or answer["id"] == number


@pytest.mark.parametrize("uri", ["", ":", "file:", "file:///", "untitled:", "x://y/%ff%fe.py", "file:///%00.py"])
def test_any_uri_can_be_opened(lasting: Wire, uri: str) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": FLOW}
    lasting.send(call("textDocument/didOpen", {"textDocument": item}))
    lasting.wait(lambda message: message.get("params", {}).get("uri") == uri)


def test_texts_that_no_file_can_hold(lasting: Wire) -> None:
    for name, text in (("null.py", f"{FLOW}\0"), ("lone.py", f"{FLOW}'\ud800'"), ("deep.py", FLOW + "(" * 5000)):
        lasting.shows(name, text, "OFR901")
    lasting.shows("latin.py", f"# coding: latin-1\n{FLOW}'漢'", "OFR211")
    lasting.shows("unknown.py", f"# coding: klingon\n{FLOW}", "OFR901")


def test_random_changes_of_messages(lasting: Wire) -> None:
    chance = random.Random(7)
    bodies = [
        json.dumps(
            call(
                "textDocument/didChange",
                {
                    "textDocument": {"uri": "file:///r.py", "version": 2},
                    "contentChanges": [
                        {
                            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 9}},
                            "text": "x",
                        }
                    ],
                },
            )
        ),
        json.dumps(
            call(
                "textDocument/hover",
                {"textDocument": {"uri": "file:///r.py"}, "position": {"line": 5, "character": 9}},
                99,
            )
        ),
        json.dumps(opened("r.py", FLOW)),
    ]
    for _ in range(200):
        body = bytearray(chance.choice(bodies).encode())
        for _ in range(chance.randint(0, 3)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        lasting.write(framed(bytes(body)))
    lasting.shows("after_random.py", DAG, "OFR101")


def test_a_large_file_keeps_nobody_waiting(lasting: Wire) -> None:
    large = FLOW + "x = [\n" + "    'a line of a large file',\n" * 100_000 + "]\n"
    assert len(large) > 3_000_000
    lasting.send(opened("large.py", large))
    lasting.send(call("textDocument/diagnostic", {"textDocument": {"uri": "file:///large.py"}}, "large"))
    lasting.send(call("$/cancelRequest", {"id": "large"}))
    begin = time.monotonic()
    assert lasting.answer("large")["error"]["code"] == -32800
    assert time.monotonic() - begin < SECONDS
    found = lasting.wait(lambda message: message.get("params", {}).get("uri") == "file:///large.py")
    assert [one["code"] for one in found["params"]["diagnostics"]] == ["OFR211"]


# -- left --------------------------------------------------------------------------


def test_half_a_message_and_then_nothing(wire: Wire) -> None:
    wire.initialize()
    wire.write(b'Content-Length: 500\r\n\r\n{"jsonrpc": "2.0", "meth')
    wire.stdin.close()
    code, said = wire.leaves()
    assert (code, b"Traceback" in said) == (1, False)


def test_a_length_that_is_not_there_takes_no_memory(wire: Wire) -> None:
    wire.initialize()
    wire.write(b"Content-Length: 99999999999999999\r\n\r\n{}")
    wire.stdin.close()
    code, said = wire.leaves()
    assert (code, b"Traceback" in said) == (1, False)


def test_a_client_that_leaves_without_a_word(wire: Wire) -> None:
    wire.initialize()
    wire.send(opened("open.py", FLOW * 200))
    wire.stdin.close()
    wire.stdout.close()
    assert wire.process.wait(SECONDS) == 1


def test_exit_before_shutdown(wire: Wire) -> None:
    wire.initialize()
    wire.send(call("exit", None))
    assert wire.leaves()[0] == 1


def test_requests_before_initialize(wire: Wire) -> None:
    wire.send(
        call(
            "textDocument/hover", {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}, 5
        )
    )
    wire.send(call("textDocument/diagnostic", {"textDocument": {"uri": "file:///a.py"}}, 6))
    wire.send(opened("early.py", FLOW))
    assert wire.answer(6)["id"] == 6
    wire.initialize()
    wire.shows("late.py", FLOW, "OFR211")


def test_a_client_that_dies_while_stdin_stays_open(tmp_path: Path) -> None:
    client = subprocess.Popen(["sleep", "600"])
    wire = Wire(tmp_path, processId=client.pid)
    try:
        wire.initialize()
        wire.shows("a.py", FLOW, "OFR211")
        client.kill()
        client.wait()
        assert wire.process.wait(SECONDS) == 1
    finally:
        wire.end()


def test_a_client_in_another_container_is_not_waited_for(tmp_path: Path) -> None:
    nobody = subprocess.Popen(["true"])
    nobody.wait()
    wire = Wire(tmp_path, processId=nobody.pid)
    try:
        wire.initialize()
        time.sleep(0.5)
        wire.shows("a.py", FLOW, "OFR211")
    finally:
        wire.end()
