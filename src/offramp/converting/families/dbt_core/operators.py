"""The recipe ``dbt``: a task that runs a command of dbt, in a process of its own or by prefect-dbt's runner."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from offramp.converting.families.dbt_core.forms import may_share_packages, takes_runner
from offramp.converting.families.dbt_core.profiles import profiles_directory
from offramp.converting.families.dbt_core.words import (
    PROFILE,
    PROJECT,
    TARGET,
    given,
    line,
    member_of,
    options,
    text_of,
)
from offramp.converting.recipes.body import Body, Job
from offramp.converting.recipes.filling import check_result
from offramp.converting.recipes.run_functions import RUN_COMMAND, RUN_COMMAND_IMPORTS
from offramp.editing.text import INDENT, WIDTH, call_lines, operand
from offramp.finding.dbt_core import by_name, where_text
from offramp.model import Blocked
from offramp.python.values import Constant, Table
from offramp.record import NamedTuple

_IN_WORKER = ("in the worker", "execution mode LOCAL")
_DEPS = ("execution_config.install_dbt_deps", "install_deps", "project_config.install_dbt_deps")
# The ways to load a project in which dbt selects the nodes.
_BY_DBT = ("AUTOMATIC", "DBT_LS", "DBT_LS_CACHE")
# The commands that make something, of which Cosmos emits datasets.
_MAKING = ("build", "run", "seed", "snapshot")


class _Place(NamedTuple):
    """The place where dbt runs, as Python text: the project, the directory of the profiles, profile and target."""

    project: str
    profiles: str
    chosen: tuple[str, ...]


def dbt(job: Job) -> Body:
    """The task of one command of dbt. Raises Blocked."""
    note, use = job.expressions.module.rulebook.notes[job.task.kind], job.task.use
    assert use is not None
    check_result(job, note)
    where = where_text(job.expressions.module, use)
    if where not in _IN_WORKER:
        raise Blocked(f"dbt runs {where}: only what runs in the worker is converted", job.task.node)
    command = job.task.command or by_name(note, "runs", use.path)
    place = _place(job)
    words = line(job, command)
    installs = _installs(job, command)
    _doubt(job, command, installs=installs)
    if takes_runner(job):
        return _runner(place, words, installs=installs)
    if installs and (other := may_share_packages(job)) is not None:
        reason = f"this and `{other.id}` may install packages into one project at a time: set `install_deps=False`"
        raise Blocked(reason, job.task.node)
    return _command(job, place, words, installs=installs)


def _place(job: Job) -> _Place:
    project = given(job, PROJECT)
    if project is None:
        raise Blocked("no directory of the dbt project is given", job.task.node)
    known = job.expressions.constant(project[1])
    if known is not None and isinstance(known.value, str) and not known.value.startswith("/"):
        reason = f"`{known.value}` is looked for below the directory that the flow runs in"
        job.expressions.doubts[reason] = project[1].node
    chosen = ((name, given(job, name)) for name in (PROFILE, TARGET))
    values = [(name, text_of(job, one[1])) for name, one in chosen if one is not None]
    return _Place(job.expressions.text(project[1]), profiles_directory(job), options(values))


def _installs(job: Job, command: str) -> bool:
    """Return whether `dbt deps` runs before, as Cosmos does unless told otherwise. Raises Blocked."""
    if command == "deps" or any(one.node is job.task.node for one in job.task.upstream):
        return False
    for name in _DEPS:
        argument = job.task.arguments.get(name)
        known = job.expressions.constant(argument) if argument is not None else Constant(None)
        if known is None or not isinstance(known.value, bool | None):
            raise Blocked(f"`{name}` is not known here, and decides what is run", (argument or job.task).node)
        if known.value is not None:
            return known.value
    return True


def _doubt(job: Job, command: str, *, installs: bool) -> None:
    """Note what differs from Cosmos, whichever form is written."""
    doubts, node = job.expressions.doubts, job.task.node
    doubts["Cosmos runs dbt in a temporary copy of the project, the flow in the project itself: `target/` stays"] = node
    if installs:
        doubts["`dbt deps` runs before, also where the project has no packages"] = node
    emits = [job.task.arguments.get(name) for name in ("emit_datasets", "render_config.emit_datasets")]
    silent = any(one is not None and job.expressions.constant(one) == Constant(value=False) for one in emits)
    if not silent and command.split(maxsplit=1)[0] in _MAKING:
        doubts["Cosmos emits datasets of what it makes, by which other DAGs may start; the flow emits none"] = node
    if "env" in job.call and "append_env" not in job.task.arguments:
        doubts["before Cosmos 1.4 `env` replaced the environment, here it is added to that"] = job.call["env"][1].node
    if not job.task.command:
        return
    doubts["one dbt command runs all nodes, where Cosmos runs one for each: dbt's `threads` say how many at a time"] = (
        node
    )
    method = job.task.arguments.get("render_config.load_method")
    if "project_config.manifest_path" in job.task.arguments or (
        method is not None and member_of(job, method) not in _BY_DBT
    ):
        doubts["Cosmos selects the nodes itself, not dbt: it may read a selection otherwise or know other tests"] = node
    retries = job.task.arguments.get("retries")
    if retries is not None and job.expressions.constant(retries) not in (Constant(0), Constant(None)):
        doubts["`retries`: all nodes run again, where Airflow repeats the failed one alone"] = retries.node
    if command == "build":
        _doubt_tests(job)


def _doubt_tests(job: Job) -> None:
    """Note when `dbt build` runs tests where Cosmos runs them at another time."""
    detached = job.task.arguments.get("render_config.should_detach_multiple_parents_tests")
    if detached is None or job.expressions.constant(detached) != Constant(value=True):
        reason = (
            "a test of two models runs when both are there, where Cosmos runs it after the first, which it may fail"
        )
        job.expressions.doubts[reason] = job.task.node
    argument = job.task.arguments.get("execution_config.test_indirect_selection")
    if argument is not None and member_of(job, argument) != "EAGER":
        raise Blocked("`test_indirect_selection` selects other tests for one `dbt build`", argument.node)


def _runner(place: _Place, words: Sequence[str], *, installs: bool) -> Body:
    settings = {"project_dir": place.project, "profiles_dir": place.profiles}
    lines = [*call_lines("settings = PrefectDbtSettings", settings), "runner = PrefectDbtRunner(settings=settings)"]
    lines += _call("runner.invoke", ('"deps"',)) if installs else []
    lines += _call("runner.invoke", (*words, *place.chosen))
    imports = {("prefect_dbt", "PrefectDbtRunner"), ("prefect_dbt", "PrefectDbtSettings")}
    return Body(tuple(lines), imports=frozenset(imports | _modules(lines)))


def _command(job: Job, place: _Place, words: Sequence[str], *, installs: bool) -> Body:
    program = given(job, "dbt")
    dbt_text = job.expressions.text(program[1]) if program is not None else '"dbt"'
    environment = given(job, "env")
    settings = {}
    if environment is not None:
        settings["env"] = _environment(job, environment[1].node, job.expressions.text(environment[1], template=True))
    where = ('"--project-dir"', place.project, '"--profiles-dir"', place.profiles, *place.chosen)
    lines: list[str] = []
    if installs:
        lines += [*_list("in_project = ", where), *_call(RUN_COMMAND, (dbt_text, '"deps"', "*in_project"), settings)]
        where = ("*in_project",)
    lines += _call(RUN_COMMAND, (dbt_text, *words, *where), settings)
    return Body(
        tuple(lines), imports=RUN_COMMAND_IMPORTS | _modules(lines), helpers=(RUN_COMMAND,), packages=("dbt-core",)
    )


def _environment(job: Job, node: ast.expr, text: str) -> str:
    """The environment as Python text: added to that of the process, unless `append_env` is off. Raises Blocked."""
    value = job.expressions.module.values.single(node)
    for name, entry in value.entries.items() if isinstance(value, Table) else ():
        constant = job.expressions.module.values.single(entry) if entry is not None else None
        if isinstance(constant, Constant) and not isinstance(constant.value, str):
            raise Blocked(f"`{name}` of `env` is not a text: Cosmos leaves it out", node)
    append = job.task.arguments.get("append_env")
    known = job.expressions.constant(append) if append is not None else Constant(value=True)
    if known is None:
        raise Blocked("`append_env` is not known here", append.node if append is not None else job.task.node)
    if not known.value:
        return text
    literal = isinstance(node, ast.Dict) and text.startswith("{")
    if literal and not text[1:-1].strip():
        return "os.environ"
    return f"{{**os.environ, {text[1:-1].strip().rstrip(',') if literal else f'**{operand(text)}'}}}"


def _modules(lines: Sequence[str]) -> set[tuple[str, str]]:
    text = "\n".join(lines)
    return {("", name) for name in ("json", "os") if f"{name}." in text}


def _call(function: str, words: Sequence[str], settings: Mapping[str, str] | None = None) -> list[str]:
    """The lines of a call with a list of words."""
    return call_lines(function, settings or {}, ("\n".join(_list("", words)),))


def _list(start: str, words: Sequence[str]) -> list[str]:
    """The lines of a list."""
    text = f"{start}[{', '.join(words)}]"
    return [text] if len(text) <= WIDTH - 24 else [f"{start}[", *(f"{INDENT}{word}," for word in words), "]"]
