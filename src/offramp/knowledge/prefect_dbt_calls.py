"""Facts about the callables of prefect-dbt beyond their signatures: what does not happen when they never run.

What kind each is (coroutine, task, flow or plain) and where it is imported from is read from the newest release known
(see ``api_surface``). 0.5.4, for Prefect 2, has the same kinds except for the dbt Core tasks (``run_dbt_build`` and so
on), which were asynchronous until 0.7.15; knowledge layer.
"""

from __future__ import annotations

from offramp.knowledge.api_surface import Definition, newest
from offramp.record import NamedTuple

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


class PrefectCallable(NamedTuple):
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
        """Return whether it starts a dbt run, waits for one or runs a dbt command."""
        return self.missing in (STARTS, WAITS, RUNS)


TRIGGER_AND_WAIT = "trigger_dbt_cloud_job_run_and_wait_for_completion"
TRIGGER = "trigger_dbt_cloud_job_run"
WAIT = "wait_for_dbt_cloud_job_run"
RETRY_SUBSET = "retry_dbt_cloud_job_run_subset_and_wait_for_completion"
RUN_JOB = "run_dbt_cloud_job"
RUN_ID = "get_run_id"
JOB = "DbtCloudJob"
JOB_RUN = "DbtCloudJobRun"
CLIENT = "DbtCloudAdministrativeClient"
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
_MISSING = {
    "call_dbt_cloud_administrative_api_endpoint": ASKS,
    "create_dbt_cloud_job": ASKS,
    "delete_dbt_cloud_job": ASKS,
    "get_dbt_cloud_job_info": ASKS,
    "get_dbt_cloud_run_artifact": ASKS,
    "get_dbt_cloud_run_info": ASKS,
    "list_dbt_cloud_run_artifacts": ASKS,
    RUN_ID: NOTHING,
    RETRY_SUBSET: STARTS,
    RUN_JOB: STARTS,
    TRIGGER: STARTS,
    TRIGGER_AND_WAIT: STARTS,
    WAIT: WAITS,
    **dict.fromkeys(sorted(CORE_TASKS), RUNS),
}
_BLOCKS = ("DbtCloudCredentials", JOB, "DbtCoreOperation", "DbtCliProfile")
# What is missing when a method never runs, and the class of its result.
_METHODS = {
    f"{JOB}.get_job": (ASKS, ""),
    f"{JOB}.trigger": (STARTS, JOB_RUN),
    f"{CLIENT}.call_endpoint": (ASKS, ""),
    f"{CLIENT}.create_job": (ASKS, ""),
    f"{CLIENT}.delete_job": (ASKS, ""),
    f"{CLIENT}.get_job": (ASKS, ""),
    f"{CLIENT}.get_run": (ASKS, ""),
    f"{CLIENT}.get_run_artifact": (ASKS, ""),
    f"{CLIENT}.list_run_artifacts": (ASKS, ""),
    f"{CLIENT}.trigger_job_run": (STARTS, ""),
    f"{JOB_RUN}.fetch_result": (ASKS, ""),
    f"{JOB_RUN}.get_run": (ASKS, ""),
    f"{JOB_RUN}.get_run_artifacts": (ASKS, ""),
    f"{JOB_RUN}.get_status_code": (ASKS, ""),
    f"{JOB_RUN}.retry_failed_steps": (STARTS, JOB_RUN),
    f"{JOB_RUN}.wait_for_completion": (WAITS, ""),
    "DbtCloudCredentials.get_client": (NOTHING, ""),
    "DbtCloudCredentials.get_administrative_client": (NOTHING, CLIENT),
    "DbtCloudCredentials.get_metadata_client": (NOTHING, ""),
    "DbtCoreOperation.run": (RUNS, ""),
    "DbtCoreOperation.arun": (RUNS, ""),
    "DbtCoreOperation.trigger": (RUNS, ""),
    "DbtCoreOperation.atrigger": (RUNS, ""),
    f"{RUNNER}.invoke": (RUNS, ""),
}
_NEWEST = newest()


def _paths(name: str) -> list[str]:
    """The dotted paths from which a name can be imported; where it is defined comes last."""
    paths = [f"{module}.{name}" for module in _NEWEST.homes(name)]
    origin = _NEWEST.definitions(paths[0])[0].path
    return [*(path for path in paths if path != origin), origin]


def _kind(definition: Definition) -> str:
    if definition.kind == "flow":
        return FLOW if definition.is_async else SYNC_FLOW
    if definition.kind == "task":
        return TASK if definition.is_async else SYNC_TASK
    if definition.by_context:
        return BY_CONTEXT
    return COROUTINE if definition.is_async else PLAIN


def _function(name: str) -> PrefectCallable:
    return PrefectCallable(name, _kind(_NEWEST.definitions(_paths(name)[0])[0]), _MISSING[name])


def _method(path: str) -> PrefectCallable:
    owner, _, name = path.partition(".")
    (known,) = _NEWEST.definitions(_paths(owner)[0])
    return PrefectCallable(path, _kind(known.methods[name]), *_METHODS[path])


FUNCTIONS: dict[str, PrefectCallable] = {path: _function(name) for name in _MISSING for path in _paths(name)}
CLASSES: dict[str, str] = {path: name for name in (*_BLOCKS, JOB_RUN, RUNNER, OPTIONS, CLIENT) for path in _paths(name)}
# By class and name; how blocks load themselves is Prefect's, and the same for all.
METHODS: dict[str, PrefectCallable] = {
    **{f"{block}.load": PrefectCallable(f"{block}.load", BY_CONTEXT, NOTHING, block) for block in _BLOCKS},
    **{f"{block}.aload": PrefectCallable(f"{block}.aload", COROUTINE, NOTHING, block) for block in _BLOCKS},
    **{path: _method(path) for path in _METHODS},
}
# What Prefect itself gives flows and tasks besides calling them.
FORMS = frozenset({"submit", "map", "fn", "delay", "serve", "deploy", "apply_async"})
DECORATORS = {
    f"prefect.{path}": kind
    for kind, paths in (("flow", ("flow", "flows.flow")), ("task", ("task", "tasks.task")))
    for path in paths
}


def exists(path: str) -> bool:
    """Return whether a dotted path is one of the names that this module knows, for star imports."""
    return path in FUNCTIONS or path in CLASSES or path in DECORATORS
