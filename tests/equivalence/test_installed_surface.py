"""The snapshot of prefect-dbt is what the installed package itself says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from equivalence.environments import python
from offramp.converting.cases.flow_parameters import UNFIT
from offramp.knowledge.api_surface import surface
from offramp.knowledge.prefect_loads import LOADED

# Looked for by modules that take any failure for an answer (seen with such files beside a flow), or only on Windows.
NOT_HIDDEN = {"PyICU", "org", "ctags", "lzmaffi", "prune_source", "sitecustomize", "usercustomize"}
NOT_HIDDEN |= {"nt", "winreg", "msvcrt", "apport_python_hook"}

# What the installed package itself says of its callables: kind, parameters and which of them are required.
PROGRAM = """
import inspect, json, sys, warnings
from importlib import import_module
warnings.simplefilter("ignore")
found = {}
for path in json.load(sys.stdin):
    module, _, name = path.rpartition(".")
    thing = getattr(import_module(module), name)
    if inspect.isclass(thing) and hasattr(thing, "model_fields"):
        fields = {field.alias or key: field for key, field in thing.model_fields.items()}
        found[path] = [sorted(fields), sorted(key for key, field in fields.items() if field.is_required()), False]
        continue
    function = thing.__init__ if inspect.isclass(thing) else getattr(thing, "fn", thing)
    taken = [p for n, p in inspect.signature(function).parameters.items() if n != "self" and p.kind not in (2, 4)]
    found[path] = [
        sorted(p.name for p in taken),
        sorted(p.name for p in taken if p.default is inspect.Parameter.empty),
        inspect.iscoroutinefunction(function),
    ]
from importlib.metadata import version
print(json.dumps([version("prefect-dbt"), found]))
"""


@pytest.mark.equivalence
def test_the_snapshot_is_what_is_installed() -> None:
    newest = surface(prefect_dbt=((9,), None))
    assert newest is not None
    data = newest._data["definitions"]
    paths = [
        path
        for path in data
        if "._" not in path
        and (known := newest.definitions(path))
        and known[0].kind not in ("open", "enum")
        and not (known[0].kind == "class" and not known[0].takes.keywords)
    ]
    done = subprocess.run(
        [python("prefect3"), "-c", PROGRAM], input=json.dumps(paths), capture_output=True, text=True, check=True
    )
    installed, real = json.loads(done.stdout.splitlines()[-1])
    assert installed == newest.releases[-1]
    assert len(real) > 40
    snapshot = {}
    for path in paths:
        (one,) = newest.definitions(path)
        snapshot[path] = [sorted(one.takes.keywords), sorted(one.takes.required), one.is_async]
    assert snapshot == real


# Every name as a parameter of a flow: those with which its import fails, or that get another value.
PARAMETERS = """
import json, sys, types, warnings
warnings.simplefilter("ignore")
failed = []
for name in json.load(sys.stdin):
    try:
        flows = sys.modules["flows"] = types.ModuleType("flows")
        exec(f"from prefect import flow\\n@flow\\ndef one({name}=1): return {name}", vars(flows))
        if flows.one.validate_parameters({name: 2}) != {name: 2}:
            failed.append(name)
    except Exception:
        failed.append(name)
from pydantic import BaseModel
print(json.dumps([failed, [name for name in dir(BaseModel) if not name.startswith("_")]]))
"""


@pytest.mark.equivalence
def test_the_names_that_a_parameter_cannot_have_are_those_that_fail() -> None:
    def failing(names: list[str]) -> tuple[set[str], list[str]]:
        done = subprocess.run(
            [python("prefect3"), "-c", PARAMETERS], input=json.dumps(names), capture_output=True, text=True, check=True
        )
        failed, attributes = json.loads(done.stdout.splitlines()[-1])
        return set(failed), attributes

    usual = ["self", "cls", "name", "type", "id", "model_name", "register", "parameters", "flow", "task", "date"]
    _, attributes = failing([])
    failed, _ = failing([*attributes, *usual, "_target", "__target", "return_state", "wait_for"])
    assert failed == UNFIT | {"_target", "__target"}


# A flow that runs a task of prefect-dbt's and one of its own, and what all its processes import.
LOADS = """
from prefect import flow, task
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion
@task(retries=1)
def one():
    return 1
@flow(log_prints=True)
def both():
    print(one.submit().result())
both()
"""


@pytest.mark.equivalence
def test_what_a_flow_loads_is_known(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "PREFECT_HOME": str(tmp_path)}
    environment |= {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300"}
    done = subprocess.run(
        [python("prefect3"), "-c", LOADS], env=environment, capture_output=True, text=True, check=True
    )
    imported = set(re.findall(r"^import time: [ \d|]+ (\w+)", done.stderr, re.MULTILINE))
    before = subprocess.run(
        [python("prefect3"), "-c", "import sys; print(*sys.modules, *sys.builtin_module_names)"],
        capture_output=True,
        text=True,
        check=True,
    )
    new = {name for name in imported - set(before.stdout.split()) if not name.startswith("_")}
    assert len(new) > 200
    assert new - LOADED <= NOT_HIDDEN
