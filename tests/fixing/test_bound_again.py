"""A name that is bound again and again: what a check does grows with the file, not with its square."""

from __future__ import annotations

import gc
from cProfile import Profile

import pytest

from offramp.engine import Context, check_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions
from offramp.settings import load

DAG = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
{bindings}
with DAG("nightly", schedule=None):
    DbtCloudRunJobOperator(task_id="run", job_id=1)
"""
# A piece of code for each number, before it what comes once.
BINDINGS = {
    "numbers": ("", "one = {n}"),
    "numbers that are used": ("", "one = {n}\nprint(one)"),
    "numbers made of those before": ("one = 0", "one = one + {n}"),
    "augmented numbers": ("one = 0", "one += {n}"),
    "dicts that are handed over": ("", "one = {{'a': {n}}}\nprint(one)"),
    "in loops": ("", "for one in range({n}):\n    print(one)"),
    "where something may fail": ("", "try:\n    one = {n}\nexcept OSError:\n    pass"),
    "with functions that read it": ("", "one = {n}\ndef read_{n}():\n    return one"),
    "inside a function": ("def read():", "    one = {n}\n    print(one)"),
}


def calls(first: str, each: str, count: int) -> int:
    settings = load("/", {}, isolated=True)
    rulebook = load_rulebook([], pytest.fail)
    context = Context(settings, rulebook, frozenset({"OFR101"}), find_versions(settings))
    code = DAG.format(bindings="\n".join([first, *(each.format(n=number) for number in range(count))]))
    # Calls of builtins count too: a loop may make no others.
    profile = Profile()
    # CPython 3.11.2 crashes where it collects garbage while calls are counted; it does not without counting.
    gc.disable()
    try:
        result = profile.runcall(check_bytes, "dag.py", code.encode(), context, named=True, fixes=True)
    finally:
        gc.enable()
    assert [finding.code for finding in result.findings] == ["OFR101"]
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize("kind", BINDINGS)
def test_what_is_called_grows_with_the_bindings(kind: str) -> None:
    calls(*BINDINGS[kind], 10)
    few, many = calls(*BINDINGS[kind], 100), calls(*BINDINGS[kind], 200)
    assert many < 2.2 * few
