"""The older spelling: ``dag=`` on every task, the provider's default connection, a module alias."""

from datetime import datetime

import airflow.providers.dbt.cloud.operators.dbt as dbt_cloud
from airflow.models import DAG
from airflow.operators.dummy import DummyOperator

FINANCE_JOB = 1203
POLLING = dict(check_interval=60, timeout=2 * 60 * 60)

dag = DAG(
    "legacy_finance",
    start_date=datetime(2021, 6, 1),
    schedule_interval="30 5 * * 1-5",
    catchup=False,
)

begin = DummyOperator(task_id="begin", dag=dag)
ledger = dbt_cloud.DbtCloudRunJobOperator(task_id="ledger", job_id=FINANCE_JOB, dag=dag, **POLLING)
close = DummyOperator(task_id="close", trigger_rule="all_done", dag=dag)

begin.set_downstream(ledger)
ledger.set_downstream(close)
