"""What ships: the wheel carries the notes and works where there is no checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import DAG, DAG_PLACE, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution as for a release."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_has_every_note_and_the_type_marker(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read("offramp-0.1.0.dist-info/METADATA").decode()
    assert {name for name in names if name.endswith(".md")} == {
        f"offramp/rules/{note.name}" for note in (ROOT / "rules").glob("*.md")
    }
    assert "offramp/py.typed" in names
    assert "offramp-0.1.0.dist-info/licenses/LICENSE" in names
    assert not any(name.startswith(("tests/", "examples/")) for name in names)
    assert "License-Expression: Apache-2.0\n" in metadata


def test_the_installed_wheel_finds_its_notes(wheel: Path, tmp_path: Path) -> None:
    uv = [sys.executable, "-m", "uv"]
    environment = tmp_path / "environment"
    subprocess.run([*uv, "venv", "-q", "-p", sys.executable, environment], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "-p", environment, str(wheel)], check=True)
    (tmp_path / "dag.py").write_text(DAG)
    done = subprocess.run(
        [environment / "bin" / "offramp", "check", "dag.py", "--output-format", "concise"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(f"dag.py:{DAG_PLACE} ")
    assert (done.returncode, done.stderr) == (1, "")
