"""What is known of how prefect-dbt's callables are called, as prefect-dbt 0.7.25 defines them."""

from __future__ import annotations

import pytest

from offramp.prefect_code.run_calls import positional


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("trigger_dbt_cloud_job_run", ("dbt_cloud_credentials", "job_id", "options")),
        ("DbtCloudJob.trigger", ("trigger_job_run_options",)),
        ("DbtCloudJobRun.get_status_code", ()),
        ("DbtCloudJob.load", ()),
        ("no_such_function", ()),
        ("NoSuchClass.run", ()),
    ],
)
def test_arguments_by_position(name: str, parameters: tuple[str, ...]) -> None:
    assert positional(name) == parameters
