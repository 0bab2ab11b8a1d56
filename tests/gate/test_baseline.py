"""The baseline file and the comparison with it, without a run."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offramp.finding.baseline import (
    Entry,
    baseline_bytes,
    change_baseline,
    compare,
    entries_of,
    load_baseline,
    parse_baseline,
    renamed,
)
from offramp.model import FileResult, Finding, OfframpError, Span

TEXT = st.text(min_size=1, max_size=12)
ENTRIES = st.frozensets(st.builds(Entry, TEXT, TEXT, TEXT, st.integers(1, 3)), max_size=12)
HEAD = '[{"offramp-baseline": 1}\n'


def everything(_entry: Entry) -> bool:
    """Every entry was looked for."""
    return True


def finding(name: str, start: int = 0) -> Finding:
    return Finding("OFR301", Span(start, start), Span(start, start), "", name)


def result(path: str, *names: str) -> tuple[str, FileResult]:
    return path, FileResult(path, tuple(finding(name, start) for start, name in enumerate(names)))


@given(ENTRIES)
def test_what_is_written_is_read(entries: frozenset[Entry]) -> None:
    assert parse_baseline("b", baseline_bytes(entries)) == entries


@given(st.permutations(sorted({Entry("p", "OFR301", str(number % 4), number) for number in range(1, 9)})))
def test_the_order_of_entries_makes_no_difference(entries: list[Entry]) -> None:
    assert baseline_bytes(entries) == baseline_bytes(sorted(entries))


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@given(NAMES, st.data())
def test_moving_findings_makes_nothing_new(names: list[str], data: st.DataObject) -> None:
    accepted = frozenset(entries_of("p", result("p", *names)[1].findings))
    moved = data.draw(st.permutations(names))
    verdict = compare([result("p", *moved)], accepted, everything)
    assert (verdict.new, verdict.added, verdict.gone) == ((), (), ())


def test_an_entry_that_was_not_looked_for_is_known_where_it_is_found_and_never_gone() -> None:
    accepted = {Entry("p", "OFR301", "a"), Entry("p", "OFR301", "b"), Entry("q", "OFR301", "a")}
    verdict = compare([result("p", "a")], accepted, lambda _entry: False)
    assert (verdict.new, verdict.added, verdict.gone) == ((), (), ())
    assert [found.findings for found in verdict.known] == [result("p", "a")[1].findings]


@given(NAMES, NAMES)
def test_new_and_gone_are_what_the_multisets_differ_by(before: list[str], after: list[str]) -> None:
    accepted = frozenset(entries_of("p", result("p", *before)[1].findings))
    verdict = compare([result("p", *after)], accepted, everything)
    for name in "abc":
        more = after.count(name) - before.count(name)
        assert sum(entry.name == name for entry in verdict.added) == max(more, 0)
        assert sum(entry.name == name for entry in verdict.gone) == max(-more, 0)
    settled = (accepted - set(verdict.gone)) | set(verdict.added)
    again = compare([result("p", *after)], settled, everything)
    assert (again.new, again.gone) == ((), ())


def test_the_file_has_one_line_for_each_entry() -> None:
    entries = [Entry("z.py", "OFR301", "airflow"), Entry("données.py", "OFR301", "airflow.DAG", 2)]
    head, *lines, end = baseline_bytes(entries).decode().splitlines()
    assert (head, end) == ('[{"offramp-baseline": 1}', "]")
    assert sorted(filter(None, lines)) == [
        ',{"path": "données.py", "code": "OFR301", "name": "airflow.DAG", "nth": 2}',
        ',{"path": "z.py", "code": "OFR301", "name": "airflow"}',
    ]


@given(ENTRIES, ENTRIES)
def test_entries_keep_their_distance_whatever_comes_or_goes(some: frozenset[Entry], others: frozenset[Entry]) -> None:
    def places(entries: frozenset[Entry]) -> dict[str, int]:
        lines = baseline_bytes(entries, first).decode().splitlines()
        return {line: lines[:place].count("") for place, line in enumerate(lines[:-1]) if line}

    first = baseline_bytes(some)
    before, after = places(some), places(some | others)
    assert before.items() <= after.items()


@pytest.mark.parametrize(("number", "places"), [(0, 4096), (64, 8192), (500, 32768), (5000, 65536)])
def test_places_grow_with_the_first_entries_and_stay(number: int, places: int) -> None:
    entries = [Entry("p", "OFR301", "x", nth) for nth in range(1, number + 1)]
    first = baseline_bytes(entries)
    assert first.count(b"\n") == places + number + 2
    assert baseline_bytes(entries[:10], first).count(b"\n") == places + min(number, 10) + 2
    # What another program has formatted anew gets places anew.
    assert baseline_bytes(entries, first.replace(b"\n\n", b"\n")) == first


def test_a_line_that_stands_there_twice_says_the_same() -> None:
    line = ',{"path": "a", "code": "c", "name": "n"}\n'
    assert parse_baseline("b", f"{HEAD}{line}{line}]".encode()) == {Entry("a", "c", "n")}


def test_a_formatted_file_is_read_too() -> None:
    text = '[\n  {"offramp-baseline": 1},\n  {\n "name": "b", "path": "p", "code": "c"\n}\n]'
    assert parse_baseline("b", text.encode()) == {Entry("p", "c", "b")}


def test_names_that_are_not_utf_8_survive() -> None:
    entry = Entry("caf\udce9.py", "OFR301", "airflow")
    assert parse_baseline("b", baseline_bytes([entry])) == {entry}


def test_equal_findings_in_different_files_are_different() -> None:
    verdict = compare([result("b.py", "x")], {Entry("a.py", "OFR301", "x")}, everything)
    assert verdict.added == (Entry("b.py", "OFR301", "x"),)
    assert verdict.gone == (Entry("a.py", "OFR301", "x"),)


def test_of_equal_findings_the_last_is_new() -> None:
    verdict = compare([result("a.py", "x", "y", "x")], {Entry("a.py", "OFR301", "x")}, everything)
    assert [found.span.start for found in verdict.new[0].findings] == [1, 2]
    assert verdict.added == (Entry("a.py", "OFR301", "y"), Entry("a.py", "OFR301", "x", 2))


def test_a_gap_in_the_numbers_after_a_merge_is_no_difference() -> None:
    accepted = {Entry("a.py", "OFR301", "x", 1), Entry("a.py", "OFR301", "x", 3)}
    verdict = compare([result("a.py", "x", "x")], accepted, everything)
    assert (verdict.new, verdict.gone) == ((), ())
    verdict = compare([result("a.py", "x", "x", "x")], accepted, everything)
    assert verdict.added == (Entry("a.py", "OFR301", "x", 2),)


def test_renames_move_entries() -> None:
    entries = {Entry("a", "OFR301", "x"), Entry("b", "OFR301", "x")}
    assert renamed(entries, {"a": "c"}) == {Entry("c", "OFR301", "x"), Entry("b", "OFR301", "x")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "b:1: the baseline is not valid JSON: Expecting value"),
        ("{}", 'b:1: this is not a baseline: it does not begin with {"offramp-baseline": 1}'),
        ("[]", 'b:1: this is not a baseline: it does not begin with {"offramp-baseline": 1}'),
        ('[{"offramp-baseline": 2}]', "b:1: this is a baseline of version 2; this offramp knows version 1"),
        ('[{"offramp-baseline": true}]', "b:1: this is a baseline of version true; this offramp knows version 1"),
        (HEAD + ',{"path": "a"\n]', "b:3: the baseline is not valid JSON: Expecting ',' delimiter"),
        (HEAD + ",1\n]", "b:2: an entry has the keys path, code, name and nth"),
        (
            HEAD + ',{"path": "a", "code": "c", "name": "n", "line": 3}\n]',
            "b:2: an entry has the keys path, code, name and nth",
        ),
        (HEAD + ',{"path": "a", "code": "c"}\n]', "b:2: an entry needs the strings path, code and name"),
        (HEAD + ',{"path": "", "code": "c", "name": "n"}\n]', "b:2: an entry needs the strings path, code and name"),
        (
            HEAD + ',{"path": "a", "code": "c", "name": "n", "nth": 0}\n]',
            "b:2: `nth` of an entry is a number from 1 up",
        ),
        (
            HEAD + '\n\n,{"path": "a", "code": "c",\n"name": "n"}\n,\n  {"path": "a", "code": "c", "nth": 1}\n]',
            "b:7: an entry needs the strings path, code and name",
        ),
        (
            HEAD + '<<<<<<< HEAD\n,{"path": "a", "code": "c", "name": "n"}\n=======\n>>>>>>> other\n]',
            "b:2: this line marks an unresolved merge; `offramp gate --update` takes in both sides while it lasts",
        ),
        ("[" * 100_000, "b:1: the baseline is nested too deeply"),
    ],
)
def test_what_is_no_baseline_gives_one_sentence(text: str, said: str) -> None:
    with pytest.raises(OfframpError) as caught:
        parse_baseline("b", text.encode())
    assert str(caught.value) == said


def test_a_file_that_is_not_utf_8() -> None:
    with pytest.raises(OfframpError, match=r"^b:2: the baseline is not UTF-8$"):
        parse_baseline("b", HEAD.encode() + b"\xff")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OfframpError, match=r"cannot read the baseline: Is a directory$"):
        load_baseline(str(tmp_path))


def add(path: str, worker: int) -> None:
    for number in range(20):
        entry = Entry(f"{worker}.py", "OFR301", str(number))
        change_baseline(path, frozenset({entry}).union)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "offramp-baseline.json")
    workers = [multiprocessing.get_context("fork").Process(target=add, args=(path, worker)) for worker in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert len(load_baseline(path)) == 120
    assert [entry.name for entry in tmp_path.iterdir()] == ["offramp-baseline.json"]


def test_writing_keeps_links_and_modes_and_leaves_an_equal_file_alone(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    link = tmp_path / "offramp-baseline.json"
    link.symlink_to(real)
    change_baseline(str(link), lambda entries: entries | {Entry("a", "OFR301", "x")})
    assert link.is_symlink()
    real.chmod(0o600)
    change_baseline(str(link), lambda entries: entries | {Entry("b", "OFR301", "x")})
    assert real.stat().st_mode & 0o777 == 0o600
    before = real.stat()
    change_baseline(str(link), lambda entries: entries)
    assert (real.stat().st_ino, real.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
