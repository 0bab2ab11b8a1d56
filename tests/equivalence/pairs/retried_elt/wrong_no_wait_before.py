import os
import subprocess

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion
from prefect_dbt.cloud.models import TriggerJobRunOptions


@task(name="extract", cache_policy=NO_CACHE)
def extract():
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write("extract\n")
    if os.environ["FAIL"] == "extract":
        raise RuntimeError("no source")


@task(name="run_dbt", retries=1, retry_delay_seconds=1, cache_policy=NO_CACHE)
async def run_dbt():
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt-cloud-default"),
        job_id=21,
        trigger_job_run_options=TriggerJobRunOptions(cause="nightly", steps_override=["dbt build"], threads_override=8),
        max_wait_seconds=60,
        poll_frequency_seconds=1,
        retry_filtered_models_attempts=0,
    )


@task(name="notify", cache_policy=NO_CACHE)
def notify():
    subprocess.run(["bash", "-c", 'echo notify >> "$JOURNAL"'], check=True)


@flow(name="retried_elt", log_prints=True)
def retried_elt():
    extract_future = extract.submit()
    run_dbt_future = run_dbt.submit()
    notify_future = notify.submit(wait_for=[run_dbt_future])
    return [extract_future, notify_future]
