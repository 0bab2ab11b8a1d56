import os

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion


@task(name="choose", cache_policy=NO_CACHE)
def choose():
    return "nothing" if os.environ["FAIL"] == "nothing" else "full"


@task(name="full", cache_policy=NO_CACHE)
async def full():
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"),
        job_id=51,
        max_wait_seconds=60,
        poll_frequency_seconds=1,
        retry_filtered_models_attempts=0,
    )


@task(name="nothing", cache_policy=NO_CACHE)
def nothing():
    pass


@task(name="join", cache_policy=NO_CACHE)
def join():
    pass


@flow(name="branch", log_prints=True)
def branch():
    choose_future = choose.submit()
    if choose_future.result() == "full":
        taken_future = full.submit(wait_for=[choose_future])
    else:
        taken_future = nothing.submit(wait_for=[choose_future])
    nothing.submit()
    join_future = join.submit(wait_for=[taken_future])
    return [join_future]
