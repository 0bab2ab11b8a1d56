import subprocess

from prefect import flow, task, unmapped
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion
from prefect_dbt.cloud.models import TriggerJobRunOptions


@task(name="run_dbt", cache_policy=NO_CACHE)
async def run_dbt(job_id, steps_override):
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"),
        job_id=job_id,
        trigger_job_run_options=TriggerJobRunOptions(steps_override=steps_override),
        max_wait_seconds=60,
        poll_frequency_seconds=1,
        retry_filtered_models_attempts=0,
    )


@task(name="notify", cache_policy=NO_CACHE)
def notify():
    subprocess.run(["bash", "-c", 'echo notify >> "$JOURNAL"'], check=True)


@flow(name="mapped", log_prints=True)
def mapped():
    run_dbt_futures = run_dbt.map([61, 62], steps_override=unmapped(["dbt build", "dbt test"]))
    notify_future = notify.submit(wait_for=run_dbt_futures[:1])
    return [notify_future]
