"""What the tests of the formats share: findings made by hand in odd places."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from offramp.model import Applicability, Edit, FileResult, Finding, Fix, Flow, Rule, Span
from offramp.output.outcome import Outcome

COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")
RULES = {
    code: Rule(code, name, "stable", "0.1.0", True, "", "", "")
    for code, name in (("OFR101", "run-job"), ("OFR301", "airflow-import"), ("OFR901", "cannot-parse"))
}
ODD = "dags/a b,c:d;e]%é.py"
TEXT = "é = 1\r\nx = '𐐀' + Op(y)\r\n"


def finding(text: str, piece: str, code: str = "OFR101", message: str = "message", fix: Fix | None = None) -> Finding:
    """A finding on the first place of ``piece``."""
    span = span_of(text, piece)
    return Finding(code, span, span, message, piece, fix)


def span_of(text: str, piece: str) -> Span:
    start = text.encode().index(piece.encode())
    return Span(start, start + len(piece.encode()))


def safe_fix(text: str) -> Fix:
    """Two edits on one line: ``Op`` becomes ``Po``, ``y`` two lines."""
    edits = (Edit(span_of(text, "Op"), "Po"), Edit(span_of(text, "y"), "[\n    y]"))
    return Fix("Turn it", edits, Applicability.SAFE)


def conversion(text: str) -> Fix:
    return safe_fix(text)._replace(flows=(Flow("dag", "dag"),))


def outcome(*findings: Finding, path: str = ODD, text: str = TEXT, problems: tuple[str, ...] = ()) -> Outcome:
    """An outcome with these findings in one file."""
    found = (FileResult(path, findings, text.encode()),) if findings else ()
    return Outcome(found, RULES, "Summary.", problems)


Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, and in it the current directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def offramp(tmp_path: Path) -> Run:
    """``offramp(*arguments)`` in an empty directory; bytes out, never a traceback."""

    def run(*arguments: str | bytes, **more: object) -> subprocess.CompletedProcess[bytes]:
        kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "FORCE_COLOR")}
        environment = {**kept, **more.pop("env", {})}  # type: ignore[dict-item]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            [COMMAND, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            **more,  # type: ignore[call-overload]
        )
        assert b"Traceback" not in done.stderr
        assert b"internal error" not in done.stderr
        return done

    return run
