"""``--fix`` and ``--diff`` as whole processes: what they write, and what they leave as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from offramp.editing.write import replace
from offramp.model import OfframpError

COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")
DAG = """\
# Überschrift
from datetime import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
    # täglich
    run = DbtCloudRunJobOperator(task_id="run", job_id=1)
"""


def _offramp(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], cwd=where, capture_output=True, text=True, check=False)


@pytest.fixture
def dag(tmp_path: Path) -> Path:
    path = tmp_path / "dag.py"
    path.write_text(DAG, "utf-8")
    return path


def test_diff_shows_the_change_writes_nothing_and_exits_1(dag: Path) -> None:
    before = os.stat(dag)
    done = _offramp("check", "--diff", "dag.py", where=dag.parent)
    assert done.returncode == 1
    assert "+async def run():" in done.stdout
    assert '-    run = DbtCloudRunJobOperator(task_id="run", job_id=1)' in done.stdout
    assert dag.read_text("utf-8") == DAG
    assert (os.stat(dag).st_mtime_ns, os.stat(dag).st_ino) == (before.st_mtime_ns, before.st_ino)


def test_diff_of_a_clean_file_exits_0(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text("print(1)\n", "utf-8")
    done = _offramp("check", "--diff", "clean.py", where=tmp_path)
    assert (done.returncode, "+++" in done.stdout) == (0, False)


def test_fixing_twice_changes_nothing_the_second_time(dag: Path) -> None:
    assert _offramp("check", "--fix", "dag.py", where=dag.parent).returncode == 0
    once = dag.read_bytes()
    assert b"async def run():" in once
    assert _offramp("check", "--fix", "--unsafe-fixes", "dag.py", where=dag.parent).returncode == 0
    assert dag.read_bytes() == once


def test_nothing_is_left_beside_a_fixed_file(dag: Path) -> None:
    _offramp("check", "--fix", "--no-cache", "dag.py", where=dag.parent)
    assert [path.name for path in dag.parent.iterdir() if path.name.startswith(".offramp-")] == []


@pytest.mark.parametrize(
    ("encode", "newline"),
    [
        (lambda text: text.encode("utf-8"), "\n"),
        (lambda text: text.encode("utf-8"), "\r\n"),
        (lambda text: b"\xef\xbb\xbf" + text.encode("utf-8"), "\n"),
        (lambda text: b"\xef\xbb\xbf" + text.encode("utf-8"), "\r\n"),
        (lambda text: ("# coding: latin-1\n" + text).encode("latin-1"), "\n"),
    ],
    ids=["UTF-8", "CRLF", "BOM", "BOM and CRLF", "Latin-1"],
)
def test_encoding_and_newlines_stay(tmp_path: Path, encode: object, newline: str) -> None:
    assert callable(encode)
    path = tmp_path / "dag.py"
    raw: bytes = encode(DAG.replace("\n", newline))
    path.write_bytes(raw)
    assert _offramp("check", "--fix", "dag.py", where=tmp_path).returncode == 0
    fixed = path.read_bytes()
    assert b"async def run():" in fixed
    assert fixed.startswith(b"\xef\xbb\xbf") == raw.startswith(b"\xef\xbb\xbf")
    assert fixed.count(b"\n") == fixed.count(newline.encode())
    marks = "latin-1" if b"latin-1" in raw else "utf-8"
    assert "# Überschrift".encode(marks) in fixed
    assert "# täglich".encode(marks) in fixed


def test_the_mode_of_a_file_stays(dag: Path) -> None:
    dag.chmod(0o750)
    _offramp("check", "--fix", "dag.py", where=dag.parent)
    assert b"async def run():" in dag.read_bytes()
    assert dag.stat().st_mode & 0o7777 == 0o750


def test_a_symlink_stays_one_and_its_target_is_fixed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "dag.py"
    target.write_text(DAG, "utf-8")
    link = tmp_path / "link.py"
    link.symlink_to(target)
    _offramp("check", "--fix", "link.py", where=tmp_path)
    assert link.is_symlink()
    assert b"async def run():" in target.read_bytes()


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that every user may write to."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def test_a_read_only_file_is_reported_and_intact(public: Path) -> None:
    path = public / "dag.py"
    path.write_text(DAG, "utf-8")
    path.chmod(0o444)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Root may write to everything.
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            replace(str(path), DAG.encode(), b"")
            os.write(writer, b"written")
        except OfframpError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        assert said.read().decode() == f"{path}: cannot write: the file is read-only"
    assert path.read_text("utf-8") == DAG
    assert [one.name for one in public.iterdir()] == ["dag.py"]


def test_a_file_that_changed_meanwhile_is_reported_and_intact(dag: Path) -> None:
    with pytest.raises(OfframpError, match=r"dag\.py: changed while it was checked; it was left as it is"):
        replace(str(dag), b"what it was", b"what it should be")
    assert dag.read_text("utf-8") == DAG


def test_a_file_that_vanished_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OfframpError, match=r"gone\.py: cannot write: No such file or directory"):
        replace(str(tmp_path / "gone.py"), b"", b"new")
    assert list(tmp_path.iterdir()) == []


def test_killed_at_any_moment_leaves_the_old_file_or_the_new_one(dag: Path) -> None:
    before = dag.read_bytes()
    code = """
