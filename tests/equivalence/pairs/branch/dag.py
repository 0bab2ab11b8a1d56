import os
from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def pick():
    return "nothing" if os.environ["FAIL"] == "nothing" else "full"


with DAG("branch", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    choose = BranchPythonOperator(task_id="choose", python_callable=pick)
    full = DbtCloudRunJobOperator(task_id="full", job_id=51, check_interval=1, timeout=60)
    nothing = EmptyOperator(task_id="nothing")
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    choose >> [full, nothing] >> join
