"""dbt Cloud: its operators, sensor and hook, and the block of its credentials."""

from __future__ import annotations

from collections.abc import Mapping

from offramp.converting.argument_text import Expressions
from offramp.converting.families.dbt_cloud.credentials import CREDENTIALS, KIND
from offramp.converting.families.dbt_cloud.differences import DIFFERENCES
from offramp.converting.families.dbt_cloud.operators import RECIPES
from offramp.converting.families.family import Family, HookCalls, HookOptions
from offramp.finding.operators import Module
from offramp.python.names import FunctionNode
from offramp.reading.source import Source

_NAMES = (
    "DbtCloudCredentials DbtCloudJob TriggerJobRunOptions DbtCloudJobRunFailed DbtCloudJobRunStatus "
    "trigger_dbt_cloud_job_run_and_wait_for_completion wait_for_dbt_cloud_job_run get_dbt_cloud_run_artifact "
    "call_dbt_cloud_administrative_api_endpoint asyncio time call_dbt_cloud list_dbt_cloud wait_for_dbt_cloud_run"
)


def _hook_calls(
    module: Module, source: Source, function: FunctionNode, expressions: Expressions, options: HookOptions
) -> HookCalls | None:
    # Many files have no callables, and loading this takes a millisecond.
    from offramp.converting.families.dbt_cloud.hook_calls import hook_calls

    return hook_calls(module, source, function, expressions, options)


def _helpers() -> Mapping[str, str]:
    from offramp.converting.families.dbt_cloud.hook_calls import HELPERS

    return HELPERS


FAMILY = Family(
    recipes=RECIPES,
    results=("run_id", "job_id", "steps_override", "schema_override"),
    choosing=("wait_for_termination", "output_file_name", "latest_only", "status_filter"),
    # A favourite name of tasks, which only a trigger that does not wait imports.
    names={**dict.fromkeys(_NAMES.split(), ""), "trigger_dbt_cloud_job_run": "wait_for_termination"},
    hook_calls=_hook_calls,
    helpers=_helpers,
    blocks={CREDENTIALS: KIND},
    differences=DIFFERENCES,
)
