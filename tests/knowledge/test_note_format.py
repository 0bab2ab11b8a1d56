"""A note file is read without losing a byte, and a bad one is refused in one sentence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offramp.knowledge.note_format import NoteError, Section, fenced_blocks, parse_notes, slots
from offramp.model import ArgumentRow

ORIGINAL = Path(__file__).parents[1] / "fixtures" / "original-note.md"


def only_section(text: str, *, shipped: bool = False) -> Section:
    (section,) = parse_notes("my.md", text.encode(), shipped=shipped).sections
    return section


def section_of(fields: str) -> str:
    return f"{{% section S %}}\n{fields}\n{{% endsection %}}\n"


def refusal(text: str | bytes, *, shipped: bool = False) -> str:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(NoteError) as caught:
        parse_notes("my.md", data, shipped=shipped)
    return str(caught.value)


class TestOriginalNote:
    def test_keeps_every_byte(self) -> None:
        data = ORIGINAL.read_bytes()
        assert parse_notes("original.md", data).to_bytes() == data

    def test_front_matter(self) -> None:
        assert parse_notes("original.md", ORIGINAL.read_bytes()).front_matter == {
            "name": "dbt Provider Operator Mappings",
            "colin": {"output": {"format": "json"}},
        }

    def test_fields(self) -> None:
        (section,) = parse_notes("original.md", ORIGINAL.read_bytes()).sections
        note = section.note
        assert (note.section, note.line, note.operator) == ("DbtCloudRunJobOperator", 8, "DbtCloudRunJobOperator")
        assert note.paths == ("airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator",)
        assert list(note.fields) == [
            "operator",
            "module",
            "intent",
            "source_context",
            "prefect_pattern",
            "prefect_package",
            "prefect_import",
            "example",
            "example/before",
            "example/after",
            "notes",
            "related_concepts",
        ]
        assert note.fields["prefect_package"] == "prefect-dbt[cloud]"
        assert note.fields["related_concepts"] == (
            "- prefect-dbt-cloud\n- dbt-cloud-credentials\n- trigger-and-wait-pattern"
        )
        assert note.fields["notes"].endswith("specifically maps to the Cloud API approach")
        assert (note.code, note.arguments, note.inherits, note.roles) == ("", (), (), {})
        assert section.rule is None

    def test_code_of_the_example(self) -> None:
        (section,) = parse_notes("original.md", ORIGINAL.read_bytes()).sections
        (before,) = fenced_blocks(section.note.fields["example/before"])
        assert before.startswith("from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n\nrun")
        assert before.endswith("    wait_for_termination=True,\n)\n")

    @pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
    def test_other_newlines_and_byte_order_mark(self, newline: bytes) -> None:
        data = b"\xef\xbb\xbf" + ORIGINAL.read_bytes().replace(b"\n", newline)
        parsed = parse_notes("original.md", data)
        assert parsed.to_bytes() == data
        assert parsed.sections[0].note.operator == "DbtCloudRunJobOperator"
        assert len(parsed.sections[0].note.fields) == 12
        assert fenced_blocks(parsed.sections[0].note.fields["example/before"])[0].endswith("=True,\n)\n")


LINES = st.sampled_from(
    [
        "---",
        "{% section A %}",
        "{%- section B -%}",
        "{% endsection %}",
        "## operator",
        "## notes",
        "### before",
        "```python",
        "```",
        "~~~~",
        "- a bullet",
        "  - ```",
        "    indented",
        "| a | b |",
        "|---|---|",
        "text \u2028 with \x0c odd \x85 blanks",
        "ünïcode 🚀",
        "",
        "> quoted",
        "<!-- comment",
        "a: b",
    ]
)


@given(st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"]))), st.booleans(), st.booleans())
def test_every_file_is_kept_or_refused(lines: list[tuple[str, str]], bom: bool, ends: bool) -> None:
    text = "".join(line + end for line, end in lines)
    data = (b"\xef\xbb\xbf" if bom else b"") + (text if ends else text.rstrip("\r\n")).encode()
    try:
        parsed = parse_notes("my.md", data)
    except NoteError as error:
        file, line, sentence = str(error).split(":", 2)
        assert file == "my.md"
        assert 1 <= int(line) <= len(lines)
        assert "\n" not in sentence
    else:
        assert parsed.to_bytes() == data


@given(st.text(max_size=200))
def test_any_text_is_kept_or_refused(text: str) -> None:
    data = text.encode("utf-8", "replace")
    try:
        parsed = parse_notes("my.md", data)
    except NoteError:
        return
    assert parsed.to_bytes() == data


class TestFences:
    @pytest.mark.parametrize(
        "fence",
        [
            "```\n## not a field\n- not a bullet\n{% endsection %}\n```",
            "~~~ markdown\n## not a field\n{% section X %}\n~~~",
            "````\n```\n## not a field\n```\n{% endsection %}\n````",
            "- item:\n  ```\n  ## not a field\n  {% endsection %}\n  ```",
        ],
    )
    def test_protect_headings_and_marks(self, fence: str) -> None:
        section = only_section(section_of(f"## notes\n{fence}\n\n## intent\nto wait"))
        assert section.note.fields == {"notes": fence, "intent": "to wait"}

    def test_bullets_in_a_fence_are_not_aliases(self) -> None:
        section = only_section(
            section_of("## operator\nm.Op\n## aliases\n- a.Op\n```\n- b.Op\n```\n- c.Op\n  - nested.Op")
        )
        assert section.note.paths == ("m.Op", "a.Op", "c.Op")

    def test_heading_in_a_list_item_is_text(self) -> None:
        assert only_section(section_of("## notes\n- ## not a field")).note.fields == {"notes": "- ## not a field"}

    def test_endsection_ends_a_list_and_a_table(self) -> None:
        table = "| airflow | prefect | when absent | note |\n|---|---|---|---|\n| a | b | | |"
        text = section_of(f"## arguments\n{table}") + section_of("## notes\n- bullet").replace("S", "T")
        first, second = parse_notes("my.md", text.encode()).sections
        assert first.note.arguments == (ArgumentRow("a", "b", "", ""),)
        assert second.note.fields == {"notes": "- bullet"}

    def test_html_hides_nothing(self) -> None:
        assert only_section(section_of("<!-- comment\n## intent\nto wait")).note.fields == {"intent": "to wait"}

    def test_front_matter_hides_marks(self) -> None:
        text = "---\nusage: |\n  {% section NAME %}\n---\n"
        parsed = parse_notes("my.md", text.encode())
        assert parsed.sections == ()
        assert parsed.front_matter == {"usage": "{% section NAME %}\n"}


class TestFields:
    def test_text_loses_only_the_outer_blank_lines(self) -> None:
        section = only_section(section_of("## notes\n\n \n  one\n\ntwo  \n\n\n## intent\n"))
        assert section.note.fields == {"notes": "  one\n\ntwo  ", "intent": ""}

    def test_sub_fields_only_in_the_example(self) -> None:
        section = only_section(section_of("## notes\n### before\ntext\n## example\n### before\ncode"))
        assert section.note.fields == {"notes": "### before\ntext", "example": "", "example/before": "code"}

    def test_code(self) -> None:
        text = "## code\n`OFR101 run-job`\n\n- status: preview\n- since: 0.1.0\n- default: off\n## message\nfound"
        rule = only_section(section_of(text), shipped=True).rule
        assert rule is not None
        assert (rule.code, rule.name, rule.status, rule.since, rule.default) == (
            "OFR101",
            "run-job",
            "preview",
            "0.1.0",
            False,
        )
        assert (rule.message, rule.detector, rule.section) == ("found", "", "S")

    def test_code_without_options(self) -> None:
        rule = only_section(section_of("## code\nOFR801 slow-operator")).rule
        assert rule is not None
        assert (rule.status, rule.since, rule.default) == ("stable", "", True)

    def test_one_role_for_all_paths(self) -> None:
        section = only_section(section_of("## operator\nOp\n## module\nm\n## aliases\n- n.Op\n## role\nsensor"))
        assert section.note.roles == {"m.Op": "sensor", "n.Op": "sensor"}

    def test_a_role_for_each_class(self) -> None:
        section = only_section(
            section_of(
                "## operator\nOp\n## module\nm\n## aliases\n- n.S\n- o.Op\n## role\n- `Op`: trigger\n- S: sensor"
            )
        )
        assert section.note.roles == {"m.Op": "trigger", "o.Op": "trigger", "n.S": "sensor"}

    def test_table_cells(self) -> None:
        section = only_section(
            section_of(
                "## arguments\nSome words first.\n\n"
                "| airflow | prefect | when absent | note |\n|:--|---|---|--:|\n"
                "| `job_id` | `job_id` |  | `a \\| b` or c |\n"
                "timeout | max_wait_seconds | `604800` | seven days"
            )
        )
        assert section.note.arguments == (
            ArgumentRow("job_id", "job_id", "", "`a | b` or c"),
            ArgumentRow("timeout", "max_wait_seconds", "604800", "seven days"),
        )

    def test_slots(self) -> None:
        assert slots("`{operator}` runs {job_id}, {} and {1}") == ("operator", "job_id")


TABLE = "## arguments\n| airflow | prefect | when absent | note |\n|---|---|---|---|\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\n{% section A %}\n## x\n", "my.md:2: section `A` is not closed by an endsection"),
        ("text\n{% endsection %}\n", "my.md:2: endsection without a section"),
        ("{% section A %}\n{% section B %}\n", "my.md:2: section `B` begins inside section `A`"),
        ("{% section %}\n", "my.md:1: a section needs a name"),
        (section_of("") + "\n" + section_of(""), "my.md:5: section `S` is already on line 1"),
        (section_of("## a\n## b\n## a"), "my.md:4: field `a` is given twice"),
        (section_of("## example\n### after\n### after"), "my.md:4: field `example/after` is given twice"),
        (section_of("##"), "my.md:2: a field needs a name"),
        (section_of("## notes\n```python\ncode"), "my.md:3: this code fence is never closed and hides a section mark"),
        ("---\nname: x\n", "my.md:1: the front matter is not closed by a line `---`"),
        ("---\na: 1\nb: [\n---\n", "my.md:4: the front matter is not valid YAML: expected the node content, but found"),
        ("---\na: 1\nb: @x\n---\n", "my.md:3: the front matter is not valid YAML: found character '@'"),
        ("---\na: \x07\n---\n", "my.md:1: the front matter is not valid YAML: unacceptable character #x0007"),
        ("---\na: 2024-13-45\n---\n", "my.md:1: the front matter is not valid YAML: month must be in 1..12"),
        (
            "---\na: !!python/object:os.system x\n---\n",
            "my.md:2: the front matter is not valid YAML: could not determine",
        ),
        ("---\na: " + "[" * 5000 + "\n---\n", "my.md:1: the front matter is not valid YAML: it is nested too deeply"),
        ("---\n- a\n---\n", "my.md:2: the front matter is not a mapping of keys to values"),
        (
            section_of("## code\nOFR80 x"),
            "my.md:3: `OFR80 x` is not a code: write OFR, three digits and a name like `slow-operator`",
        ),
        (
            section_of("## code\n\nOFR801 SlowOperator"),
            "my.md:4: `OFR801 SlowOperator` is not a code: write OFR, three digits and a name like `slow-operator`",
        ),
        (section_of("## code\nOFR101 x"), "my.md:3: `OFR101` is not for your own notes: they use OFR801 to OFR899"),
        (section_of("## code\nOFR800 x"), "my.md:3: `OFR800` is not for your own notes: they use OFR801 to OFR899"),
        (
            section_of("## code\nOFR801 x\n- status: new"),
            "my.md:4: status `new` is not one of preview, stable and deprecated",
        ),
        (section_of("## code\nOFR801 x\n- since: soon"), "my.md:4: since `soon` is not a version like 0.1.0"),
        (section_of("## code\nOFR801 x\n- default: no"), "my.md:4: default `no` is neither on nor off"),
        (section_of("## code\nOFR801 x\n- colour: red"), "my.md:4: `colour` is not one of status, since and default"),
        (section_of("## code\nOFR801 x\n- default: on\n- default: on"), "my.md:5: `default` is given twice"),
        (section_of("## operator\nOp"), "my.md:3: operator `Op` needs a module"),
        (section_of("## operator\nan operator\n## module\nm"), "my.md:3: `an operator` is not a dotted name"),
        (section_of("## operator\nOp\n## module\nm or n"), "my.md:5: `m or n` is not a dotted name"),
        (section_of("## aliases\n- Op"), "my.md:3: `Op` is not a dotted path like package.module.Class"),
        (
            section_of("## operator\nm.Op\n## role\nwaiter"),
            "my.md:5: role `waiter` is not one of trigger, sensor, hook, read, dag and group",
        ),
        (
            section_of("## operator\nm.Op\n## role\n- Op: waiter"),
            "my.md:5: role `waiter` is not one of trigger, sensor, hook, read, dag and group",
        ),
        (section_of("## operator\nm.Op\n## role\n- Other: read"), "my.md:5: `Other` is not a class of this section"),
        (
            section_of("## arguments\n\n"),
            "my.md:2: `arguments` has no table with the columns airflow, prefect, when absent, note",
        ),
        (
            section_of("## arguments\nnone"),
            "my.md:3: `arguments` has no table with the columns airflow, prefect, when absent, note",
        ),
        (
            section_of("## arguments\n| airflow | dagster |\n|---|---|"),
            "my.md:3: the columns are not airflow, prefect, when absent, note",
        ),
        (section_of(TABLE + "| a | b | |"), "my.md:5: the row has 3 cells instead of 4"),
        (section_of(TABLE + "| a | b | c | d | e |"), "my.md:5: the row has 5 cells instead of 4"),
        (section_of(TABLE + "| a | b | | |\n\n| c | d | | |"), "my.md:7: this row stands outside the table"),
        (section_of(TABLE + "| a | | | |"), "my.md:5: the row needs an argument and what becomes of it"),
        (section_of(TABLE + "| a | b | | |\n| `a` | c | | |"), "my.md:6: argument `a` is already on line 5"),
    ],
)
def test_bad_note(text: str, sentence: str) -> None:
    assert refusal(text).startswith(sentence)
    assert "\n" not in refusal(text)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"text\n\xff\n", "my.md:2: is not UTF-8: byte 0xff cannot be decoded"),
        (b"\xef\xbb\xbftext\n\n\xe9t\xe9", "my.md:3: is not UTF-8: byte 0xe9 cannot be decoded"),
        (b"\x7fELF\n\x00\x01", "my.md:2: is a binary file: it has a null byte"),
        (b"a line\n" * 750_000, "my.md:1: is larger than 1 MB, too large for a mapping note"),
    ],
    ids=["latin-1", "latin-1 after BOM", "binary", "5 MB"],
)
def test_bad_file(data: bytes, sentence: str) -> None:
    assert refusal(data) == sentence


def test_shipped_notes_may_use_any_code() -> None:
    assert only_section(section_of("## code\nOFR101 x"), shipped=True).note.code == "OFR101"
