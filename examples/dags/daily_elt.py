"""Extract, transform with dbt Cloud, publish: the connection comes from default_args."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def announce(**context):
    print(f"marts are fresh for {context['ds']}")


with DAG(
    dag_id="daily_elt",
    schedule="0 3 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={
        "owner": "data-platform",
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
        "dbt_cloud_conn_id": "dbt_cloud",
        "account_id": 4711,
    },
) as dag:
    start = EmptyOperator(task_id="start")
    extract = BashOperator(task_id="extract", bash_command="python -m extract.orders --date {{ ds }}")
    transform = DbtCloudRunJobOperator(
        task_id="transform",
        job_id=48617,
        check_interval=30,
        timeout=3600,
    )
    publish = PythonOperator(task_id="publish", python_callable=announce)

    start >> extract >> transform >> publish
