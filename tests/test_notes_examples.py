"""Every example in a shipped note is true: what it marks is flagged, and nothing else."""

import re
from pathlib import Path

import pytest

from offramp import settings
from offramp.engine import Context, check_bytes, fix_bytes
from offramp.knowledge.note_format import fenced_blocks
from offramp.knowledge.rulebook import Rulebook, load_rulebook
from offramp.model import Note
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions

_USES = "OFR1"
_MARK = re.compile(r"# (OFR\d{3}(?: OFR\d{3})*)$")


def warn(sentence: str) -> None:
    raise AssertionError(sentence)


RULEBOOK: Rulebook = load_rulebook([], warn)
REPORTING = [note for note in RULEBOOK.notes.values() if note.code]


def blocks(note: Note, field: str) -> list[str]:
    return list(fenced_blocks(note.fields.get(field, "")))


def found(code: str, folder: Path, asked: str, rulebook: Rulebook = RULEBOOK) -> set[tuple[int, str]]:
    """Row and code of each finding of the default rules and the rule asked for."""
    chosen = settings.load(str(folder), {})
    enabled = {rule.code for rule in rulebook.rules.values() if rule.default} | {asked}
    raw = code.encode()
    name = "requirements.txt" if asked in ("OFR303", "OFR404") else "example.py"
    result = check_bytes(name, raw, Context(chosen, rulebook, frozenset(enabled), find_versions(chosen)))
    assert result.problem == ""
    positions = Positions(raw)
    return {(positions.row(finding.span.start), finding.code) for finding in result.findings}


def marked(code: str) -> set[tuple[int, str]]:
    """Row and code of each trailing `# OFR101` or `# OFR101 OFR201`."""
    return {
        (row, code)
        for row, line in enumerate(code.splitlines(), 1)
        if (match := _MARK.search(line))
        for code in match[1].split()
    }


def uses(note: Note) -> set[str]:
    """The rules that report what runs dbt, without which a trap cannot be shown."""
    return set() if note.code.startswith(_USES) else {other.code for other in REPORTING if other.code.startswith(_USES)}


def cases(field: str) -> list[object]:
    """A test case of note and code for each block of one field."""
    return [pytest.param(note, code, id=note.code) for note in REPORTING for code in blocks(note, field)]


@pytest.mark.parametrize(("note", "code"), cases("example/before"))
def test_before_is_flagged_where_it_is_marked(note: Note, code: str, tmp_path: Path) -> None:
    assert note.code in {code for _, code in marked(code)}
    assert found(code, tmp_path, note.code) == marked(code)


@pytest.mark.parametrize(("note", "code"), cases("example/after"))
def test_after_is_silent(note: Note, code: str, tmp_path: Path) -> None:
    assert {(row, code) for row, code in found(code, tmp_path, note.code) if code not in uses(note)} == set()


@pytest.mark.parametrize("note", [note for note in REPORTING if "rewrite" in note.fields], ids=lambda note: note.code)
def test_the_fix_of_before_is_after(note: Note, tmp_path: Path) -> None:
    chosen = settings.load(str(tmp_path), {})
    enabled = frozenset(rule.code for rule in RULEBOOK.rules.values() if rule.default) | {note.code}
    context = Context(chosen, RULEBOOK, enabled, find_versions(chosen))
    (before,), (after,) = blocks(note, "example/before"), blocks(note, "example/after")
    unmarked = re.sub(r"  # OFR\d{3}.*", "", before)
    result = fix_bytes("example.py", unmarked.encode(), context, unsafe=True)
    assert result.problem == ""
    assert result.new_text is not None
    assert result.new_text.decode() == after
    again = fix_bytes("example.py", result.new_text, context, unsafe=True)
    assert again.new_text is None


@pytest.mark.parametrize(("note", "code"), cases("not_flagged"))
def test_what_a_rule_lets_pass_is_silent(note: Note, code: str, tmp_path: Path) -> None:
    assert {(row, code) for row, code in found(code, tmp_path, note.code) if code not in uses(note)} == set()


@pytest.mark.parametrize("note", REPORTING, ids=lambda note: note.code)
def test_every_rule_on_code_has_examples(note: Note) -> None:
    about_notes = note.code in {"OFR800", "OFR903"}
    assert bool(blocks(note, "example/before")) is not about_notes
    assert bool(blocks(note, "not_flagged")) is not about_notes


def test_the_note_that_800_shows_makes_a_rule(tmp_path: Path) -> None:
    (text,) = blocks(RULEBOOK.notes["noted-operator"], "source_context")
    (tmp_path / "acme.md").write_text(text, encoding="utf-8")
    rulebook = load_rulebook([str(tmp_path / "acme.md")], warn)
    code = "from acme.operators import NightlyDbtOperator as Nightly\n\nnightly = Nightly(task_id='nightly')\n"
    assert found(code, tmp_path, "OFR800", rulebook) == {(3, "OFR800")}
    assert found(code, tmp_path, "OFR800") == set()
