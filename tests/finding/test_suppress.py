"""Suppression comments: which findings they take away, and which codes are reported as unused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from offramp.finding.suppress import ignored_with_reason, suppress
from offramp.model import Finding, Rule, Span
from offramp.reading.source import Source

CODES = ("OFR101", "OFR102", "OFR301", "OFR902")
RULES = {code: Rule(code, f"rule-{code[3:]}", "stable", "0.1.0", True, "{sentence}", "", "") for code in CODES}


def finding(text: str, code: str, callee: str = "call", statement: str = "") -> Finding:
    """A finding on ``callee``, whose statement is ``statement`` or the callee's line."""
    data = text.encode()
    start = data.index(callee.encode())
    first = data.index(statement.encode()) if statement else data.rfind(b"\n", 0, start) + 1
    last = first + len(statement.encode()) if statement else start + len(callee.encode())
    return Finding(code, Span(start, start + len(callee.encode())), Span(first, last), "", "")


def left(
    text: str, *findings: Finding, enabled: tuple[str, ...] = CODES, disable_noqa: bool = False
) -> list[tuple[str, str]]:
    """(code, text of the span) of what remains."""
    source = Source("dag.py", text.encode())
    found = suppress(source, findings, rules=RULES, enabled=enabled, disable_noqa=disable_noqa)
    return [(one.code, source.segment(one.span)) for one in found]


def sentences(text: str, *findings: Finding) -> list[str]:
    """What is found, and what is said of the comments."""
    source = Source("dag.py", text.encode())
    found = suppress(source, findings, rules=RULES, enabled=CODES)
    return [one.message or f"found {one.code}" for one in found]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# NoQA",
        "# noqa: OFR101",
        "# noqa:OFR101",
        "# noqa : OFR101",
        "# noqa: E501,OFR101",
        "# noqa: E501, OFR101",
        "# noqa: E501 OFR101",
        "# noqa: OFR101 because the sensor waits",
        "# noqa: OFR1",
        "# noqa: because",
        "# type: ignore # noqa: OFR101",
        "# why not  # noqa: E501  # noqa: OFR101",
        "# offramp: ignore",
        "# offramp:ignore[OFR101]",
        "# offramp: ignore[OFR101] the sensor waits",
        "# offramp: ignore[OFR102, OFR101]",
        "# OFFRAMP: IGNORE[OFR101]",
    ],
)
def test_comment_suppresses(comment: str) -> None:
    text = f"call()  {comment}\n"
    assert left(text, finding(text, "OFR101"), enabled=("OFR101",)) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: OFR102",
        "# noqa: E501",
        "# noqa: ofr101",
        "# noqa: E501OFR101",
        "# no qa",
        "# xnoqa",
        "# why noqa",
        "# offramp: ignore[OFR102]",
        "# offramp: ignored",
        "# offramp: ignore[]",
        "# offramp: ignore-this",
        "# offramp: skip-file",
        "# flake8: noqa",
        "# flake8: noqa: OFR101",
        '; x = "# noqa"',
        '; x = """\n# noqa\n# offramp: skip-file\n# flake8: noqa\n"""',
    ],
)
def test_comment_does_not_suppress(comment: str) -> None:
    text = f"call()  {comment}\n"
    assert left(text, finding(text, "OFR101"), enabled=("OFR101",)) == [("OFR101", "call")]


