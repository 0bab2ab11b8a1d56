"""A run that is triggered without waiting, and the sensor that waits for it."""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor

with DAG(
    dag_id="trigger_and_watch",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"dbt_cloud_conn_id": "dbt_cloud"},
):
    trigger = DbtCloudRunJobOperator(task_id="trigger", job_id=3318, wait_for_termination=False)
    exports = BashOperator(task_id="exports", bash_command="make exports")
    watch = DbtCloudJobRunSensor(task_id="watch", run_id=trigger.output, deferrable=True, timeout=6 * 60 * 60)

    trigger >> exports >> watch
