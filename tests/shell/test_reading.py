"""The dbt commands in shell texts."""

from __future__ import annotations

import pytest

from offramp.settings import DBT_COMMANDS
from offramp.shell.parsing import UNKNOWN
from offramp.shell.reading import Reader

SCRIPT = "set -e\ndbt snapshot\n"


def reader() -> Reader:
    return Reader(DBT_COMMANDS, lambda path: SCRIPT if path.endswith("run.sh") else None)


def lines(text: str) -> list[str]:
    reading = reader().text(text)
    assert reading.understood
    return [" ".join([run.program, *run.words]) for run, _ in reading.runs]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dbt run", "dbt run"),
        ("cd /x && dbt run", "dbt run"),
        ("source venv/bin/activate; dbt build", "dbt build"),
        ('dbt run --vars \'{"a": "dbt"}\'', 'dbt run --vars {"a": "dbt"}'),
        ('dbt run --vars "{\\"a\\": 1}"', 'dbt run --vars {"a": 1}'),
        ("x=$(dbt ls --select a)", "dbt ls --select a"),
        ('echo "$(dbt ls)"', "dbt ls"),
        ("export A=`dbt ls`", "dbt ls"),
        ("f() { dbt run; }; f", "dbt run"),
        ("if dbt run; then echo yes; fi", "dbt run"),
        ("! dbt run", "dbt run"),
        ("(dbt run) &", "dbt run"),
        ("dbt run | tee log", "dbt run"),
        ("nohup dbt run > f 2>&1 &", "dbt run"),
        ("while true; do dbt run; done", "dbt run"),
        ("case $1 in a) dbt run;; esac", "dbt run"),
        ("[[ -d x ]] && dbt run", "dbt run"),
        ("for m in a b; do dbt run --select $m; done", "dbt run --select $m"),
        ("dbt \\\n  run \\\n  --select x", "dbt run --select x"),
        ("A=1 B=2 dbt run", "dbt run"),
        ("'dbt' run", "dbt run"),
        ("\\dbt run", "dbt run"),
        ("dbt $COMMAND", "dbt $COMMAND"),
        ("dbt --version", "dbt --version"),
        ("/venv/bin/dbt run", "/venv/bin/dbt run"),
        ("${VENV}/bin/dbt run", "${VENV}/bin/dbt run"),
        ('"$VENV/bin/dbt" run', "$VENV/bin/dbt run"),
        ("DBT=/venv/bin/dbt; $DBT run", "/venv/bin/dbt run"),
        ("dbtf build", "dbtf build"),
        ("dbt-ol run", "dbt-ol run"),
        ("python -m dbt run", "python -m dbt run"),
        ("python3 -m dbt.cli.main build", "python3 -m dbt.cli.main build"),
        ("python /venv/bin/dbt run", "/venv/bin/dbt run"),
        ("poetry run dbt run", "dbt run"),
        ("uv run --with dbt-core dbt run", "dbt run"),
        ("uvx --from dbt-core dbt run", "dbt run"),
        ("pipenv run dbt run", "dbt run"),
        ("conda run -n dbt dbt run", "dbt run"),
        ("env A=1 dbt run", "dbt run"),
        ("sudo -u airflow dbt run", "dbt run"),
        ("timeout 60 dbt run", "dbt run"),
        ("time dbt run", "dbt run"),
        ("exec dbt run", "dbt run"),
        ('eval "dbt run"', "dbt run"),
        ("xargs -I{} dbt run --select {}", "dbt run --select {}"),
        ("bash -c 'cd x && dbt run'", "dbt run"),
        ('bash -lc "dbt run"', "dbt run"),
        ("su - airflow -c 'dbt run'", "dbt run"),
        ("ssh host 'cd x && dbt run'", "dbt run"),
        ("bash <<EOF\ndbt run\nEOF", "dbt run"),
        ("ssh host bash <<'EOF'\ncd x\ndbt run\nEOF", "dbt run"),
        ("docker run --rm -v a:b image dbt run", "dbt run"),
        ("docker exec dbt dbt run", "dbt run"),
        ("docker compose run --rm dbt dbt run", "dbt run"),
        ("kubectl exec pod -- dbt run", "dbt run"),
        ("doppler run -- dbt run", "dbt run"),
        ("bash run.sh", "dbt snapshot"),
        ("./run.sh", "dbt snapshot"),
        ("sh /opt/scripts/run.sh argument", "dbt snapshot"),
        ("source run.sh", "dbt snapshot"),
        ("{% if full %}dbt run{% endif %}", "dbt run"),
        ("{# why #} dbt run", "dbt run"),
        ("{{ params.prefix }} dbt run", "dbt run"),
        ("{{ var.value.venv }}/bin/dbt run", f"{UNKNOWN}/bin/dbt run"),
        ("dbt {{ params.command }} -t {{ params.target }}", f"dbt {UNKNOWN} -t {UNKNOWN}"),
    ],
)
def test_a_text_that_runs_dbt(text: str, found: str) -> None:
    assert lines(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        'echo "dbt run"',
        "echo dbt run",
        "echo \\; dbt run",
        "echo 'a; dbt run'",
        "printf 'dbt run\\n'",
        "# dbt run",
        "dbt-exporter --all",
        "dbt_run",
        "mydbt run",
        "/opt/dbt/run_all",
        "cat /opt/dbt/run",
        "cd /opt/dbt",
        "ls dbt",
        "rm -rf dbt",
        "which dbt",
        "pip install dbt",
        "export DBT=dbt",
        "grep dbt run.log",
        "git clone https://github.com/dbt-labs/dbt",
        "aws s3 cp dbt s3://dbt run",
        "test -f dbt && echo run",
        '[ "$x" = dbt ]',
        "python dbt/run.py",
        "python my_dbt.py run",
        "python -m dbt_exporter",
        "uv run python dbt.py",
        "docker pull dbt",
        "docker run dbt-image",
        "kubectl logs dbt",
        "cat <<EOF > file\ndbt run\nEOF",
    ],
)
def test_a_text_that_only_names_dbt(text: str) -> None:
    assert lines(text) == []


