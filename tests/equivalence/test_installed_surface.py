"""The snapshot of prefect-dbt is what the installed package itself says."""

from __future__ import annotations

import json
import subprocess

import pytest

from equivalence.environments import python
from offramp.knowledge.api_surface import surface

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
