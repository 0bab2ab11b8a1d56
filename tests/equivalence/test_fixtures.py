"""DAGs and the flows that ``--fix`` makes of them do the same, run by real Airflow and real Prefect.

Fixtures under ``fixtures/both`` are valid for Airflow 2 and 3, the others for one of them. A task of a fixture fails
in the scene that names it: it compares the variable ``FAIL`` with its own name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from equivalence.compare import differences
from equivalence.conftest import Ran
from equivalence.environments import python
from equivalence.runs import Case
from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

pytestmark = pytest.mark.equivalence

FIXTURES = {file.stem: file for file in sorted((Path(__file__).resolve().parent / "fixtures").glob("*/*.py"))}
VERSIONS = {"airflow2": "2.10", "airflow3": "3.3"}
PROVIDERS = {"2.10": "4.0", "3.3": "4.11"}
# Flows of the fixtures that have several.
FLOWS = {"two_dags": ("two_dags_hourly", "two_dags_weekly")}
# Jobs whose failure alone shows what it stops and what not: it comes at once, when all others have yet to end.
LONE_FAILURES = {
    "all_done_in_the_middle": ("65",),
    "arms_go_on": ("91",),
    "chained": ("42",),
    "defaults_precedence": ("29",),
    "groups_in_edges": ("37",),
    "loop_chains_previous": ("61",),
    "loop_in_comprehension": ("59",),
    "loop_over_tuples": ("56",),
    "mapped": ("61",),
    "none_failed": ("66",),
    "sensor_in_group": ("20",),
    "task_sdk": ("83",),
    "wide": ("76", "78"),
}
# A safe fix may differ by this, as docs/explanation/fixes.md says: exit code 99.
_SKIPPED = [
    "the run ended success with Airflow, Failed with Prefect",
    "task `check` should have ended Skipped, with Prefect it ended Failed",
    "task `run_dbt` should have ended Skipped, with Prefect it ended NotReady",
]
# Airflow's 300 s between two tries would pass twice; a skipped task leaves nothing for the other scenes to do, and what
# dbt Cloud does makes no difference to SQL and other hosts.
ONLY_SUCCESS = {
    "bash_exit_99",
    "http_failing",
    "http_requests",
    "retries_default_delay",
    "sql_failing",
    "sql_queries",
}
# These start runs of another DAG, which end so.
TRIGGERING = {"trigger_and_go_on": ("never",), "trigger_and_wait": ("success", "failed")}
# Airflow tries the task of the failed node again, the flow the command for all of them.
_MODELS = [
    f"{node} success: 1 times with Airflow, 2 times with Prefect" for node in ("model solo", "model stg", "seed raw")
]
_NODES = [
    *_MODELS,
    "snapshot snap success: 1 times with Airflow, 2 times with Prefect",
    "test not_negative_stg_id pass: 1 times with Airflow, 2 times with Prefect",
    "test positive_stg_id pass: 1 times with Airflow, 2 times with Prefect",
]
_REPEATED = {"fail_model": _NODES, "fail_once": _NODES, "fail_test": _MODELS}
# Where the flow does otherwise: all that differs.
STATED = {
    **{(airflow, "cosmos_dag", scene): nodes for airflow in VERSIONS for scene, nodes in _REPEATED.items()},
    ("airflow3", "bash_exit_99", "success"): _SKIPPED,
    ("airflow2", "bash_exit_99", "success"): _SKIPPED,
}
# Each push runs all scenes of one in so many fixtures, in turn, and of every other one its success and what its lone
# failures stop; ``--everything`` runs all.
TURNS = 6
# The dbt Cloud runs of these last for one look more, which costs a second for each.
WAITING = {
    "deferrable",
    "edges_with_lists",
    "groups_in_edges",
    "sensor_deferrable",
    "sensor_of_output",
    "sensor_of_template",
    "short_limits",
    "single_job",
    "trigger_then_wait_later",
}
# What happens in the dbt project of the fixtures that run dbt, besides nothing.
DBT = ("fail_model", "fail_test", "warn", "fail_once")
# These run other commands on the two sides, and the same nodes.
OTHER_COMMANDS = frozenset({"airflow_dbt_python", "cosmos_after_all", "cosmos_dag", "cosmos_group", "cosmos_operators"})
# Airflow 2 does these otherwise: it looks once more at a deferred run, and has other messages and no `job_run_id`.
ALSO_AIRFLOW_2 = {"deferrable", "sensor_deferrable", "sensor_of_output", "single_job"}
# The tasks of these fixtures' flows that stand for all of Airflow whose ids match.
MERGED = {
    "cosmos_after_all": {"transform.test": r".*_test", "transform.build": r"transform\..*"},
    "cosmos_dag": {"dbt_build": ".*"},
    "cosmos_group": {"transform.build": r"transform\..*"},
}
_FAILING = re.compile(r"""(?:os\.environ\["FAIL"\] == "|"\$FAIL" (?:!= |= ))([\w.]+)""")