@pytest.mark.parametrize(
    ("text", "suppressed"),
    [
        ("x = (  # noqa\n    1,\n    call(),\n    2,\n)\n", True),
        ("x = (\n    1,  # noqa\n    call(),\n    2,\n)\n", False),
        ("x = (\n    1,\n    call(),  # noqa\n    2,\n)\n", True),
        ("x = (\n    1,\n    call(),\n    2,  # noqa\n)\n", False),
        ("x = (\n    1,\n    call(),\n    2,\n)  # noqa\n", True),
        ("# noqa\nx = (\n    1,\n    call(),\n    2,\n)\n# noqa\n", False),
    ],
)
def test_lines_that_count(text: str, suppressed: bool) -> None:
    statement = text[text.index("x = (") : text.index("\n)") + 2]
    assert left(text, finding(text, "OFR101", statement=statement)) == ([] if suppressed else [("OFR101", "call")])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_rows_are_those_of_the_parser(newline: str) -> None:
    text = newline.join(["é = '''", "# noqa", "'''", "\x0cother()", "call()  # noqa", ""])
    assert left(text, finding(text, "OFR101")) == []
    text = newline.join(["é = '''", "# noqa", "'''", "\x0cother()  # noqa", "call()", ""])
    assert left(text, finding(text, "OFR101", statement="call")) == [("OFR101", "call")]


@pytest.mark.parametrize("comment", ["# offramp: skip-file", "# flake8: noqa", "  # FLAKE8: NOQA", "# flake8=noqa"])
@pytest.mark.parametrize("template", ["{}\ncall()\n", "call()\n{}\n", "def f():\n    call()\n    {}\n"])
def test_file_comment_suppresses_all(comment: str, template: str) -> None:
    text = template.format(comment.strip() if template.startswith("def") else comment)
    assert left(text, finding(text, "OFR101")) == []


def test_file_comment_with_codes_suppresses_these() -> None:
    text = "call()\nother()\n# flake8: noqa: E501, OFR101\n"
    assert left(text, finding(text, "OFR101"), finding(text, "OFR102", "other")) == [("OFR102", "other")]


def test_only_codes_written_out_and_enabled_are_reported_unused() -> None:
    text = (
        "a = 'é'  # noqa: E501,OFR101, OFR102\n"
        "b = 1  # noqa: OFR3\n"
        "c = 1  # noqa\n"
        "d = 1  # offramp: ignore\n"
        "e = 1  # offramp: ignore[OFR301] old reason\n"
        "f = 1  # noqa: OFR999\n"
        "s = '# noqa: OFR101'\n"
        "call()  # noqa: OFR101,OFR102\n"
    )
    assert left(text, finding(text, "OFR101")) == [
        ("OFR902", "OFR101"),
        ("OFR902", "OFR102"),
        ("OFR902", "OFR301"),
        ("OFR902", "OFR999"),
        ("OFR902", "OFR102"),
    ]
    assert left(text, finding(text, "OFR101"), enabled=("OFR101", "OFR902")) == [
        ("OFR902", "OFR101"),
        ("OFR902", "OFR999"),
    ]
    assert left(text, finding(text, "OFR101"), enabled=("OFR101",)) == []


def test_unused_code_is_named_and_placed() -> None:
    source = Source("dag.py", b"x = 1\na = '\xc3\xa9'  # noqa: OFR101\n")
    (unused,) = suppress(source, [], rules=RULES, enabled=CODES)
    assert unused.message == "nothing here to suppress: OFR101"
    assert source.positions.location(unused.span.start) == (2, 18)
    assert source.segment(unused.statement) == "# noqa: OFR101"


