"""Nobody waits for the dbt run: the report is sent while dbt is still building."""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG(dag_id="nightly_refresh", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False):
    refresh = DbtCloudRunJobOperator(
        task_id="refresh",
        dbt_cloud_conn_id="dbt_cloud",
        job_id=2201,
        wait_for_termination=False,
    )
    report = BashOperator(task_id="report", bash_command="python -m reports.nightly")

    refresh >> report
