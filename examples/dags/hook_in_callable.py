"""The hook, called from a Python task that triggers a job and waits for it."""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook, DbtCloudJobRunStatus


def run_job(job_id):
    hook = DbtCloudHook(dbt_cloud_conn_id="dbt_cloud")
    run = hook.trigger_job_run(job_id=job_id, cause="hook_in_callable").json()["data"]
    finished = hook.wait_for_job_run_status(
        run_id=run["id"],
        expected_statuses=DbtCloudJobRunStatus.SUCCESS.value,
        check_interval=15,
        timeout=1800,
    )
    if not finished:
        raise RuntimeError(f"dbt run {run['id']} failed")


dag = DAG("hook_in_callable", schedule="0 6 * * *", start_date=datetime(2024, 1, 1), catchup=False)
PythonOperator(task_id="run_job", python_callable=run_job, op_args=[612], dag=dag)
