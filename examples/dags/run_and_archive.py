"""Trigger, wait by a Jinja template, then keep the run's artifacts."""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudGetJobRunArtifactOperator, DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor


def archive(path):
    print(f"archived {path}")


with DAG(
    dag_id="run_and_archive",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    default_args={"dbt_cloud_conn_id": "dbt_cloud", "retries": 2},
) as dag:
    run = DbtCloudRunJobOperator(
        task_id="run",
        job_id="{{ params.job_id }}",
        wait_for_termination=False,
        trigger_reason="on demand, {{ ds }}",
    )
    wait = DbtCloudJobRunSensor(
        task_id="wait",
        run_id="{{ ti.xcom_pull(task_ids='run') }}",
        poke_interval=120,
        mode="reschedule",
    )
    results = DbtCloudGetJobRunArtifactOperator(task_id="results", run_id=run.output, path="run_results.json")
    keep = PythonOperator(task_id="keep", python_callable=archive, op_args=[results.output])

    run >> wait >> results >> keep
