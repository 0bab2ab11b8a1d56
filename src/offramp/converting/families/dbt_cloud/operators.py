"""The bodies of Prefect tasks that do what Airflow's dbt Cloud operators do.

Named by the ``rewrite`` field of a note; the note's argument table says what every
argument becomes, so that arguments are looked up by that. Behaviour was compared on
provider 4.0.0 and 4.11.1, and Prefect 3.8.8 with prefect-dbt 0.7.25.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from functools import cache

from offramp.converting.argument_text import UNRENDERED, Rendered
from offramp.converting.families.dbt_cloud.credentials import CREDENTIALS
from offramp.converting.recipes.body import Body, Job, absent_text, block_of, collected
from offramp.dags.graph import MAPPED, Argument, Result
from offramp.editing.text import call_lines, operand, repr_text
from offramp.model import Blocked, Blocker
from offramp.python.values import Constant, Items, Table
from offramp.record import NamedTuple

_OPTION_TYPES = {
    "threads_override": int,
    "timeout_seconds_override": int,
    "generate_docs_override": bool,
    "steps_override": list,
}
_LONGEST_CAUSE = 255
_OPTIONS = "trigger_job_run_options"
_CLOUD = "prefect_dbt.cloud"
_LIMIT, _INTERVAL = "max_wait_seconds", "poll_frequency_seconds"
_COUNTED_LOOKS = 1000
_NO_CREDENTIALS: tuple[str, list[str]] = ("", [])
_NO_CONFIG: dict[str, str] = {}


class _Seconds(NamedTuple):
    """A number of seconds, and how it is written."""

    text: str
    value: float


class _Wait(NamedTuple):
    """The limits of a wait: how long Airflow waits for a run at most, and how long it waits between two looks at it."""

    limit: _Seconds
    interval: _Seconds


_NO_SECONDS = _Seconds("1", 1)
_NO_WAIT = _Wait(_NO_SECONDS, _NO_SECONDS)


def run_job(job: Job) -> Body:
    """Trigger a job; wait for its run unless ``wait_for_termination`` is off."""
    if job.task.use is not None and job.task.use.role == "sensor":
        return wait_for_run(job)
    waits = _waits(job)
    credentials, before = _credentials(job)
    parameters: dict[str, Result] = {}
    arguments = {"dbt_cloud_credentials": credentials, "job_id": _job_id(job, parameters)}
    imports = {(_CLOUD, "DbtCloudCredentials")}
    options = _options(job, parameters)
    if options:
        imports.add((f"{_CLOUD}.models", "TriggerJobRunOptions"))
        name = _OPTIONS if waits else "options"
        arguments[name] = "\n".join(call_lines("TriggerJobRunOptions", options))
    if not waits:
        imports.add((f"{_CLOUD}.jobs", "trigger_dbt_cloud_job_run"))
        lines = [*before, *call_lines("run = await trigger_dbt_cloud_job_run", arguments), 'return run["id"]']
        return Body(tuple(lines), parameters, True, frozenset(imports), ended=False)
    wait = _wait(job, job.source(_LIMIT, "timeout"), job.source(_INTERVAL, "check_interval"))
    limit = _whole_intervals(wait)
    arguments[_LIMIT] = limit.text
    arguments[_INTERVAL] = wait.interval.text
    arguments["retry_filtered_models_attempts"] = "0"
    _check_limit(job, limit, options)
    function = "trigger_dbt_cloud_job_run_and_wait_for_completion"
    imports.add((f"{_CLOUD}.jobs", function))
    if job.consumed:
        lines = [*before, *call_lines(f"run = await {function}", arguments), 'return run["id"]']
    else:
        lines = [*before, *call_lines(f"return await {function}", arguments)]
    return Body(tuple(lines), parameters, True, frozenset(imports))


def run_job_block(job: Job) -> Body:
    """As ``run_job``, with the DbtCloudJob block in a sync task, which never repeats a trigger request."""
    if (job.task.use is not None and job.task.use.role == "sensor") or not _waits(job):
        return run_job(job)
    credentials, before = _credentials(job, asynchronous=False)
    parameters: dict[str, Result] = {}
    arguments = {"dbt_cloud_credentials": credentials, "job_id": _job_id(job, parameters)}
    wait = _wait(job, job.source(_LIMIT, "timeout"), job.source(_INTERVAL, "check_interval"))
    arguments["timeout_seconds"] = _one_interval_more(wait)
    arguments["interval_seconds"] = wait.interval.text
    imports = {(_CLOUD, "DbtCloudCredentials"), (_CLOUD, "DbtCloudJob")}
    options = _options(job, parameters)
    if options:
        imports.add((f"{_CLOUD}.models", "TriggerJobRunOptions"))
        arguments[_OPTIONS] = "\n".join(call_lines("TriggerJobRunOptions", options))
    last = 'return run.fetch_result()["id"]' if job.consumed else "return run.fetch_result()"
    lines = [*before, *call_lines("job = DbtCloudJob", arguments)]
    lines += ["run = job.trigger()", "run.wait_for_completion()", last]
    return Body(tuple(lines), parameters, False, frozenset(imports))


def wait_for_run(job: Job) -> Body:
    """Wait for a run that something else started, and fail as the sensor does."""
    credentials, before = _credentials(job)
    parameters: dict[str, Result] = {}
    arguments = {"run_id": _run_id(job, parameters), "dbt_cloud_credentials": credentials}
    deferred = _flag(job, "deferrable", default=False)
    wait = _wait(job, job.source(_LIMIT), job.source(_INTERVAL), "604800", "5" if deferred else "60")
    arguments[_LIMIT] = _whole_intervals(wait).text
    arguments[_INTERVAL] = wait.interval.text
    if job.consumed:
        raise Blocked("another task takes the sensor's result", job.task.node)
    if "retries" in job.task.arguments and _known_retries(job):
        job.expressions.doubts["a sensor that runs out of time is not tried again in Airflow, and is in Prefect"] = (
            job.task.node
        )
    lines = [
        *before,
        *call_lines("status, run = await wait_for_dbt_cloud_job_run", arguments),
        "if status is not DbtCloudJobRunStatus.SUCCESS:",
        """    raise DbtCloudJobRunFailed(f"dbt Cloud run {run['id']} ended as {status.name}")""",
    ]
    imports = {
        (_CLOUD, "DbtCloudCredentials"),
        (f"{_CLOUD}.exceptions", "DbtCloudJobRunFailed"),
        (f"{_CLOUD}.runs", "DbtCloudJobRunStatus"),
        (f"{_CLOUD}.runs", "wait_for_dbt_cloud_job_run"),
    }
    return Body(tuple(lines), parameters, True, frozenset(imports))


def write_artifact(job: Job) -> Body:
    """Write a run's artifact to a file in the working directory, and return the file's name."""
    credentials, before = _credentials(job)
    parameters: dict[str, Result] = {}
    run_id = _run_id(job, parameters)
    path = _text_constant(job, "path")
    arguments = {"dbt_cloud_credentials": credentials, "run_id": run_id, "path": repr_text(path)}
    if "step" in job.call and job.known("step") != Constant(None):
        arguments["step"] = job.expressions.text(job.call["step"][1])
    name = repr_text(f"{run_id}_{path}".replace("/", "-"))
    if parameters:
        name = f"f{repr_text('{run_id}_' + path.replace('/', '-').replace('{', '{{').replace('}', '}}'))}"
    imports = {(_CLOUD, "DbtCloudCredentials"), (f"{_CLOUD}.runs", "get_dbt_cloud_run_artifact"), ("pathlib", "Path")}
    lines = [*before, *call_lines("content = await get_dbt_cloud_run_artifact", arguments)]
    if "output_file_name" in job.task.arguments:
        given = _text_constant(job, "output_file_name")
        name = repr_text(given)
        if "/" in given:
            lines.append(f"Path({name}).parent.mkdir(parents=True, exist_ok=True)")
    elif not run_id.isdigit() and not parameters:
        raise Blocked("the run id is not known here", job.task.node)
    if path.endswith(".json"):
        imports.add(("", "json"))
        content = "json.dumps(content)"
    else:
        content = "content"
    lines += [f"Path({name}).write_text({content})", f"return {name}"]
    return Body(tuple(lines), parameters, True, frozenset(imports))


def list_jobs(job: Job) -> Body:
    """List the ids of jobs, over all pages."""
    return _listed(job, "jobs", _params(job), 'return [job["id"] for job in jobs]')


def list_runs(job: Job) -> Body:
    """List runs over all pages, of some states if asked, or take the newest one."""
    latest = _flag(job, "latest_only", default=False)
    params = _params(job)
    if latest:
        params.setdefault("order_by", '"-created_at"')
    states = _states(job)
    if states:
        chosen = f'[run for run in runs if run.get("status") is not None and int(run["status"]) in {states}]'
        lines = (f"runs = {chosen}", "return runs[0] if runs else None" if latest else "return runs")
        return _listed(job, "runs", params, *lines)
    if not latest:
        return _listed(job, "runs", params, "return runs")
    credentials, before = _credentials(job)
    first = [*before, *_page("/runs/", credentials, params), 'return page["data"][0] if page["data"] else None']
    return Body(tuple(first), {}, True, _API_IMPORTS)


def _listed(job: Job, what: str, params: dict[str, str], *last: str) -> Body:
    """Fetch every page of a list into a variable of that name, then do what ``last`` says."""
    credentials, before = _credentials(job, named=True)
    lines = [*before, f"{what} = []", "while True:"]
    lines += [f"    {line}" for line in _page(f"/{what}/", credentials, {**params, "offset": f"len({what})"})]
    ended = f'not page["data"] or len({what}) >= page["extra"]["pagination"]["total_count"]'
    lines += [f'    {what} += page["data"]', f"    if {ended}:"]
    if len(last) == 1:
        lines.append(f"        {last[0]}")
    else:
        lines += ["        break", *last]
    return Body(tuple(lines), {}, True, _API_IMPORTS)


def _page(path: str, credentials: str, params: Mapping[str, str]) -> list[str]:
    arguments = {
        "dbt_cloud_credentials": credentials,
        "path": f'"{path}"',
        "http_method": '"GET"',
        "params": _dict_text(params),
    }
    return call_lines("page = await call_dbt_cloud_administrative_api_endpoint", arguments)


@collected("")
def _states(job: Job) -> str:
    """The set of states that ``status_filter`` lets through, as text; empty for all."""
    argument = job.task.arguments.get("status_filter")
    if argument is None:
        return ""
    value = job.expressions.module.values.single(argument.node)
    if isinstance(value, Constant) and value.value is None:
        return ""
    nodes = value.nodes if isinstance(value, Items) and value.complete else (argument.node,)
    known = [job.expressions.module.values.single(node) for node in nodes]
    states = [one.value for one in known if isinstance(one, Constant) and isinstance(one.value, int)]
    if not states or len(states) != len(nodes):
        raise Blocked("`status_filter` is not known here", argument.node)
    return "{" + ", ".join(str(state) for state in states) + "}"


RECIPES: dict[str, Callable[[Job], Body]] = {
    "run_job": run_job,
    "run_job job-block": run_job_block,
    "wait_for_run": wait_for_run,
    "write_artifact": write_artifact,
    "list_jobs": list_jobs,
    "list_runs": list_runs,
}
_API_IMPORTS = frozenset(
    {(_CLOUD, "DbtCloudCredentials"), (f"{_CLOUD}.utils", "call_dbt_cloud_administrative_api_endpoint")}
)


# -- single arguments --------------------------------------------------------------


def _known_retries(job: Job) -> bool:
    known = job.expressions.constant(job.task.arguments["retries"])
    return known is None or known.value not in (None, 0, "0")


@collected(False)
def _flag(job: Job, name: str, *, default: bool) -> bool:
    if name not in job.task.arguments:
        return default
    known = job.expressions.constant(job.task.arguments[name])
    if known is None:
        raise Blocked(f"`{name}` is not known here", job.task.arguments[name].node)
    return bool(known.value)


def _waits(job: Job) -> bool:
    return _flag(job, "wait_for_termination", default=True)


@collected("")
def _text_constant(job: Job, name: str) -> str:
    known = job.known(name)
    if known is None or not isinstance(known.value, str):
        raise Blocked(f"`{name}` is not known here", job.task.node)
    argument = job.call[name][1] if name in job.call else job.task.arguments[name]
    job.expressions.text(argument)
    return known.value


def _wait(job: Job, limit: str, interval: str, usual_limit: str = "", usual_interval: str = "") -> _Wait:
    """The limit and interval that the arguments of these names give, in seconds."""
    wait = _Wait(_number(job, limit, usual_limit), _number(job, interval, usual_interval))
    every = wait.interval.value
    if every <= 0:
        reason = f"`{interval}={wait.interval.text}`: prefect-dbt counts the pauses it makes, and never gives up"
        job.problems.append(Blocker(reason, _place(job, interval)))
        return _NO_WAIT
    if every != int(every):
        reason = f"`{interval}` is not a whole number of seconds, which prefect-dbt asks for"
        job.problems.append(Blocker(reason, _place(job, interval)))
        return _NO_WAIT
    if wait.limit.value < 2 * every and job.known("deferrable") == Constant(True):
        doubt = f"a deferred task looks twice at once: with `{limit}={wait.limit.text}` that is one look more"
        job.expressions.doubts[doubt] = _place(job, limit)
    return wait


def _whole_intervals(wait: _Wait) -> _Seconds:
    """The limit for functions that give up before the first look past it, where Airflow gives up after that look."""
    every = int(wait.interval.value)
    looks = math.ceil(max(wait.limit.value, 0) / every)
    return wait.limit if looks * every == wait.limit.value else _Seconds(str(looks * every), looks * every)


def _one_interval_more(wait: _Wait) -> str:
    """The limit for the block, which raises past its limit whatever it has just seen."""
    limit, every = _whole_intervals(wait), int(wait.interval.value)
    # So many requests take longer than an interval themselves: there is no number of looks to keep.
    if limit.value >= _COUNTED_LOOKS * every:
        return limit.text
    return str(math.ceil(max(wait.limit.value, 0)) + every)


@collected(_NO_SECONDS)
def _number(job: Job, name: str, usual: str) -> _Seconds:
    if name not in job.call:
        absent = usual or (job.rows[name].when_absent if name in job.rows else "")
        if not absent:
            raise Blocked("the note does not say how long to wait, and how often to ask", job.task.node)
        return _Seconds(absent, float(absent))
    argument = job.call[name][1]
    known = job.expressions.constant(argument)
    if known is not None and (isinstance(known.value, bool) or not isinstance(known.value, int | float)):
        raise Blocked(f"`{name}` is not a number", argument.node)
    seconds = job.expressions.seconds(argument)
    if known is not None and isinstance(known.value, int):
        return _Seconds(job.expressions.text(argument), known.value)
    value = float(seconds)
    return _Seconds(str(int(value)) if value.is_integer() else seconds, value)


def _place(job: Job, name: str) -> ast.AST:
    return job.call[name][1].node if name in job.call else job.task.node


def _job_id(job: Job, parameters: dict[str, Result]) -> str:
    if "job_id" in job.results:
        parameters["job_id"] = job.results["job_id"]
        return "job_id"
    return _identity(job, "job_id")


def _run_id(job: Job, parameters: dict[str, Result]) -> str:
    if "run_id" in job.results:
        parameters["run_id"] = job.results["run_id"]
        return "run_id"
    return _identity(job, "run_id")


@collected("0")
def _identity(job: Job, target: str) -> str:
    name = job.source(target, target)
    if name in job.call:
        return _integer(job, name)
    if name not in job.rows or not job.rows[name].when_absent:
        raise Blocked(f"no `{name or target}` is given", job.task.node)
    return job.rows[name].when_absent


def _integer(job: Job, name: str) -> str:
    argument = job.call[name][1]
    known = job.expressions.constant(argument)
    text = job.expressions.text(argument, template=True)
    rendered = job.expressions.rendered.get(argument.node)
    if rendered is not None and rendered is not UNRENDERED and known is None:
        if rendered.usual is None:
            raise Blocked(f"`{name}` is not a number", argument.node)
        if not rendered.usual.isdecimal():
            doubt = f"`{name}`: a run that is given no number fails in Prefect before its request, in Airflow after it"
            job.expressions.doubts[doubt] = argument.node
    if known is None:
        return text
    if isinstance(known.value, str) and known.value.isascii() and known.value.isdecimal():
        return str(int(known.value)) if isinstance(argument.node, ast.Constant) or argument.loop else text
    if isinstance(known.value, int) and not isinstance(known.value, bool):
        return text
    raise Blocked(f"`{name}` is not a number", argument.node)


@collected(_NO_CREDENTIALS)
def _credentials(job: Job, *, asynchronous: bool = True, named: bool = False) -> tuple[str, list[str]]:
    """The credentials as an expression, and the lines that have to come before it."""
    name = job.source("dbt_cloud_credentials")
    if not name:
        raise Blocked("the note does not say where the connection comes from", job.task.node)
    connection = job.rows[name].when_absent
    if name in job.call:
        argument = job.call[name][1]
        known = job.expressions.constant(argument)
        if known is None or not isinstance(known.value, str):
            raise Blocked("the connection is not known here", argument.node)
        job.expressions.no_template(known.value, argument.node)
        connection = known.value
    block = repr_text(block_of(job.expressions, job.options.blocks, CREDENTIALS, connection, job.task.node))
    load = f"await DbtCloudCredentials.aload({block})" if asynchronous else f"DbtCloudCredentials.load({block})"
    account_id = job.source("block.account_id")
    if account_id not in job.call or job.known(account_id) == Constant(None):
        return ("credentials", [f"credentials = {load}"]) if named else (load, [])
    account = _integer(job, account_id)
    known = job.known(account_id)
    if known is None or not account.isdecimal():
        account = f"int({account})"
    copy = f'credentials.model_copy(update={{"account_id": {account}}})'
    if named:
        return "credentials", [f"credentials = {load}", f"credentials = {copy}"]
    return copy, [f"credentials = {load}"]


def _params(job: Job) -> dict[str, str]:
    return {
        row.target.partition(".")[2]: _text(job, argument)
        for row, argument in job.call.values()
        if row.target.startswith("params.") and job.expressions.constant(argument) != Constant(None)
    }


@collected("")
def _text(job: Job, argument: Argument) -> str:
    return job.expressions.text(argument, template=True)


def _dict_text(entries: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in entries.items()) + "}"


def _options(job: Job, parameters: dict[str, Result]) -> dict[str, str]:
    """The fields of TriggerJobRunOptions; what ``additional_run_config`` holds wins, as it does in Airflow."""
    found = _options_of_results(job, parameters)
    for row in job.rows.values():
        if row.target.startswith(f"{_OPTIONS}.") and row.when_absent and row.name not in job.call:
            found[row.target.partition(".")[2]] = absent_text(row)
    for row, argument in job.call.values():
        if row.target.startswith(f"{_OPTIONS}.") and job.expressions.constant(argument) != Constant(None):
            field = row.target.partition(".")[2]
            found[field] = _option(job, field, argument)
    for name, (row, argument) in job.call.items():
        if row.target == _OPTIONS:
            config = _run_config(job, name, argument)
            for field in config.keys() & parameters.keys():
                raise Blocked(f"`{field}` is given twice, once as a result of another task", argument.node)
            found.update(config)
    return found


def _options_of_results(job: Job, parameters: dict[str, Result]) -> dict[str, str]:
    """The fields that take results of other tasks, which become ``parameters``."""
    found: dict[str, str] = {}
    for name in ("steps_override", "schema_override"):
        if name in job.results:
            parameters[name] = job.results[name]
            found[name] = name
            if not _is_taken_as_it_is(job, name):
                wanted = "a list of text" if _OPTION_TYPES.get(name) is list else "text"
                doubt = f"`{name}`: Airflow sends whatever result it is, TriggerJobRunOptions takes {wanted} or None"
                job.expressions.doubts[doubt] = job.results[name].node
    return found


def _is_taken_as_it_is(job: Job, name: str) -> bool:
    """Return whether the result that is given for an option is known to be of the type that it has."""
    from offramp.converting.judges.xcom_results import are_texts, gives_text, gives_texts, is_text

    result, module = job.results[name], job.expressions.module
    texts = _OPTION_TYPES.get(name) is list
    if result.key == MAPPED and result.task.mapped is not None:
        turns = module.values.single(result.task.mapped[1].node)
        nodes = turns.nodes if isinstance(turns, Items) and turns.complete else ()
        return bool(nodes) and all((are_texts if texts else is_text)(module, node) for node in nodes)
    function = result.task.function
    if function is None:
        return result.task.runs == "bash" and not texts
    return (gives_texts if texts else gives_text)(module, function)


@collected("")
def _option(job: Job, field: str, argument: Argument) -> str:
    known = job.expressions.constant(argument)
    rendered = job.expressions.rendered.get(argument.node)
    if field == "cause":
        if known is not None and isinstance(known.value, str) and len(known.value) > _LONGEST_CAUSE:
            raise Blocked("Airflow cuts the reason at 255 characters, Prefect sends all of it", argument.node)
        if known is None and rendered is None:
            raise Blocked("the reason is not known here: Airflow cuts it at 255 characters", argument.node)
    _check_type(field, known, argument.node, rendered)
    text = job.expressions.text(argument, template=True)
    cut = field == "cause" and rendered is not None and (rendered.longest or _LONGEST_CAUSE + 1) > _LONGEST_CAUSE
    return f"{operand(text)}[:{_LONGEST_CAUSE}]" if cut and known is None else text


def _check_type(field: str, known: Constant | None, node: ast.AST, rendered: Rendered | None) -> None:
    """Blocked where TriggerJobRunOptions refuses or changes a value that Airflow sends as it is."""
    kind = _OPTION_TYPES.get(field, str)
    if rendered is UNRENDERED:
        return
    if known is None and rendered is not None and kind is not (list if rendered.text[0] in "[(" else str):
        raise Blocked(f"TriggerJobRunOptions takes no text as `{field}`", node)
    if known is not None and type(known.value) is not kind:
        raise Blocked(f"TriggerJobRunOptions takes no {type(known.value).__name__} as `{field}`", node)


@collected(_NO_CONFIG)
def _run_config(job: Job, name: str, argument: Argument) -> dict[str, str]:
    value = job.expressions.module.values.single(argument.node)
    if isinstance(value, Constant) and value.value is None:
        return {}
    if not isinstance(value, Table) or not value.complete:
        raise Blocked(f"the keys of `{name}` are not known here", argument.node)
    found: dict[str, str] = {}
    for key, node in value.entries.items():
        text = _config_entry(job, name, key, argument, node)
        if text:
            found[key] = text
    return found


@cache
def _option_fields() -> frozenset[str]:
    """The fields of TriggerJobRunOptions; any other key is dropped in silence (prefect-dbt 0.7.25)."""
    from offramp.knowledge.api_surface import newest

    return newest().definitions("prefect_dbt.cloud.models.TriggerJobRunOptions")[0].takes.keywords


@collected("")
def _config_entry(job: Job, name: str, key: str, argument: Argument, node: ast.expr | None) -> str:
    """One value of ``additional_run_config``; empty for one that changes nothing."""
    if key not in _option_fields():
        raise Blocked(f"`{key}` in `{name}` would be lost: TriggerJobRunOptions has no such field", argument.node)
    if node is None:
        raise Blocked(f"`{key}` in `{name}` is not known here", argument.node)
    entry = Argument(node, argument.loop, argument.origin)
    known = job.expressions.constant(entry)
    if known is not None and known.value is None:
        if key in ("cause", "steps_override", "schema_override"):
            raise Blocked(f"`{key}` in `{name}` is None, which wins over the argument in Airflow", argument.node)
        return ""
    _check_type(key, known, node, job.expressions.rendered.get(node))
    return job.expressions.text(entry, template=True)


def _check_limit(job: Job, limit: _Seconds, options: Mapping[str, str]) -> None:
    """prefect-dbt's function lifts the limit to ``timeout_seconds_override`` where that is longer."""
    override = options.get("timeout_seconds_override", "0")
    if not override.isdecimal() or int(override) > limit.value:
        doubt = "`timeout_seconds_override` lifts prefect-dbt's limit, not Airflow's"
        job.expressions.doubts[doubt] = job.task.node