class Scene(NamedTuple):
    """What dbt Cloud does, which other task fails, how the runs of `other_dag` end, what happens in the dbt project."""

    jobs: Mapping[str, Any]
    fail: str = ""
    triggered: str = ""
    dbt: str = ""


class Run(NamedTuple):
    """One comparison: a flow of a fixture, in a scene."""

    fixture: str
    flow: str
    scene: str

    @property
    def name(self) -> str:
        return "-".join(part for part in self if part)


def scenes(fixture: str) -> dict[str, Scene]:
    """The scenes of a fixture, by name."""
    found = {"success": Scene(_all("success", polls=int(fixture in WAITING)))}
    if "JAFFLE" in FIXTURES[fixture].read_text(encoding="utf-8"):
        nothing = _all("success")
        return {"success": Scene(nothing, dbt="ok"), **{scene: Scene(nothing, dbt=scene) for scene in DBT}}
    if fixture in TRIGGERING:
        ends = TRIGGERING[fixture]
        return {
            name: Scene(_all("success"), triggered=end) for name, end in zip(("success", "failed"), ends, strict=False)
        }
    if fixture in ONLY_SUCCESS:
        return found
    if fixture == "times_out":
        return {**found, "running": Scene(_all("running"))}
    if fixture == "short_limits":
        return {**found, "late": Scene(_all("success", polls=2))}
    found["error"] = Scene(_all("error"))
    found["cancelled"] = Scene(_all("cancelled"))
    found["error-then-success"] = Scene(_all("error", "success"))
    found["http-500"] = Scene(_all("500"))
    for job in LONE_FAILURES.get(fixture, ()):
        found[f"error-of-{job}"] = Scene({**_all("success", polls=2), job: {"outcomes": ["error"], "polls": 0}})
    for task in _FAILING.findall(FIXTURES[fixture].read_text(encoding="utf-8")):
        found[f"{task}-fails"] = Scene(_all("success"), fail=task)
    return found


def _all(*outcomes: str, polls: int = 0) -> dict[str, Any]:
    # Jobs 11 to 13 are there to be listed.
    return {str(job): {"outcomes": list(outcomes), "polls": polls} for job in (11, 12, 13, "*")}


def runs(environment: str, *, everything: bool) -> list[Run]:
    """What is run with Airflow ``environment``."""
    wanted = []
    turn = _turn()
    for number, (fixture, file) in enumerate(FIXTURES.items()):
        if file.parent.name not in (environment, "both"):
            continue
        shared = file.parent.name == "both" and fixture not in ALSO_AIRFLOW_2
        if environment == "airflow2" and shared and not everything:
            continue
        for scene in scenes(fixture):
            if everything or scene == "success" or scene.startswith("error-of-") or number % TURNS == turn:
                wanted += [Run(fixture, flow, scene) for flow in FLOWS.get(fixture, ("",))]
    return wanted


@cache
def _turn() -> int:
    """The number of the fixtures whose turn it is: another one with each commit."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, check=False, capture_output=True, text=True
    )
    return int(head.stdout.strip() or "0", 16) % TURNS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "run" in metafunc.fixturenames:
        everything = bool(metafunc.config.getoption("--everything", default=False))
        pairs = [(environment, run) for environment in VERSIONS for run in runs(environment, everything=everything)]
        ids = [f"{environment}-{run.name}" for environment, run in pairs]
        metafunc.parametrize(("environment", "run"), pairs, ids=ids)


@cache
def _context(version: str) -> Context:
    given = {"airflow-version": version, "dbt-cloud-provider-version": PROVIDERS[version]} if version else {}
    settings = load("/", given, isolated=True)
    rulebook = load_rulebook((), print)
    return Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))


def _fixed(name: str, raw: bytes) -> FileResult:
    version = VERSIONS.get(FIXTURES[name].parent.name, "")
    return fix_bytes(FIXTURES[name].name, raw, _context(version), unsafe=True, named=True)


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the generated modules; fixtures that are not converted have none."""
    return _written(tmp_path_factory.mktemp("flows"))