WRITE = "this comment suppresses nothing in this form: write `# offramp: ignore[OFR101]`"
SKIP = "this comment suppresses nothing in this form: write `# offramp: skip-file` on a line of its own, without codes"
NO_RULE = "suppresses nothing: no rule has this code"


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("# offramp: ignore [OFR101]", WRITE),
        ("# offramp: ignore  [ OFR101 ] the sensor waits", WRITE),
        ("# offramp: ignore OFR101", WRITE),
        ("# offramp: ignore ofr101", WRITE),
        ("# offramp: ignore(OFR101)", WRITE),
        ("# offramp: ignore (OFR101)", WRITE),
        ("# offramp:ignore:OFR101", WRITE),
        ("# offramp: ignore=OFR101", WRITE),
        ("# offramp: ignore, OFR101", WRITE),
        ("# offramp: ignore - OFR101", WRITE),
        ("# offramp: ignore: the sensor waits", WRITE),
        ("# offramp: ignore {OFR101}", WRITE),
        ("# offramp: ignore 'OFR101'", WRITE),
        ("# offramp: ignore[OFR101", WRITE),
        ("# offramp: ignore[]", WRITE),
        ("# offramp: ignore[ , ]", WRITE),
        ("# offramp: ignore E501", WRITE),
        ("# offramp: ignore fire-and-forget-run", WRITE),
        ("# offramp: ignored[OFR101]", WRITE),
        ("# offramp: ignores", WRITE),
        ("# offramp: ignore-next", WRITE),
        ("# offramp: noqa", WRITE),
        ("# offramp: noqa[OFR101]", WRITE),
        ("# offramp: disable=OFR101", WRITE),
        ("# offramp: suppress OFR101", WRITE),
        ("# offramp ignore[OFR101]", WRITE),
        ("# offramp ignore OFR101", WRITE),
        ("# offramp=ignore[OFR101]", WRITE),
        ("# offramp: ignore[OFR999]", f"`OFR999` {NO_RULE}"),
        ("# offramp: ignore[ofr101]", f"`ofr101` {NO_RULE}; write `OFR101`"),
        ("# offramp: ignore[OFR1011]", f"`OFR1011` {NO_RULE}"),
        ("# offramp: ignore[rule-101]", f"`rule-101` {NO_RULE}; write `OFR101`"),
        ("# offramp: ignore[Rule-101]", f"`Rule-101` {NO_RULE}; write `OFR101`"),
        ("# offramp: ignore[rule-1O1]", f"`rule-1O1` {NO_RULE}"),
        ("# offramp: ignore[E501]", f"`E501` {NO_RULE}"),
        ("# offramp: ignore['OFR101']", f"`'OFR101'` {NO_RULE}"),
        ("# noqa: OFR999", f"`OFR999` {NO_RULE}"),
        ("# noqa: E501, OFR999", f"`OFR999` {NO_RULE}"),
        ("# noqa: ofr101", f"`ofr101` {NO_RULE}; write `OFR101`"),
        ("# noqa: OFR1011", f"`OFR1011` {NO_RULE}"),
        (
            "# offramp: skip-file",
            SKIP,
        ),
        ("# flake8: noqa: OFR101", "this comment suppresses nothing: `# flake8: noqa` stands on a line of its own"),
    ],
)
def test_a_comment_that_suppresses_nothing_says_so(comment: str, sentence: str) -> None:
    text = f"call()  {comment}\n"
    assert sentences(text, finding(text, "OFR101")) == ["found OFR101", sentence]
    assert sentences(f"x = 1\n{text}".replace("call()", "x = 2")) == [sentence]


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("# noqa OFR101", "this comment suppresses every rule here: write `# noqa: OFR101`"),
        ("# noqa [OFR101]", "this comment suppresses every rule here: write `# noqa: OFR101`"),
        ("# noqa[OFR101]", "this comment suppresses every rule here: write `# noqa: OFR101`"),
        ("# noqa(OFR102)", "this comment suppresses every rule here: write `# noqa: OFR102`"),
        ("# noqa: [ofr101]", "this comment suppresses every rule here: write `# noqa: OFR101`"),
        ("# noqa - OFR101", "this comment suppresses every rule here: write `# noqa: OFR101`"),
        ("# noqa: OFR", "this comment suppresses every rule here: write `# noqa: OFR101`"),
    ],
)
def test_a_noqa_that_suppresses_more_than_it_names_says_so(comment: str, sentence: str) -> None:
    text = f"call()  {comment}\n"
    assert sentences(text, finding(text, "OFR101"), finding(text, "OFR102")) == [sentence]


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("# flake8: noqa OFR101", ["this comment suppresses every rule in this file: write `# flake8: noqa: OFR101`"]),
        ("# flake8: noqa[OFR101]", ["this comment suppresses every rule in this file: write `# flake8: noqa: OFR101`"]),
        ("# flake8: noqa: OFR999", ["found OFR101", f"`OFR999` {NO_RULE}"]),
        (
            "# offramp: skip-file OFR101",
            [
                "found OFR101",
                SKIP,
            ],
        ),
        (
            "# offramp: skip_file",
            [
                "found OFR101",
                SKIP,
            ],
        ),
    ],
)
def test_a_comment_for_the_file_that_does_not_do_what_it_says(comment: str, sentence: list[str]) -> None:
    text = f"call()\n{comment}\n"
    assert sentences(text, finding(text, "OFR101")) == sentence


