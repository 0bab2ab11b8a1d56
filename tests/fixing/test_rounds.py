"""What is offered was made and proven; what fails is dropped alone; what is counted is what ``--fix`` then does."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from cProfile import Profile
from pathlib import Path

import pytest

from offramp.engine import Context, check_bytes, fix_bytes
from offramp.frontends.cli import main
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Applicability
from offramp.reading.versions import find_versions
from offramp.settings import load

AIRFLOW = """\
from datetime import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("nightly", start_date=datetime(2024, 1, 1), schedule=None, catchup=False) as dag:
"""
PREFECT = """\
from prefect import flow, task
from prefect_dbt import DbtCoreOperation
from prefect_dbt.cloud import DbtCloudCredentials, DbtCloudJob
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run, trigger_dbt_cloud_job_run_and_wait_for_completion


@task
def build(number):
    DbtCoreOperation(commands=["dbt build"]).run()


"""
USELESS = 'DbtCloudRunJobOperator(task_id="{}", job_id=1, wait_for_termination=False, deferrable=True)\n'
# Its fix would lose a comment, since the value that it replaces holds one.
FAILING = 'DbtCloudRunJobOperator(task_id="a", job_id=1, wait_for_termination=not (  # why\n        True))\n'
GOOD = 'DbtCloudRunJobOperator(task_id="b", job_id=2, wait_for_termination=False)\n'
LOST = "the fix would not do what it should: the comment `# why` would be lost"


def _context(**settings: object) -> Context:
    chosen = load("/", settings, isolated=True)
    rulebook = load_rulebook([], pytest.fail)
    codes = frozenset(rule.code for rule in rulebook.rules.values() if rule.code < "OFR3")
    return Context(chosen, rulebook, codes, find_versions(chosen))


def _dag(*statements: str) -> bytes:
    return (AIRFLOW + "".join(f"    {statement}" for statement in statements)).encode()


# -- what is done -------------------------------------------------------------------


def test_a_fix_that_another_makes_needless_waits_for_it() -> None:
    raw = _dag(USELESS.format("a"))
    safe = fix_bytes("dag.py", raw, _context(), unsafe=False)
    assert safe.new_text == _dag(USELESS.format("a").replace(", deferrable=True", ""))
    unsafe = fix_bytes("dag.py", raw, _context(), unsafe=True)
    assert unsafe.new_text is not None
    assert [finding.code for finding in unsafe.fixed] == ["OFR201", "OFR101"]


def test_useless_arguments_that_default_args_give_as_well_are_set_to_false() -> None:
    raw = AIRFLOW.replace("catchup=False", 'catchup=False, default_args={"deferrable": True}').encode()
    fixed = fix_bytes("dag.py", raw + b"    " + USELESS.format("a").encode(), _context(), unsafe=False)
    assert fixed.problem == ""
    assert fixed.new_text == raw + b"    " + USELESS.format("a").replace("deferrable=True", "deferrable=False").encode()


def test_one_fix_that_fails_is_dropped_alone() -> None:
    fixed = fix_bytes("dag.py", _dag(FAILING, GOOD), _context(), unsafe=True)
    assert fixed.problem == ""
    assert fixed.new_text == _dag(FAILING, GOOD.replace("False", "True"))
    assert [finding.code for finding in fixed.fixed] == ["OFR201"]
    (dropped,) = [finding for finding in fixed.findings if finding.code == "OFR201"]
    assert dropped.fix is None
    assert [refusal.reason for refusal in dropped.refusals] == [LOST]


def test_imports_that_several_fixes_need_and_leave_behind_are_one_edit() -> None:
    head = PREFECT.replace("import flow", "import task, flow")
    code = "@flow\ndef nightly(c):\n" + "    DbtCloudJob.load('a').trigger()\n" * 20
    code += "\n\nasync def status(c, run):\n    return 1\n"
    fixed = fix_bytes("flow.py", (head + code).encode(), _context(), unsafe=True)
    assert fixed.gone == 20
    assert fixed.findings == ()


# -- what is announced ----------------------------------------------------------------

ANNOUNCED = {
    "one of each": (_dag(USELESS.format("a")), (1, 2)),
    "one fails": (_dag(FAILING, GOOD), (0, 1)),
    "nothing": (_dag("DbtCloudRunJobOperator(**WHO_KNOWS)\n"), (0, 0)),
    "what one reveals": ((PREFECT + "@flow\ndef nightly(c):\n    trigger_dbt_cloud_job_run(c, 1)\n").encode(), (0, 1)),
    "two in one flow": (
        (PREFECT + "@flow\nasync def nightly(c):\n    trigger_dbt_cloud_job_run(c, 1)\n    build.submit(1)\n").encode(),
        (0, 2),
    ),
}


@pytest.mark.parametrize(("raw", "announced"), ANNOUNCED.values(), ids=ANNOUNCED)
def test_what_is_announced_is_done(raw: bytes, announced: tuple[int, int]) -> None:
    context = _context()
    found = check_bytes("case.py", raw, context, named=True, fixes=True)
    assert found.fixable == announced
    safe, unsafe = (fix_bytes("case.py", raw, context, unsafe=unsafe, named=True) for unsafe in (False, True))
    assert (safe.gone, unsafe.gone) == (announced[0], sum(announced))
    # Each shown fix is one of those, for what only the first round leaves is fixed without having been shown.
    shown = [one for one in found.findings if one.fix and one.fix.applicability is not Applicability.DISPLAY_ONLY]
    assert len(shown) <= sum(announced)


def test_conversions_are_not_announced_where_they_are_not_made() -> None:
    raw = _dag('DbtCloudRunJobOperator(task_id="a", job_id=1)\n')
    context = _context(**{"airflow-version": "2.10"})
    context.converts = False
    found = check_bytes("dag.py", raw, context, fixes=True)
    assert found.fixable == (0, 0)
    context = _context(**{"airflow-version": "2.10"})
    assert sum(check_bytes("dag.py", raw, context, fixes=True).fixable) == 1


# -- what is shown ------------------------------------------------------------------


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "dag.py"
    path.write_bytes(_dag(FAILING, GOOD, USELESS.format("c")))
    return path


def test_good_fixes_are_written_and_the_exit_code_is_that_of_what_is_left(
    failing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check", "--isolated", "--select", "OFR201,OFR202", "dag.py"]
    assert main(arguments) == 1
    assert "1 fixable with --fix, 2 more with --unsafe-fixes." in capsys.readouterr().out
    assert main([*arguments, "--fix", "--unsafe-fixes"]) == 1
    shown = capsys.readouterr()
    assert f"= no fix: {LOST} (line 7)" in shown.out
    assert shown.err == "Fixed 3 findings in 1 file.\n"
    assert failing.read_bytes() == _dag(
        FAILING, GOOD.replace("False", "True"), USELESS.format("c").replace("False", "True")
    )


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("layout", ["json", "jsonl", "sarif", "rdjson", "gitlab", "github", "junit"])
def test_no_output_carries_a_fix_that_failed(layout: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--isolated", "--select", "OFR201", "--output-format", layout, "dag.py"])
    shown = capsys.readouterr().out
    titles = shown.count("Wait for the run")
    # Two of three OFR201 can be fixed; formats that take only safe fixes show none.
    assert titles == (2 if layout in ("json", "jsonl") else 0)
    if layout == "json":
        dropped, *others = json.loads(shown)
        assert dropped["fix"] is None
        assert [refusal["reason"] for refusal in dropped["refusals"]] == [LOST]
        assert all(other["fix"]["edits"] for other in others)


# -- what it takes ------------------------------------------------------------------

# Twice as much of these takes less than three times as long: calls of Python functions, which no load changes.
GROWING: dict[str, Callable[[int], str]] = {
    "calls": lambda n: _flow("def", [f"trigger_dbt_cloud_job_run_and_wait_for_completion(c, {i})" for i in range(n)]),
    "calls in an async flow": lambda n: _flow(
        "async def", [f"trigger_dbt_cloud_job_run_and_wait_for_completion(c, {i})" for i in range(n)]
    ),
    "submits": lambda n: _flow("def", [f"build.submit({i})" for i in range(n)]),
    "submits that wait for each other": lambda n: _flow(
        "def", ["f_0 = build.submit(0)", *(f"f_{i} = build.submit({i}, wait_for=[f_{i - 1}])" for i in range(1, n))]
    ),
    "jobs": lambda n: _flow("def", [f'DbtCloudJob.load("{i}").trigger()' for i in range(n)]),
    "helpers": lambda n: (
        "".join(
            f"def helper_{i}(c):\n    trigger_dbt_cloud_job_run_and_wait_for_completion(c, {i})\n\n\n" for i in range(n)
        )
        + _flow("def", [f"helper_{i}(c)" for i in range(n)])
    ),
}


def _flow(keyword: str, statements: list[str]) -> str:
    return f"@flow\n{keyword} nightly(c):\n" + "".join(f"    {statement}\n" for statement in statements)


@pytest.mark.parametrize("code", GROWING.values(), ids=GROWING)
def test_planning_and_proving_grow_with_the_file(code: Callable[[int], str]) -> None:
    context = _context()
    _work(PREFECT + code(2), context)  # loads what is loaded once
    small, large = (_work(PREFECT + code(number), context) for number in (60, 120))
    assert large < small * 2.6


def test_a_long_chain_of_tasks_is_converted() -> None:
    tasks = [f't_{i} = DbtCloudRunJobOperator(task_id="t_{i}", job_id={i})\n' for i in range(300)]
    edges = [f"t_{i} >> t_{i + 1}\n" for i in range(299)]
    fixed = fix_bytes("dag.py", _dag(*tasks, *edges), _context(**{"airflow-version": "2.10"}), unsafe=False)
    assert fixed.gone == 300
    assert fixed.findings == ()


def _work(code: str, context: Context) -> int:
    """How many Python functions are called to check a file, all of whose findings can be fixed."""
    profile = Profile(builtins=False)
    # CPython 3.11.2 crashes where it collects garbage while calls are counted; it does not without counting.
    gc.disable()
    try:
        result = profile.runcall(check_bytes, "flow.py", code.encode(), context, named=True, fixes=True)
    finally:
        gc.enable()
    assert result.fixable == (0, len(result.findings))
    return sum(entry.callcount for entry in profile.getstats())
