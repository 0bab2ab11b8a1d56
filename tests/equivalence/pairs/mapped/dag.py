from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("mapped", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    run_dbt = DbtCloudRunJobOperator.partial(
        task_id="run_dbt", steps_override=["dbt build", "dbt test"], check_interval=1, timeout=60
    ).expand(job_id=[61, 62])
    run_dbt >> BashOperator(task_id="notify", bash_command='echo notify >> "$JOURNAL"')