def test_commands_come_in_order() -> None:
    text = "set -e\ndbt deps\ndbt seed && dbt run; dbt test"
    assert lines(text) == ["dbt deps", "dbt seed", "dbt run", "dbt test"]


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        ("cd /a && dbt run", "/a"),
        ("cd /a; cd b; dbt run", "/a/b"),
        ("cd; dbt run", "~"),
        ("cd -; dbt run", UNKNOWN),
        ("cd {{ params.folder }} && dbt run", UNKNOWN),
        ("cd $HOME/dbt && dbt run", "$HOME/dbt"),
        ("cd /a && bash -c 'cd b && dbt run'", "/a/b"),
        ("dbt run", ""),
    ],
)
def test_the_directory_is_that_of_cd_before(text: str, directory: str) -> None:
    assert [where for _, where in reader().text(text).runs] == [directory]


@pytest.mark.parametrize("text", ["dbt run (", "if dbt run", "dbt run 'x"])
def test_what_cannot_be_parsed_is_said(text: str) -> None:
    assert not reader().text(text).understood


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["dbt", "run", "--select", "a b"], [("run", "--select", "a b")]),
        (["bash", "-c", "dbt deps && dbt run"], [("deps",), ("run",)]),
        (["/bin/sh", "-ec", "dbt run"], [("run",)]),
        (["echo", "dbt run"], []),
        (["dbt run"], []),
    ],
)
def test_words_are_read_by_no_shell(words: list[str], found: list[tuple[str, ...]]) -> None:
    assert [run.words for run, _ in reader().words(words).runs] == found


def test_names_of_dbt_are_a_setting() -> None:
    other = Reader(("transform",), lambda _path: None)
    assert [run.words for run, _ in other.text("transform run; dbt run; dbtf run").runs] == [("run",)]