def _written(folder: Path) -> Path:
    for name, file in FIXTURES.items():
        result = _fixed(name, file.read_bytes())
        if result.new_text is not None and not result.problem:
            (folder / file.name).write_bytes(result.new_text)
    return folder


def airflow_cases(items: Sequence[pytest.Function]) -> dict[str, list[Case]]:
    """The fixtures' DAGs that the selected tests compare."""
    found: dict[str, list[Case]] = {}
    for environment, run in _compared(items):
        found.setdefault(environment, []).append(_case(run, FIXTURES[run.fixture]))
    return found


def prefect_cases(items: Sequence[pytest.Function], folder: Path) -> list[Case]:
    """The flows of the fixtures that the selected tests compare, written into ``folder``."""
    compared = _compared(items)
    if not compared:
        return []
    flows = folder / "flows"
    flows.mkdir()
    _written(flows)
    return [_case(run, flows / f"{run.fixture}.py") for run in dict.fromkeys(run for _, run in compared)]


def _compared(items: Sequence[pytest.Function]) -> list[tuple[str, Run]]:
    given: list[dict[str, Any]] = [item.callspec.params for item in items if hasattr(item, "callspec")]
    return [(parameters["environment"], parameters["run"]) for parameters in given if "run" in parameters]


def _case(run: Run, file: Path) -> Case:
    scene = scenes(run.fixture)[run.scene]
    return Case(
        run.name,
        file,
        scene.jobs,
        variable=run.flow,
        timeout=180 if scene.dbt else 60,
        fail=scene.fail,
        triggered=scene.triggered,
        dbt=scene.dbt,
    )


def _merged(fixture: str, tasks: Iterable[str]) -> dict[str, str]:
    """The tasks of Airflow that are part of one task of the flow."""
    into = MERGED.get(fixture, {}).items()
    found = {task: next((one for one, pattern in into if re.fullmatch(pattern, task)), "") for task in tasks}
    return {task: one for task, one in found.items() if one}


def test_the_flow_does_what_the_dag_does(environment: str, run: Run, ran: Ran) -> None:
    stated = STATED.get((environment, *run[::2]), [])
    airflow, prefect = ran.airflow[environment].result()[run.name], ran.prefect.result()[run.name]
    merged = _merged(run.fixture, airflow.tasks)
    assert differences(airflow, prefect, merged, commands=run.fixture not in OTHER_COMMANDS) == stated


@pytest.mark.parametrize("fixture", FIXTURES)
def test_the_fix_has_nothing_left_to_do(fixture: str) -> None:
    once = _fixed(fixture, FIXTURES[fixture].read_bytes())
    assert once.problem == ""
    assert [refusal.reason for finding in once.findings for refusal in finding.refusals] == []
    assert once.new_text is not None
    assert b"airflow" not in _code(once.new_text)
    twice = _fixed(fixture, once.new_text)
    assert (twice.new_text, twice.problem, twice.findings) == (None, "", ())


def _code(text: bytes) -> bytes:
    """Imports of a module, where no word of Airflow may be left."""
    return b"\n".join(line for line in text.splitlines() if b"import" in line)


def test_ruff_finds_nothing_in_the_flows(flows: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "."],
        cwd=flows,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_the_flows_compile(version: str, flows: Path) -> None:
    script = "import sys; [compile(open(name, 'rb').read(), name, 'exec') for name in sys.argv[1:]]"
    files = sorted(map(str, flows.glob("*.py")))
    assert files
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for interpreter in (f"python{version}", *map(str, pyenv.glob(f"{version}.*/bin/python"))):
        # pyenv's shims are there for versions that are not.
        if shutil.which(interpreter) and subprocess.run([interpreter, "-V"], check=False, capture_output=True).stdout:
            ran = subprocess.run([interpreter, "-c", script, *files], check=False, capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr
            return
    pytest.skip(f"no Python {version} here")


def test_the_flows_are_imported_where_there_is_no_airflow(flows: Path) -> None:
    script = """
import os, runpy, sys
for name in sys.argv[1:]:
    runpy.run_path(name, run_name="flows")
assert not [name for name in sys.modules if name.split(".")[0] == "airflow"]
try:
    import airflow
except ImportError:
    pass
else:
    sys.exit("Airflow is installed here")
"""
    files = sorted(map(str, flows.glob("*.py")))
    ran = subprocess.run(
        [python("prefect3"), "-c", script, *files],
        env={**os.environ, "JOURNAL": os.devnull, "FAIL": "", "JAFFLE": "/srv/jaffle"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
