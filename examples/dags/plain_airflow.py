"""An Airflow DAG without dbt: nothing to report by default."""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(dag_id="plain_airflow", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False):
    vacuum = BashOperator(task_id="vacuum", bash_command="psql -c 'vacuum analyze'")
    snapshot = BashOperator(task_id="snapshot", bash_command="pg_dump warehouse > /backups/{{ ds }}.sql")

    vacuum >> snapshot
