"""The rules in the real Fixit 2: what it shows, what it fixes, and what it is told to leave alone."""

from __future__ import annotations

import cProfile
import pstats
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fixit import LintRule
from fixit.api import fixit_file, fixit_paths
from fixit.config import find_rules
from fixit.engine import LintRunner
from fixit.ftypes import Config, QualifiedRule

from offramp.engine import check_bytes
from offramp.knowledge.rulebook import load_rulebook

FIXIT = '[tool.fixit]\nroot = true\nenable = ["offramp.fixit"]\ndisable = ["fixit.rules"]\n'

# Two safe fixes of two rules: OFR202 on line 8, OFR217 on line 18.
BOTH = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion as run_job
from prefect_dbt.cloud.models import TriggerJobRunOptions

# Both take effect at once.
build = DbtCloudRunJobOperator(
    task_id="build",
    job_id=1,
    wait_for_termination=False,
    deferrable=True,
)


@flow
async def nightly():
    await run_job(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud"),
        job_id=1,
        trigger_job_run_options=TriggerJobRunOptions(steps_override=["dbt build"]),
        retry_filtered_models_attempts=3,  # tried thrice
    )
"""
WITHOUT_DEFERRABLE = BOTH.replace("    deferrable=True,\n", "")
WITHOUT_ATTEMPTS = BOTH.replace("attempts=3", "attempts=0")
FIXED = WITHOUT_DEFERRABLE.replace("attempts=3", "attempts=0")

DAG = """\
from datetime import datetime
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("nightly", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False):
    DbtCloudRunJobOperator(task_id="run", job_id=1)
"""
FOUND_IN_DAG = (
    "dag.py@6:4 OFR101: `DbtCloudRunJobOperator` runs dbt Cloud job `1` through the default connection and waits "
    "for it [dbt-cloud-run-job-operator] https://offramp.readthedocs.io/rules/OFR101/"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that enables the rules, as the current directory."""
    monkeypatch.chdir(tmp_path.resolve())
    Path("pyproject.toml").write_text(FIXIT)
    return tmp_path


