"""Runs DAG files with ``dag.test()``, inside an Airflow environment: ``python run_airflow.py CASES RESULTS``.

CASES is a JSON file: ``{"api": host, "cases": [...]}``, a case being ``{"name", "file", "dag", "jobs", "timeout",
"environment"}``; ``dag`` may be missing where the file has one DAG. One JSON line a case goes to RESULTS as soon as it
is known: the run's state, each task's states (one for each mapped instance), the graph, the dbt Cloud job that a task
triggers or waits for, and which tasks wait; or ``error`` with one sentence. Airflow 2 and 3.
"""

# Neither library is there where mypy runs.
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import sys
import threading
import traceback
import urllib.request
from typing import Any

import airflow
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

# Whether there is a case in which a DAG starts another one.
TRIGGERS = False
AIRFLOW_3 = airflow.__version__.startswith("3.")
if AIRFLOW_3:
    from airflow.dag_processing.dagbag import DagBag
else:
    from airflow.models.dagbag import DagBag

OTHER_DAG = """
from datetime import datetime
from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("other_dag", start_date=datetime(2024, 1, 1), schedule=None, catchup=False, is_paused_upon_creation=False):
    EmptyOperator(task_id="nothing")
"""
_PULLED = re.compile(r"""xcom_pull\(\s*(?:task_ids\s*=\s*)?\[?\s*['"]([^'"]+)['"]""")


class OutOfTime(BaseException):
    """No Exception, so that no task can take it for its own failure."""


def main(cases: str, results: str) -> None:
    with open(cases, encoding="utf-8") as file:
        work = json.load(file)
    signal.signal(signal.SIGALRM, _out_of_time)
    # dbt loads every module that begins with dbt_ as a plugin of its own, and dbt_cloud_api.py stands beside this one.
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    if any(case["triggered"] for case in work["cases"]):
        create_other_dag()
    with open(results, "a", encoding="utf-8") as out:
        for case in work["cases"]:
            print("=== case", case["name"], flush=True)
            os.environ.update(case["environment"])
            begin(work["api"], case)
            triggered = Triggered(case["triggered"])
            signal.alarm(case["timeout"])
            try:
                result = run(case)
            except OutOfTime:
                result = {"error": f"no end within {case['timeout']} s"}
            except Exception as error:
                traceback.print_exc()
                result = {"error": f"{type(error).__name__}: {error}"}
            finally:
                signal.alarm(0)
                triggered.stop()
            out.write(json.dumps({"name": case["name"], **result}) + "\n")
            out.flush()


class Triggered:
    """Plays the scheduler for the DAG `other_dag`: its runs end a while after they were started.

    What they were started with is written down, and that they ended.
    """

    def __init__(self, state: str) -> None:
        self.state = state if state in ("success", "failed") else ""
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        if TRIGGERS:
            self.thread.start()

    def stop(self) -> None:
        """Stop looking for runs, and take away those that are there."""
        self.stopped.set()
        if TRIGGERS:
            self.thread.join()
            with create_session() as session:
                session.query(DagRun).filter(DagRun.dag_id == "other_dag").delete()

    def _watch(self) -> None:
        seen: set[str] = set()
        while not self.stopped.wait(0.5):
            with create_session() as session:
                for run in session.query(DagRun).filter(DagRun.dag_id == "other_dag"):
                    if run.run_id not in seen:
                        seen.add(run.run_id)
                        mark(f"other_dag began with {json.dumps(run.conf or {}, sort_keys=True)}")
                    elif self.state and run.state != self.state:
                        mark("other_dag ended")
                        run.state = self.state


def create_other_dag() -> None:
    """Make the DAG `other_dag` known to the database, as the DAG processor does."""
    global TRIGGERS  # noqa: PLW0603
    TRIGGERS = True
    file = os.path.abspath("other_dag.py")
    with open(file, "w") as module:
        module.write(OTHER_DAG)
    if not AIRFLOW_3:
        DagBag(file, include_examples=False).sync_to_db()
        return
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import sync_bag_to_db

    bundle = {
        "name": "other",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": file},
    }
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([bundle])
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(file), "other", None)


def mark(text: str) -> None:
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"{text}\n")


def begin(host: str, case: dict[str, Any]) -> None:
    """Tell the stand-in which case comes now."""
    body = json.dumps({"case": case["name"], "jobs": case["jobs"]}).encode()
    request = urllib.request.Request(f"https://{host}/case", data=body, method="POST")
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])):
        pass


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Load the file, run its DAG once and tell what became of it."""
    file = os.path.abspath(case["file"])
    if AIRFLOW_3:
        # dag.test() reads every configured bundle again for each run: there is never more than this file.
        bundle = {
            "name": case["name"],
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": file},
        }
        os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([bundle])
        bag = DagBag(file)
    else:
        bag = DagBag(file, include_examples=False)
    if bag.import_errors:
        return {"error": next(iter(bag.import_errors.values())).strip().splitlines()[-1]}
    dags = bag.dags if "dag" not in case else {case["dag"]: bag.dags[case["dag"]]}
    if len(dags) != 1:
        return {"error": f"{len(dags)} DAGs: {', '.join(dags)}"}
    [dag] = dags.values()
    facts = {
        "graph": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
        "jobs": {task.task_id: job for task in dag.tasks if (job := _job(task, dag)) is not None},
        "waiting": [task.task_id for task in dag.tasks if getattr(task, "wait_for_termination", True)],
    }
    ran = dag.test()
    tasks: dict[str, list[str]] = {}
    for instance in ran.get_task_instances():
        tasks.setdefault(instance.task_id, []).append(str(instance.state))
    return {"state": str(ran.state), "tasks": {task: sorted(states) for task, states in tasks.items()}, **facts}


def _job(task: Any, dag: Any) -> int | None:
    """The job that a task triggers, or whose run it waits for."""
    if hasattr(task, "job_id"):
        return int(task.job_id) if str(task.job_id).isdigit() else None
    run_id: Any = getattr(task, "run_id", None)
    if hasattr(run_id, "operator"):
        return _job(run_id.operator, dag)
    pulled = _PULLED.search(run_id) if isinstance(run_id, str) else None
    return _job(dag.get_task(pulled[1]), dag) if pulled else None


def _out_of_time(_number: int, _frame: object) -> None:
    raise OutOfTime


if __name__ == "__main__":
    main(*sys.argv[1:])
