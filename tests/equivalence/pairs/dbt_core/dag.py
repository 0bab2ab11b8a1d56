from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("dbt_core", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    seed = BashOperator(task_id="seed", bash_command='cd "$JAFFLE" && dbt seed')
    run = BashOperator(task_id="run", bash_command='cd "$JAFFLE" && dbt run', retries=1, retry_delay=1)
    test = BashOperator(task_id="test", bash_command='cd "$JAFFLE" && dbt test --select stg')
    seed >> run >> test