import os, sys
from offramp.editing.write import replace
print("ready", flush=True)
old = open(sys.argv[1], "rb").read()
new = b"#" * 3_000_000 + b"\\n"
while True:
    replace(sys.argv[1], old, new)
    old, new = new, old
"""
    after = b"#" * 3_000_000 + b"\n"
    seen = set()
    for turn in range(12):
        process = subprocess.Popen([sys.executable, "-c", code, str(dag)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.003 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        left = dag.read_bytes()
        assert left in (before, after)
        seen.add(left)
        dag.write_bytes(before)
    assert seen


def test_all_blockers_are_listed_at_once_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(
        DAG.replace("schedule=None", 'schedule="@continuous", end_date=datetime(2030, 1, 1)').replace(
            "job_id=1", 'job_id=1, pool="small", sla=3'
        )
        + "    print(1)\n",
        "utf-8",
    )
    done = _offramp("check", "dag.py", where=tmp_path)
    assert done.returncode == 1
    for row, reason in (
        (7, "`end_date`"),
        (7, "`@continuous`"),
        (9, "`pool`"),
        (9, "`sla`"),
        (10, "is code in the DAG"),
    ):
        lines = done.stdout.splitlines()
        assert any(f"(line {row})" in line and reason in line for line in lines), (row, reason, lines)


def test_every_comment_stays(tmp_path: Path) -> None:
    path = tmp_path / "dag.py"
    path.write_text(
        "from datetime import datetime  # one\n"
        "from airflow.decorators import dag, task  # two\n"
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"
        "# three\n"
        "defaults = {\n"
        '    "retries": 2,  # four\n'
        "    # five\n"
        "}  # six\n"
        "@task(\n"
        "    retries=1,  # seven\n"
        ")  # eight\n"
        "def load():  # nine\n"
        "    return 1  # ten\n"
        "@dag(  # eleven\n"
        "    schedule=None,  # twelve\n"
        "    default_args=defaults,  # thirteen\n"
        ")\n"
        "def made():  # fourteen\n"
        "    # fifteen\n"
        "    run = DbtCloudRunJobOperator(  # sixteen\n"
        "        task_id='run',  # seventeen\n"
        "        job_id=1,\n"
        "        # eighteen\n"
        "    )\n"
        "    load() >> run  # nineteen\n"
        "    # twenty\n"
        "made()  # twenty-one\n"
        "# twenty-two\n",
        "utf-8",
    )
    assert _offramp("check", "--fix", "dag.py", where=tmp_path).returncode == 0
    text = path.read_text("utf-8")
    assert "async def run():" in text
    numbers = (
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty twenty-one twenty-two"
    )
    comments = text.split("# ")[1:]
    assert sorted(comment.split()[0] for comment in comments) == sorted(numbers.split())
