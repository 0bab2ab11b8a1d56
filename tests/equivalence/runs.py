"""Runs cases in the environments and brings back what happened: requests and marks, final state, states of tasks."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from equivalence.dbt_cloud_api import DbtCloudApi
from equivalence.environments import python

HERE = Path(__file__).resolve().parent
START = 180


class Case(NamedTuple):
    """One run of one DAG or flow.

    ``jobs`` is the script of the stand-in: ``{job id or "*": {"outcomes": [...], "polls": n}}``; ``variable`` the
    DAG's id or the flow's variable, needed only where the file has several; ``timeout`` in seconds; tasks that read
    ``FAIL`` fail when it is ``fail``; runs of ``other_dag`` end in the state ``triggered`` a little later, if any.
    With ``dbt``, ``JAFFLE`` is a copy of the dbt project for this run alone, in which that happens.
    """

    name: str
    file: Path
    jobs: Mapping[str, Any]
    variable: str = ""
    timeout: int = 60
    fail: str = ""
    triggered: str = ""
    dbt: str = ""


class Outcome(NamedTuple):
    """What a run did.

    ``recording`` is the stand-in's; ``tasks`` has each task's sorted final states; ``graph`` (task -> tasks directly
    downstream), ``jobs`` (task -> dbt Cloud job that it triggers or waits for) and ``waiting`` (tasks that end only
    after what they started has ended) are known for Airflow only; ``error`` says in one sentence why there was no run.
    """

    recording: list[dict[str, Any]]
    state: str = ""
    tasks: Mapping[str, list[str]] = {}
    graph: Mapping[str, list[str]] = {}
    jobs: Mapping[str, int] = {}
    waiting: Sequence[str] = ()
    error: str = ""


def airflow_runs(
    environment: str, cases: Iterable[Case], folder: Path, connections: Iterable[str] = ("dbt_cloud_default",)
) -> dict[str, Outcome]:
    """Run DAGs with ``environment`` (airflow2 or airflow3), one after the other in one process, by case name.

    ``folder`` takes the database, the journal and the log; ``connections`` are made to lead to the stand-in.
    """
    interpreter = python(environment)
    database = _migrated(interpreter, "airflow.db", ["airflow", "db", "migrate"], _airflow_settings)
    shutil.copy(database, folder / "airflow.db")

    def settings(api: DbtCloudApi) -> dict[str, str]:
        connection = {"conn_type": "dbt_cloud", "host": api.host, "login": "42", "password": "token"}
        return {
            **_airflow_settings(folder),
            **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name in connections},
            "AIRFLOW_CONN_HTTP_DEFAULT": json.dumps({"conn_type": "http", "host": f"https://{api.host}"}),
            "AIRFLOW_CONN_FS_DEFAULT": json.dumps({"conn_type": "fs"}),
            "AIRFLOW_CONN_WAREHOUSE": f"sqlite://{folder / 'warehouse.db'}",
            "WAREHOUSE": str(folder / "warehouse.db"),
        }

    return _runs(interpreter, "run_airflow.py", "dag", list(cases), folder, settings, {})


def prefect_runs(
    cases: Iterable[Case], folder: Path, blocks: Iterable[str] = ("dbt-cloud-default",)
) -> dict[str, Outcome]:
    """Run flows one after the other with one server, by case name; ``blocks`` are credentials for the stand-in."""
    home = {**prefect_home(folder), "WAREHOUSE": str(folder / "warehouse.db")}
    return _runs(
        python("prefect3"), "run_prefect.py", "flow", list(cases), folder, lambda _: home, {"blocks": list(blocks)}
    )


def prefect_home(folder: Path) -> dict[str, str]:
    """The environment variables of a Prefect server whose database, an empty one, lies in ``folder``."""
    upgrade = ["prefect", "server", "database", "upgrade", "-y"]
    shutil.copy(_migrated(python("prefect3"), "prefect.db", upgrade, _prefect_settings), folder / "prefect.db")
    return _prefect_settings(folder)


def _airflow_settings(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }


def _prefect_settings(home: Path) -> dict[str, str]:
    # Their writes keep SQLite locked now and then, which costs a flow a wait of 2 s.
    idle = (
        "CANCELLATION_CLEANUP",
        "EVENT_PERSISTER",
        "FOREMAN",
        "LATE_RUNS",
        "PAUSE_EXPIRATIONS",
        "REPOSSESSOR",
        "SCHEDULER",
        "TASK_RUN_RECORDER",
        "TRIGGERS",
    )
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in idle},
    }


def _migrated(interpreter: Path, name: str, command: list[str], settings: Any) -> Path:
    """An empty database with all tables, made once for each environment: it takes 10 s."""
    home = interpreter.parents[1] / "template"
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        environment = {**os.environ, **settings(home)}
        subprocess.run([interpreter, "-m", *command], env=environment, check=True, capture_output=True)
        (home / "done").touch()
    return home / name


def _runs(
    interpreter: Path, script: str, kind: str, cases: list[Case], folder: Path, settings: Any, more: dict[str, Any]
) -> dict[str, Outcome]:
    work = [
        {
            "name": case.name,
            "file": str(case.file),
            "jobs": case.jobs,
            "timeout": case.timeout,
            "environment": {"FAIL": case.fail, "JAFFLE": _project(case, folder), "JAFFLE_SCENE": case.dbt},
            "triggered": case.triggered,
        }
        | ({kind: case.variable} if case.variable else {})
        for case in cases
    ]
    with DbtCloudApi(folder) as api:
        (folder / "cases.json").write_text(json.dumps({"api": api.host, "cases": work, **more}))
        environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            "SSL_CERT_FILE": str(api.certificate),
            "REQUESTS_CA_BUNDLE": str(api.certificate),
            "JOURNAL": str(api.journal),
            "WORKING_DIRECTORY": str(folder.resolve()),
            "PATH": f"{_recording_dbt(folder)}:{os.environ['PATH']}",
            **settings(api),
        }
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [interpreter, str(HERE / script), str(folder / "cases.json"), str(folder / "results.jsonl")],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            ended = _end(process, START + sum(case.timeout for case in cases))
        recordings = api.recordings()
    lines = (folder / "results.jsonl").read_text().splitlines() if (folder / "results.jsonl").exists() else []
    results = {result.pop("name"): result for result in map(json.loads, lines)}
    gone = {"error": f"{script} {ended}: see {folder / 'log.txt'}"}
    return {case.name: Outcome(recordings.get(case.name, []), **results.get(case.name, gone)) for case in cases}


def _project(case: Case, folder: Path) -> str:
    """The directory of the case's own dbt project, if it has any."""
    if not case.dbt:
        return ""
    return str(shutil.copytree(HERE / "jaffle", (folder / "projects").resolve() / case.name))


def _recording_dbt(folder: Path) -> Path:
    """A directory with a ``dbt`` that records what it is asked for; on all sides it is the same dbt that runs."""
    command = [sys.executable, "-E", str(HERE / "recording_dbt.py"), str(python("prefect3").with_name("dbt"))]
    dbt = folder / "bin" / "dbt"
    dbt.parent.mkdir(exist_ok=True)
    dbt.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    dbt.chmod(0o755)
    return dbt.parent


def _end(process: subprocess.Popen[bytes], timeout: float) -> str:
    """Wait for a process that leads its own group; whatever is left of the group ends with it."""
    try:
        return f"ended with {process.wait(timeout)}"
    except subprocess.TimeoutExpired:
        return f"did not end within {timeout} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
