from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion


@task(name="run_dbt", cache_policy=NO_CACHE)
def run_dbt():
    return trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=DbtCloudCredentials.load("dbt-cloud-default"),
        job_id=11,
        max_wait_seconds=60,
        poll_frequency_seconds=1,
        retry_filtered_models_attempts=0,
    )


@flow(name="single_job", log_prints=True)
def single_job():
    run_dbt_future = run_dbt.submit()
    return [run_dbt_future]