@pytest.mark.parametrize(
    "comment",
    [
        "# offramp: ignore the sensor waits",
        "# offramp: ignore (the sensor waits)",
        "# offramp: ignore - the sensor waits for it",
        "# offramp: ignore, since the sensor waits",
        "# offramp: ignore  # noqa: E501",
        "# offramp: ignore[OFR101]: see OFR102",
        "# offramp: ignore[OFR1]",
        "# offramp: ignore[OFR]",
        "# noqa: E501",
        "# noqa: because OFR101 waits",
        "# noqa - the sensor waits",
        "# noqa[E501]",
        "# noqa: ABC999",
        "# NOQA:OFR10",
    ],
)
def test_other_comments_are_left_alone(comment: str) -> None:
    text = f"call()  {comment}\n"
    assert [one for one in sentences(text, finding(text, "OFR101")) if not one.startswith("found")] == []


@pytest.mark.parametrize(
    "comment",
    [
        "# offramp is ignored here",
        "# what offramp ignores",
        "# offramp: converted by hand",
        "# offramp ignores this",
        "# pylint: disable=OFR101",
        "# ruff: noqa: OFR101",
        '; x = "# offramp: ignore [OFR101] # noqa: OFR999"',
    ],
)
def test_what_is_no_suppression_is_none(comment: str) -> None:
    text = f"call()  {comment}\n"
    assert sentences(text, finding(text, "OFR101")) == ["found OFR101"]


def test_what_is_wrong_is_not_said_where_its_own_code_is_suppressed_or_off() -> None:
    text = "call()  # offramp: ignore OFR101  # noqa: OFR902\n"
    assert sentences(text, finding(text, "OFR101")) == ["found OFR101"]
    text = "call()  # offramp: ignore OFR101\n"
    assert left(text, finding(text, "OFR101"), enabled=("OFR101",)) == [("OFR101", "call")]
    assert left(text, finding(text, "OFR101"), disable_noqa=True) == [("OFR101", "call")]


def test_unused_file_level_code_is_reported() -> None:
    assert left("# flake8: noqa: OFR101\nx = 1\n") == [("OFR902", "OFR101")]


def test_unused_report_is_suppressed_by_its_own_code_only() -> None:
    assert left("x = 1  # noqa: OFR101, OFR902\n") == []
    assert left("x = 1  # noqa: OFR101  # offramp: ignore\n") == [("OFR902", "OFR101")]


def test_first_and_last_line_comments_are_both_used() -> None:
    text = "x = call(  # noqa: OFR101\n)  # offramp: ignore[OFR101]\n"
    assert left(text, finding(text, "OFR101", statement=text[:28])) == []


