"""The snapshot of Airflow's names: what tells one thing from another, and what a task's context may hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import offramp.knowledge.airflow_names as names
from offramp.knowledge.airflow_names import context_names, current_name
from offramp.knowledge.rulebook import load_rulebook

DATA = json.loads(Path(names.__file__).with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("airflow.DAG", "airflow.sdk.DAG"),
        ("airflow.models.dag.DAG", "airflow.sdk.DAG"),
        ("airflow.providers.common.compat.sdk.DAG", "airflow.sdk.DAG"),
        ("airflow.sdk.DAG", "airflow.sdk.DAG"),
        ("airflow.decorators.task.branch", "airflow.sdk.task.branch"),
        ("airflow.models.baseoperator.chain", "airflow.sdk.chain"),
        ("airflow.utils.trigger_rule.TriggerRule.ALL_DONE", "airflow.sdk.TriggerRule.ALL_DONE"),
        ("airflow.utils.timezone.datetime", "airflow.sdk.timezone.datetime"),
        ("airflow.providers.common.compat.sdk.timezone.datetime", "airflow.sdk.timezone.datetime"),
        ("airflow.datasets.Dataset", "airflow.sdk.Asset"),
        ("airflow.hooks.base_hook.BaseHook", "airflow.sdk.BaseHook"),
        (
            "airflow.providers.common.compat.standard.operators.PythonOperator",
            "airflow.providers.standard.operators.python.PythonOperator",
        ),
        ("airflow.models.DagModel", "airflow.models.DagModel"),
        ("airflow.providers.dbt.cloud.operators.dbt.DAG", "airflow.providers.dbt.cloud.operators.dbt.DAG"),
        ("company.DAG", "company.DAG"),
        ("datetime.timezone", "datetime.timezone"),
    ],
)
def test_what_has_moved_is_known_by_its_name_of_today(path: str, current: str) -> None:
    assert current_name(path) == current


def test_no_path_means_two_things() -> None:
    paths = [path for current, others in DATA["same"].items() for path in (current, *others)]
    assert len(paths) == len(set(paths)) > 250


def test_the_notes_take_for_one_what_airflow_does() -> None:
    rulebook = load_rulebook([], pytest.fail)
    for current, others in DATA["same"].items():
        sections = {rulebook.operators[path] for path in (current, *others) if path in rulebook.operators}
        assert len(sections) <= 1, current
        # What the compatibility provider hands on is looked up under today's name.
        assert not sections or current in rulebook.operators, current


def test_the_context_of_each_release() -> None:
    assert list(DATA["context"]) == ["2.10.5", "2.11.2", "3.0.6", "3.1.8", "3.3.2"]
    assert {"conf", "execution_date", "next_ds"} <= set(DATA["context"]["2.11.2"])
    assert not {"conf", "execution_date", "next_ds"} & set(DATA["context"]["3.0.6"])
    new = {"asset_state_store", "partition_date", "partition_key", "task_state_store"}
    assert set(DATA["context"]["3.3.2"]) - set(DATA["context"]["3.1.8"]) >= new
    assert {"ds", "ti", "execution_date", "partition_key"} <= context_names()
    assert "context" not in context_names()
