from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from company.operators import NightlyDbtOperator

with DAG(
    dag_id="nightly",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
):
    load = BashOperator(task_id="load", bash_command="make load")
    models = NightlyDbtOperator(task_id="models", job=48617, give_up_after=3600)
    load >> models
