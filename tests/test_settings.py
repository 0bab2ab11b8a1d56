"""Configuration: where it is found, what it may say, and which rules it leaves enabled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from offramp.model import OfframpError, Rule
from offramp.settings import (
    DEFAULT_EXCLUDE,
    PathMatcher,
    Settings,
    enabled_codes,
    excluder,
    load,
    settings_for,
)


def rule(code: str, default: bool = True) -> Rule:
    return Rule(code, "a-name", "stable", "0.1.0", default, "", "", "")


RULES = (rule("OFR101"), rule("OFR102"), rule("OFR201"), rule("OFR301", default=False))


@pytest.fixture(autouse=True)
def in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sentence(toml: str, tmp_path: Path, name: str = "offramp.toml") -> str:
    """The one sentence for a bad file, without the directory."""
    (tmp_path / name).write_text(toml)
    with pytest.raises(OfframpError) as raised:
        load(str(tmp_path), {})
    return str(raised.value).removeprefix(f"{tmp_path}/")


def test_without_a_file_everything_is_as_documented(tmp_path: Path) -> None:
    settings = load(str(tmp_path), {})
    assert settings == Settings(root=str(tmp_path), selections=settings.selections)
    assert enabled_codes(settings, RULES) == {"OFR101", "OFR102", "OFR201"}


def test_nearest_file_wins_and_a_pyproject_without_the_table_is_passed_over(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.offramp]\nprefect-version = "3"\n')
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\ndependencies = ["offramp"]\n')
    (inner / "pyproject.toml").write_text("this is not TOML and no business of ours")
    settings = load(str(inner), {})
    assert (settings.root, settings.prefect_version) == (str(tmp_path), "3")
    (tmp_path / "a" / "offramp.toml").write_text('prefect-version = "2.20"\n')
    settings = load(str(inner / "dag.py"), {})
    assert (settings.config_file, settings.prefect_version) == (str(tmp_path / "a" / "offramp.toml"), "2.20")


def test_offramp_toml_comes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.offramp]\nprefect-version = "2"\n')
    (tmp_path / "offramp.toml").write_text('prefect-version = "3"\n')
    assert load(str(tmp_path), {}).prefect_version == "3"


def test_named_file_and_isolation(tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('prefect-version = "3"\n')
    other = tmp_path / "conf" / "other.toml"
    other.parent.mkdir()
    other.write_text('airflow-version = "2.10"\n')
    named = load(str(tmp_path), {}, config="conf/other.toml")
    assert (named.root, named.airflow_version, named.prefect_version) == (str(other.parent), "2.10", "")
    isolated = load(str(tmp_path), {}, isolated=True)
    assert (isolated.root, isolated.config_file, isolated.prefect_version) == (str(tmp_path), "", "")
    for fixed in (named, isolated):
        assert settings_for(str(tmp_path / "x.py"), fixed) is fixed


def test_named_file_must_exist_and_have_the_table(tmp_path: Path) -> None:
    with pytest.raises(OfframpError, match="cannot read the configuration: No such file or directory"):
        load(str(tmp_path), {}, config="missing.toml")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    with pytest.raises(OfframpError, match=r"there is no \[tool.offramp\] table"):
        load(str(tmp_path), {}, config="pyproject.toml")


def test_settings_for_takes_the_nearest_above_each_file(tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('prefect-version = "3"\n')
    (tmp_path / "old" / "dags").mkdir(parents=True)
    (tmp_path / "old" / "offramp.toml").write_text('prefect-version = "2"\n')
    base = load(str(tmp_path), {"select": ["OFR1"]})
    assert settings_for("dag.py", base) is base
    nested = settings_for("old/dags/dag.py", base)
    assert (nested.root, nested.prefect_version) == (str(tmp_path / "old"), "2")
    assert settings_for("old/x.py", base) is nested
    assert enabled_codes(nested, RULES) == {"OFR101", "OFR102"}


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('\nselct = ["OFR1"]\n', "offramp.toml:2: there is no option `selct`; did you mean `select`?"),
        ("extend_select = []\n", "offramp.toml:1: there is no option `extend_select`; did you mean `extend-select`?"),
        ("colour = 1\n", "offramp.toml:1: there is no option `colour`"),
        ('select = "OFR1"\n', "offramp.toml:1: `select` must be a list of strings"),
        ("select = [1]\n", "offramp.toml:1: `select` must be a list of strings"),
        (
            'select = [\n  "OFR1",\n  "ORF1",\n]\n',
            'offramp.toml:3: "ORF1" in `select` is not a rule code, a prefix of one or ALL',
        ),
        (
            'ignore = ["ofr101"]\n',
            'offramp.toml:1: "ofr101" in `ignore` is not a rule code, a prefix of one or ALL',
        ),
        ('force-exclude = "yes"\n', "offramp.toml:1: `force-exclude` must be true or false"),
        ("prefect-version = 3\n", "offramp.toml:1: `prefect-version` must be a string"),
        (
            'prefect-version = ">=3"\n',
            'offramp.toml:1: `prefect-version` must be a version such as "2.10", not ">=3"',
        ),
        (
            'deployment = "server"\n',
            'offramp.toml:1: `deployment` must be one of "serve", "prefect-yaml"',
        ),
        ("blocks = 1\n", "offramp.toml:1: `blocks` must be a table"),
        ("[blocks]\na = 'b'\nc = 2\n", "offramp.toml:3: `blocks.c` must be a string"),
        (
            '[per-file-ignores]\n"tests/**" = "OFR1"\n',
            "offramp.toml:2: `per-file-ignores.tests/**` must be a list of strings",
        ),
        ('notes = [\n"rules/*.md"]\n', "offramp.toml:2: `notes`: no file matches `rules/*.md`"),
        (
            'exclude = [\n"[z-a]"]\n',
            "offramp.toml:2: `[z-a]` in `exclude` is not a glob: the range `z-a` runs backwards",
        ),
        (
            'exclude = ["[!9-0]"]\n',
            "offramp.toml:1: `[!9-0]` in `exclude` is not a glob: the range `9-0` runs backwards",
        ),
        (
            'extend-exclude = ["/[b"]\n',
            "offramp.toml:1: `/[b` in `extend-exclude` is not a glob: its `[` is never closed",
        ),
        (
            "exclude = ['a\\']\n",
            "offramp.toml:1: `a\\` in `exclude` is not a glob: its last backslash protects nothing",
        ),
        ('exclude = ["{a,b"]\n', "offramp.toml:1: `{a,b` in `exclude` is not a glob: its `{` is never closed"),
        ('exclude = ["a}{"]\n', "offramp.toml:1: `a}{` in `exclude` is not a glob: its `}` closes nothing"),
        (
            '[per-file-ignores]\n"[z-a].py" = ["OFR1"]\n',
            "offramp.toml:2: `[z-a].py` in `per-file-ignores` is not a glob: the range `z-a` runs backwards",
        ),
        (
            '[gate.allow]\n"[z-a].py" = ["airflow"]\n',
            "offramp.toml:2: `[z-a].py` in `gate.allow` is not a glob: the range `z-a` runs backwards",
        ),
        (
            'notes = ["[z-a].md"]\n',
            "offramp.toml:1: `[z-a].md` in `notes` is not a glob: the range `z-a` runs backwards",
        ),
        ("select = [\n", "offramp.toml:2: the configuration is not valid TOML: "),
        ("a = 1\nb = \n", "offramp.toml:2: the configuration is not valid TOML: Invalid value"),
    ],
)
def test_bad_configuration_is_one_sentence_with_its_line(toml: str, expected: str, tmp_path: Path) -> None:
    assert sentence(toml, tmp_path).startswith(expected)
    assert "\n" not in sentence(toml, tmp_path)


@pytest.mark.parametrize("glob", ["[]a]", "[a-]", "[-a]", "[--0]", "[a-b-]", "[[]", "a]", "\\[", "[\\\\]", "{a,{b,c}}"])
def test_unusual_globs_are_globs(glob: str, tmp_path: Path) -> None:
    settings = load(str(tmp_path), {"exclude": [glob]})
    excluder(settings.exclude).matches(str(tmp_path / "z.py"), "z.py")


def test_line_is_counted_in_the_offramp_table(tmp_path: Path) -> None:
    toml = '[tool.ruff]\nselect = ["E"]\n\n[tool.offramp]\nselect = ["E"]\n'
    assert sentence(toml, tmp_path, "pyproject.toml").startswith('pyproject.toml:5: "E" in `select`')


def test_pyproject_table_of_the_wrong_type(tmp_path: Path) -> None:
    toml = "[tool]\nofframp = 3\n"
    assert sentence(toml, tmp_path, "pyproject.toml") == "pyproject.toml:2: [tool.offramp] must be a table"


def test_configuration_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_bytes(b"# one\n# caf\xe9\n")
    with pytest.raises(OfframpError, match=r"offramp.toml:2: the configuration is not UTF-8"):
        load(str(tmp_path), {})


def test_notes_keep_their_order_and_come_once(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name in ("b.md", "a.md", "z.md"):
        (tmp_path / "rules" / name).write_text("")
    (tmp_path / "offramp.toml").write_text('notes = ["rules/z.md", "rules/*.md"]\n')
    assert load(str(tmp_path), {}).notes == tuple(str(tmp_path / "rules" / name) for name in ("z.md", "a.md", "b.md"))


@pytest.mark.parametrize(
    ("config", "overrides", "expected"),
    [
        ("", {"select": ["OFR1"]}, {"OFR101", "OFR102"}),
        ("", {"select": ["ALL"]}, {"OFR101", "OFR102", "OFR201", "OFR301"}),
        ("", {"select": ["OFR"], "ignore": ["OFR1"]}, {"OFR201", "OFR301"}),
        ("", {"extend-select": ["OFR3"]}, {"OFR101", "OFR102", "OFR201", "OFR301"}),
        ("", {"ignore": ["OFR102"]}, {"OFR101", "OFR201"}),
        ("", {"select": ["OFR101"], "ignore": ["OFR1"]}, {"OFR101"}),
        ("", {"select": ["OFR101"], "ignore": ["OFR101"]}, set()),
        ("", {"select": []}, set()),
        ('select = ["OFR1"]', {"ignore": ["OFR102"]}, {"OFR101"}),
        ('select = ["OFR101"]', {"ignore": ["OFR1"]}, set()),
        ('ignore = ["OFR101"]', {"select": ["OFR1"]}, {"OFR101", "OFR102"}),
        ('ignore = ["OFR1"]', {"extend-select": ["OFR101"]}, {"OFR101", "OFR201"}),
        ('extend-select = ["OFR301"]\nignore = ["OFR"]', {}, {"OFR301"}),
    ],
)
def test_selection(config: str, overrides: dict[str, object], expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text(config)
    assert enabled_codes(load(str(tmp_path), overrides), RULES) == expected


def test_selector_without_a_rule_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('ignore = [\n  "OFR1",\n  "OFR109",\n]\n')
    with pytest.raises(OfframpError) as raised:
        enabled_codes(load(str(tmp_path), {}), RULES)
    expected = f"{tmp_path}/offramp.toml:3: no rule has the code or prefix `OFR109`; did you mean `OFR10"
    assert str(raised.value).startswith(expected)
    with pytest.raises(OfframpError, match=r"^no rule has the code or prefix `OFR7`$"):
        enabled_codes(load(str(tmp_path), {"select": ["OFR7"]}, isolated=True), RULES)
    (tmp_path / "offramp.toml").write_text('[per-file-ignores]\n"x.py" = ["OFR7"]\n')
    with pytest.raises(OfframpError, match=r"offramp.toml:2: no rule has the code or prefix `OFR7`"):
        enabled_codes(load(str(tmp_path), {}), RULES)


def test_overrides_are_validated_without_a_place(tmp_path: Path) -> None:
    with pytest.raises(OfframpError, match=r'^"E501" in `select` is not a rule code, a prefix of one or ALL$'):
        load(str(tmp_path), {"select": ["E501"]})


TREE = ("dag.py", "src/dag.py", "src/foo/dag.py", "src/foo/bar/x.py", "src/afoo/z.py", "tests/dag.py", "a[b]/c.py")


def ruff(tmp_path: Path, *arguments: str) -> str:
    executable = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert executable
    run = subprocess.run(
        [executable, "check", "--no-cache", "--output-format=concise", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    return run.stdout


@pytest.mark.parametrize(
    "pattern",
    [
        "dag.py",
        "src/dag.py",
        "src/*.py",
        "src/**",
        "src/foo",
        "src/foo/*",
        "**/foo/*.py",
        "*.py",
        "d?g.py",
        "{src,tests}/dag.py",
        "[dx]*.py",
        "[!d]*.py",
        "!src/**.py",
        "!dag.py",
        "./dag.py",
        "a[[]b]/*.py",
    ],
)
def test_per_file_ignores_cover_what_ruff_covers(pattern: str, tmp_path: Path) -> None:
    for name in TREE:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("import os\n")
    (tmp_path / "ruff.toml").write_text(f'[lint]\nselect = ["F401"]\n[lint.per-file-ignores]\n"{pattern}" = ["F"]\n')
    found = {line.partition(":")[0] for line in ruff(tmp_path).splitlines() if " F401 " in line}
    (tmp_path / "offramp.toml").write_text(f'[per-file-ignores]\n"{pattern}" = ["OFR101"]\n')
    settings = load(str(tmp_path), {})
    assert {name for name in TREE if "OFR101" in enabled_codes(settings, RULES, name)} == found


def test_default_excludes_are_those_of_ruff(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text("")
    shown = ruff(tmp_path, "--isolated", "--show-settings", ".")
    listed = shown.partition("file_resolver.exclude = [")[2].partition("]")[0]
    assert tuple(line.strip(' ",') for line in listed.split()) == DEFAULT_EXCLUDE


def test_matcher_keeps_to_the_name_or_the_whole_path() -> None:
    matcher = PathMatcher(["build", "gen_*", "/r/src/*.py"])
    assert matcher.matches("/x/build", "build")
    assert matcher.matches("/x/gen_1", "gen_1")
    assert matcher.matches("/r/src/a/b.py", "b.py")
    assert not matcher.matches("/gen_1/src/a.py", "a.py")
    assert not matcher.matches("/r/src/a.pyi", "a.pyi")


def test_excluder_is_made_once() -> None:
    assert excluder(("a", "b")) is excluder(("a", "b"))


def test_toml_is_not_imported_without_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    program = "import sys\nfrom offramp.settings import load\nload('.', {})\nprint('tomllib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout == "False\n", run.stderr
