"""The wheel carries the notes and the rulebook compiled of them."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LOAD = """
import sys
import offramp
from offramp.knowledge.rulebook import load_rulebook
book = load_rulebook(sys.argv[1:], lambda sentence: None)
print(offramp.__file__)
print("parsed" if "markdown_it" in sys.modules or "yaml" in sys.modules else "compiled")
print(book.rules["OFR101"].name, book.notes["DbtCloudRunJobOperator"].file)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, in a directory of their own."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def load(installed: Path, cache: Path, *notes: str) -> list[str]:
    env = {**os.environ, "PYTHONPATH": str(installed), "OFFRAMP_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", LOAD, *notes]
    run = subprocess.run(command, env=env, cwd=cache.parent, capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert lines[0] == str(installed / "offramp" / "__init__.py")
    return lines[1:]


def test_a_fresh_installation_does_not_parse(installed: Path, tmp_path: Path) -> None:
    note = installed / "offramp" / "rules" / "airflow-dbt-cloud.md"
    assert note.is_file()
    assert load(installed, tmp_path / "cache") == ["compiled", f"dbt-cloud-run-job-operator {note}"]
    assert not (tmp_path / "cache").exists()


def test_users_notes_are_parsed_once(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "my.md").write_text("{% section A %}\n## operator\nm.A\n{% endsection %}\n", encoding="utf-8")
    assert load(installed, tmp_path / "cache", "my.md")[0] == "parsed"
    assert load(installed, tmp_path / "cache", "my.md")[0] == "compiled"


def test_edited_notes_are_parsed(installed: Path, tmp_path: Path) -> None:
    edited = Path(shutil.copytree(installed, tmp_path / "site"))
    note = edited / "offramp" / "rules" / "offramp.md"
    note.write_bytes(note.read_bytes() + b"\nOne more line.\n")
    assert load(edited, tmp_path / "cache")[0] == "parsed"
