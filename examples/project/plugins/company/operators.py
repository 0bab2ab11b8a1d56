"""Operators with the company's defaults."""

from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


class NightlyDbtJob(DbtCloudRunJobOperator):
    """A dbt Cloud job of the nightly load."""

    CONNECTION = "dbt_cloud_nightly"

    def __init__(self, *, timeout=4 * 60 * 60, **kwargs):
        super().__init__(dbt_cloud_conn_id=self.CONNECTION, timeout=timeout, **kwargs)
