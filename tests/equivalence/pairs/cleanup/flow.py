import subprocess

from prefect import allow_failure, flow, task
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion


@task(name="start", cache_policy=NO_CACHE)
def start():
    pass


@task(name="staging", cache_policy=NO_CACHE)
async def staging():
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"),
        job_id=31,
        max_wait_seconds=60,
        poll_frequency_seconds=1,
        retry_filtered_models_attempts=0,
    )


@task(name="marts", cache_policy=NO_CACHE)
async def marts():
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"),
        job_id=32,
        max_wait_seconds=60,
        poll_frequency_seconds=1,
        retry_filtered_models_attempts=0,
    )


@task(name="drop_schema", cache_policy=NO_CACHE)
def drop_schema():
    subprocess.run(["bash", "-c", 'echo drop_schema >> "$JOURNAL"'], check=True)


@flow(name="cleanup", log_prints=True)
def cleanup():
    start_future = start.submit()
    staging_future = staging.submit(wait_for=[start_future])
    marts_future = marts.submit(wait_for=[staging_future])
    drop_schema_future = drop_schema.submit(wait_for=[allow_failure(marts_future)])
    return [drop_schema_future]
