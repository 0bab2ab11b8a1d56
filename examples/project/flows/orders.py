from include.jobs import JOBS
from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion


@flow
async def orders():
    credentials = await DbtCloudCredentials.aload("nightly")
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=credentials, job_id=JOBS["orders"], max_wait_seconds=4 * 60 * 60
    )
