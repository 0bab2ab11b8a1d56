from datetime import datetime

from airflow import DAG
from company import NightlyDbtJob
from include.helpers import dbt_core, dbt_job
from include.jobs import JOBS

with DAG("orders", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False) as dag:
    load = NightlyDbtJob(task_id="load", job_id=JOBS["orders"])
    stock = dbt_job("stock", JOBS["stock"], wait=False)
    load >> stock >> dbt_core("test")
