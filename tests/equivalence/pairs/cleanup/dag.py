from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("cleanup", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    start = EmptyOperator(task_id="start")
    staging = DbtCloudRunJobOperator(task_id="staging", job_id=31, check_interval=1, timeout=60)
    marts = DbtCloudRunJobOperator(task_id="marts", job_id=32, check_interval=1, timeout=60)
    drop = BashOperator(task_id="drop_schema", bash_command='echo drop_schema >> "$JOURNAL"', trigger_rule="all_done")
    start >> staging >> marts >> drop
