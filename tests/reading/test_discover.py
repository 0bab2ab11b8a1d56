"""Which files a run takes: as ruff would, and with one sentence for each path that cannot be checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from offramp.reading.discover import Discovery, discover, printable
from offramp.settings import load, settings_for


@pytest.fixture(autouse=True)
def in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def grow(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(*paths: str, **overrides: object) -> Discovery:
    return discover(paths, load(".", {name.replace("_", "-"): value for name, value in overrides.items()}))


def ruff(root: Path, *arguments: str) -> set[str]:
    """What ``ruff check --show-files`` lists, relative to ``root``, without notebooks and configuration."""
    executable = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert executable
    run = subprocess.run(
        [executable, "check", "--no-cache", "--show-files", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {os.path.relpath(line, os.path.realpath(root)) for line in run.stdout.splitlines()}
    return {name for name in names if not name.endswith((".ipynb", ".toml"))}


def test_python_files_in_order_and_once(tmp_path: Path) -> None:
    grow(tmp_path, "b.py", "a/z.pyi", "a/b/c.py", "a/w.pyw", "a/readme.md", "a/n.ipynb", ".hidden/h.py", "script")
    assert found(".").files == (".hidden/h.py", "a/b/c.py", "a/w.pyw", "a/z.pyi", "b.py")
    assert found("b.py", "a", "a/b", "./b.py", str(tmp_path / "b.py"), "script").files == (
        "a/b/c.py",
        "a/w.pyw",
        "a/z.pyi",
        "b.py",
        "script",
    )


def test_paths_outside_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "in/a.py", "out/b.py")
    monkeypatch.chdir(tmp_path / "in")
    assert found(".", "../out").files == (f"{tmp_path}/out/b.py", "a.py")


def test_each_bad_path_is_one_sentence(tmp_path: Path) -> None:
    grow(tmp_path, "ok.py", "docs/readme.md")
    (tmp_path / "gone.py").symlink_to("nowhere")
    (tmp_path / "self.py").symlink_to("self.py")
    result = found("ok.py", "missing.py", "gone.py", "self.py", "docs", "nul\0.py")
    assert result.files == ("ok.py",)
    assert result.problems == (
        "missing.py: there is no such file or directory",
        "gone.py: this symbolic link leads nowhere",
        "self.py: this symbolic link leads nowhere",
        "docs: there is no Python file to check in this directory",
        "nul\0.py: no file can have this name",
    )


def test_links_are_not_followed_into_directories(tmp_path: Path) -> None:
    grow(tmp_path, "a/x.py")
    (tmp_path / "a" / "loop").symlink_to("..")
    (tmp_path / "a" / "again.py").symlink_to("x.py")
    (tmp_path / "a" / "gone.py").symlink_to("nowhere")
    (tmp_path / "a" / "dir.py").symlink_to("../a")
    os.mkfifo(tmp_path / "a" / "pipe.py")
    result = found(".")
    assert result.files == ("a/again.py", "a/x.py")
    assert result.problems == ("a/gone.py: this symbolic link leads nowhere",)
    (tmp_path / "named").symlink_to("a")
    assert found("named").files == ("named/again.py", "named/x.py")


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).touch()
    (name,) = found(".").files
    assert os.fsencode(name) == b"caf\xe9.py"
    assert printable(name) == "caf\\xe9.py"
    assert found(os.fsdecode(b"\xe9.py")).problems == ("\\xe9.py: there is no such file or directory",)


@contextmanager
def without_privileges() -> Iterator[None]:
    """As a user whom permissions bind, where the tests run as root."""
    privileged = os.geteuid() == 0
    if privileged:
        os.seteuid(65534)
    try:
        yield
    finally:
        if privileged:
            os.seteuid(0)


def test_directory_without_permission_is_a_problem_and_the_others_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        grow(root, "open/a.py", "shut/b.py")
        (root / "shut").chmod(0o000)
        monkeypatch.chdir(root)
        try:
            with without_privileges():
                assert found(".") == Discovery(
                    ("open/a.py",), (), ("shut: cannot read this directory: Permission denied",)
                )
                assert found("shut").problems == ("shut: cannot read this directory: Permission denied",)
        finally:
            (root / "shut").chmod(0o755)
            monkeypatch.undo()


def test_excluded_named_paths_are_left_out_only_when_forced(tmp_path: Path) -> None:
    grow(tmp_path, "dist/a/x.py", "gen/y.py", "z.py")
    (tmp_path / "offramp.toml").write_text('extend-exclude = ["gen"]\n')
    assert found("dist/a", "gen/y.py", "z.py") == Discovery(("dist/a/x.py", "gen/y.py", "z.py"), (), ())
    forced = found("dist/a", "gen/y.py", "z.py", force_exclude=True)
    assert forced == Discovery(("z.py",), ("dist/a", "gen/y.py"), ())


def test_nearer_configuration_excludes_below_it(tmp_path: Path) -> None:
    grow(tmp_path, "a/x.py", "a/y.py", "b/x.py", "b/y.py")
    (tmp_path / "offramp.toml").write_text('extend-exclude = ["x.py"]\n')
    (tmp_path / "b" / "offramp.toml").write_text('extend-exclude = ["y.py"]\n')
    assert found(".").files == ("a/y.py", "b/x.py")


def test_gitignore_is_read_only_where_asked_and_in_a_repository(tmp_path: Path) -> None:
    grow(tmp_path, "a.py", "b.py")
    (tmp_path / ".gitignore").write_text("a.py\n")
    assert found(".").files == ("a.py", "b.py")
    (tmp_path / ".git").mkdir()
    assert found(".").files == ("b.py",)
    assert found(".", respect_gitignore=False).files == ("a.py", "b.py")
    assert found("a.py").files == ("a.py",)


def test_pattern_for_the_content_does_not_cover_the_directory(tmp_path: Path) -> None:
    grow(tmp_path, "a/b/x.py", "a/c/y.py", "a/z.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("a/*\n!a/b\n")
    assert found(".").files == ("a/b/x.py",)


def test_inner_ignore_file_adds_to_the_outer_and_wins_over_it(tmp_path: Path) -> None:
    grow(tmp_path, "a/x.py", "a/y.py", "a/z.py", "a/ .py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("x.py\ny.py\n")
    (tmp_path / "a" / ".gitignore").write_text("!y.py\nz.py   \n")
    assert found(".").files == ("a/ .py", "a/y.py")


def test_escaped_blank_at_the_end_of_a_pattern_counts(tmp_path: Path) -> None:
    grow(tmp_path, "a /x.py", "b/y.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("a\\ \nb \n")
    (tmp_path / "c.py").touch()
    assert found(".").files == ("c.py",)


def test_braces_in_an_ignore_file_are_plain_characters_as_for_git(tmp_path: Path) -> None:
    """ruff reads them as alternatives, Git does not."""
    grow(tmp_path, "a.py", "b.py", "{a,b}.py")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("{a,b}.py\n")
    ignored = ["git", "check-ignore", "a.py", "b.py", "{a,b}.py"]
    assert subprocess.run(ignored, cwd=tmp_path, capture_output=True, check=True).stdout == b"{a,b}.py\n"
    assert found(".").files == ("a.py", "b.py")


def test_deep_tree(tmp_path: Path) -> None:
    deep = "/".join("d" * 1200)
    subprocess.run(["mkdir", "-p", deep], cwd=tmp_path, check=True)
    grow(tmp_path, f"{deep}/x.py")
    try:
        settings = load(".", {})
        assert discover(["."], settings).files == (f"{deep}/x.py",)
        assert settings_for(f"{deep}/x.py", settings) is settings
    finally:
        # Deeper than Python's own clean-up can go.
        subprocess.run(["rm", "-rf", "d"], cwd=tmp_path, check=True)


TREE = (
    "dag.py",
    "src/dag.py",
    "src/foo/dag.py",
    "src/foo/bar/x.py",
    "src/foo/bar/y.pyi",
    "src/afoo/z.py",
    "src/foo.py",
    "tests/dag.py",
    "tests/a[b]/c.py",
    "dist/x.py",
    "build/x.py",
    ".venv/lib/x.py",
    ".hidden/x.py",
)


@pytest.mark.parametrize(
    "pattern",
    [
        "foo",
        "foo/",
        "src/foo",
        "src/foo/",
        "src/*.py",
        "src/*/x.py",
        "src/**",
        "src/**/*.py",
        "**/bar",
        "**/bar/*",
        "/src",
        "./dag.py",
        "d*.py",
        "d?g.py",
        "{tests,dist}",
        "{tests,src}/dag.py",
        "[dt]*",
        "a[[]b]",
        "*",
        "",
    ],
)
def test_exclude_leaves_out_what_ruff_leaves_out(pattern: str, tmp_path: Path) -> None:
    grow(tmp_path, *TREE)
    (tmp_path / "ruff.toml").write_text(f'exclude = ["{pattern}"]\n')
    assert set(found(".", exclude=[pattern]).files) == ruff(tmp_path, ".")


def test_exclude_of_a_name_is_not_held_against_the_path(tmp_path: Path) -> None:
    """ruff's is: there `[!d]*` covers everything, since no absolute path begins with a `d`."""
    grow(tmp_path, "dag.py", "src/x.py", "d/y.py")
    assert found(".", exclude=["[!d]*"]).files == ("dag.py",)


