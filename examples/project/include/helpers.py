"""Tasks that run dbt."""

from airflow.operators.bash import BashOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def dbt_job(name, job_id, wait=True):
    """A task that runs a job of dbt Cloud."""
    return DbtCloudRunJobOperator(task_id=f"dbt_{name}", job_id=job_id, wait_for_termination=wait)


def dbt_core(command):
    """A task that runs dbt Core."""
    return BashOperator(task_id=f"dbt_{command}", bash_command=f"dbt {command} --target prod")
