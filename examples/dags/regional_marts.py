"""One dbt Cloud job per region, made in a loop; the task group carries the connection."""

from datetime import datetime

from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.empty import EmptyOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.utils.task_group import TaskGroup

JOBS = {"emea": 501, "amer": 502, "apac": 503}

with DAG(dag_id="regional_marts", schedule="0 4 * * *", start_date=datetime(2024, 1, 1), catchup=False) as dag:
    start = EmptyOperator(task_id="start")
    done = EmptyOperator(task_id="done", trigger_rule="none_failed")

    with TaskGroup("marts", default_args={"dbt_cloud_conn_id": "dbt_cloud_regions"}) as marts:
        for region, job_id in JOBS.items():
            DbtCloudRunJobOperator(
                task_id=f"mart_{region}",
                job_id=job_id,
                additional_run_config={"threads_override": 8},
                schema_override=f"mart_{region}",
            )

chain(start, marts, done)