def test_exclude_of_the_command_line_counts_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(tmp_path, *TREE)
    (tmp_path / "offramp.toml").write_text("")
    (tmp_path / "ruff.toml").write_text("")
    monkeypatch.chdir(tmp_path / "src")
    assert set(found(".", exclude=["foo/bar"]).files) == ruff(tmp_path / "src", ".", "--exclude=foo/bar")


def test_defaults_are_those_of_ruff(tmp_path: Path) -> None:
    grow(tmp_path, *TREE)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("bar\n")
    for arguments in ([], ["dist"], ["src/foo/bar"], ["--force-exclude", "dist"], ["--force-exclude", "src/foo/bar"]):
        paths = [argument for argument in arguments if argument != "--force-exclude"] or ["."]
        forced = "--force-exclude" in arguments
        assert set(found(*paths, force_exclude=forced).files) == ruff(tmp_path, *arguments), arguments


def test_a_backward_range_of_an_ignore_file_is_its_first_character(tmp_path: Path) -> None:
    grow(tmp_path, "a.py", "m.py", "z.py", "-.py")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("[z-a].py\n")
    listed = ["git", "ls-files", "--others", "--exclude-standard", "*.py"]
    kept = subprocess.run(listed, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    assert list(found(".").files) == sorted(kept) == ["-.py", "a.py", "m.py"]


NAMES = st.sampled_from(["a", "b", "ab", "a.py", "b.py", "build", "x y.py", "[a].py", "a#b.py"])
PATTERNS = st.one_of(
    st.sampled_from(
        [
            "a",
            "a/",
            "/a",
            "!a",
            "!a/",
            "*.py",
            "!*.py",
            "!b.py",
            "a/*",
            "!a/b",
            "**/b",
            "a/**",
            "a/**/b.py",
            "**/a/b.py",
            "/*",
            "!/a",
            "[ab].py",
            "[!a].py",
            "[^a]*",
            "?.py",
            "\\[a\\].py",
            "x y.py",
            "x y.py  ",
            "x\\ y.py",
            "# comment",
            "\\#b.py",
            "a#b.py",
            "",
            "   ",
            "build/",
            "a*",
            "*b*",
            "a/b/",
            "\\!a",
            "*",
            "!*/",
            "**",
            "a\r",
        ]
    ),
)
TREES = st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    paths=TREES,
    ignores=st.dictionaries(st.sampled_from([".", "a", "a/b", "b"]), st.lists(PATTERNS, max_size=5), max_size=3),
    exclude=st.lists(PATTERNS, max_size=2),
    repositories=st.sets(st.sampled_from([".", "a"]), min_size=0, max_size=2),
    start=st.sampled_from([".", "a"]),
)
def test_ignore_files_leave_out_what_ruff_leaves_out(
    paths: list[str], ignores: dict[str, list[str]], exclude: list[str], repositories: set[str], start: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(os.path.realpath(name))
        for path in paths:
            with suppress(FileExistsError, NotADirectoryError):
                grow(root, path)
        if not (root / start).is_dir():
            return
        for repository in repositories:
            if (root / repository).is_dir():
                (root / repository / ".git" / "info").mkdir(parents=True)
                (root / repository / ".git" / "info" / "exclude").write_text("\n".join(exclude))
        for directory, patterns in ignores.items():
            if (root / directory).is_dir():
                (root / directory / ".gitignore").write_bytes("\n".join(patterns).encode())
        here = os.getcwd()
        os.chdir(root)
        try:
            assert set(discover([start], load(".", {}, isolated=True)).files) == ruff(root, "--isolated", start)
        finally:
            os.chdir(here)
