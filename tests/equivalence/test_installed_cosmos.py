"""The note on Cosmos has a row for what its configurations take, and a profile for each of its mappings."""

from __future__ import annotations

import json
import subprocess

import pytest

from equivalence.environments import python
from offramp.knowledge.rulebook import load_rulebook

_ASK = """
import inspect, json
from cosmos import config
from cosmos.profiles import profile_mappings

objects = {name: getattr(config, name.title().replace("_", "")) for name in OBJECTS}
print(json.dumps({
    "parameters": [f"{name}.{one}" for name, made in objects.items() for one in inspect.signature(made).parameters],
    "mappings": {one.__name__.removesuffix("ProfileMapping"): one.dbt_profile_type for one in profile_mappings},
}))
"""
OBJECTS = ("project_config", "profile_config", "execution_config", "render_config")


@pytest.mark.equivalence
@pytest.mark.parametrize("environment", ["airflow2", "airflow3"])
def test_the_note_has_what_is_installed(environment: str) -> None:
    script = _ASK.replace("OBJECTS", repr(OBJECTS))
    told = subprocess.run([python(environment), "-c", script], check=True, capture_output=True, text=True).stdout
    installed = json.loads(told.splitlines()[-1])
    rulebook = load_rulebook((), print)
    for section in ("cosmos-dbt-dag", "cosmos-dbt-task-group"):
        assert set(installed["parameters"]) - rulebook.arguments(rulebook.notes[section]).keys() == set()
    bullets = [line for line in rulebook.notes["cosmos-operator"].fields["profiles"].splitlines() if line[:2] == "- "]
    noted = {name: kind.split()[0] for name, kind in (bullet[2:].split(": ") for bullet in bullets)}
    assert installed["mappings"].items() - noted.items() == set()
