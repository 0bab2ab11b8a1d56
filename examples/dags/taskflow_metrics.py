"""TaskFlow around a dbt Cloud run whose id travels by ``.output``."""

import pendulum
from airflow.decorators import dag, task
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator as RunJob


@dag(schedule="@hourly", start_date=pendulum.datetime(2024, 3, 1, tz="Europe/Berlin"), catchup=False)
def taskflow_metrics():
    @task
    def choose_models() -> str:
        return "dbt build --select tag:hourly"

    @task
    def record(run_id: int) -> None:
        print(f"dbt run {run_id} built the hourly metrics")

    build = RunJob(
        task_id="build_metrics",
        dbt_cloud_conn_id="dbt_cloud_metrics",
        job_id=90210,
        steps_override=[choose_models()],
        trigger_reason="hourly metrics",
        deferrable=True,
    )
    record(build.output)


taskflow_metrics()
