"""What actions make of a text is what ``check --fix`` makes of it: on every fixture and every example of a note."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lsprotocol import types

from lsp.without_server import RESOLVING, edited, edits_of, folders, offered, opened, resolved
from offramp.engine import Context, fix_bytes
from offramp.frontends.lsp.documents import Checked
from offramp.frontends.lsp.folders import Folders
from offramp.knowledge.note_format import fenced_blocks
from offramp.knowledge.rulebook import load_rulebook
from offramp.project.index import Project
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

TESTS = Path(__file__).resolve().parents[1]
_MARK = re.compile(r"[ \t]*# OFR\d{3}(?: OFR\d{3})*[ \t]*$", re.MULTILINE)
_MOST = 20


def _texts() -> Iterator[object]:
    """Every text that tests of fixes have."""
    for folder in ("cases", "prefect_cases"):
        for path in sorted((TESTS / "fixing" / folder).glob("*.md")):
            preamble, *cases = re.split(r"^(?=## )", path.read_text("utf-8"), flags=re.MULTILINE)
            header = "".join(fenced_blocks(preamble))
            for case in cases:
                title, _, body = case.partition("\n")
                yield pytest.param(header + next(iter(fenced_blocks(body))), id=f"{path.stem}: {title[3:]}")
    for path in sorted((TESTS / "equivalence").glob("*/**/*.py")):
        text = path.read_text("utf-8")
        if "DbtCloud" in text or "dbt_cloud" in text:
            yield pytest.param(text, id=path.relative_to(TESTS).as_posix())
    for note in load_rulebook([], lambda _sentence: None).notes.values():
        for text in fenced_blocks(note.fields.get("example/before", "")):
            yield pytest.param(_MARK.sub("", text), id=note.section)


TEXTS = list(_texts())


class Workspace(NamedTuple):
    """A directory with a configuration, which both sides read once."""

    folders: Folders
    context: Context
    path: Path

    @classmethod
    def made(cls, directory: Path, *, converts: bool) -> Workspace:
        config = f'airflow-version = "3.0.6"\nconvert-dags = {str(converts).lower()}\n'
        (directory / "offramp.toml").write_text(config)
        settings = load(str(directory), {})
        rulebook = load_rulebook([], lambda _sentence: None)
        context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
        context.converts = None
        path = directory / "dag.py"
        context.project = Project([str(path)])
        return cls(folders(directory), context, path)

    def opened(self, text: str) -> Checked:
        return opened(self.path, text, workspace=self.folders)

    def fixed(self, text: str, *, unsafe: bool) -> str:
        """The text after ``offramp check --fix --convert-dags configured``."""
        result = fix_bytes(str(self.path), text.encode(), self.context, unsafe=unsafe, named=True)
        assert result.problem == ""
        return result.new_text.decode() if result.new_text is not None else text


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Where DAGs are not converted unasked."""
    return Workspace.made(tmp_path_factory.mktemp("keeping"), converts=False)


@pytest.fixture(scope="module")
def converting(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Where ``convert-dags = true``."""
    return Workspace.made(tmp_path_factory.mktemp("converting"), converts=True)


@pytest.mark.parametrize("text", TEXTS)
def test_fixing_all_is_what_fix_does(text: str, keeping: Workspace, converting: Workspace) -> None:
    for workspace in (keeping, converting):
        new = workspace.fixed(text, unsafe=False)
        checked = workspace.opened(text)
        actions = offered(checked, only=["source.fixAll"])
        assert [action.kind for action in actions] == (["source.fixAll.offramp"] if new != text else [])
        for action in actions:
            assert edited(text, edits_of(action, checked.uri)) == new


@pytest.mark.parametrize("text", TEXTS)
def test_quick_fixes_one_after_the_other_do_what_fix_does(text: str, converting: Workspace) -> None:
    now = text
    for _ in range(_MOST):
        checked = converting.opened(now)
        fixes = [action for action in offered(checked, only=["quickfix"], capabilities=RESOLVING) if is_fix(action)]
        if not fixes:
            break
        now = edited(now, edits_of(resolved(checked, fixes[0]), checked.uri))
    assert now == converting.fixed(text, unsafe=True)


def is_fix(action: types.CodeAction) -> bool:
    return action.command is None and not action.title.startswith("Suppress ")
