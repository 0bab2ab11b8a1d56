"""Templates of notes: what they write for the arguments of a task, and what they refuse to lose."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from offramp.converting.placing.helper_functions import helper_functions
from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import Settings, enabled_codes

ROWS = ("rows", "table", "where", "limit", "mode", "extra", "full", "names", "settings", "folder", "env")


class Notes:
    """Converts DAGs of an operator `Load` whose note has a template."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fixed(self, rewrite: str, tasks: str, fields: str = "## compared\nload 1.0\n", rows: str = "") -> FileResult:
        table = "".join(f"| `{name}` | `{name}` | {'10' if name == 'limit' else ''} | |\n" for name in ROWS)
        note = (
            "{% section Load %}\n## operator\nLoad\n## module\nacme.operators\n## inherits\n- BaseOperator\n"
            "## arguments\n| airflow | prefect | when absent | note |\n|---|---|---|---|\n"
            f"{table}| `conn` | block: acme.blocks.Store(url, key) | store_default | |\n{rows}\n"
            f"{fields}\n## rewrite\n{rewrite}\n{{% endsection %}}\n"
        )
        (self.folder / "acme.md").write_text(note)
        settings = Settings(root=str(self.folder), fixed=True)
        rulebook = load_rulebook([str(self.folder / "acme.md")], pytest.fail)
        context = Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))
        lines = "\n    ".join(tasks.splitlines())
        code = f"""
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from acme.operators import Load
from company import UNKNOWN
def show(text): print(text)
with DAG("d", schedule=None):
    {lines}
"""
        return fix_bytes(str(self.folder / "dag.py"), code.encode(), context, unsafe=True)

    def body(self, rewrite: str, task: str, fields: str = "## compared\nload 1.0\n") -> list[str]:
        """The lines of the function that the task `a` becomes."""
        result = self.fixed(rewrite, task, fields)
        assert result.new_text is not None, self.refusals(result)
        tree = ast.parse(result.new_text)
        function = next(node for node in tree.body if getattr(node, "name", "") == "a")
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        return [line for statement in function.body for line in ast.unparse(statement).splitlines()]

    @staticmethod
    def refusals(result: FileResult) -> list[str]:
        return sorted({refusal.reason for finding in result.findings for refusal in finding.refusals})

    @staticmethod
    def doubts(result: FileResult) -> list[str]:
        return sorted({finding.fix.reason for finding in result.fixed if finding.fix is not None})


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    monkeypatch.setenv("OFFRAMP_CACHE_DIR", str(tmp_path / "cache"))
    return Notes(tmp_path)


def template(*lines: str, info: str = "python", recipe: str = "call") -> str:
    called = [
        name for name in ("fast", "load", "many", "one", "plain", "usual") if any(f"{name}(" in one for one in lines)
    ]
    imports = [f"from acme import {name}" for name in called]
    return "\n".join([recipe, "", f"```{info}", *imports, *lines, "```", ""])


@pytest.mark.parametrize(
    ("line", "given", "absent"),
    [
        ("load({table}, where={where?}, limit={limit})", "load('t', where='w', limit=10)", "load('t', limit=10)"),
        ("load({table}, where={where?})", "load('t', where='w')", "load('t')"),
        ("load({where?}, {table})", "load('w', 't')", "load('t')"),
        ("load({where?})", "load('w')", "load()"),
        ('load({"a": {where?}, "b": {table}})', "load({'a': 'w', 'b': 't'})", "load({'b': 't'})"),
    ],
)
def test_an_argument_is_left_out_with_its_value(notes: Notes, line: str, given: str, absent: str) -> None:
    needed = 'table="t", ' if "{table}" in line else ""
    assert notes.body(template(line), f'Load(task_id="a", {needed}where="w")') == [given]
    assert notes.body(template(line), f'Load(task_id="a", {needed})') == [absent]
    assert notes.body(template(line), f'Load(task_id="a", {needed}where=None)') == [absent]