def fixit(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the installed ``fixit``."""
    command = [sys.executable, "-X", "utf8", "-W", "error", "-m", "fixit", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, encoding="utf-8", check=False)


def shown(*paths: str, automatic: bool = False) -> list[str]:
    """Place and code of what Fixit shows, in order: its own is that of no rule. With ``automatic``, it fixes too."""
    results = list(fixit_paths([Path(path) for path in paths], autofix=automatic, parallel=False))
    assert [result.error for result in results if result.error] == []
    return sorted(
        f"{result.path.relative_to(Path.cwd())}:{start.line}:{start.column} {result.violation.rule_name}"
        for result in results
        if result.violation is not None
        for start in [result.violation.range.start]
    )


def fixed(name: str = "dag.py") -> bytes:
    """The file after one ``fixit fix --automatic``."""
    shown(name, automatic=True)
    return Path(name).read_bytes()


def rules(*codes: str) -> list[LintRule]:
    """An instance of each rule, as Fixit makes them."""
    found = {rule.__name__: rule for rule in find_rules(QualifiedRule("offramp.fixit"))}
    return [found[code]() for code in codes or found]


def test_there_is_a_rule_for_every_code() -> None:
    found = {rule.__name__: rule for rule in find_rules(QualifiedRule("offramp.fixit"))}
    known = load_rulebook([], pytest.fail).rules
    assert found.keys() == known.keys()
    assert found["OFR201"].__doc__ == "fire-and-forget-run: https://offramp.readthedocs.io/rules/OFR201/"
    assert str(found["OFR201"]()) == "offramp.fixit:OFR201"


def test_the_examples_of_the_notes_pass_fixits_own_tests() -> None:
    # What this project says is nothing to the examples.
    Path("offramp.toml").write_text('select = ["OFR101"]\nprefect-version = "2"\n')
    done = fixit("test", "offramp.fixit")
    assert done.returncode == 0, done.stderr
    flagged = set(re.findall(r"test_INVALID_0 \(.*\b(OFR\d{3})\b", done.stderr))
    # Notes and manifests are not Python, nor is what cannot be parsed.
    without = {"OFR303", "OFR404", "OFR800", "OFR901", "OFR903"}
    assert flagged == load_rulebook([], pytest.fail).rules.keys() - without


def test_what_a_rule_fixes_is_in_its_examples() -> None:
    fixing = {
        rule.name
        for rule in rules()
        for case in rule.INVALID
        if not isinstance(case, str) and case.expected_replacement is not None
    }
    assert fixing == {"OFR202", "OFR217"}


def test_a_finding_is_shown_with_its_code_its_name_and_its_page() -> None:
    Path("dag.py").write_text(DAG)
    done = fixit("lint", "dag.py")
    assert done.stdout == FOUND_IN_DAG + "\n"
    assert done.returncode == 1
    assert "1 file checked, 1 file with errors" in done.stderr


def test_the_page_comes_before_what_fixit_says_of_fixes() -> None:
    Path("dag.py").write_text(BOTH)
    done = fixit("--rules", "offramp.fixit:OFR217", "lint", "--diff", "dag.py")
    line, *diff = done.stdout.splitlines()
    assert line == (
        "dag.py@18:10 OFR217: `trigger_dbt_cloud_job_run_and_wait_for_completion` never retries failed models with "
        "`steps_override` "
        "(`retry_filtered_models_attempts` is 3) [retries-without-effect] "
        "https://offramp.readthedocs.io/rules/OFR217/ (has autofix)"
    )
    assert diff[2:] == [
        "@@ -21,3 +21,3 @@",
        '         trigger_job_run_options=TriggerJobRunOptions(steps_override=["dbt build"]),',
        "-        retry_filtered_models_attempts=3,  # tried thrice",
        "+        retry_filtered_models_attempts=0,  # tried thrice",
        "     )",
    ]


def test_several_files_in_several_processes() -> None:
    for name in ("one.py", "two.py", "three.py"):
        Path(name).write_text(BOTH)
    done = fixit("--rules", "offramp.fixit:OFR202,offramp.fixit:OFR217", "lint", ".")
    assert sorted(line.partition(": ")[0] for line in done.stdout.splitlines()) == [
        f"{name}.py@{place}" for name in ("one", "three", "two") for place in ("18:10 OFR217", "8:8 OFR202")
    ]
    assert "3 files checked, 3 files with errors, 6 auto-fixes available" in done.stderr


RAW = BOTH.encode()
MENDED = FIXED.encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RAW, MENDED),
        (RAW.replace(b"\n", b"\r\n"), MENDED.replace(b"\n", b"\r\n")),
        (RAW.rstrip(b"\n"), MENDED.rstrip(b"\n")),
        (b"\xef\xbb\xbf" + RAW, b"\xef\xbb\xbf" + MENDED),
        (b"# coding: latin-1\n# \xe9\n" + RAW, b"# coding: latin-1\n# \xe9\n" + MENDED),
        ("# 日本 🚀\n".encode() + RAW, "# 日本 🚀\n".encode() + MENDED),
        (RAW.replace(b"# Both", b"\x0c\n# Both"), MENDED.replace(b"# Both", b"\x0c\n# Both")),
        (RAW.replace(b"    job_id", b"\tjob_id"), MENDED.replace(b"    job_id", b"\tjob_id")),
    ],
    ids=["plain", "crlf", "no-last-newline", "bom", "latin-1", "emoji", "form-feed", "tabs"],
)
def test_what_is_fixed_is_fixed_and_every_other_byte_stays(before: bytes, after: bytes) -> None:
    Path("dag.py").write_bytes(before)
    assert fixed() == after
    assert fixed() == after


def test_a_form_feed_that_libcst_drops_is_counted_and_not_touched(folder: Path) -> None:
    path = folder / "dag.py"
    path.write_text(BOTH.replace("build = ", "\x0cbuild = "))
    assert shown("dag.py") == ["dag.py:18:10 OFR217", "dag.py:8:9 OFR101", "dag.py:8:9 OFR202"]
    results = list(fixit_file(path))
    assert not any(result.violation is None or result.violation.autofixable for result in results)


def test_what_comes_from_stdin_is_fixed_on_stdout() -> None:
    Path("dag.py").write_text("# something else\n")
    done = fixit("fix", "-", "dag.py", stdin=BOTH)
    assert done.stdout == FIXED
    assert Path("dag.py").read_text() == "# something else\n"


@pytest.mark.parametrize("turn", [1, -1])
def test_the_order_of_rules_is_nothing_to_the_fix(turn: int, folder: Path) -> None:
    runner = LintRunner(folder / "dag.py", RAW)
    config = Config(path=folder / "dag.py", root=folder)
    found = list(runner.collect_violations(rules()[::turn], config))
    fixing = [one for one in found if one.replacement]
    assert sorted(one.rule_name for one in fixing) == ["OFR202", "OFR217"]
    assert runner.apply_replacements(found).bytes == MENDED
    for one in fixing:
        assert runner.apply_replacements([one]).bytes == MENDED


@pytest.mark.parametrize(
    ("selection", "after"),
    [
        ('disable = ["fixit.rules", "offramp.fixit:OFR202"]\n', WITHOUT_ATTEMPTS),
        ('disable = ["fixit.rules", "offramp.fixit:OFR217"]\n', WITHOUT_DEFERRABLE),
        ('disable = ["fixit.rules"]\n[tool.offramp]\nignore = ["OFR202"]\n', WITHOUT_ATTEMPTS),
        ('disable = ["fixit.rules"]\n[tool.offramp.per-file-ignores]\n"dag.py" = ["OFR202"]\n', WITHOUT_ATTEMPTS),
    ],
    ids=["fixit-202", "fixit-217", "ignore", "per-file-ignores"],
)
def test_a_rule_that_is_off_fixes_nothing(selection: str, after: str) -> None:
    Path("dag.py").write_text(BOTH)
    Path("pyproject.toml").write_text(FIXIT.replace('disable = ["fixit.rules"]\n', selection))
    assert fixed() == after.encode()


def test_fixits_own_fixes_come_when_ours_are_made() -> None:
    text = BOTH + '\n\nassert nightly.name == None, f"nothing"\n'
    Path("dag.py").write_text(text)
    Path("pyproject.toml").write_text(FIXIT.replace('disable = ["fixit.rules"]\n', ""))
    first = fixed()
    assert first == FIXED.encode() + b'\n\nassert nightly.name == None, f"nothing"\n'
    assert fixed() == FIXED.encode() + b'\n\nassert nightly.name is None, "nothing"\n'


OPERATORS = """\
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as Run

a = Run(task_id="a", job_id=1)  # lint-ignore: OFR101
# lint-fixme: OFR101 on its way out
b = Run(task_id="b", job_id=1)
c = Run(  # lint-ignore
    task_id="c",
)
d = Run(
    task_id="d",
)  # lint-fixme
several = [
    Run(task_id="e"),  # lint-ignore: OFR101
    Run(task_id="f"),
]
g = Run(task_id="g")  # lint-ignore: OFR102
h = Run(task_id="h")  # noqa: OFR101
i = Run(task_id="i")  # offramp: ignore[OFR101]


class Derived(Run):  # lint-ignore: OFR108
    pass


x = 1  # noqa: OFR101 - and nothing is
"""


@pytest.mark.parametrize("above", [0, 200])
def test_comments_of_all_kinds_silence(above: int) -> None:
    # LibCST drops a form feed before a statement, and later places with it.
    Path("dag.py").write_text("\x0cx = 0\n" * above + OPERATORS)
    assert shown("dag.py") == [
        f"dag.py:{above + row}:{column} {code}"
        for row, column, code in [(14, 4, "OFR101"), (16, 4, "OFR101"), (25, 15, "OFR902")]
    ]


@pytest.mark.parametrize("comment", ["# lint-ignore: OFR202", "# lint-fixme", "# noqa: OFR202"])
def test_what_is_silenced_is_not_fixed(comment: str) -> None:
    silenced = BOTH.replace("DbtCloudRunJobOperator(", f"DbtCloudRunJobOperator(  {comment}", 1)
    Path("dag.py").write_text(silenced)
    assert fixed().decode() == silenced.replace("attempts=3", "attempts=0")


@pytest.mark.parametrize(
    ("settings", "other", "leaves"),
    [
        ("", "", False),
        ("convert-dags = true\n", "", True),
        ("convert-dags = true\n", 'start(trigger_dag_id="nightly")\n', False),
    ],
    ids=["not-asked", "asked", "named-elsewhere"],
)
def test_a_dag_leaves_airflow_where_the_configuration_says_so(settings: str, other: str, leaves: bool) -> None:
    Path("dag.py").write_text(DAG)
    Path("other.py").write_text(other)
    Path("offramp.toml").write_text(settings)
    after = fixed().decode()
    assert ("@flow(" in after, "airflow" in after) == (leaves, not leaves)
    assert leaves or after == DAG


def test_a_file_is_checked_once_however_many_rules_there_are(folder: Path) -> None:
    def profiled(*codes: str) -> pstats.StatsProfile:
        runner = LintRunner(folder / "dag.py", OPERATORS.encode())
        config = Config(path=folder / "dag.py", root=folder)
        enabled = rules(*codes)
        profile = cProfile.Profile()
        found = profile.runcall(lambda: list(runner.collect_violations(enabled, config)))
        assert len(found) == (2 if codes else 3)
        stats = pstats.Stats(profile)
        calls.append(stats.total_calls)  # type: ignore[attr-defined]
        return stats.get_stats_profile()

    calls: list[int] = []
    # The first run imports what the others have then.
    for codes in (["OFR101"], ["OFR101"], []):
        assert profiled(*codes).func_profiles[check_bytes.__name__].ncalls == "1"
    # Nor does any other work grow much with the number of rules.
    assert calls[2] < 1.5 * calls[1]


def test_files_below_another_configuration_get_theirs() -> None:
    nested = Path("team")
    nested.mkdir()
    for place in (Path(), nested):
        (place / "dag.py").write_text(DAG)
    (nested / "offramp.toml").write_text('select = ["OFR301"]\n')
    assert shown(".") == ["dag.py:6:4 OFR101", "team/dag.py:2:20 OFR301", "team/dag.py:3:54 OFR301"]


def test_what_a_setup_py_asks_for_is_seen() -> None:
    Path("offramp.toml").write_text('select = ["OFR303", "OFR404"]\n')
    Path("setup.py").write_text('import setuptools\n\nsetuptools.setup(install_requires=["prefect-dbt[cloud]"])\n')
    assert shown("setup.py") == ["setup.py:3:35 OFR404"]


NOTE = """\
{% section nightly-dbt %}
## operator
NightlyDbtOperator

## module
acme.operators

## code
OFR801 nightly-dbt

## message
`{operator}` is {task}

## arguments
| airflow | prefect | when absent | note |
|---|---|---|---|
| `task_id` | dropped | | |
{% endsection %}
"""


def test_notes_of_a_project_have_rules_of_their_own() -> None:
    Path("acme.md").write_text(NOTE)
    Path("pyproject.toml").write_text(FIXIT + '[tool.offramp]\nnotes = ["acme.md"]\n')
    Path("dag.py").write_text("from acme.operators import NightlyDbtOperator\n\nNightlyDbtOperator(task_id='n')\n")
    done = fixit("lint", "dag.py")
    assert done.stdout.startswith("dag.py@3:0 OFR801: `NightlyDbtOperator` is `n` [nightly-dbt] ")


def test_bad_configuration_fails_the_run_with_its_sentence() -> None:
    Path("dag.py").write_text(DAG)
    Path("offramp.toml").write_text("nonsense = 1\n")
    done = fixit("lint", "dag.py")
    assert done.returncode == 2
    assert done.stdout.startswith("dag.py: EXCEPTION: ")
    assert "offramp.toml:1: there is no option `nonsense`" in done.stdout


def test_what_python_cannot_parse_and_libcst_can_is_reported() -> None:
    """Of what LibCST cannot parse, Fixit itself speaks."""
    Path("dag.py").write_text(DAG + "REGION = '\\x1'\n")
    (found,) = shown("dag.py")
    assert re.fullmatch(r"dag\.py:7:\d+ OFR901", found)
