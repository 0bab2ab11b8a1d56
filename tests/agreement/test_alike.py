"""Whatever runs the rules finds the same at the same places, and makes the same of it.

Each file is a project of its own. The example of every rule and every shape of text are compared each time; with
``--everything`` every fixture, every case in Markdown and every block of a note too.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from fixit.api import fixit_paths
from fixit.ftypes import Options, QualifiedRule
from lsp.editor import Editor, abilities, editing
from lsp.without_server import edited, edits_of
from lsprotocol import types

from offramp.engine import Context, check_bytes, fix_bytes
from offramp.frontends.lsp.documents import uri_of
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

ROOT = Path(__file__).resolve().parents[2]

# File below the folder, code, row from 1, column from 1 in code points.
Place = tuple[str, str, int, int]

FIXTURES = ("examples", "tests/fixtures", "tests/equivalence/fixtures", "tests/equivalence/pairs")
EVERYTHING = 'select = ["ALL"]\nconvert-dags = true\n'

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VERSIONS = {"dbt-cloud-provider-version": "Provider", "prefect-version": "Prefect"}


class Seen(NamedTuple):
    """What a tool finds, and what it makes of each file; None where it mends nothing."""

    places: set[Place]
    texts: dict[str, bytes] | None


def by_engine(folder: Path) -> Seen:
    """What the command line shows and ``check --fix --convert-dags=configured`` writes."""
    settings = load(".", {})
    rulebook = load_rulebook([], pytest.fail)
    context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
    context.converts = None
    places: set[Place] = set()
    texts: dict[str, bytes] = {}
    for path in files(folder):
        raw = Path(path).read_bytes()
        found = check_bytes(path, raw, context)
        fixed = fix_bytes(path, raw, context, unsafe=False)
        assert (found.problem, fixed.problem) == ("", "")
        positions = Positions(found.text)
        places.update((path, one.code, *positions.location(one.span.start)) for one in found.findings)
        texts[path] = raw if fixed.new_text is None else fixed.new_text
    return Seen(places, texts)


def by_flake8(folder: Path) -> Seen:
    every = ["--select=OFR"] if (folder / "offramp.toml").exists() else []
    command = [sys.executable, "-m", "flake8", "--isolated", "--format=%(path)s\t%(code)s\t%(row)d\t%(col)d", *every]
    done = subprocess.run([*command, "."], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    places = {
        (os.path.normpath(path), code, int(row), int(column))
        for path, code, row, column in lines
        if code.startswith("OFR") and path.endswith("case.py")
    }
    return Seen(places, None)


def by_fixit(folder: Path) -> Seen:
    """What ``fixit fix --automatic`` shows when first run, and leaves behind when it changes no more."""
    places: set[Place] = set()
    options = Options(rules=[QualifiedRule("offramp.fixit")])
    before: dict[str, bytes] = {}
    after = {path: Path(path).read_bytes() for path in files(folder)}
    while changed := [path for path in after if after[path] != before.get(path)]:
        for result in fixit_paths([Path(path) for path in changed], options=options, autofix=True, parallel=False):
            assert result.error is None, (result.path, result.error)
            if result.violation is not None and not before:
                start = result.violation.range.start
                path = str(result.path.relative_to(folder))
                # Columns count from 0 for Fixit.
                places.add((path, result.violation.rule_name, start.line, start.column + 1))
        before = after
        after = {path: Path(path).read_bytes() for path in files(folder)}
    return Seen(places, after)


def by_server(folder: Path) -> Seen:
    """What ``offramp server`` answers about each document, and what fixing all of it leaves in the end."""
    return asyncio.run(_by_server(folder))


async def _by_server(folder: Path) -> Seen:
    places: set[Place] = set()
    texts: dict[str, bytes] = {}
    # Characters of UTF-32 are code points.
    able = abilities("utf-32", pulls=True)
    assert able.workspace is not None
    able.workspace.workspace_edit = types.WorkspaceEditClientCapabilities(document_changes=True)
    async with editing(*((folder / path).parent for path in files(folder)), capabilities=able) as editor:
        for path in files(folder):
            # Editors keep a byte order mark for themselves.
            raw = Path(path).read_bytes()
            text = raw.decode("utf-8-sig")
            mark = raw[: len(raw) - len(text.encode())]
            uri = editor.open(uri_of(str(folder / path)), text)
            report = await editor.pulled(uri)
            assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
            places.update(
                (path, str(one.code), one.range.start.line + 1, one.range.start.character + 1) for one in report.items
            )
            while edits := await _fixing(editor, uri):
                text = edited(text, edits, "utf-32")
                editor.type(uri, text)
            editor.close(uri)
            texts[path] = mark + text.encode()
    return Seen(places, texts)


async def _fixing(editor: Editor, uri: str) -> list[types.TextEdit]:
    whole = types.Range(types.Position(0, 0), types.Position(10_000, 0))
    wanted = types.CodeActionContext([], only=["source.fixAll.offramp"])
    asked = types.CodeActionParams(types.TextDocumentIdentifier(uri), whole, wanted)
    for action in await editor.client.text_document_code_action_async(asked) or ():
        assert isinstance(action, types.CodeAction)
        return edits_of(action, uri)
    return []


# A tool that joins in says what it sees of the folder in which it is started.
OTHERS: dict[str, Callable[[Path], Seen]] = {"flake8": by_flake8, "fixit": by_fixit, "server": by_server}

FORGOTTEN = """\
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as Run

with DAG("shapes", schedule=None, description="naïve 🙂") as dag:
    note = "é漢🙂"; run = Run(task_id="run", job_id=1, deferrable=True, wait_for_termination=False)  # why 🙂
    done = EmptyOperator(task_id="done")  # noqa: OFR102
    again = (  # a comment
        Run(
            task_id="again",
            job_id=2,
        )
    )
    run >> done >> again
