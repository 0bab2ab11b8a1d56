"""Files that would trip a careless tool: a finding or one clear sentence, and the other files still checked."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from .conftest import DAG, DAG_PLACE, Run

IMPORT = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"\xef\xbb\xbf" + DAG.encode(), DAG_PLACE),
        (b"\xef\xbb\xbf" + (IMPORT + 'DbtCloudRunJobOperator(task_id="r", job_id=1)\n').encode(), "2:1: OFR101"),
        (DAG.replace("\n", "\r\n").encode(), DAG_PLACE),
        (DAG.replace("\n", "\r").encode(), DAG_PLACE),
        (DAG.replace("\nwith", "\n\x0c\nwith").encode(), "7:11: OFR101"),
        (DAG.replace("    run", "\trun").encode(), "6:8: OFR101"),
        (DAG.replace("    run = ", '    é = "é"; run = ').encode(), "6:20: OFR101"),
        (("# coding: latin-1\n" + DAG.replace('"d"', '"dé"')).encode("latin-1"), "7:11: OFR101"),
        (("# coding: latin-1\n" + DAG.replace("    run = ", '    é = "é"; run = ')).encode("latin-1"), "7:20: OFR101"),
        ((DAG + "# padding\n" * 1_000_000).encode(), DAG_PLACE),
        ((DAG + "x = '" + "y" * 10_000_000 + "'\n").encode(), DAG_PLACE),
        (DAG.rstrip("\n").encode(), DAG_PLACE),
    ],
    ids=[
        "bom", "bom-first-column", "crlf", "cr", "form-feed", "tab", "code-points", "latin-1", "latin-1-column",
        "10-mb", "10-mb-line", "no-last-newline",
    ],
)  # fmt: skip
def test_odd_but_valid_files_are_checked(raw: bytes, place: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_bytes(raw)
    done = offramp("check", "--output-format", "concise")
    assert done.returncode == 1, done
    assert done.stdout.startswith(f"dag.py:{place} ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("raw", "place", "sentence"),
    [
        (DAG.encode() + b"\0", "7:1", "null byte"),
        (IMPORT.encode() + b'x = "\xff"\n', "2:6", "cannot decode as utf-8: byte 0xff"),
        (("\ufeff" + IMPORT + 'é = "').encode() + b'\xe9"\n', "2:6", "cannot decode as utf-8: byte 0xe9"),
        (b"# coding: cp1252\r\n" + IMPORT.encode() + b'x = "\xe9\x81"', "3:7", "cannot decode as cp1252: byte 0x81"),
        (b"# coding: latin-1\n" + IMPORT.encode() + b"'\xe9'; x = (\n", "3:10", "cannot parse"),
        (b"\xef\xbb\xbf# coding: latin-1\n" + IMPORT.encode(), "1:1", "cannot decode"),
        (b"# coding: no-such-codec\n" + IMPORT.encode(), "1:1", "cannot decode: unknown encoding: no-such-codec"),
        (b"#!python\n# coding: hex\n" + IMPORT.encode(), "2:1", "cannot decode: unknown encoding: hex"),
        (IMPORT.encode() + b"print 'hello'\n", "2:1", "cannot parse"),
        (IMPORT.encode() + b"exec code in scope\n", "2:1", "cannot parse"),
        (IMPORT.encode() + b"x = (\n", "2:5", "cannot parse"),
    ],
    ids=[
        "null", "not-utf-8", "not-utf-8-bom", "not-cp1252", "latin-1-unfinished", "bom-and-cookie", "unknown-codec",
        "not-a-text-codec", "python-2", "python-2-exec", "unfinished",
    ],
)  # fmt: skip
def test_invalid_files_are_findings_that_exit_2(
    raw: bytes, place: str, sentence: str, offramp: Run, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_bytes(raw)
    (tmp_path / "good.py").write_text(DAG)
    done = offramp("check", "--output-format", "concise")
    assert done.returncode == 2
    bad, good, *_ = done.stdout.splitlines()
    assert bad.startswith(f"bad.py:{place}: OFR901 ")
    assert sentence in bad
    assert good.startswith(f"good.py:{DAG_PLACE} ")


@pytest.mark.parametrize(
    "deep",
    [
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "[" * 5000 + "]" * 5000,
        "x = " + "-" * 5000 + "1",
        "x = " + "not " * 5000 + "1",
        "x = " + "a + " * 5000 + "a",
        "x = a" + ".b" * 5000,
        "x = a" + "()" * 5000,
        "x = " + "lambda: " * 5000 + "1",
        "if a:\n    pass\n" + "elif a:\n    pass\n" * 5000,
        "".join(" " * depth + "if a:\n" for depth in range(5000)) + " " * 5000 + "pass",
        'x = f"' + '{f"' * 5000,
    ],
    ids=["parens", "lists", "minus", "not", "sum", "attributes", "calls", "lambdas", "elif", "indents", "f-strings"],
)
def test_deep_nesting_ends_in_findings_or_one_sentence(deep: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text(DAG + deep + "\n")
    (tmp_path / "good.py").write_text(DAG)
    done = offramp("check", "--output-format", "concise")
    lines = done.stdout.splitlines()
    assert f"good.py:{DAG_PLACE} " in done.stdout
    about_deep = [
        line for line in (*lines, *done.stderr.splitlines()) if line.startswith(("deep.py:", "offramp: deep"))
    ]
    assert len(about_deep) == 1, done
    assert done.returncode == (1 if f"deep.py:{DAG_PLACE} " in about_deep[0] else 2)


def test_an_empty_file_is_clean(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    done = offramp("check")
    assert (done.returncode, done.stdout) == (0, "All checks passed! (1 file checked)\n")


def test_a_python_2_file_without_operators_is_none_of_our_business(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'hello'\n")
    assert offramp("check").returncode == 0
    assert offramp("check", "--select", "OFR901").returncode == 2


def test_symbolic_links(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "dag.py").write_text(DAG)
    (tmp_path / "dags" / "gone.py").symlink_to("nowhere.py")
    (tmp_path / "dags" / "round.py").symlink_to("round.py")
    (tmp_path / "dags" / "up").symlink_to("..")
    done = offramp("check", "dags", "--output-format", "concise")
    assert done.returncode == 2
    assert done.stdout.startswith(f"dags/dag.py:{DAG_PLACE} ")
    assert done.stdout.count(": OFR") == 1
    first, second = sorted(done.stderr.splitlines())
    assert first == "offramp: dags/gone.py: this symbolic link leads nowhere"
    assert second.startswith("offramp: dags/round.py: ")


def _without_override() -> Callable[[], None] | None:
    """Root passes every permission check unless it gives up two capabilities, by number: DAC_OVERRIDE, READ_SEARCH."""
    if os.geteuid() != 0:
        return None
    if not sys.platform.startswith("linux"):
        pytest.skip("root can only give up its override on Linux")
    prctl = ctypes.CDLL(None).prctl

    def drop() -> None:
        drop_from_bounding_set = 24
        prctl(drop_from_bounding_set, 1, 0, 0, 0)
        prctl(drop_from_bounding_set, 2, 0, 0, 0)

    return drop


def test_what_may_not_be_read(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dags" / "closed").mkdir(parents=True)
    (tmp_path / "dags" / "dag.py").write_text(DAG)
    (tmp_path / "dags" / "secret.py").write_text(DAG)
    (tmp_path / "dags" / "closed").chmod(0)
    (tmp_path / "dags" / "secret.py").chmod(0)
    done = offramp("check", "dags", "--output-format", "concise", preexec_fn=_without_override())
    (tmp_path / "dags" / "closed").chmod(0o700)
    assert done.returncode == 2
    assert done.stdout.startswith(f"dags/dag.py:{DAG_PLACE} ")
    assert done.stdout.count(": OFR") == 1
    first, second = sorted(done.stderr.splitlines())
    assert first == "offramp: dags/closed: cannot read this directory: Permission denied"
    assert second == "offramp: dags/secret.py: cannot read: Permission denied"


def test_a_cache_directory_without_write_permission(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    (tmp_path / "cache").mkdir(mode=0o500)
    cache = {"OFFRAMP_CACHE_DIR": str(tmp_path / "cache")}
    done = offramp("check", "--output-format", "concise", env=cache, preexec_fn=_without_override())
    assert done.returncode == 1
    assert done.stdout.startswith(f"dag.py:{DAG_PLACE} ")
    assert done.stderr == ""
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses such file names")
@pytest.mark.parametrize("layout", ["full", "concise", "grouped", "json"])
def test_a_file_name_that_is_not_utf8(layout: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text(DAG.replace("with DAG", "é = 1\nwith DAG"), encoding="utf-8")
    for arguments in (["check"], ["check", b"caf\xe9.py"]):
        for env in ({}, {"PYTHONIOENCODING": "ascii"}):
            done = offramp(*arguments, "--output-format", layout, env=env)
            assert done.returncode == 1
            assert "caf\\" in done.stdout
            assert "xe9.py" in done.stdout
            assert done.stderr == ""


def test_names_that_cannot_be(offramp: Run) -> None:
    assert offramp("check", "a" * 5000).returncode == 2
    assert offramp("check", "").returncode == 2


def test_a_pipe_is_read_once_and_never_written(offramp: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for options, code in (([], 1), (["--diff"], 1), (["--fix"], 2)):
        writer = Thread(target=pipe.write_text, args=(DAG,))
        writer.start()
        done = offramp("check", "--output-format", "concise", *options, str(pipe))
        writer.join(20)
        assert not writer.is_alive()
        assert done.returncode == code
        assert f"pipe:{DAG_PLACE}" in done.stdout or options
    assert "pipe: cannot write: this is not a regular file; use --diff, or - for stdin\n" in done.stderr


def test_a_notebook_that_is_named_is_not_taken_for_clean(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "explore.ipynb").write_text('{"cells": []}')
    for arguments in (["check", "explore.ipynb"], ["check", "--stdin-filename", "explore.ipynb"]):
        done = offramp(*arguments)
        assert done.returncode == 2
        assert "offramp: explore.ipynb: notebooks are checked in editors only" in done.stderr


def test_stdin_that_stands_for_an_excluded_file_is_left_alone(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('exclude = ["old"]\n')
    arguments = ["check", "--stdin-filename", "old/dag.py"]
    assert offramp(*arguments, input=DAG).returncode == 1
    done = offramp(*arguments, "--force-exclude", input=DAG)
    assert (done.returncode, done.stdout) == (0, "")
    done = offramp(*arguments, "--force-exclude", "--fix", input=DAG)
    assert (done.returncode, done.stdout) == (0, DAG)


def test_a_pipe_beside_a_file_is_not_waited_for(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    os.mkfifo(tmp_path / "pipe.py")
    assert offramp("check", "--isolated", "dag.py", timeout=20).returncode == 1


@pytest.mark.parametrize("command", [["check"], ["check", "--fix"], ["gate"], ["migrate", "--out", "flows"]])
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/full"])
def test_a_device_without_an_end_is_not_read(command: list[str], device: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "zero.py").symlink_to(device)
    for path in (device, "zero.py"):
        done = offramp(*command, path, timeout=30)
        assert done.returncode == 2
        assert f"offramp: {path}: this is a device, neither a file nor a pipe" in done.stderr


def test_the_device_that_is_empty_is_an_empty_file(offramp: Run) -> None:
    done = offramp("check", "--isolated", "/dev/null")
    assert (done.returncode, done.stdout) == (0, "All checks passed! (1 file checked)\n")


@pytest.mark.parametrize("command", [["gate"], ["gate", "--accept-new"], ["migrate", "--out", "flows"]])
def test_a_pipe_has_no_place_in_a_baseline_or_beside_flows(command: list[str], offramp: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("pipe", "/dev/stdin"):
        done = offramp(*command, path, input=DAG, timeout=30)
        assert done.returncode == 2
        assert f"offramp: {path}: this is not a file, and " in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["pipe"]
