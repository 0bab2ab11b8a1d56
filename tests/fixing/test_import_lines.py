"""The layout of the import lines of a converted file."""

from __future__ import annotations

from fixing.flows import fixed

BOTH_AIRFLOWS = """\
from datetime import datetime

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.operators.bash import BashOperator

with DAG("d", schedule="0 6 * * *", start_date=datetime(2024, 1, 1), catchup=False):
    load = BashOperator(task_id="load", bash_command="make load")
    load >> DbtCloudRunJobOperator(task_id="build", job_id=1)
"""


def test_new_imports_of_a_section_stand_together_where_the_file_had_none_of_it() -> None:
    text = fixed(BOTH_AIRFLOWS).new_text
    assert text is not None
    assert text.decode().startswith("""\
import os
import shutil
import signal
import subprocess
import sys
from tempfile import TemporaryDirectory

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.schedules import Cron
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion
""")


DEFAULT_ARGS = """\
from airflow import DAG
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

ARGS = {"retries": 2}
with DAG("d", schedule=None, default_args=ARGS):
    DbtCloudRunJobOperator(task_id="build", job_id=1)
"""


def test_two_blank_lines_stay_where_default_args_went() -> None:
    text = fixed(DEFAULT_ARGS).new_text
    assert text is not None
    _, found, after = text.decode().partition("wait_for_completion\n")
    assert found
    assert after.startswith("\n\n@task")
