"""What kind of callable each name of prefect-dbt is: coroutine, task, flow or plain; knowledge layer.

Read from the published packages: prefect-dbt 0.7.25 for Prefect 3, 0.5.4 for Prefect 2. Both have the same kinds
except for the dbt Core tasks (``run_dbt_build`` and so on), which were asynchronous until 0.7.15.
"""

from __future__ import annotations

from typing import NamedTuple

FLOW = "flow"  # @flow on an async def: calling it gives a coroutine
TASK = "task"  # @task on an async def: calling it gives a coroutine, submitting it a future
SYNC_FLOW = "sync flow"
SYNC_TASK = "sync task"
BY_CONTEXT = "by context"  # a coroutine inside an async flow or task, the result elsewhere
COROUTINE = "coroutine"  # a plain async def
PLAIN = "plain"

STARTS = "starts no dbt run"
WAITS = "waits for no dbt run"
RUNS = "runs no dbt command"
ASKS = "sends no request to dbt Cloud"
NOTHING = ""


class Callable(NamedTuple):
    """A callable of prefect-dbt.

    ``missing`` says what does not happen when it never runs, ``works`` whether that is
    more than reading; ``returns`` is the class of its result, if that is one of ``CLASSES``.
    """

    name: str
    kind: str
    missing: str
    returns: str = ""

    @property
    def works(self) -> bool:
        """Whether it starts a dbt run, waits for one or runs a dbt command."""
        return self.missing in (STARTS, WAITS, RUNS)


TRIGGER_AND_WAIT = "trigger_dbt_cloud_job_run_and_wait_for_completion"
TRIGGER = "trigger_dbt_cloud_job_run"
WAIT = "wait_for_dbt_cloud_job_run"
RETRY_SUBSET = "retry_dbt_cloud_job_run_subset_and_wait_for_completion"
RUN_JOB = "run_dbt_cloud_job"
RUN_ID = "get_run_id"
JOB = "DbtCloudJob"
JOB_RUN = "DbtCloudJobRun"
RUNNER = "PrefectDbtRunner"
OPTIONS = "TriggerJobRunOptions"
# These tell about runs by job or of a whole account: a run that they find may be any run.
LOOKS_BY_JOB = frozenset(
    {
        "get_dbt_cloud_job_info",
        "call_dbt_cloud_administrative_api_endpoint",
        "DbtCloudJob.get_job",
        "DbtCloudCredentials.get_client",
        "DbtCloudCredentials.get_administrative_client",
        "DbtCloudCredentials.get_metadata_client",
    }
)

_RUNS_MODULE = {
    "get_dbt_cloud_run_artifact": (TASK, ASKS),
    "get_dbt_cloud_run_info": (TASK, ASKS),
    "list_dbt_cloud_run_artifacts": (TASK, ASKS),
    WAIT: (FLOW, WAITS),
}
_JOBS_MODULE = {
    "create_dbt_cloud_job": (TASK, ASKS),
    "delete_dbt_cloud_job": (TASK, ASKS),
    "get_dbt_cloud_job_info": (TASK, ASKS),
    RUN_ID: (SYNC_TASK, NOTHING),
    RETRY_SUBSET: (FLOW, STARTS),
    RUN_JOB: (FLOW, STARTS),
    TRIGGER: (TASK, STARTS),
    TRIGGER_AND_WAIT: (FLOW, STARTS),
}
CLI_COMMAND = "trigger_dbt_cli_command"
_CORE_TASKS = (
    CLI_COMMAND,
    "run_dbt_build",
    "run_dbt_model",
    "run_dbt_test",
    "run_dbt_snapshot",
    "run_dbt_seed",
    "run_dbt_source_freshness",
)
# They return a Failed state instead of raising.
CORE_TASKS = frozenset(_CORE_TASKS) | frozenset(f"a{name}" for name in _CORE_TASKS)
_COMMANDS_MODULE = {
    **dict.fromkeys(_CORE_TASKS, (SYNC_TASK, RUNS)),
    **dict.fromkeys([f"a{name}" for name in _CORE_TASKS], (TASK, RUNS)),
}

