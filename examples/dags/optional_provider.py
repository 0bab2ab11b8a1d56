"""Written for installations with and without the dbt Cloud provider; a helper makes the operator."""

from datetime import datetime

from airflow import DAG as Pipeline
from airflow.operators.empty import EmptyOperator

try:
    from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
except ImportError:
    DbtCloudRunJobOperator = None


def refresh(task_id, job_id):
    if DbtCloudRunJobOperator is None:
        return EmptyOperator(task_id=task_id)
    return DbtCloudRunJobOperator(
        task_id=task_id,
        job_id=job_id,
        dbt_cloud_conn_id="dbt_cloud_marketing",
        retry_from_failure=True,
    )


with Pipeline(dag_id="optional_provider", schedule="@weekly", start_date=datetime(2023, 9, 4), catchup=False):
    refresh("campaigns", 77) >> refresh("attribution", 78)
