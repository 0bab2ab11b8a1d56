"""The snapshot of Airflow's names is what the installed Airflows themselves have."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import offramp.knowledge.airflow_names as names
from equivalence.environments import python

DATA = json.loads(Path(names.__file__).with_suffix(".json").read_text(encoding="utf-8"))
# Reads the classes of paths; says under how many objects the paths of each are there, and the context's keys.
PROGRAM = """
import json, sys, warnings
from importlib import import_module
warnings.simplefilter("ignore")

def what(path):
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        pass
    try:
        return import_module(path)
    except ImportError:
        return None

found = {}
for paths in json.load(sys.stdin):
    things = [thing for path in paths if (thing := what(path)) is not None]
    found[paths[0]] = [len(things), len({id(thing) for thing in things})]
try:
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
except ImportError:
    from airflow.utils.context import KNOWN_CONTEXT_KEYS
from airflow import __version__
print("\\n" + json.dumps([__version__, found, sorted(KNOWN_CONTEXT_KEYS)]))
"""
# Airflow 3's server has its own copies of these, and the standard provider of some; users are told to take either.
COPIES = {
    "airflow.listeners.hookimpl",
    "airflow.sdk.Asset",
    "airflow.sdk.BaseBranchOperator",
    "airflow.sdk.BranchMixIn",
    "airflow.sdk.Connection",
    "airflow.sdk.Context",
    "airflow.sdk.DagRunState",
    "airflow.sdk.SkipMixin",
    "airflow.sdk.TaskInstanceState",
    "airflow.sdk.TriggerRule",
    "airflow.sdk.Variable",
    "airflow.sdk.WeightRule",
    "airflow.sdk.conf",
    "airflow.sdk.definitions.context.context_merge",
    "airflow.sdk.exceptions.AirflowConfigException",
    "airflow.sdk.get_current_context",
    "airflow.sdk.io",
    "airflow.sdk.listener.get_listener_manager",
    "airflow.sdk.observability.stats.Stats",
    "airflow.sdk.plugins_manager.AirflowPlugin",
    "airflow.sdk.timezone",
    "airflow.sdk.types.TaskInstanceKey",
    "airflow.triggers.base.BaseEventTrigger",
}


@pytest.mark.equivalence
@pytest.mark.parametrize(("environment", "copies"), [("airflow2", set()), ("airflow3", COPIES)])
def test_the_paths_of_a_name_lead_to_one_thing(environment: str, copies: set[str], tmp_path: Path) -> None:
    version, found, keys = _installed(environment, tmp_path)
    assert keys == DATA["context"][version]
    assert {path for path, (_, different) in found.items() if different > 1} == copies
    assert sum(there for there, _ in found.values()) > 130


def _installed(environment: str, home: Path) -> tuple[str, dict[str, list[int]], list[str]]:
    classes = [[current, *others] for current, others in DATA["same"].items()]
    done: Any = subprocess.run(
        [python(environment), "-c", PROGRAM],
        input=json.dumps(classes),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AIRFLOW_HOME": str(home)},
    )
    version, found, keys = json.loads(done.stdout.splitlines()[-1])
    return version, found, keys
