"""What ``offramp migrate`` writes is taken by real Prefect: blocks.py creates the blocks, prefect.yaml deploys."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from equivalence.environments import python
from equivalence.runs import prefect_home

pytestmark = pytest.mark.equivalence

COMMAND = Path(sysconfig.get_path("scripts")) / "offramp"
DAG = """\
from pendulum import datetime

from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("{name}", schedule={schedule}, start_date=datetime(2024, 1, 1, tz="Europe/Berlin"), catchup=False{more}):
    DbtCloudRunJobOperator(task_id="run", job_id=7, dbt_cloud_conn_id="{connection}")
"""
DAILY = ', tags=["dbt"], max_active_runs=1, is_paused_upon_creation=True'


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("migrated")
    (root / "dags/team").mkdir(parents=True)
    daily = DAG.format(name="daily.elt", schedule='"30 3 * * 1-5"', connection="dbt_cloud", more=DAILY)
    (root / "dags/team/daily.py").write_text(daily)
    by_hand = DAG.format(name="by_hand", schedule="None", connection="other", more="")
    (root / "dags/by_hand.py").write_text(by_hand)
    (root / "offramp.toml").write_text('deployment = "prefect-yaml"\n')
    exported = {"dbt_cloud": "dbt-cloud://4711:ignored@acme.getdbt.com"}
    (root / "connections.json").write_text(json.dumps(exported))
    migrate = [str(COMMAND), "migrate", "dags", "--out", "flows", "--connections", "connections.json"]
    subprocess.run(migrate, cwd=root, check=True)
    environment = {
        **os.environ,
        **prefect_home(root),
        "BLOCKS": '["dbt-cloud", "other"]',
        "DBT_CLOUD_API_KEY_DBT_CLOUD": "key of dbt-cloud",
        "DBT_CLOUD_API_KEY_OTHER": "key of other",
        "DBT_CLOUD_ACCOUNT_ID_OTHER": "12",
    }
    script = Path(__file__).with_name("deploy_migrated.py")
    done = subprocess.run(
        [python("prefect3"), script, root / "flows"], env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_blocks_hold_account_domain_and_the_key_of_the_environment(deployed: dict[str, Any]) -> None:
    assert deployed["blocks"] == {
        "dbt-cloud": ["key of dbt-cloud", 4711, "acme.getdbt.com"],
        "other": ["key of other", 12, "cloud.getdbt.com"],
    }


def test_existing_blocks_are_replaced_when_asked(deployed: dict[str, Any]) -> None:
    assert deployed["again"] == [1, 0]


def test_deployments_have_schedule_tags_and_limit_and_stay_switched_on(deployed: dict[str, Any]) -> None:
    assert deployed["deployments"] == {
        "daily.elt": {
            "flow": "daily.elt",
            "entrypoint": "team/daily.py:daily_elt",
            "tags": ["dbt"],
            "paused": False,
            "schedules": [{"cron": "30 3 * * 1-5", "timezone": "Europe/Berlin", "day_or": True}],
            "limit": 1,
        },
        "by_hand": {
            "flow": "by_hand",
            "entrypoint": "by_hand.py:by_hand",
            "tags": [],
            "paused": False,
            "schedules": [],
            "limit": None,
        },
    }
