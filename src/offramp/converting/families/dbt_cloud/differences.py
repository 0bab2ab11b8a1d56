"""The ways in which every conversion to prefect-dbt differs, by the modules that a flow has to import for it."""

from __future__ import annotations

DIFFERENCES: tuple[tuple[tuple[bytes, ...], str], ...] = (
    (
        (b"prefect_dbt.cloud", b"DbtCloud"),
        """\
- Airflow sends `"steps_override": null` and `"schema_override": null` to dbt Cloud, Prefect leaves them out.
- Where a task sets no `trigger_reason`, the cause that dbt Cloud shows names the flow or task run instead of the
  Airflow task.
- Prefect asks dbt Cloud once more for the run, and for the list of its artifacts.
- Prefect gives up on a request that dbt Cloud does not answer within 5 seconds, Airflow waits.
""",
    ),
    (
        # The modules whose tasks have retries; blocks have none.
        (b"prefect_dbt.cloud.jobs", b"prefect_dbt.cloud.runs", b"prefect_dbt.cloud.utils"),
        """\
- prefect-dbt repeats a request that failed, up to three times: a brief fault of dbt Cloud no longer fails the task,
  and a slow answer to the start of a run can start the job twice. `dbt-cloud-pattern = "job-block"` does not repeat.
""",
    ),
)
