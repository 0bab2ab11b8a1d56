"""The files of a project around some of them, however few were named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from offramp.project.around import Around
from offramp.settings import load


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("dags/a/up.py", "dags/a/near.py", "dags/b/down.py", "old/x.py", "venv/lib/y.py", "ignored/z.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _around(place: Path, *paths: str) -> set[str]:
    found = Around(paths, load(".", {}))
    return {str(Path(path).resolve().relative_to(place)) for path in found}


def test_without_anything_the_directories_of_the_files(place: Path) -> None:
    assert _around(place, "dags/a/up.py") == {"dags/a/up.py", "dags/a/near.py"}


def test_a_repository_is_a_project(place: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=place, check=True)
    (place / ".gitignore").write_text("ignored/\n", encoding="utf-8")
    assert _around(place, "dags/a/up.py") == {"dags/a/up.py", "dags/a/near.py", "dags/b/down.py", "old/x.py"}


def test_a_configured_directory_is_a_project_and_hides_nothing_by_what_it_excludes(place: Path) -> None:
    (place / "offramp.toml").write_text('extend-exclude = ["old"]\nexclude = ["dags/b"]\n', encoding="utf-8")
    expected = {"dags/a/up.py", "dags/a/near.py", "dags/b/down.py", "old/x.py", "ignored/z.py"}
    assert _around(place, "dags/a/up.py") == expected


def test_the_outer_one_of_repository_and_configuration_counts(place: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=place, check=True)
    (place / "dags/a/offramp.toml").write_text("", encoding="utf-8")
    assert "dags/b/down.py" in _around(place, "dags/a/up.py")
    (place / "old/offramp.toml").write_text("nonsense = 1\n", encoding="utf-8")
    assert "dags/b/down.py" in _around(place, "dags/a/up.py")


def test_a_directory_is_looked_through(place: Path) -> None:
    assert _around(place, "dags") == {"dags/a/up.py", "dags/a/near.py", "dags/b/down.py"}
