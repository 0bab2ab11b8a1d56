"""A Prefect flow that waits for its dbt Cloud run and fails with it: nothing to report."""

from prefect import flow, task
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import TriggerJobRunOptions, trigger_dbt_cloud_job_run_and_wait_for_completion


@task
def announce(run: dict) -> None:
    print(f"dbt run {run['id']} is done: {run['href']}")


@flow(log_prints=True)
async def daily_marts(job_id: int = 48617) -> None:
    run = await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud"),
        job_id=job_id,
        trigger_job_run_options=TriggerJobRunOptions(cause="daily marts"),
        max_wait_seconds=604800,
        retry_filtered_models_attempts=0,
    )
    announce(run)