def test_a_line_is_left_out_with_its_value(notes: Notes) -> None:
    lines = ("chosen = {}", "chosen['where'] = {where?}", "return load({table}, chosen)")
    assert notes.body(template(*lines), 'Load(task_id="a", table="t")') == ["chosen = {}", "return load('t', chosen)"]
    assert len(notes.body(template(*lines), 'Load(task_id="a", table="t", where="w")')) == 3


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("mode='fast'", "fast()"),
        ("mode=None", "usual()"),
        ("", "usual()"),
        ("mode='other', rows=[1]", "many([1])"),
        ("mode='other', rows='one'", "one('one')"),
        ("mode='other', rows={'a': 1, 'b': 'x'}", "plain({'a': 1, 'b': 'x'})"),
    ],
)
def test_the_first_template_whose_conditions_hold_is_taken(notes: Notes, given: str, written: str) -> None:
    rewrite = (
        template("fast()", info="python mode=fast")
        + template("usual()", info="python mode=", recipe="")
        + template("plain({rows})", info="python rows:plain mode:any", recipe="")
        + template("many({rows})", info="python rows:list mode!=fast", recipe="")
        + template("one({rows})", info="python rows:str mode:str", recipe="")
    )
    assert notes.body(rewrite, f'Load(task_id="a", {given})') == [written]


@pytest.mark.parametrize(
    ("line", "task", "reason"),
    [
        ("load()", "table='t'", "`table` becomes `table`, which the note's template does not write"),
        ("load()", "extra='c'", "`extra` becomes `extra`, which the note's template does not write"),
        ("load({table})", "", "no `table` is given, which the note's template needs"),
        ("load('{table:text}')", "table='a\\'b'", "`table` is not known here, or no plain text"),
        ("load('{table:text}')", "table=UNKNOWN", "`table` is not known here, or no plain text"),
        ("load({conn})", "conn=UNKNOWN", "the connection is not known here"),
        ("load({table}", "table='t'", "the template of the note does not give Python here"),
    ],
)  # fmt: skip
def test_nothing_is_lost_or_guessed(notes: Notes, line: str, task: str, reason: str) -> None:
    result = notes.fixed(template(line), f'Load(task_id="a", {task})')
    assert result.new_text is None
    assert notes.refusals(result) == [reason]


def test_a_condition_on_what_is_not_known_is_refused(notes: Notes) -> None:
    result = notes.fixed(template("load()", info="python mode=fast"), 'Load(task_id="a", mode=UNKNOWN)')
    assert notes.refusals(result) == ["`mode` is not known here, and decides what is written"]
    result = notes.fixed(template("load()", info="python mode=fast"), 'Load(task_id="a", mode="slow")')
    assert notes.refusals(result) == ["none of the note's templates is for these arguments"]


def test_a_named_block_is_loaded_and_known_for_blocks_py(notes: Notes) -> None:
    result = notes.fixed(template("load({conn})"), 'Load(task_id="a")\nLoad(task_id="b", conn="ware_house")')
    assert result.new_text is not None
    text = result.new_text.decode()
    assert 'load(Store.load("store-default"))' in text
    assert 'load(Store.load("ware-house"))' in text
    assert "from acme.blocks import Store\n" in text
    (fix,) = {finding.fix for finding in result.fixed}
    assert fix is not None
    assert {(block.connection, block.name, block.kind) for block in fix.connections} == {
        ("store_default", "store-default", "acme.blocks.Store(url, key)"),
        ("ware_house", "ware-house", "acme.blocks.Store(url, key)"),
    }
    assert "await Store.aload('store-default')" in notes.body(template("await load({conn})"), 'Load(task_id="a")')[0]


