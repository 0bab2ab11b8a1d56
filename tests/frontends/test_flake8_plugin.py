"""The flake8 plugin under real flake8 6 and 7: the same codes, rows and columns as the command line."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import DAG, ROOT, Done, Run

Place = tuple[str, str, int, int]

SUPPRESSED = DAG.replace("job_id=1)", "job_id=1)  # offramp: ignore[OFR101] on its way out")
UNUSED = DAG + "x = 1  # offramp: ignore[OFR101]\n"


@pytest.fixture(scope="session", params=["6", "7"])
def flake8(request: pytest.FixtureRequest) -> str:
    """The flake8 command of an environment with that major version and this checkout of offramp."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = ROOT / ".cache" / f"flake8-{request.param}-python{python}"
    environment.parent.mkdir(exist_ok=True)
    uv = [sys.executable, "-m", "uv"]
    with open(f"{environment}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other pytest processes need the same environment
        subprocess.run([*uv, "venv", "-q", "--allow-existing", "-p", sys.executable, environment], check=True)
        packages = [f"flake8=={request.param}.*", "-e", str(ROOT)]
        subprocess.run([*uv, "pip", "install", "-q", "-p", environment, *packages], check=True)
    command = environment / "bin" / "flake8"
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith(f"{request.param}.")
    assert "offramp: 0.1.0" in version
    return str(command)


def by_flake8(flake8: str, files: list[str], *options: str, cwd: Path) -> list[Place]:
    form = "%(path)s\t%(code)s\t%(row)d\t%(col)d"
    done = subprocess.run(
        [flake8, "--isolated", f"--format={form}", *options, *files], cwd=cwd, capture_output=True, check=False
    )
    assert done.stderr == b""
    assert done.returncode in (0, 1)
    lines = [os.fsdecode(line).split("\t") for line in done.stdout.splitlines()]
    return sorted(
        (os.path.join(cwd, path), code, int(row), int(column))
        for path, code, row, column in lines
        if code.startswith("OFR")
    )


def by_command_line(done: Done) -> list[Place]:
    return sorted(
        (item["filename"], item["code"], item["location"]["row"], item["location"]["column"])
        for item in json.loads(done.stdout)
    )


def parses(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@pytest.mark.parametrize("selection", [(), ("--select=OFR",)], ids=["default", "all"])
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_both_agree_on_every_fixture_and_example(selection: tuple[str, ...], flake8: str, offramp: Run) -> None:
    # Beside examples/dags stands a project with a configuration of its own, which flake8's --select does not reach.
    candidates = [*(ROOT / "examples" / "dags").rglob("*.py"), *(ROOT / "tests" / "fixtures").rglob("*.py")]
    files = sorted(str(path) for path in candidates if parses(path))
    assert len(files) > 10
    ours = by_command_line(offramp("check", "--output-format=json", *selection, *files, cwd=ROOT))
    assert len({code for _, code, _, _ in ours}) > 4
    assert by_flake8(flake8, files, *selection, cwd=ROOT) == ours


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + DAG.encode(),
        DAG.replace("\n", "\r\n").encode(),
        DAG.replace("\nwith", "\n\x0c\nwith").encode(),
        DAG.replace("    run", "\trun").encode(),
        DAG.replace("    run = ", '    é = "日本"; run = ').encode(),
        ("# coding: latin-1\n" + DAG.replace("    run = ", '    é = "é"; run = ')).encode("latin-1"),
        SUPPRESSED.encode(),
        UNUSED.encode(),
        DAG.replace("job_id=1)", "job_id=1)  # noqa: OFR101").encode(),
        DAG.replace("job_id=1)", "job_id=1)  # noqa: OFR1, E501").encode(),
        DAG.replace("job_id=1)", "job_id=1)  # noqa").encode(),
        ("# flake8: noqa: OFR101\n" + DAG).encode(),
        ("# offramp: skip-file\n" + DAG).encode(),
        b"",
    ],
    ids=[
        "bom", "crlf", "form-feed", "tab", "code-points", "latin-1", "suppressed", "unused", "noqa", "noqa-prefix",
        "blanket-noqa", "file-noqa", "skip-file", "empty",
    ],
)  # fmt: skip
def test_both_agree_on_odd_files(raw: bytes, flake8: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_bytes(raw)
    ours = by_command_line(offramp("check", "--output-format=json"))
    assert by_flake8(flake8, ["dag.py"], cwd=tmp_path) == ours


def test_the_message_is_the_same(flake8: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    command = [flake8, "--select=OFR1", "dag.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert shown.removeprefix("./") == offramp("check", "-q", "--output-format=concise").stdout


def test_disable_noqa_shows_what_either_kind_of_comment_hides(flake8: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(SUPPRESSED)
    (tmp_path / "noqa.py").write_text(DAG.replace("job_id=1)", "job_id=1)  # noqa"))
    files = ["dag.py", "noqa.py"]
    assert by_flake8(flake8, files, cwd=tmp_path) == []
    shown = by_flake8(flake8, files, "--disable-noqa", cwd=tmp_path)
    assert [(Path(path).name, code) for path, code, _, _ in shown] == [("dag.py", "OFR101"), ("noqa.py", "OFR101")]


def test_rules_that_are_off_by_default_wait_to_be_selected(flake8: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)

    def codes(*options: str) -> set[str]:
        return {code for _, code, _, _ in by_flake8(flake8, ["dag.py"], *options, cwd=tmp_path)}

    assert codes() == {"OFR101"}
    assert codes("--extend-select=OFR301") == {"OFR101", "OFR301"}
    assert codes("--select=OFR") == {"OFR101", "OFR301"}
    assert codes("--extend-ignore=OFR101") == set()
    (tmp_path / "offramp.toml").write_text('extend-select = ["OFR301"]\nignore = ["OFR101"]\n')
    assert codes() == {"OFR301"}


def test_offramps_own_per_file_ignores_hold(flake8: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    (tmp_path / "offramp.toml").write_text('[per-file-ignores]\n"dag.py" = ["OFR1"]\n')
    assert by_flake8(flake8, ["dag.py"], cwd=tmp_path) == []
    assert [code for _, code, _, _ in by_flake8(flake8, ["dag.py"], "--select=OFR", cwd=tmp_path)] == [
        "OFR301",
        "OFR301",
    ]


def test_bad_configuration_is_a_sentence(flake8: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    (tmp_path / "offramp.toml").write_text("nonsense = 1\n")
    done = subprocess.run([flake8, "dag.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "offramp.toml:1: there is no option `nonsense`" in done.stderr + done.stdout


def test_libcst_is_not_imported(flake8: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    script = (
        "import sys\n"
        "from flake8.main.cli import main\n"
        "code = main(['-j1', '--select=OFR101', 'dag.py'])\n"
        "print(code, sorted({'libcst', 'fixit', 'pygls', 'rich'} & sys.modules.keys()))\n"
    )
    python = str(Path(flake8).with_name("python"))
    done = subprocess.run([python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1 []"
