"""Operators of this company's own."""

from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


class NightlyDbtOperator(DbtCloudRunJobOperator):
    """Runs a dbt Cloud job of the warehouse team, and waits for it."""

    def __init__(
        self,
        *,
        job: int,
        reason: str = "Nightly refresh",
        connection: str = "dbt_cloud_warehouse",
        give_up_after: int = 7200,
        ask_every: int = 30,
        **kwargs,
    ):
        super().__init__(
            job_id=job,
            trigger_reason=reason,
            dbt_cloud_conn_id=connection,
            timeout=give_up_after,
            check_interval=ask_every,
            **kwargs,
        )
