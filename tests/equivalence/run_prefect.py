"""Runs flows, inside the Prefect environment: ``python run_prefect.py CASES RESULTS``.

CASES is a JSON file: ``{"api": host, "blocks": [names], "cases": [...]}``, a case being ``{"name", "file", "flow",
"jobs", "timeout", "environment"}``;
``flow`` is a variable of the module and may be missing where the module defines one flow. One JSON line a case goes
to RESULTS as soon as it is known: the flow run's final state as the server has it and each task's final states; or
``error`` with one sentence. One server serves all cases.
"""

# Neither library is there where mypy runs.
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from typing import Any

_SUFFIX = re.compile(r"-[0-9a-f]{3}$")


class OutOfTime(BaseException):
    """No Exception, so that no task can take it for its own failure."""


def main(cases: str, results: str) -> None:
    with open(cases, encoding="utf-8") as file:
        work = json.load(file)
    signal.signal(signal.SIGALRM, _out_of_time)
    # dbt loads every module that begins with dbt_ as a plugin of its own, and dbt_cloud_api.py stands beside this one.
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    with open(results, "a", encoding="utf-8") as out:
        # Started first: it needs 8 s, and Prefect can be imported here meanwhile.
        server, url = start_server()
        try:
            os.environ["PREFECT_API_URL"] = url
            from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

            wait_for(url, server)
            create_blocks(work["api"], work["blocks"])
            states = watch_tasks()
            hurry()
            # The heartbeat's thread sleeps in steps of 1 s and every sync flow waits for it at the end.
            with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
                for case in work["cases"]:
                    print("=== case", case["name"], flush=True)
                    os.environ.update(case["environment"])
                    begin(work["api"], case)
                    triggered = Triggered(case["triggered"], known=any(one["triggered"] for one in work["cases"]))
                    signal.alarm(case["timeout"])
                    try:
                        result = run(case, states)
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
        finally:
            server.terminate()
            server.wait(30)
    # A task that ran out of time still has its thread, which the interpreter would wait for.
    sys.stdout.flush()
    os._exit(0)


def start_server() -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    factory = ["--factory", "prefect.server.api.server:create_app", "--lifespan", "on", "--log-level", "error"]
    server = subprocess.Popen([sys.executable, "-m", "uvicorn", *factory, "--port", str(port)])
    return server, f"http://127.0.0.1:{port}/api"


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while not _healthy(url):
        if time.monotonic() > end or server.poll() is not None:
            raise RuntimeError("the Prefect server did not start")
        time.sleep(0.1)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=10):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


class Triggered:
    """Plays the worker for the flow `other_dag`: its runs end a while after they were started.

    What they were started with is written down, and that they ended.
    """

    def __init__(self, state: str, *, known: bool) -> None:
        self.state = {"success": "Completed", "failed": "Failed"}.get(state, "")
        self.stopped, self.ready = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        if known:
            self.thread.start()
            self.ready.wait(30)

    def stop(self) -> None:
        """Stop looking for runs."""
        self.stopped.set()
        if self.thread.is_alive():
            self.thread.join()

    def _watch(self) -> None:
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.filters import FlowFilter, FlowFilterName
        from prefect.states import Completed, Failed

        seen: set[str] = set()
        with get_client(sync_client=True) as client:
            flow = client.create_flow_from_name("other_dag")
            client.create_deployment(flow_id=flow, name="other_dag")
            named = FlowFilter(name=FlowFilterName(any_=["other_dag"]))
            before = {run.id for run in client.read_flow_runs(flow_filter=named)}
            self.ready.set()
            while not self.stopped.wait(0.5):
                for run in client.read_flow_runs(flow_filter=named):
                    if run.id in before:
                        continue
                    if run.id not in seen:
                        seen.add(run.id)
                        mark(f"other_dag began with {json.dumps(run.parameters, sort_keys=True)}")
                    elif self.state and run.state_name != self.state:
                        mark("other_dag ended")
                        client.set_flow_run_state(
                            run.id, {"Completed": Completed, "Failed": Failed}[self.state](), force=True
                        )


def mark(text: str) -> None:
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"{text}\n")


def create_blocks(host: str, names: list[str]) -> None:
    from prefect.blocks.system import Secret
    from prefect_dbt.cloud import DbtCloudCredentials
    from prefect_sqlalchemy import SqlAlchemyConnector

    Secret(value=f"https://{host}").save("http-default", overwrite=True)
    if "WAREHOUSE" in os.environ:
        SqlAlchemyConnector(connection_info=f"sqlite:///{os.environ['WAREHOUSE']}").save("warehouse", overwrite=True)
    for name in names:
        DbtCloudCredentials(api_key="token", account_id=42, domain=host).save(name, overwrite=True)


def hurry() -> None:
    """Shorten the 10 s that prefect-dbt's tasks wait before they repeat a refused request; they still repeat it."""
    from prefect import Task
    from prefect_dbt.cloud import jobs, runs, utils

    for module in (jobs, runs, utils):
        for value in vars(module).values():
            if isinstance(value, Task) and value.retries:
                value.retry_delay_seconds = 0.1


def watch_tasks() -> dict[str, tuple[str, str, str]]:
    """Keeps (flow run id, task name, state name) by task run id, without the tasks that tasks run themselves.

    The server learns of task runs through events, some time after the flow has ended; the engine tells at once.
    """
    from prefect import task_engine

    states: dict[str, tuple[str, str, str]] = {}
    emit = task_engine.emit_task_run_state_change_event

    def watching(task_run: Any, initial_state: Any, validated_state: Any, *others: Any, **more: Any) -> Any:
        if "__parents__" not in task_run.task_inputs:
            name = _SUFFIX.sub("", task_run.name)
            states[str(task_run.id)] = (str(task_run.flow_run_id), name, validated_state.name)
        return emit(task_run, initial_state, validated_state, *others, **more)

    task_engine.emit_task_run_state_change_event = watching
    return states


def begin(host: str, case: dict[str, Any]) -> None:
    """Tell the stand-in which case comes now."""
    body = json.dumps({"case": case["name"], "jobs": case["jobs"]}).encode()
    request = urllib.request.Request(f"https://{host}/case", data=body, method="POST")
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])):
        pass


def run(case: dict[str, Any], states: dict[str, tuple[str, str, str]]) -> dict[str, Any]:
    """Load the file, run its flow once and tell what became of it."""
    from prefect import Flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    specification = importlib.util.spec_from_file_location(
        "generated_" + re.sub(r"\W", "_", case["name"]), case["file"]
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    here = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Flow) and value.fn.__module__ == module.__name__
    }
    if "flow" in case:
        here = {case["flow"]: here[case["flow"]]}
    if len(here) != 1:
        return {"error": f"{len(here)} flows: {', '.join(here)}"}
    [flow] = here.values()

    states.clear()
    named = flow.with_options(flow_run_name=case["name"])
    try:
        asyncio.run(named()) if flow.isasync else named()
    except Exception as error:
        print(f"flow raised {type(error).__name__}: {error}", flush=True)
    with get_client(sync_client=True) as client:
        [ran] = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[case["name"]])))
    tasks: dict[str, list[str]] = {}
    for flow_run, name, state in states.values():
        if flow_run == str(ran.id):
            tasks.setdefault(name, []).append(state)
    return {"state": ran.state.name, "tasks": {name: sorted(ended) for name, ended in tasks.items()}}


def _out_of_time(_number: int, _frame: object) -> None:
    raise OutOfTime


if __name__ == "__main__":
    main(*sys.argv[1:])
