"""The text layouts; the expected layouts were compared with what ruff 0.17 prints for the same places."""

from __future__ import annotations

from offramp.model import FileResult, Finding, Rule, Span
from offramp.output.plain_text import Paint, concise, grouped, statistics, summary
from offramp.output.plain_text import full as in_full

PLAIN = Paint(False)


def result(source: str, *marked: str, path: str = "dags/a.py") -> FileResult:
    """A result with one finding on the first place of each marked piece of the source."""
    raw = source.encode()
    findings = []
    for number, piece in enumerate(marked, 101):
        start = raw.index(piece.encode())
        span = Span(start, start + len(piece.encode()))
        findings.append(Finding(f"OFR{number}", span, span, f"`{piece}` is here", ""))
    return FileResult(path, tuple(findings), raw)


def full(source: str, marked: str) -> list[str]:
    return list(in_full([result(source, marked)], PLAIN))


def test_full_shows_two_lines_around_without_outer_blank_ones() -> None:
    assert full("a = 1\n \t\nb = 2\nrun = Op(x)\nc = 3\nd = 4\ne = 5\n", "Op") == [
        "OFR101 `Op` is here",
        " --> dags/a.py:4:7",
        "  |",
        "3 | b = 2",
        "4 | run = Op(x)",
        "  |       ^^",
        "5 | c = 3",
        "6 | d = 4",
        "  |",
        "",
    ]


def test_blank_lines_at_the_rim_are_left_out() -> None:
    assert full("a\n \n \t\nOp\n\n   \nb\n", "Op")[2:] == ["  |", "4 | Op", "  | ^^", ""]


def test_full_ends_with_the_carets_where_nothing_follows() -> None:
    assert full("Op()\n", "Op") == ["OFR101 `Op` is here", " --> dags/a.py:1:1", "  |", "1 | Op()", "  | ^^", ""]


def test_the_gutter_fits_the_longest_row_number() -> None:
    lines = full("x\n" * 8 + "Op\n" + "y\n", "Op")
    assert lines[1:] == [
        "  --> dags/a.py:9:1",
        "   |",
        " 7 | x",
        " 8 | x",
        " 9 | Op",
        "   | ^^",
        "10 | y",
        "   |",
        "",
    ]


def test_tabs_take_four_cells_and_east_asian_letters_two() -> None:
    assert full('\tf("日本", Op)\n', "Op")[3:5] == ['1 |     f("日本", Op)', "  |               ^^"]


def test_a_combining_accent_takes_no_cell() -> None:
    assert full("e\u0301 = Op\n", "Op")[3:5] == ["1 | e\u0301 = Op", "  |     ^^"]


def test_a_callee_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert full("(a\n .Op)()\n", "a\n .Op")[3:6] == ["1 | (a", "  |  ^", "2 |  .Op)()"]


def test_control_characters_do_not_reach_the_terminal() -> None:
    lines = full("x = '\x1b[31m'; Op()\x0c\n", "Op")
    assert lines[3] == "1 | x = '␛[31m'; Op()␌"
    assert lines[4] == "  |              ^^"


def test_a_message_stays_on_one_line() -> None:
    finding = Finding("OFR101", Span(0, 1), Span(0, 1), "job `a\nb`", "")
    assert list(concise([FileResult("a.py", (finding,), b"x\n")], PLAIN)) == ["a.py:1:1: OFR101 job `a␊b`"]


def test_a_very_long_line_is_cut_around_the_finding() -> None:
    lines = full("x" * 5000 + " Op " + "y" * 5000 + "\n", "Op")
    assert lines[1] == " --> dags/a.py:1:5002"
    assert len(lines[3]) < 200
    assert lines[3].index("Op") == lines[4].index("^^")


def test_a_file_without_text_has_a_place_but_no_excerpt() -> None:
    finding = Finding("OFR901", Span(0, 0), Span(0, 0), "cannot decode", "")
    assert list(in_full([FileResult("a.py", (finding,))], PLAIN)) == [
        "OFR901 cannot decode",
        " --> a.py:1:1",
        "",
    ]


def test_concise() -> None:
    shown = concise([result("é = Op\nPo\n", "Op", "Po")], PLAIN)
    assert list(shown) == ["dags/a.py:1:5: OFR101 `Op` is here", "dags/a.py:2:1: OFR102 `Po` is here"]


def test_grouped_aligns_the_places() -> None:
    shown = grouped([result("x\n" * 9 + "abcdefghi Op\nPo\n", "Op", "Po"), result("Op\n", "Op", path="b.py")], PLAIN)
    assert list(shown) == [
        "dags/a.py:",
        "  10:11 OFR101 `Op` is here",
        "  11:1  OFR102 `Po` is here",
        "",
        "b.py:",
        "  1:1 OFR101 `Op` is here",
        "",
    ]


def test_a_file_name_that_is_not_utf8_is_shown() -> None:
    assert list(concise([result("Op\n", "Op", path="caf\udce9.py")], PLAIN)) == ["caf\\xe9.py:1:1: OFR101 `Op` is here"]


def test_colour_marks_the_code_the_arrow_and_the_carets() -> None:
    lines = list(in_full([result("Op()\n", "Op")], Paint(True)))
    assert lines[0] == "\x1b[1;91mOFR101\x1b[0m \x1b[1m`Op` is here\x1b[0m"
    assert lines[1] == " \x1b[1;94m-->\x1b[0m dags/a.py:1:1"
    assert lines[4] == "  \x1b[1;94m|\x1b[0m \x1b[1;91m^^\x1b[0m"


def test_statistics_put_the_most_frequent_first() -> None:
    rules = {
        code: Rule(code, name, "stable", "0.1.0", True, "", "", "")
        for code, name in (("OFR101", "run-job"), ("OFR102", "sensor"), ("OFR103", "artifact"))
    }
    results = [result("a b c\n", "a", "b", "c"), result("a b\n", "a", "b"), result("a\n", "a")]
    assert statistics(results, rules) == [
        (3, "OFR101", "run-job"),
        (2, "OFR102", "sensor"),
        (1, "OFR103", "artifact"),
    ]


def test_the_summary_says_passed_only_when_something_was_checked_and_nothing_failed() -> None:
    one = [result("Op\n", "Op")]
    assert summary(one, 1, 0) == "Found 1 finding in 1 file (1 file checked)."
    assert summary([*one, result("a b\n", "a", "b")], 57, 0) == "Found 3 findings in 2 files (57 files checked)."
    assert summary([], 57, 0) == "All checks passed! (57 files checked)"
    assert summary([], 0, 0) == "Found nothing (0 files checked)."
    assert summary([], 2, 1) == "Found nothing (2 files checked). 1 problem made the check incomplete."
    assert summary(one, 2, 2) == ("Found 1 finding in 1 file (2 files checked). 2 problems made the check incomplete.")
