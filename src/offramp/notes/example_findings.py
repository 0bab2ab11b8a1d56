"""Findings of offramp in the examples of mapping notes, for their pages; above the engine, below the front ends."""

from __future__ import annotations

import ast
import os
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from offramp.engine import Context, check_bytes
from offramp.knowledge.assembly import read_note
from offramp.knowledge.note_format import fenced_blocks, parse_notes
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Note
from offramp.output.pages import Book, Family, Shown, unmarked
from offramp.reading.versions import find_versions
from offramp.settings import Settings

_DAG = """\
from datetime import datetime

from airflow import DAG
{imports}
with DAG("example", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
{tasks}"""


def book(rulebook: Rulebook, files: Sequence[str], sections: Iterable[str] | None = None) -> Book:
    """The pages of some note files; with ``sections``, only those sections' examples are looked at.

    Raises NoteError for a file that is not a note file.
    """
    families = [_family(path, rulebook) for path in files]
    own = {os.path.realpath(path) for path in files}
    rest = {note.file: None for note in rulebook.notes.values() if os.path.realpath(note.file) not in own}
    wanted = None if sections is None else frozenset(sections)
    notes = [note for family in families for note in family.notes if wanted is None or note.section in wanted]
    shown = {note.section: tuple(_shown(note, rulebook)) for note in notes}
    return Book(rulebook, families, [_family(path, rulebook) for path in rest], shown)


def _family(path: str, rulebook: Rulebook) -> Family:
    parsed = parse_notes(path, read_note(path), shipped=True)
    own = {section.note.section for section in parsed.sections}
    same = os.path.realpath(path)
    notes = [note for note in rulebook.notes.values() if note.section in own and os.path.realpath(note.file) == same]
    preamble = ""
    for piece in parsed.pieces:
        if piece.kind == "mark":
            break
        preamble += piece.text if piece.kind == "text" else ""
    title = str(parsed.front_matter.get("name") or os.path.splitext(os.path.basename(path))[0])
    return Family(path, title, preamble.strip(), tuple(sorted(notes, key=lambda note: note.line)))


def _shown(note: Note, rulebook: Rulebook) -> Iterator[Shown]:
    """Its first example as it stands and, where it holds tasks, as tasks of a DAG."""
    rule = rulebook.section_rules.get(note.section)
    befores = fenced_blocks(note.fields.get("example/before", ""))
    if rule is None or not befores:
        return
    text = unmarked(befores[0])
    # A folder of its own: what stands around the user's files must not change a page.
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(root=folder, fixed=True)
        enabled = frozenset(one.code for one in rulebook.rules.values() if one.default) | {rule.code}
        context = Context(settings, rulebook, enabled, find_versions(settings))
        name = "requirements.txt" if rule.manifests == "only" else "example.py"
        forms = [("As above", text)]
        if rule.is_to_convert:
            forms += [("As a task of a DAG", form) for form in _in_dag(text)]
        for form, code in forms:
            yield Shown(form, code, check_bytes(name, code.encode(), context, fixes=True).findings)


def _in_dag(text: str) -> Iterator[str]:
    """The code with its calls at the top as tasks of a DAG; nothing where it has none, or a DAG already."""
    tree = ast.parse(text)
    tasks = [
        node for node in tree.body if isinstance(node, (ast.Assign, ast.Expr)) and isinstance(node.value, ast.Call)
    ]
    if not tasks or "DAG(" in text:
        return
    lines = text.splitlines(keepends=True)
    first = tasks[0].lineno - 1
    yield _DAG.format(imports="".join(lines[:first]), tasks=textwrap.indent("".join(lines[first:]), "    "))