def test_results_of_other_tasks_are_arguments(notes: Notes) -> None:
    tasks = 'table = BashOperator(task_id="t", bash_command="echo x")\nLoad(task_id="a", table=table.output)'
    result = notes.fixed(template("return load({table}, {where?})"), tasks)
    assert result.new_text is not None, notes.refusals(result)
    text = result.new_text.decode()
    assert "def a(table):\n    return load(table)\n" in text
    assert "a.submit(t_future)" in text or "a.submit(table_future)" in text


@pytest.mark.parametrize(
    ("returns", "refusal"),
    [
        ("value", None),
        ("none", "another task takes the result, and there is none"),
        ("run id", "another task takes the result for something else than the id of a run"),
        ("", "another task takes the result, which the note's template does not tell"),
    ],
)
def test_the_result_is_what_the_note_says(notes: Notes, returns: str, refusal: str | None) -> None:
    fields = f"## compared\nload 1.0\n## returns\n{returns}\n"
    tasks = 'a = Load(task_id="a")\nPythonOperator(task_id="b", python_callable=show, op_args=[a.output])'
    result = notes.fixed(template("return load()"), tasks, fields)
    assert notes.refusals(result) == ([refusal] if refusal else [])
    if not refusal:
        assert (
            "what `Load` gives is handed on as it is; Airflow hands on what JSON keeps of it" in notes.doubts(result)[0]
        )


@pytest.mark.parametrize("compared", ["", "## compared\n\n", "## compared\nsometime\n"])
def test_what_nobody_has_compared_is_unsafe(notes: Notes, compared: str) -> None:
    result = notes.fixed(template("load()"), 'Load(task_id="a")', compared)
    assert notes.doubts(result) == ["nobody has compared what `Load` does with what its note makes of it"]


def test_what_has_been_compared_is_as_safe_as_the_note_says(notes: Notes) -> None:
    assert notes.doubts(notes.fixed(template("load()"), 'Load(task_id="a")')) == [""]
    rewrite = template("load()").replace("call\n", "call\n\n- unsafe: other\n  words\n", 1)
    assert notes.doubts(notes.fixed(rewrite, 'Load(task_id="a")')) == ["`Load`: other words"]
    rows = "| `risky` | `risky` | | unsafe: differs |\n"
    result = notes.fixed(template("load({risky?})"), 'Load(task_id="a", risky=1)\nLoad(task_id="b")', rows=rows)
    assert notes.doubts(result) == ["`risky`: differs"]


def test_the_names_of_a_template_are_no_tasks(notes: Notes) -> None:
    result = notes.fixed(template("import acme_http", "", "acme_http.get()"), 'Load(task_id="acme_http")')
    assert result.new_text is not None
    assert "\ndef acme_http_2():\n    acme_http.get()\n" in result.new_text.decode()


def test_files_of_templates_are_refused(notes: Notes) -> None:
    fields = "## compared\nload 1.0\n## templates\n`table`, `rows`\n## template_files\n`.sql`\n"
    for given in ('table="x.sql"', 'rows=["x", "y.sql"]', 'rows={"a": "y.sql"}'):
        result = notes.fixed(template("load({table?}, {rows?})"), f'Load(task_id="a", {given})', fields)
        assert notes.refusals(result) == ["Airflow reads this from a file, as a template"]


COMMAND = template(
    "cwd={folder?}",
    "env+={env?}",
    "loader 'two words' {table}",
    "--where={where?}",
    "--limit {limit}",
    "--full {full:flag}",
    "--names {names:words?}",
    "--settings {settings:json?}",
    info="",
    recipe="command",
)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("", "['loader', 'two words', 't', '--limit', '10']"),
        ("limit=3, full=True", "['loader', 'two words', 't', '--limit', '3', '--full']"),
        ("where='a b', full=False", "['loader', 'two words', 't', '--where=a b', '--limit', '10']"),
        (
            "where=UNKNOWN",
            (
                "['loader', 'two words', 't', *(['--where=' + str(UNKNOWN)] if UNKNOWN is not None else []), "
                "'--limit', '10']"
            ),
        ),
        ("where=f'{UNKNOWN}'", "['loader', 'two words', 't', '--where=' + f'{UNKNOWN}', '--limit', '10']"),
        ("names=['x', 'y']", "['loader', 'two words', 't', '--limit', '10', '--names', 'x', 'y']"),
        ("settings={'a': 1}", "['loader', 'two words', 't', '--limit', '10', '--settings', json.dumps({'a': 1})]"),
        ("folder='/x'", "['loader', 'two words', 't', '--limit', '10'], cwd='/x'"),
        ("env={'A': 'b'}", "['loader', 'two words', 't', '--limit', '10'], env={**os.environ, **{'A': 'b'}}"),
    ],
)
def test_a_command_line_has_the_flags_whose_values_are_there(notes: Notes, given: str, written: str) -> None:
    assert notes.body(COMMAND, f'Load(task_id="a", table="t", {given})') == [f"return run_command({written})"]