FUNCTIONS: dict[str, Callable] = {
    f"{module}.{name}": Callable(name, *known)
    for module, names in (
        ("prefect_dbt.cloud.jobs", {**_JOBS_MODULE, **_RUNS_MODULE}),
        ("prefect_dbt.cloud.runs", _RUNS_MODULE),
        ("prefect_dbt.cloud.utils", {"call_dbt_cloud_administrative_api_endpoint": (TASK, ASKS)}),
        ("prefect_dbt.cli.commands", _COMMANDS_MODULE),
    )
    for name, known in names.items()
}

_BLOCKS = {
    "DbtCloudCredentials": ("prefect_dbt", "prefect_dbt.cloud", "prefect_dbt.cloud.credentials"),
    JOB: ("prefect_dbt", "prefect_dbt.cloud", "prefect_dbt.cloud.jobs"),
    "DbtCoreOperation": ("prefect_dbt", "prefect_dbt.cli", "prefect_dbt.cli.commands"),
    "DbtCliProfile": ("prefect_dbt", "prefect_dbt.cli", "prefect_dbt.cli.credentials"),
}
CLASSES: dict[str, str] = {
    f"{module}.{name}": name
    for name, modules in (
        *_BLOCKS.items(),
        (JOB_RUN, ("prefect_dbt.cloud.jobs",)),
        (RUNNER, ("prefect_dbt", "prefect_dbt.core", "prefect_dbt.core.runner")),
        (OPTIONS, ("prefect_dbt.cloud.models", "prefect_dbt.cloud.jobs", "prefect_dbt.cloud.clients")),
    )
    for module in modules
}


def _method(owner: str, name: str, kind: str, missing: str = NOTHING, returns: str = "") -> tuple[str, Callable]:
    return f"{owner}.{name}", Callable(f"{owner}.{name}", kind, missing, returns)


# By class and name; those of blocks that load themselves are the same for all.
METHODS: dict[str, Callable] = dict(
    [
        *(_method(block, "load", BY_CONTEXT, returns=block) for block in _BLOCKS),
        *(_method(block, "aload", COROUTINE, returns=block) for block in _BLOCKS),
        _method(JOB, "get_job", BY_CONTEXT, ASKS),
        _method(JOB, "trigger", BY_CONTEXT, STARTS, JOB_RUN),
        _method(JOB_RUN, "fetch_result", BY_CONTEXT, ASKS),
        _method(JOB_RUN, "get_run", BY_CONTEXT, ASKS),
        _method(JOB_RUN, "get_run_artifacts", BY_CONTEXT, ASKS),
        _method(JOB_RUN, "get_status_code", BY_CONTEXT, ASKS),
        _method(JOB_RUN, "retry_failed_steps", BY_CONTEXT, STARTS, JOB_RUN),
        _method(JOB_RUN, "wait_for_completion", BY_CONTEXT, WAITS),
        _method("DbtCloudCredentials", "get_client", PLAIN),
        _method("DbtCloudCredentials", "get_administrative_client", PLAIN),
        _method("DbtCloudCredentials", "get_metadata_client", PLAIN),
        _method("DbtCoreOperation", "run", BY_CONTEXT, RUNS),
        _method("DbtCoreOperation", "arun", COROUTINE, RUNS),
        _method("DbtCoreOperation", "trigger", BY_CONTEXT, RUNS),
        _method("DbtCoreOperation", "atrigger", COROUTINE, RUNS),
        _method(RUNNER, "invoke", PLAIN, RUNS),
    ]
)
# What Prefect itself gives flows and tasks besides calling them.
FORMS = frozenset({"submit", "map", "fn", "delay", "serve", "deploy", "apply_async"})
DECORATORS = {
    f"prefect.{path}": kind
    for kind, paths in (("flow", ("flow", "flows.flow")), ("task", ("task", "tasks.task")))
    for path in paths
}


def exists(path: str) -> bool:
    """Whether a dotted path is one of the names that this module knows, for star imports."""
    return path in FUNCTIONS or path in CLASSES or path in DECORATORS
