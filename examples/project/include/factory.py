"""DAGs that differ in the client alone."""

from datetime import datetime

from airflow import DAG

from include.helpers import dbt_job


def client_dag(client, job_id):
    """The daily DAG of one client."""
    with DAG(
        f"{client}_daily",
        schedule="@daily",
        start_date=datetime(2024, 1, 1),
        catchup=False,
        default_args={"dbt_cloud_conn_id": f"dbt_cloud_{client}"},
    ) as dag:
        dbt_job(client, job_id)
    return dag