def test_a_flag_that_is_not_known_is_refused(notes: Notes) -> None:
    result = notes.fixed(COMMAND, 'Load(task_id="a", table="t", full=UNKNOWN)')
    assert notes.refusals(result) == ["`full` is not known here, and decides what is run"]


def test_a_command_runs_in_a_process_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec("import os, signal, subprocess, sys" + helper_functions(frozenset({"run_command"})), names)
    run = names["run_command"]
    assert callable(run)
    script = 'pwd; echo "$A|$1|$HOME"; ps -o pgid= -p $$ | tr -d " "; echo end >&2'
    last = run(["sh", "-c", script, "name", "two words"], env={**os.environ, "A": "b"}, cwd=tmp_path)
    directory, line, group, end = capsys.readouterr().out.splitlines()
    assert (directory, line, end, last) == (str(tmp_path), f"b|two words|{os.environ['HOME']}", "end", "end")
    assert int(group) not in (os.getpgid(0), os.getpid())
    with pytest.raises(RuntimeError, match="the command ended with exit code 7"):
        run(["sh", "-c", "exit 7"])


def test_a_bash_command_runs_in_a_directory_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    helpers = helper_functions(frozenset({"run_bash", "run_command"}))
    exec("import os, shutil, signal, subprocess, sys\nfrom tempfile import TemporaryDirectory" + helpers, names)
    run = names["run_bash"]
    assert callable(run)
    assert run("pwd; touch here; ls", env={**os.environ, "A": "b"}) == "here"
    directory = Path(capsys.readouterr().out.splitlines()[0])
    assert directory != Path.cwd()
    assert not directory.exists()
    assert run("echo $A; pwd", env={"A": "b", "PATH": os.environ["PATH"]}, cwd=tmp_path) == str(tmp_path)
    # Airflow looks for Bash on the PATH of its worker, whatever PATH the command gets.
    assert run("echo $PATH", env={"PATH": str(tmp_path)}) == str(tmp_path)
    with pytest.raises(RuntimeError, match="the command ended with exit code 3"):
        run("set -e; (exit 3); echo more")


def test_a_command_ends_with_the_process_that_runs_it(tmp_path: Path) -> None:
    """As when Prefect kills the process of a flow run that is cancelled (seen with 3.9.1)."""
    script = tmp_path / "flow.py"
    script.write_text(
        "import os, signal, subprocess, sys"
        + helper_functions(frozenset({"run_command"}))
        + 'run_command(["sh", "-c", "sleep 600 & echo $!; sleep 600"])\n'
    )
    with subprocess.Popen([sys.executable, "-u", script], stdout=subprocess.PIPE, text=True) as flow:
        assert flow.stdout is not None
        inner = int(flow.stdout.readline())
        os.kill(inner, 0)
        flow.kill()
    end = time.monotonic() + 30
    while _runs(inner):
        assert time.monotonic() < end, "the command goes on"
        time.sleep(0.05)


def _runs(number: int) -> bool:
    """Return whether a process is there and has not ended, though nobody may have asked for its end."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], check=False, capture_output=True, text=True)
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")
