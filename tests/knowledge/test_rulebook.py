"""The rulebook takes shipped and user's notes together, refuses contradictions, and is compiled once."""

import marshal
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from offramp.knowledge.rulebook import Rulebook, load_rulebook, shipped_notes
from offramp.model import ArgumentRow, OfframpError

FIXTURES = Path(__file__).parents[1] / "fixtures"
SHIPPED = [str(FIXTURES / "notes" / "operators.md"), str(FIXTURES / "notes" / "detectors.md")]
ORIGINAL = str(FIXTURES / "original-note.md")
RUN_JOB = "airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator"
RUN_JOB_ALIAS = "airflow.providers.dbt.cloud.DbtCloudRunJobOperator"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("OFFRAMP_CACHE_DIR", str(folder))
    return folder


def section(name: str, **fields: str) -> str:
    text = "".join(f"## {field}\n{value}\n" for field, value in fields.items())
    return f"{{% section {name} %}}\n{text}{{% endsection %}}\n"


def checked(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "big") + body


def silent(sentence: str) -> None:
    raise AssertionError(sentence)


class Workshop:
    """Writes note files into one directory and loads them from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8", newline="")
        return name

    def load(self, *sections: str) -> Rulebook:
        return load_rulebook([self.write("my.md", "".join(sections))], self.warnings.append, shipped=SHIPPED)

    def refusal(self, *sections: str) -> str:
        with pytest.raises(OfframpError) as caught:
            self.load(*sections)
        return str(caught.value)

    def shipped_refusal(self, *sections: str) -> str:
        with pytest.raises(OfframpError) as caught:
            load_rulebook([], silent, shipped=[*SHIPPED, self.write("more.md", "".join(sections))])
        return str(caught.value)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.chdir(tmp_path)
    return Workshop(tmp_path)


class TestShippedNotes:
    def test_rules_are_in_the_order_of_their_codes(self) -> None:
        assert list(load_rulebook([], silent, shipped=SHIPPED).rules) == [
            "OFR101",
            "OFR107",
            "OFR108",
            "OFR201",
            "OFR202",
            "OFR203",
            "OFR204",
            "OFR211",
            "OFR212",
            "OFR213",
            "OFR214",
            "OFR215",
            "OFR216",
            "OFR217",
            "OFR218",
            "OFR301",
            "OFR302",
            "OFR303",
            "OFR401",
            "OFR402",
            "OFR403",
            "OFR404",
            "OFR405",
            "OFR406",
            "OFR800",
            "OFR901",
            "OFR902",
            "OFR903",
        ]

    def test_every_path_leads_to_its_section(self) -> None:
        assert load_rulebook([], silent, shipped=SHIPPED).operators == {
            "airflow.models.baseoperator.BaseOperator": "BaseOperator",
            RUN_JOB: "RunJob",
            RUN_JOB_ALIAS: "RunJob",
            "astronomer.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperatorAsync": "AsyncPair",
            "astronomer.providers.dbt.cloud.sensors.dbt.DbtCloudJobRunSensorAsync": "AsyncPair",
        }

    def test_needles_are_the_classes_that_report(self) -> None:
        assert load_rulebook([], silent, shipped=SHIPPED).needles() == (
            b"DbtCloudJobRunSensorAsync",
            b"DbtCloudRunJobOperator",
            b"DbtCloudRunJobOperatorAsync",
        )

    def test_own_rows_win_over_inherited(self) -> None:
        book = load_rulebook([], silent, shipped=SHIPPED)
        assert book.arguments(book.notes["AsyncPair"]) == {
            "job_id": ArgumentRow("job_id", "job_id", "", ""),
            "retries": ArgumentRow("retries", "task.retries", "1", "own row wins"),
            "check_interval": ArgumentRow("check_interval", "poll_frequency_seconds", "60", "`a | b`"),
            "task_id": ArgumentRow("task_id", "task.name", "", ""),
        }

    def test_knowledge_has_no_rule(self) -> None:
        book = load_rulebook([], silent, shipped=SHIPPED)
        base = book.note("airflow.models.baseoperator.BaseOperator")
        assert base is not None
        assert base.code == ""
        with pytest.raises(KeyError):
            book.rule_for(base)

    def test_unknown_path(self) -> None:
        assert load_rulebook([], silent, shipped=SHIPPED).note("airflow.operators.bash.BashOperator") is None

    def test_sections_without_operator_and_code_are_skipped(self) -> None:
        assert "a page about blocks" not in load_rulebook([], silent, shipped=SHIPPED).notes

    def test_the_real_notes_load(self) -> None:
        book = load_rulebook([], silent)
        assert RUN_JOB in book.operators
        assert all(note.shipped for note in book.notes.values())


class TestUsersNotes:
    def test_original_note_takes_the_shipped_code(self) -> None:
        told: list[str] = []
        book = load_rulebook([ORIGINAL], told.append, shipped=SHIPPED)
        note = book.note(RUN_JOB)
        assert note is not None
        assert told == [f"{ORIGINAL}:8: replaces the shipped note `RunJob`, OFR101"]
        assert (note.section, note.shipped, note.code) == ("DbtCloudRunJobOperator", False, "OFR101")
        assert "RunJob" not in book.notes
        assert book.rules["OFR101"].section == "DbtCloudRunJobOperator"

    def test_original_note_keeps_detection_and_the_fix(self) -> None:
        book = load_rulebook([ORIGINAL], lambda _: None, shipped=SHIPPED)
        note = book.note(RUN_JOB_ALIAS)
        assert note is not None
        assert note.roles == {RUN_JOB: "trigger", RUN_JOB_ALIAS: "trigger"}
        assert book.arguments(note)["task_id"].target == "task.name"
        assert book.arguments(note)["job_id"].target == "job_id"
        assert book.rule_for(note).message == "`{operator}` runs dbt Cloud job {job_id} and {waits}"
        assert note.fields["rewrite"] == load_rulebook([], silent, shipped=SHIPPED).notes["RunJob"].fields["rewrite"]
        assert note.fields["intent"].startswith("Triggers a dbt Cloud job")

    def test_sections_that_inherit_from_a_replaced_one(self) -> None:
        book = load_rulebook([ORIGINAL], lambda _: None, shipped=SHIPPED)
        pair = book.notes["AsyncPair"]
        assert pair.inherits == ("DbtCloudRunJobOperator",)
        assert book.arguments(pair)["job_id"].target == "job_id"

    def test_own_facts_win_over_the_shipped_ones(self, notes: Workshop) -> None:
        table = "| airflow | prefect | when absent | note |\n|---|---|---|---|\n| `job_id` | `selects` | | |"
        book = notes.load(section("Mine", operator=RUN_JOB, aliases="- my.Job", role="read", arguments=table))
        note = book.note(RUN_JOB_ALIAS)
        assert note is not None
        assert note.paths == (RUN_JOB, "my.Job", RUN_JOB_ALIAS)
        assert note.roles == {RUN_JOB: "read", "my.Job": "read", RUN_JOB_ALIAS: "trigger"}
        assert book.arguments(note)["job_id"].target == "selects"
        assert "check_interval" not in book.arguments(note)
        # The shipped message speaks of the shipped table.
        assert book.rule_for(note).message == "`{operator}` has a mapping note"

    @pytest.mark.parametrize(
        ("fields", "kept"),
        [
            ({}, True),
            ({"prefect_pattern": "One of ours.", "role": "trigger"}, True),
            ({"rewrite": "none"}, False),
            ({"rewrite": "run_job"}, False),
            ({"arguments": "| `job_id` | `job_id` | | |\n| `team` | dropped | | |"}, True),
            ({"arguments": "| `job` | `job_id` | | |\n| `job_id` | dropped | | |"}, True),
            ({"arguments": "| `job_id` | `parameters` | | |"}, False),
            ({"arguments": "| `job` | `job_id` | | |"}, False),
            ({"inherits": "- BaseOperator"}, False),
        ],
    )
    def test_shipped_rewrite_holds_unless_the_note_has_its_own(
        self, fields: dict[str, str], kept: bool, notes: Workshop
    ) -> None:
        if "arguments" in fields:
            fields = {
                "arguments": f"| airflow | prefect | when absent | note |\n|---|---|---|---|\n{fields['arguments']}"
            }
        note = notes.load(section("Mine", operator=RUN_JOB, **fields)).note(RUN_JOB)
        assert note is not None
        shipped = load_rulebook([], silent, shipped=SHIPPED).notes["RunJob"].fields["rewrite"]
        assert (note.fields.get("rewrite") == shipped) is kept

    def test_kind_is_that_of_the_shipped_note(self, notes: Workshop) -> None:
        path = "airflow.providers.standard.operators.bash.BashOperator"
        mine = notes.write("bash.md", section("Mine", operator=path, intent="Ours."))
        note = load_rulebook([mine], lambda _: None).note("airflow.operators.bash.BashOperator")
        assert note is not None
        assert (note.section, note.code, note.kind) == ("Mine", "OFR800", "bash")
        unwanted = notes.write("none.md", section("Mine", operator=path, rewrite="none"))
        assert load_rulebook([unwanted], lambda _: None).notes["Mine"].kind == ""

    def test_own_alias_has_the_role_of_its_operator(self, notes: Workshop) -> None:
        note = notes.load(section("Mine", operator=RUN_JOB, aliases="- my.Job")).note("my.Job")
        assert note is not None
        assert note.roles["my.Job"] == "trigger"

    def test_two_notes_share_a_replaced_section(self, notes: Workshop) -> None:
        book = notes.load(
            section("A", operator="astronomer.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperatorAsync"),
            section("B", operator="astronomer.providers.dbt.cloud.sensors.dbt.DbtCloudJobRunSensorAsync"),
        )
        assert [(note.section, note.code, len(note.paths)) for note in book.notes.values() if not note.shipped] == [
            ("A", "OFR107", 1),
            ("B", "OFR107", 1),
        ]
        assert list(book.notes["B"].roles.values()) == ["sensor"]
        assert book.rules["OFR107"].section == "A"

    def test_note_on_another_operator_reports_as_800(self, notes: Workshop) -> None:
        book = notes.load(section("Slow", operator="SlowOperator", module="company.operators", intent="Be slow."))
        note = book.note("company.operators.SlowOperator")
        assert note is not None
        assert note.code == "OFR800"
        assert book.rule_for(note).message == "`{operator}` has a mapping note"
        assert book.rule_for(note).section == "Slow"
        assert book.rules["OFR800"].section == "noted-operator"
        assert b"SlowOperator" in book.needles()
        assert notes.warnings == []

    def test_note_with_its_own_code_and_message(self, notes: Workshop) -> None:
        code = "OFR801 slow-operator\n- status: preview"
        book = notes.load(section("Slow", operator="company.SlowOperator", code=code, message="{operator} in {task}"))
        rule = book.rules["OFR801"]
        assert (rule.name, rule.status, rule.message) == ("slow-operator", "preview", "{operator} in {task}")

    def test_own_code_wins_over_the_replaced_one(self, notes: Workshop) -> None:
        book = notes.load(section("Mine", operator=RUN_JOB, code="OFR899 our-dbt"))
        assert book.rules["OFR899"].message == "`{operator}` runs dbt Cloud job {job_id} and {waits}"
        assert "OFR101" not in book.rules

    def test_note_on_shipped_knowledge_reports_as_800(self, notes: Workshop) -> None:
        book = notes.load(section("BaseOperator", operator="BaseOperator", module="airflow.models.baseoperator"))
        assert book.notes["BaseOperator"].code == "OFR800"
        assert notes.warnings == ["my.md:1: replaces the shipped note `BaseOperator`"]
        assert book.arguments(book.notes["RunJob"])["task_id"].target == "task.name"

    def test_user_may_inherit_shipped_rows(self, notes: Workshop) -> None:
        book = notes.load(section("Slow", operator="company.SlowOperator", inherits="- BaseOperator"))
        assert set(book.arguments(book.notes["Slow"])) == {"task_id", "retries"}


class TestContradictions:
    def test_one_operator_in_two_notes(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", operator="m.Op"), section("B", aliases="- m.Op", operator="n.Op"))
            == "my.md:7: `m.Op` is already noted in my.md:1"
        )

    def test_one_operator_in_two_shipped_notes(self, notes: Workshop) -> None:
        assert (
            notes.shipped_refusal(section("A", operator=RUN_JOB_ALIAS))
            == f"more.md:3: `{RUN_JOB_ALIAS}` is already noted in {SHIPPED[0]}:19"
        )

    def test_one_code_in_two_notes(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", operator="m.A", code="OFR801 a"), section("B", operator="m.B", code="OFR801 b"))
            == "my.md:11: code OFR801 is already used in my.md:1"
        )

    def test_one_section_name_in_two_files(self, notes: Workshop) -> None:
        files = [notes.write(name, section("A", operator=f"m.{name[0]}")) for name in ("a.md", "b.md")]
        with pytest.raises(OfframpError) as caught:
            load_rulebook(files, silent, shipped=SHIPPED)
        assert str(caught.value) == "b.md:1: section `A` is also in a.md:1"

    def test_name_of_a_shipped_section_on_another_operator(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("RunJob", operator="m.A"))
            == f"my.md:1: a shipped note is also named `RunJob`: {SHIPPED[0]}:19"
        )

    def test_operators_of_two_shipped_notes(self, notes: Workshop) -> None:
        alias = "- astronomer.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperatorAsync"
        assert (
            notes.refusal(section("Mine", operator=RUN_JOB, aliases=alias))
            == "my.md:3: the section covers operators of several shipped notes: `RunJob` and `AsyncPair`"
        )

    def test_code_without_operator_and_detector(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", code="OFR801 a"))
            == "my.md:3: a section with a code needs an operator or a detector"
        )

    def test_operator_and_detector(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", operator="m.A", code="OFR801 a", detector="double-wait"))
            == "my.md:7: a section has either an operator or a detector, not both"
        )

    def test_rule_that_has_the_name_of_a_trap(self, notes: Workshop) -> None:
        book = notes.load(section("A", operator="m.A", code="OFR801 double-wait"))
        assert (book.code("double-wait"), book.rules["OFR801"].name) == ("OFR204", "double-wait")

    def test_unknown_detector(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", code="OFR801 a", detector="triple-wait"))
            == "my.md:5: there is no detector `triple-wait`"
        )

    def test_detector_with_two_sections(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", code="OFR801 a", detector="derived-dbt-operator"))
            == f"my.md:5: detector `derived-dbt-operator` already belongs to {SHIPPED[1]}:1"
        )

    def test_detector_without_a_section(self) -> None:
        with pytest.raises(OfframpError) as caught:
            load_rulebook([], silent, shipped=SHIPPED[:1])
        assert str(caught.value) == f"{FIXTURES / 'notes'}:1: no section names the detector `noted-operator`"

    def test_shipped_rule_without_message(self, notes: Workshop) -> None:
        assert (
            notes.shipped_refusal(section("A", operator="m.A", code="OFR110 a"))
            == "more.md:5: a section with a code needs a message"
        )

    def test_unknown_kind(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", operator="m.A", kind="ruby"))
            == "my.md:5: kind `ruby` is not one of python, branch, short-circuit, bash, empty, nor one of these and "
            "`decorator`"
        )

    def test_unknown_slot_in_a_message(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", operator="m.A", message="{operator} does {job_id}"))
            == "my.md:5: nothing fills the slot {job_id} of `message`"
        )

    def test_detector_of_another_name_than_the_rule(self, notes: Workshop) -> None:
        detectors = Path(SHIPPED[1]).read_text().replace("OFR204 double-wait", "OFR204 second-wait")
        notes.write("detectors.md", detectors)
        line = detectors.splitlines().index("double-wait") + 1
        with pytest.raises(OfframpError) as caught:
            load_rulebook([], silent, shipped=[SHIPPED[0], "detectors.md"])
        sentence = "detector `double-wait` is not the name of the rule, `second-wait`"
        assert str(caught.value) == f"detectors.md:{line}: {sentence}"

    def test_unknown_slot_in_a_template(self, notes: Workshop) -> None:
        rewrite = 'call-to-flow {prose}\n```python\nrun({task}, {"a": 1}, {job})\n```'
        assert (
            notes.refusal(section("A", operator="m.A", rewrite=rewrite))
            == "my.md:5: nothing fills the slot {job} of `rewrite`"
        )

    def test_unknown_section_to_inherit_from(self, notes: Workshop) -> None:
        assert (
            notes.refusal(section("A", operator="m.A", inherits="- Base"))
            == "my.md:5: there is no section `Base` to inherit from"
        )

    def test_circle_of_inheritance(self, notes: Workshop) -> None:
        assert (
            notes.refusal(
                section("A", operator="m.A", inherits="- B"),
                section("B", operator="m.B", inherits="- C"),
                section("C", operator="m.C", inherits="- B"),
            )
            == "my.md:17: the section inherits from itself: A -> B -> C -> B"
        )


class TestFilesThatCannotBeRead:
    def refusal(self, path: str) -> str:
        with pytest.raises(OfframpError) as caught:
            load_rulebook([path], silent, shipped=SHIPPED)
        return str(caught.value)

    @pytest.mark.usefixtures("notes")
    def test_missing(self) -> None:
        assert self.refusal("none.md") == "none.md:1: cannot be read: No such file or directory"

    def test_directory(self, notes: Workshop) -> None:
        (notes.folder / "rules.md").mkdir()
        assert self.refusal("rules.md") == "rules.md:1: is not a file"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a POSIX thing")
    def test_pipe(self, notes: Workshop) -> None:
        os.mkfifo(notes.folder / "pipe.md")
        assert self.refusal("pipe.md") == "pipe.md:1: is not a file"

    def test_five_megabytes(self, notes: Workshop) -> None:
        notes.write("big.md", "text\n" * 1_000_000)
        assert self.refusal("big.md") == "big.md:1: is larger than 1 MB, too large for a mapping note"

    def test_binary(self, notes: Workshop) -> None:
        (notes.folder / "image.md").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
        assert self.refusal("image.md") == "image.md:3: is a binary file: it has a null byte"


def load_again(*paths: str) -> list[str]:
    """What a fresh process imported, and was told, when it loaded these notes."""
    code = (
        "import sys; from offramp.knowledge.rulebook import load_rulebook; told = [];"
        f"book = load_rulebook({list(paths)!r}, told.append, shipped={SHIPPED!r});"
        "print('parsed' if 'markdown_it' in sys.modules or 'yaml' in sys.modules else 'cached', *told, sep='\\n')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


class TestCompiledRulebook:
    def test_second_run_neither_parses_nor_forgets_the_warning(self) -> None:
        told = f"{ORIGINAL}:8: replaces the shipped note `RunJob`, OFR101"
        assert load_again(ORIGINAL) == ["parsed", told]
        assert load_again(ORIGINAL) == ["cached", told]

    def test_cached_rulebook_is_equal(self) -> None:
        first = load_rulebook([ORIGINAL], lambda _: None, shipped=SHIPPED)
        second = load_rulebook([ORIGINAL], lambda _: None, shipped=SHIPPED)
        assert first is not second
        for name in ("rules", "notes", "operators", "section_rules"):
            assert getattr(first, name) == getattr(second, name)
        assert list(first.notes) == list(second.notes)

    def test_an_edited_note_is_read_again(self, notes: Workshop) -> None:
        assert notes.load(section("A", operator="m.First")).note("m.First")
        book = notes.load(section("A", operator="m.Other"))
        assert book.note("m.Other")
        assert book.note("m.First") is None

    def test_notes_of_different_projects_do_not_evict_each_other(self, notes: Workshop, cache: Path) -> None:
        for name in ("a.md", "b.md", "a.md", "b.md"):
            load_rulebook([notes.write(name, section("A", operator="m.A"))], silent, shipped=SHIPPED)
        assert len(list(cache.iterdir())) == 2

    def test_a_shipped_file_given_as_the_users_is_not_mistaken(self, notes: Workshop) -> None:
        path = notes.write("more.md", section("A", operator="m.A"))
        assert load_rulebook([], silent, shipped=[*SHIPPED, path]).notes["A"].code == ""
        assert load_rulebook([path], silent, shipped=SHIPPED).notes["A"].code == "OFR800"

    @pytest.mark.parametrize(
        "damage",
        [
            lambda _good: b"",
            lambda good: good[:-1],
            lambda good: good + b" ",
            lambda good: good[:2000] + bytes([good[2000] ^ 1]) + good[2001:],
            lambda _good: b"{}",
            lambda _good: bytes(100_000),
            lambda _good: checked(b""),
            lambda _good: checked(b"\xff"),
            lambda _good: checked(marshal.dumps(None)),
            lambda _good: checked(marshal.dumps([])),
            lambda _good: checked(marshal.dumps({})),
        ],
        ids=["empty", "cut off", "more", "one bit", "text", "zeros", "no content", "content", "None", "list", "dict"],
    )
    def test_a_damaged_cache_is_made_anew(self, cache: Path, damage: Callable[[bytes], bytes]) -> None:
        load_rulebook([], silent, shipped=SHIPPED)
        (file,) = cache.iterdir()
        good = file.read_bytes()
        file.write_bytes(damage(good))
        assert "OFR101" in load_rulebook([], silent, shipped=SHIPPED).rules
        assert file.read_bytes() == good

    def test_a_cache_of_another_shape_is_made_anew(self, cache: Path) -> None:
        load_rulebook([], silent, shipped=SHIPPED)
        (file,) = cache.iterdir()
        good = file.read_bytes()
        content = marshal.loads(good[4:])
        content["notes"] = [["a.md", 1]]
        file.write_bytes(checked(marshal.dumps(content)))
        assert "OFR101" in load_rulebook([], silent, shipped=SHIPPED).rules
        assert file.read_bytes() == good

    def test_a_relative_cache_directory(self, notes: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OFFRAMP_CACHE_DIR", "here")
        load_rulebook([], silent, shipped=SHIPPED)
        assert len(list((notes.folder / "here").iterdir())) == 1

    @pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="their file names are Unicode")
    def test_a_note_whose_name_is_not_utf_8(self, notes: Workshop) -> None:
        path = os.fsdecode(b"\xff.md")
        notes.write(path, section("A", operator="m.A"))
        for _ in range(2):
            book = load_rulebook([path], silent, shipped=SHIPPED)
            assert book.notes["A"].file == path

    def test_a_cache_directory_that_cannot_be_made(self, cache: Path) -> None:
        cache.write_text("a file stands here")
        assert "OFR101" in load_rulebook([], silent, shipped=SHIPPED).rules

    def test_no_temporary_file_is_left_where_the_cache_cannot_be_replaced(self, cache: Path) -> None:
        load_rulebook([], silent, shipped=SHIPPED)
        (file,) = cache.iterdir()
        file.unlink()
        (file / "in the way").mkdir(parents=True)
        assert "OFR101" in load_rulebook([], silent, shipped=SHIPPED).rules
        assert list(cache.iterdir()) == [file]

    @pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these keep caches elsewhere")
    def test_where_the_cache_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OFFRAMP_CACHE_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        load_rulebook([], silent, shipped=SHIPPED)
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        load_rulebook([], silent, shipped=SHIPPED)
        assert len(list((tmp_path / "xdg" / "offramp").iterdir())) == 1
        assert len(list((tmp_path / "home" / ".cache" / "offramp").iterdir())) == 1


def test_the_shipped_notes_are_found() -> None:
    assert "airflow-dbt-cloud.md" in [os.path.basename(path) for path in shipped_notes()]