def test_disable_noqa_ignores_every_comment() -> None:
    text = "# offramp: skip-file\ncall()  # noqa: OFR101, OFR102\n"
    assert left(text, finding(text, "OFR101"), disable_noqa=True) == [("OFR101", "call")]


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# offramp: ignore[OFR101] reports only", "reports only"),
        ("# offramp:ignore[OFR102, OFR101]  reports only  ", "reports only"),
        ("# OFFRAMP: Ignore[OFR101] reports only", "reports only"),
        ("# type: ignore  # offramp: ignore[OFR101] reports only  # noqa: E501", "reports only"),
        ("# offramp: ignore[OFR101]: reports only", "reports only"),
        ("# offramp: ignore[OFR101] -- reports only", "reports only"),
        ("# offramp: ignore[OFR101] — nur Berichte, s. #12", "nur Berichte, s. #12"),
        ("# offramp: ignore[OFR101] (TICKET-12)", "(TICKET-12)"),
        ("# offramp: ignore[OFR102] other  # offramp: ignore[OFR101] reports only", "reports only"),
        ("# offramp: ignore[OFR101] first  # offramp: ignore[OFR102] second", "first"),
        ("# offramp: ignore[OFR101]", ""),
        ("# offramp: ignore[OFR101]  ", ""),
        ("# offramp: ignore[OFR101] --", ""),
        ("# offramp: ignore[OFR101]  # noqa: E501", ""),
        ("# offramp: ignore[OFR101]  #noqa", ""),
        ("# offramp: ignore[OFR102] reports only", ""),
        ("# offramp: ignore[OFR1] reports only", ""),
        ("# offramp: ignore[] reports only", ""),
        ("# offramp: ignore reports only", ""),
        ("# offramp: skip-file reports only", ""),
        ("# noqa: OFR101 reports only", ""),
        ("# reports only  # offramp: ignore[OFR101]", ""),
        ('; x = "# offramp: ignore[OFR101] reports only"', ""),
    ],
)
def test_a_comment_that_names_the_code_may_give_a_reason(comment: str, reason: str) -> None:
    source = Source("dag.py", f"call()  {comment}\n".encode())
    assert ignored_with_reason(source, "OFR101", Span(0, 4), Span(0, 6)) == reason


@pytest.mark.parametrize("row", range(1, 7))
def test_a_reason_counts_on_the_lines_that_suppress(row: int) -> None:
    lines = ["x = [", "    1,", "    call(", "        2,", "    )]", "y = 1"]
    lines[row - 1] += "  # offramp: ignore[OFR101] reports only"
    source = Source("dag.py", "\n".join(lines).encode())
    start = source.utf8.index(b"call")
    end = source.positions.offset(5, len("    )]"))
    reason = ignored_with_reason(source, "OFR101", Span(start, start + 4), Span(0, end))
    assert reason == ("reports only" if row in {1, 3, 5} else "")


def test_tokenizer_is_not_imported_without_a_mark() -> None:
    program = (
        "import sys\n"
        "from offramp.finding.suppress import suppress\n"
        "from offramp.model import Finding, Span\n"
        "from offramp.reading.source import Source\n"
        "text = b'call() # a comment\\n'\n"
        "found = suppress(Source('a.py', text), [Finding('OFR101', Span(0, 4), Span(0, 6), '', '')],"
        " rules={}, enabled=('OFR101',))\n"
        "print(len(found), 'tokenize' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout == "1 False\n", run.stderr


SPELLINGS = [
    "# noqa",
    "# noqa: F401",
    "# NOQA:F401,E501",
    "# noqa: E501 F401",
    "# noqa: F401 because",
    "# noqa: f401",
    "# noqa: F4",
    "# noqa: because",
    "# noqa: E501F401",
    "# noqa: E501",
    "# why noqa",
    "# xnoqa",
    "# noqa: E501;F401",
]


def test_what_flake8_suppresses_is_suppressed(tmp_path: Path) -> None:
    """One file through the real flake8: each line that it takes as suppressed is so here, and no other."""
    text = "".join(f"import a{number}  {comment}\n" for number, comment in enumerate(SPELLINGS))
    (tmp_path / "a.py").write_text(text)
    flake8 = shutil.which("flake8", path=str(Path(sys.executable).parent))
    assert flake8
    run = subprocess.run(
        [flake8, "--isolated", "--select=F401", "--format=%(row)d", "a.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    source = Source("a.py", text.encode())
    spans = [Span(text.index(f"import a{number} "), text.index(f"import a{number} ") + 6) for number in range(13)]
    findings = [Finding("F401", span, span, "", "") for span in spans]
    kept = suppress(source, findings, rules=RULES, enabled=CODES)
    assert [source.positions.row(one.span.start) for one in kept] == [int(row) for row in run.stdout.split()]
