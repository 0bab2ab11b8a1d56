import os

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials, DbtCloudJob
from prefect_dbt.cloud.jobs import DbtCloudJobRun, trigger_dbt_cloud_job_run


@task(name="trigger", cache_policy=NO_CACHE)
async def trigger():
    run = await trigger_dbt_cloud_job_run(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"), job_id=41
    )
    return run["id"]


@task(name="wait", cache_policy=NO_CACHE)
def wait(run_id):
    run = DbtCloudJobRun(
        run_id=run_id,
        dbt_cloud_job=DbtCloudJob(
            dbt_cloud_credentials=DbtCloudCredentials.load("dbt-cloud-default"),
            job_id=41,
            timeout_seconds=60,
            interval_seconds=1,
        ),
    )
    run.wait_for_completion()
    run.fetch_result()


@task(name="announce", cache_policy=NO_CACHE)
def announce(number):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"announce {number}\n")


@task(name="publish", cache_policy=NO_CACHE)
def publish():
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write("publish\n")


@flow(name="sensor_pair", log_prints=True)
def sensor_pair():
    trigger_future = trigger.submit()
    trigger.submit()
    wait_future = wait.submit(trigger_future)
    announce_future = announce.submit(trigger_future)
    publish_future = publish.submit(wait_for=[wait_future])
    return [announce_future, publish_future]
