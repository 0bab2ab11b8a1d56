"""A comment that suppresses one finding stands where offramp looks for it, and never in the code."""

from __future__ import annotations

import pytest

from offramp import settings
from offramp.editing.edits import apply, between
from offramp.editing.noqa import noqa
from offramp.engine import Context, check_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Edit, Span
from offramp.reading.source import Source
from offramp.reading.versions import find_versions

IMPORT = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as Op\n"

CASES = {
    "at the end of the line": ('Op(task_id="a", job_id=1)\n', 'Op(task_id="a", job_id=1)  # noqa: OFR101\n'),
    "without a line end": ('Op(task_id="a", job_id=1)', 'Op(task_id="a", job_id=1)  # noqa: OFR101'),
    "in place of blanks": ('Op(task_id="a", job_id=1) \t\r\n', 'Op(task_id="a", job_id=1)  # noqa: OFR101\r\n'),
    "on the finding's own line": (
        'x = [\n    Op(\n        task_id="a", job_id=1\n    )\n]\n',
        'x = [\n    Op(  # noqa: OFR101\n        task_id="a", job_id=1\n    )\n]\n',
    ),
    "behind another comment": (
        'Op(task_id="a", job_id=1)  # type: ignore\n',
        'Op(task_id="a", job_id=1)  # type: ignore  # noqa: OFR101\n',
    ),
    "in a comment that suppresses other codes": (
        'Op(task_id="a", job_id=1)  # noqa: E501 a reason\n',
        'Op(task_id="a", job_id=1)  # noqa: E501, OFR101 a reason\n',
    ),
    "in a comment in offramp's own form": (
        'Op(task_id="a", job_id=1)  # offramp: ignore[OFR201] a reason\n',
        'Op(task_id="a", job_id=1)  # offramp: ignore[OFR201, OFR101] a reason\n',
    ),
    "in a comment on the statement's last line": (
        'Op(\n    task_id="a",\n    job_id=1,\n)  # noqa: E501\n',
        'Op(\n    task_id="a",\n    job_id=1,\n)  # noqa: E501, OFR101\n',
    ),
    "not in a string": (
        'x = Op(task_id="""a\n# noqa: E501\n""", job_id=1)\n',
        'x = Op(task_id="""a\n# noqa: E501\n""", job_id=1)  # noqa: OFR101\n',
    ),
    "not behind a backslash": (
        'x = Op(task_id="a", job_id=1), \\\n    1\n',
        'x = Op(task_id="a", job_id=1), \\\n    1  # noqa: OFR101\n',
    ),
    "not in an f-string": (
        'x = f"""\n{Op(task_id="a", job_id=1)}\n"""\n',
        'x = f"""\n{Op(task_id="a", job_id=1)}\n"""  # noqa: OFR101\n',
    ),
    "behind what takes more than one byte": (
        'Op(task_id="a", job_id=1); "日本 🙂"\n',
        'Op(task_id="a", job_id=1); "日本 🙂"  # noqa: OFR101\n',
    ),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES)
def test_the_comment_stands_where_it_counts(code: str, expected: str) -> None:
    context = _context()
    source = Source("dag.py", (IMPORT + code).encode())
    (finding,) = check_bytes("dag.py", source.raw, context).findings
    edit = noqa(source, finding)
    assert edit is not None
    changed = apply(source.utf8, [edit])
    assert changed.decode() == IMPORT + expected
    assert check_bytes("dag.py", changed, context).findings == ()


def test_where_no_line_can_take_a_comment_there_is_none() -> None:
    source = Source(
        "dag.py", (IMPORT + 'x = """\n""", Op(task_id="a", job_id=1), """\n""", \\\n"""\n"""\\\n\n').encode()
    )
    (finding,) = check_bytes("dag.py", source.raw, _context()).findings
    assert noqa(source, finding) is None


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", []),
        ("a\nb\nc\n", "a\nB\nc\n", [Edit(Span(2, 4), "B\n")]),
        ("a\nb\n", "x\na\nb\ny", [Edit(Span(0, 0), "x\n"), Edit(Span(4, 4), "y")]),
        ("é\r\nb\r\nc", "é\r\nc", [Edit(Span(4, 7), "")]),
    ],
)
def test_the_edits_between_two_texts_are_of_whole_lines(before: str, after: str, edits: list[Edit]) -> None:
    assert between(before.encode(), after.encode()) == edits


def _context() -> Context:
    chosen = settings.load("/", {}, isolated=True)
    return Context(chosen, load_rulebook([], _no_sentence), frozenset({"OFR101"}), find_versions(chosen))


def _no_sentence(sentence: str) -> None:
    raise AssertionError(sentence)