"""
# One has an argument too many, the other is converted.
SHAPED = (FORGOTTEN, FORGOTTEN.replace(", wait_for_termination=False", "").replace('note = "é漢🙂"; ', ""))
# What editors, Windows and old files do to a text.
SHAPES: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "tabs": lambda text: text.replace("    ", "\t").encode(),
    "form feed": lambda text: text.replace("\nwith", "\n\x0c\nwith").encode(),
    "no line end at the end": lambda text: text.rstrip("\n").encode(),
    "line separators in strings": lambda text: text.replace("naïve", "a\u2028b\x85c").encode(),
    "continued lines": lambda text: text.replace("deferrable", "\\\n        deferrable").encode(),
    "a call over several lines": lambda text: text.replace("(task_id", "(\n        task_id").encode(),
}


# What cases take of a module beside them.
HELPERS = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

JOBS = {"orders": 12, "stock": 13}
DEFAULTS = {"retries": 2, "dbt_cloud_conn_id": "finance"}


class Job(DbtCloudRunJobOperator):
    def __init__(self, **kwargs):
        super().__init__(dbt_cloud_conn_id="finance", **kwargs)


def job(name, job_id, wait=True):
    return DbtCloudRunJobOperator(task_id=f"dbt_{name}", job_id=job_id, wait_for_termination=wait)
"""
THROUGH_MODULES = """\
from datetime import datetime

from airflow import DAG
from helpers import DEFAULTS, JOBS, Job, job

with DAG("through", schedule=None, start_date=datetime(2024, 1, 1), default_args=DEFAULTS) as dag:
    first = Job(task_id="é", job_id=1)
    for name, number in JOBS.items():
        first >> job(name, number)
"""
BESIDE = {"wrappers": {"helpers.py": HELPERS}}


def texts(kind: str) -> Iterator[tuple[str, bytes, str]]:
    """The name and the text of each file, and the configuration that its case asks for."""
    if kind == "shapes":
        yield from ((name, shape(text), "") for name, shape in SHAPES.items() for text in SHAPED)
        return
    if kind == "wrappers":
        yield "a DAG through another module", THROUGH_MODULES.encode(), ""
        yield "a run that nobody waits for", THROUGH_MODULES.replace("number)", "number, wait=False)").encode(), ""
        return
    if kind == "fixtures":
        for path in sorted(path for folder in FIXTURES for path in (ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_bytes(), ""
        return
    folder = ROOT / "rules" if kind in ("notes", "rules") else ROOT / "tests" / kind
    for path in sorted(folder.rglob("*.md")):
        start, *cases = re.split(r"^(?=## )", path.read_text("utf-8"), flags=re.MULTILINE)
        preamble = "".join(_BLOCK.findall(start))
        for case in cases:
            if kind == "rules" and not case.startswith("## example\n"):
                continue
            asked = ((setting, re.search(rf"{word}: (\S+)", case)) for setting, word in _VERSIONS.items())
            versions = "".join(f'{setting} = "{version[1]}"\n' for setting, version in asked if version)
            for block in _BLOCK.findall(case):
                yield f"{path.relative_to(ROOT)}: {case.splitlines()[0]}", (preamble + block).encode(), versions


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/case.py"))


def parses(raw: bytes) -> bool:
    try:
        ast.parse(raw)
    except (SyntaxError, ValueError):
        return False
    return True


def lay_out(kind: str, settings: str, folder: Path) -> None:
    """Each file as ``case.py`` in a project of its own, of which the first line of ``offramp.toml`` tells the name."""
    for number, (name, raw, versions) in enumerate(texts(kind)):
        # What Python cannot parse, flake8 and Fixit report themselves.
        if parses(raw):
            project = folder / f"{number:04}"
            project.mkdir()
            (project / "case.py").write_bytes(raw)
            for beside, text in BESIDE.get(kind, {}).items():
                (project / beside).write_text(text)
            (project / "offramp.toml").write_text(f"# {name}\n{settings}{versions}", "utf-8")
    if settings:
        (folder / "offramp.toml").write_text(settings)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(
    ("kind", "settings", "codes"),
    [
        pytest.param("rules", "", {"OFR101", "OFR201", "OFR211", "OFR401"}, id="rules-default"),
        pytest.param("rules", EVERYTHING, {"OFR101", "OFR203", "OFR216", "OFR301", "OFR902"}, id="rules"),
        pytest.param("shapes", EVERYTHING, {"OFR101", "OFR201", "OFR202", "OFR301", "OFR902"}, id="shapes"),
        pytest.param("wrappers", EVERYTHING, {"OFR101", "OFR201", "OFR301"}, id="wrappers"),
        *(
            pytest.param(kind, EVERYTHING, codes, id=kind, marks=pytest.mark.everything)
            for kind, codes in (
                ("notes", {"OFR101", "OFR203", "OFR216", "OFR301", "OFR902"}),
                ("fixtures", {"OFR101", "OFR102", "OFR201", "OFR301"}),
                ("finding", {"OFR106", "OFR108", "OFR218", "OFR302", "OFR406"}),
                ("fixing", {"OFR101", "OFR102", "OFR211", "OFR213"}),
            )
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_all_see_and_mend_alike(
    kind: str, settings: str, codes: set[str], other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path.resolve()
    monkeypatch.chdir(folder)
    lay_out(kind, settings, folder)
    before = {path: Path(path).read_bytes() for path in files(folder)}
    ours = by_engine(folder)
    assert codes <= {code for _, code, _, _ in ours.places}
    assert ours.texts != before
    theirs = OTHERS[other](folder)
    assert theirs.places == ours.places
    if theirs.texts is not None:
        assert theirs.texts == ours.texts
