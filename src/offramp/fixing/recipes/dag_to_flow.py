"""A file of DAGs as a file of flows: one task per Airflow task, submitted in the order of the edges.

The whole file is converted or none of it. Everything that prevents it is collected,
so that one run shows all of it.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from offramp.finding.graph import MAPPED, Argument, Blocker, Dag, Graph, Result, Task
from offramp.finding.names import FunctionNode
from offramp.finding.operators import Module
from offramp.finding.values import Constant, Items, Reference, Table
from offramp.fixing import lasting
from offramp.fixing.expressions import Blocked, Expressions, harmless
from offramp.fixing.recipes import dbt_cloud
from offramp.fixing.recipes.dbt_cloud import Body, Job, repr_text
from offramp.fixing.recipes.flow_body import (
    AFTER_SUCCESS,
    BRANCHES,
    OWN_NAMES,
    RULES,
    SHORT_CIRCUITS,
    Step,
    flow_body,
    results,
)
from offramp.fixing.recipes.pulled_results import Pulls, pulls
from offramp.fixing.recipes.registry import RECIPES
from offramp.fixing.returned import survives
from offramp.fixing.schedule import schedule, schedule_blockers
from offramp.fixing.text import INDENT, call_lines
from offramp.model import Argument as Row
from offramp.model import Edit, Flow, Span
from offramp.reading.source import Source
from offramp.reading.versions import Versions

if TYPE_CHECKING:
    from offramp.fixing.layout import Comments

_PYTHON = frozenset({"PythonOperator", "task"}) | SHORT_CIRCUITS | BRANCHES
# What Airflow passes to a callable that asks for it by name (2.10 and 3.3).
_CONTEXT = frozenset(
    "conf conn context dag dag_run data_interval_end data_interval_start ds ds_nodash exception execution_date "
    "expanded_ti_count inlet_events inlets logical_date macros map_index_template next_ds next_ds_nodash "
    "next_execution_date outlet_events outlets params prev_data_interval_end_success prev_data_interval_start_success "
    "prev_ds prev_ds_nodash prev_end_date_success prev_execution_date prev_execution_date_success "
    "prev_start_date_success reason run_id start_date task task_instance task_instance_key_str task_reschedule_count "
    "templates_dict test_mode ti tomorrow_ds tomorrow_ds_nodash triggering_asset_events triggering_dataset_events ts "
    "ts_nodash ts_nodash_with_tz try_number var yesterday_ds yesterday_ds_nodash".split()
)
# The arguments that choose a pattern and that a recipe looks at.
_UNDERSTOOD = frozenset(
    "trigger_rule wait_for_termination append_env multiple_outputs output_file_name latest_only status_filter "
    "ignore_downstream_trigger_rules".split()
)
_DECORATORS = ("task", "task_branch", "task_short_circuit", "task_bash")
_BASH_FILES = (".sh", ".bash")
_NO_CACHE = ("prefect.cache_policies", "NO_CACHE")
# The names that generated code imports or defines.
_GENERATED = frozenset(
    "flow task serve unmapped allow_failure NO_CACHE Cron Interval RRule Schedule DbtCloudCredentials DbtCloudJob "
    "TriggerJobRunOptions DbtCloudJobRunFailed DbtCloudJobRunStatus trigger_dbt_cloud_job_run "
    "trigger_dbt_cloud_job_run_and_wait_for_completion wait_for_dbt_cloud_job_run get_dbt_cloud_run_artifact "
    "call_dbt_cloud_administrative_api_endpoint json os subprocess Path TemporaryDirectory run_bash State".split()
)
_PURE = r"(?:echo|sleep|true|date|pwd|ls)\b[^;&|`$<>\n]*"
_PURE_COMMAND = rf"{_PURE}(?:&&\s*{_PURE})*"
_BASH_HELPER = '''\
def run_bash(command, env=None, cwd=None):
    """Run a Bash command, in a new directory unless told otherwise; return its last line of output."""
    line = ""
    with TemporaryDirectory() as directory:
        process = subprocess.Popen(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd or directory,
            env=env,
        )
        for output in process.stdout:
            line = output.decode(errors="backslashreplace").rstrip()
            print(line)
        if process.wait() != 0:
            raise RuntimeError(f"the command ended with exit code {process.returncode}")
    return line
'''


_COMMENTS = "\0"


class Conversion(NamedTuple):
    """The edits that convert a file, the reasons why that is not safe, or the blockers that prevent it."""

    edits: tuple[Edit, ...]
    doubts: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    flows: tuple[Flow, ...]
    connections: tuple[tuple[str, str], ...] = ()


class Options(NamedTuple):
    """The settings that conversion depends on.

    ``serves`` is off where a prefect.yaml deploys the flows, which holds no Python.
    """

    blocks: Mapping[str, str]
    pattern: str
    versions: Versions
    serves: bool = True


def convert(module: Module, source: Source, graph: Graph, options: Options) -> Conversion:
    """Convert every DAG of a file."""
    return _Converter(module, source, graph, options).convert()


class _Converter:
    def __init__(self, module: Module, source: Source, graph: Graph, options: Options) -> None:
        self.module = module
        self.source = source
        self.graph = graph
        self.options = options
        self.expressions = Expressions(module, source)
        self.blockers = list(graph.blockers)
        self.doubts: dict[str, ast.AST] = {}
        self.imports: set[tuple[str, str]] = {("prefect", "flow")}
        self.taken = self._taken()
        self.futures: dict[Task, str] = {}
        self.steps: list[Step] = []
        self.pieces: dict[ast.stmt, list[str]] = {}
        self.edits: list[Edit] = []
        self.joined: set[tuple[str, str]] = set()
        self.decorated: dict[FunctionNode, str] = {}
        self.first_options: dict[FunctionNode, Mapping[str, str]] = {}
        self.hoisted: dict[FunctionNode, str] = {}
        self.needs_bash = False
        self.flow_names: dict[Dag, str] = {}
        self.flows: tuple[Flow, ...] = ()
        self.pulls = {
            task: found
            for dag in graph.dags
            for task in dag.tasks.values()
            if (found := pulls(module, source, task)) is not None
        }
        self.consumed = {result.task for dag in graph.dags for task in dag.tasks.values() for result in results(task)}
        for found in self.pulls.values():
            self.consumed.update(found.sources.values())

    @cached_property
    def comments(self) -> Comments:
        # Tokenizing is slow, and of use only once a file can be converted.
        from offramp.fixing.layout import Comments

        return Comments(self.source)

    # -- the whole file ----------------------------------------------------------

    def convert(self) -> Conversion:
        if not self.graph.dags:
            return Conversion((), (), tuple(self.blockers), ())
        search = lasting.Search(self.module, self.graph)
        self.blockers += search.search()
        self.expressions.goes = search.goes
        self._local_names()
        self._check_plain()
        flows = [(dag, self._dag(dag)) for dag in self.graph.dags]
        if self.blockers:
            return Conversion((), (), tuple(dict.fromkeys(self.blockers)), ())
        for dag, lines in flows:
            self._replace(dag, lines)
        self._serve()
        self._imports()
        doubts = {**self.expressions.doubts, **self.doubts}
        if self.blockers:
            return Conversion((), (), tuple(dict.fromkeys(self.blockers)), ())
        pairs = tuple((connection, block) for block, connection in self.expressions.connections.items())
        return Conversion(tuple(self.edits), tuple(doubts), (), self.flows, pairs)

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _taken(self) -> set[str]:
        tasks = [task for dag in self.graph.dags for task in dag.tasks.values()]
        names = {node.id for node in ast.walk(self.module.tree) if isinstance(node, ast.Name)}
        names.update(self.module.names.module.bindings)
        # What tasks and DAGs alone are called is free again once they are gone.
        gone = {name for task in tasks for name in task.names} | {dag.name for dag in self.graph.dags}
        names -= {name for name in gone if len(self.module.names.module.bindings.get(name, ())) <= 1}
        if any(task.kind in SHORT_CIRCUITS | BRANCHES or "trigger_rule" in task.arguments for task in tasks):
            names |= OWN_NAMES
        names |= {dag.function.name for dag in self.graph.dags if dag.function is not None}
        # A DAG's function is a scope of its own: what it calls a task may mean something else in the module.
        names |= {name for task in tasks if task.dag.function is not None for name in task.names} & set(
            self.module.names.module.bindings
        )
        needed = set(_GENERATED)
        if not any("wait_for_termination" in task.arguments for task in tasks):
            # A favourite name of tasks, which only a trigger that does not wait imports.
            needed.discard("trigger_dbt_cloud_job_run")
        return names | set(dir(builtins)) | set(keyword.kwlist) | needed

    def _local_names(self) -> None:
        """Names bound in the body of a ``with DAG`` or ``@dag`` that move to module level with it."""
        gone: set[str] = set()
        local: set[str] = set()
        for dag in self.graph.dags:
            if dag.name:
                gone.add(dag.name)
            for task in dag.tasks.values():
                gone.update(task.names)
            if dag.function is None:
                continue
            scope = self.module.names.scopes[dag.function]
            for name, bindings in scope.bindings.items():
                kept = len(bindings) == 1 and bindings[0].kind in ("value", "function", "import")
                if kept and name not in gone:
                    local.add(name)
                    if name in self.module.names.module.bindings:
                        self._block(f"`{name}` also exists at module level", dag.function)
        self.expressions.gone = frozenset(gone)
        self.expressions.local = frozenset(local)

    def _check_plain(self) -> None:
        """Code that stays must not need Airflow, nor the tasks that go."""
        for statement in self.graph.plain:
            self._check_kept(statement)

    def _check_kept(self, statement: ast.AST) -> None:
        names = self.module.names
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if self._is_default_args(statement):
                    continue
                for binding in names.lookup(node.id, node):
                    if binding.kind == "import" and _is_airflow(binding.target):
                        self._block(f"`{node.id}` is Airflow's, and this code stays", node)
                        break
                inside = node.id in self.expressions.gone and names.place(node)[0] is not names.module
                if inside and any(binding.scope is names.module for binding in names.lookup(node.id, node)):
                    self._block(f"`{node.id}` is a task or DAG, and this code stays", node)
            elif isinstance(node, ast.Import | ast.ImportFrom) and node is not statement and _imports_airflow(node):
                self._block("imports Airflow, and this code stays", node)
            elif (
                isinstance(node, ast.ImportFrom)
                and any(alias.name == "*" for alias in node.names)
                and _imports_airflow(node)
            ):
                self._block("imports everything from an Airflow module", node)

    def _is_default_args(self, statement: ast.AST) -> bool:
        return isinstance(statement, ast.stmt) and statement in self._default_args_statements()

    def _default_args_statements(self) -> set[ast.stmt]:
        """Module-level ``NAME = {…}`` that only DAGs and groups take as ``default_args``."""
        found: set[ast.stmt] = set()
        for statement in self.graph.plain:
            if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
                continue
            target = statement.targets[0]
            if not isinstance(target, ast.Name):
                continue
            loads = self.module.names.loads.get(target.id, [])
            parents = [self.module.names.parents.get(load) for load in loads]
            if loads and all(isinstance(parent, ast.keyword) and parent.arg == "default_args" for parent in parents):
                found.add(statement)
        return found

    # -- one DAG -----------------------------------------------------------------

    def _dag(self, dag: Dag) -> list[str]:
        arguments = dict(dag.arguments)
        known = self.expressions.constant(arguments["dag_id"]) if "dag_id" in arguments else None
        if known is not None and isinstance(known.value, str):
            dag.id = known.value
        elif dag.function is not None and "dag_id" not in arguments:
            dag.id = dag.function.name
        else:
            self._block("the DAG's id is not known here", dag.maker)
            return []
        if not dag.tasks:
            self._block("this DAG has no tasks", dag.maker)
            return []
        flow_options = self._dag_arguments(dag, arguments)
        name = dag.function.name if dag.function is not None else self._name(dag.id)
        if any(other is not dag and other.id == dag.id for other in self.flow_names):
            self._block(f"a second DAG has the id `{dag.id}`", dag.maker)
        self.flow_names[dag] = name
        order = self._sorted(dag)
        for task in order:
            try:
                self._task(task)
            except Blocked as blocked:  # noqa: PERF203 - every blocker is reported, not only the first
                self.blockers.append(blocked.blocker)
        for step in self.steps:
            for value in (*step.positional, *step.keywords.values()):
                if isinstance(value, Task) and step.task.dag is dag:
                    self._check_taken(value, step.task)
        if self.blockers:
            return []
        try:
            return self._flow_lines(dag, name, flow_options, order)
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)
            return []

    def _check_taken(self, source: Task, taker: Task) -> None:
        """Whether a task's result is the one that Airflow would hand on."""
        pushed = source.arguments.get("do_xcom_push")
        if pushed is not None and self.expressions.constant(pushed) != Constant(True):
            self._block(f"takes the result of `{source.id}`, which keeps it by `do_xcom_push`", taker.node)
        if source.function is not None and not survives(self.module, source.function):
            reason = (
                f"what `{source.function.name}` returns is handed on as it is; Airflow hands on what JSON keeps of it "
                "(keys become text, and in Airflow 2 inner tuples lists)"
            )
            self.doubts[reason] = source.node

    def _dag_arguments(self, dag: Dag, arguments: Mapping[str, Argument]) -> dict[str, str]:
        rows = self.module.rulebook.arguments(self.module.rulebook.notes["DAG"])
        options: dict[str, str] = {"name": repr_text(dag.id)}
        for name, argument in arguments.items():
            row = rows.get(name)
            try:
                if row is None:
                    raise Blocked(f"no note has a row for the DAG's argument `{name}`", argument.node)
                if name in ("dag_id", "default_args", "schedule", "schedule_interval", "start_date", "catchup"):
                    continue
                self._dag_argument(row, argument, options)
            except Blocked as blocked:
                self.blockers.append(blocked.blocker)
        self.blockers += schedule_blockers(dag, self.expressions, self.options.versions)
        return options

    def _dag_argument(self, row: Row, argument: Argument, options: dict[str, str]) -> None:
        if row.target == "dropped":
            return
        known = self.expressions.constant(argument)
        if row.target == "refused":
            if not harmless(known, row, argument.node):
                raise Blocked(f"`{row.name}`: {row.note}", argument.node)
            return
        if known is not None and known.value is None:
            return
        if row.note.startswith("unsafe:"):
            self.doubts[f"`{row.name}`: {row.note.removeprefix('unsafe:').strip()}"] = argument.node
        if row.name == "description":
            options["description"] = self.expressions.text(argument)
        elif row.name == "dagrun_timeout":
            options["timeout_seconds"] = self.expressions.seconds(argument)
        elif row.name in ("tags", "is_paused_upon_creation", "max_active_runs"):
            self.expressions.text(argument)
        else:
            raise Blocked(f"`{row.name}` of a DAG is not converted", argument.node)

    def _sorted(self, dag: Dag) -> list[Task]:
        """The tasks in an order that has every task after its upstreams, close to that of creation."""
        done: dict[Task, None] = {}
        waiting = list(dag.tasks.values())
        while waiting:
            ready = next((task for task in waiting if all(up in done for up in task.upstream)), None)
            if ready is None:
                self._block("the tasks wait for each other in a circle", waiting[0].node)
                return list(dag.tasks.values())
            waiting.remove(ready)
            done[ready] = None
        return list(done)

    # -- tasks -------------------------------------------------------------------

    def _task(self, task: Task) -> None:
        note = self.module.rulebook.notes[task.kind]
        rows = self.module.rulebook.arguments(note)
        options: dict[str, str] = {"name": repr_text(task.id)}
        call: dict[str, tuple[Row, Argument]] = {}
        problems: list[Blocker] = []
        self._retries(task, rows, options, problems)
        for name, argument in task.arguments.items():
            if name in task.results:
                continue
            try:
                sort_argument(self.expressions, self.doubts, rows.get(name), name, argument, options, call)
            except Blocked as blocked:
                problems.append(blocked.blocker)
        self._rule(task, problems)
        if task.mapped is not None and not (note.code or task.kind == "task"):
            problems.append(Blocker("a mapped task of this kind is not converted", task.node))
        if task.kind == "EmptyOperator":
            self._emit_function(task, options, Body(("pass",)))
        elif task.kind in _PYTHON:
            self._python(task, options)
        elif task.kind == "BashOperator":
            self._emit_function(task, options, self._bash(task, call))
        elif note.code:
            self._dbt(task, options, call, rows)
        else:
            problems.append(
                Blocker(
                    f"`{task.kind}` is not converted: {_first_line(note.fields.get('prefect_pattern', ''))}", task.node
                )
            )
        self.blockers.extend(problems)

    def _retries(self, task: Task, rows: Mapping[str, Row], options: dict[str, str], problems: list[Blocker]) -> None:
        argument = task.arguments.get("retries")
        if argument is None:
            return
        known = self.expressions.constant(argument)
        if known is None or not (known.value is None or isinstance(known.value, int | str)):
            problems.append(Blocker("`retries` is not known here", argument.node))
            return
        try:
            count = int(known.value or 0)
        except ValueError:
            problems.append(Blocker("`retries` is no number", argument.node))
            return
        if count <= 0:
            return
        delay = task.arguments.get("retry_delay")
        try:
            seconds = self.expressions.seconds(delay) if delay is not None else rows["retry_delay"].when_absent
        except Blocked as blocked:
            problems.append(blocked.blocker)
            return
        options["retries"] = str(count)
        options["retry_delay_seconds"] = seconds
        if task.use is not None and task.use.path.startswith("astronomer."):
            self.doubts["astronomer-providers before 1.19 did not retry a cancelled run, Prefect does"] = task.node

    def _rule(self, task: Task, problems: list[Blocker]) -> None:
        argument = task.arguments.get("trigger_rule")
        rule = self._rule_of(task)
        if rule not in RULES:
            reason = f"the trigger rule `{rule}` is not converted" if rule else "the trigger rule is not known here"
            problems.append(Blocker(reason, argument.node if argument is not None else task.node))
        if rule == "all_done" and results(task):
            problems.append(
                Blocker("takes a result that may not be there, under the trigger rule `all_done`", task.node)
            )
        if rule == "one_failed":
            self.doubts["one_failed: Airflow starts the task at the first failure, the flow when all are done"] = (
                task.node
            )
        skips = task.arguments.get("ignore_downstream_trigger_rules")
        if skips is not None and self.expressions.constant(skips) != Constant(True):
            problems.append(Blocker("`ignore_downstream_trigger_rules=False` is not converted", skips.node))

    def _rule_of(self, task: Task) -> str:
        argument = task.arguments.get("trigger_rule")
        return (self._rule_name(argument) or "") if argument is not None else "all_success"

    def _rule_name(self, argument: Argument) -> str | None:
        known = self.expressions.constant(argument)
        if known is not None:
            return str(known.value) if isinstance(known.value, str) else None
        value = self.module.values.single(argument.node)
        if isinstance(value, Reference) and ".TriggerRule." in value.path:
            return value.path.rpartition(".")[2].lower()
        return None

    # -- what a task runs --------------------------------------------------------

    def _dbt(
        self, task: Task, options: dict[str, str], call: dict[str, tuple[Row, Argument]], rows: Mapping[str, Row]
    ) -> None:
        note = self.module.rulebook.notes[task.kind]
        name = note.fields.get("rewrite", "").split("\n")[0].strip()
        recipe = RECIPES.get(name)
        if recipe is None:
            raise Blocked(f"the note of `{note.operator}` names no rewrite", task.node)
        if name == "run_job" and self.options.pattern == "job-block":
            recipe = dbt_cloud.run_job_block
        taken = dict(task.results)
        if task.mapped is not None:
            taken[task.mapped[0]] = Result(task, MAPPED, task.node)
        for argument_name in ("run_id", "job_id"):
            pulled = self._pulled(task, call.get(argument_name))
            if pulled is not None:
                taken[argument_name] = pulled
                task.results[argument_name] = pulled
                self.consumed.add(pulled.task)
                call.pop(argument_name)
        for argument_name, result in taken.items():
            if argument_name not in ("run_id", "job_id", "steps_override", "schema_override"):
                raise Blocked(f"`{argument_name}` from another task's result is not converted", result.node)
        job = Job(
            task,
            call,
            rows,
            taken,
            self.expressions,
            task in self.consumed or task in self._pulled_from,
            self.options.blocks,
            self.options.pattern,
        )
        self._emit_function(task, options, recipe(job))

    @cached_property
    def _pulled_from(self) -> set[Task]:
        """The tasks whose run id another task takes by a template."""
        found: set[Task] = set()
        for dag in self.graph.dags:
            for task in dag.tasks.values():
                for name in ("run_id", "job_id"):
                    argument = task.arguments.get(name)
                    source = self._pulled_task(task, argument) if argument is not None else None
                    if source is not None:
                        found.add(source)
        return found

    def _pulled(self, task: Task, given: tuple[Row, Argument] | None) -> Result | None:
        """The result that ``{{ ti.xcom_pull(task_ids='…') }}`` renders to."""
        if given is None:
            return None
        source = self._pulled_task(task, given[1])
        if source is None:
            return None
        if not _reaches(source, task):
            raise Blocked(f"pulls the result of `{source.id}`, which no edge puts before it", given[1].node)
        return Result(source, "return_value", given[1].node)

    def _pulled_task(self, task: Task, argument: Argument) -> Task | None:
        known = self.expressions.constant(argument)
        if known is None or not isinstance(known.value, str):
            return None
        match = re.fullmatch(
            r"""\s*\{\{\s*(?:ti|task_instance)\.xcom_pull\(\s*(?:task_ids\s*=\s*)?\[?\s*(['"])([\w.\-]+)\1\s*\]?\s*"""
            r"""(?:,\s*key\s*=\s*(['"])return_value\3\s*)?\)\s*\}\}\s*""",
            known.value,
        )
        if match is None or "[" in known.value:
            return None
        return task.dag.tasks.get(match[2])

    def _check_no_files(self, env: Argument) -> None:
        """Airflow takes text that ends so for the name of a template, values of ``env`` included."""
        table = self.module.values.single(env.node)
        for node in table.entries.values() if isinstance(table, Table) else [None]:
            value = self.module.values.single(node) if node is not None else None
            if isinstance(value, Constant):
                if isinstance(value.value, str) and value.value.endswith(_BASH_FILES):
                    raise Blocked("Airflow reads this value of `env` from a file, as a template", node or env.node)
            else:
                self.doubts["Airflow reads a value of `env` that ends in .sh or .bash from a file"] = env.node

    def _bash(self, task: Task, call: Mapping[str, tuple[Row, Argument]]) -> Body:
        if "bash_command" not in call:
            raise Blocked("no `bash_command` is given", task.node)
        if task.results:
            raise Blocked("a command from another task's result is not converted", task.node)
        argument = call["bash_command"][1]
        command = self.expressions.text(argument)
        known = self.expressions.constant(argument)
        if known is None or not isinstance(known.value, str):
            raise Blocked("the command is not known here: it may be a template", argument.node)
        if known.value.endswith(_BASH_FILES):
            raise Blocked("Airflow reads this command from a file, as a template", argument.node)
        if "AIRFLOW" in known.value:
            raise Blocked("the command uses Airflow's environment", argument.node)
        if not re.fullmatch(_PURE_COMMAND, known.value.strip()):
            self.doubts["exit code 99 skips a Bash task in Airflow, and fails it in Prefect"] = argument.node
        arguments = {}
        if "output_encoding" in call:
            raise Blocked("`output_encoding` is not converted", call["output_encoding"][1].node)
        if "env" in call and self.expressions.constant(call["env"][1]) != Constant(None):
            env = self.expressions.text(call["env"][1])
            self._check_no_files(call["env"][1])
            append = task.arguments.get("append_env")
            known_append = self.expressions.constant(append) if append is not None else Constant(False)
            if known_append is None:
                raise Blocked("`append_env` is not known here", append.node if append is not None else task.node)
            if known_append.value:
                literal = isinstance(call["env"][1].node, ast.Dict) and env.startswith("{")
                more = env[1:-1].strip().rstrip(",") if literal else f"**{env}"
                arguments["env"] = f"{{**os.environ, {more}}}"
                self.imports.add(("", "os"))
            else:
                arguments["env"] = env
        if "cwd" in call and self.expressions.constant(call["cwd"][1]) != Constant(None):
            arguments["cwd"] = self.expressions.text(call["cwd"][1])
        self.needs_bash = True
        if isinstance(argument.node, ast.Constant) and "\n" not in known.value:
            command = repr_text(known.value)
        return Body(tuple(call_lines("return run_bash", arguments, (command,))))

    def _python(self, task: Task, options: dict[str, str]) -> None:
        function = task.function
        if function is None:
            return
        if isinstance(function, ast.AsyncFunctionDef):
            raise Blocked("an async callable is not converted", task.node)
        pulled = self.pulls.get(task)
        self._check_callable(task, function, pulled.replaced if pulled is not None else frozenset())
        positional = [self._passed(value) for value in task.positional]
        keywords = {name: self._passed(value) for name, value in task.keywords.items()}
        if pulled is not None:
            self._pull(task, function, pulled)
            keywords.update(pulled.sources)
        self.imports.update({("prefect", "task"), _NO_CACHE})
        arguments = {**options, "cache_policy": "NO_CACHE"}
        if function in self.decorated:
            callee = self._again(task, function, arguments)
        elif task.kind.startswith("task") or self._only_a_task(function):
            callee = self._decorate(task, function, arguments)
        else:
            callee = self._name(f"{function.name}_task")
            lines = call_lines(f"{callee} = task", arguments, (function.name,), indent=0)
            self.pieces.setdefault(task.statement, []).extend([*lines, ""])
        self.steps.append(Step(task, callee, self._rule_of(task), tuple(positional), keywords, self._mapped(task)))

    def _pull(self, task: Task, function: FunctionNode, pulled: Pulls) -> None:
        if not self._only_a_task(function) and not task.kind.startswith("task"):
            raise Blocked(f"`{function.name}` uses Airflow's context, and other code uses the function", function)
        for source in pulled.sources.values():
            if not _reaches(source, task):
                raise Blocked(f"pulls the result of `{source.id}`, which no edge puts before it", function)
        if self._rule_of(task) not in AFTER_SUCCESS:
            raise Blocked("pulls a result that may not be there, by its trigger rule", task.node)
        self.edits += pulled.edits

    def _again(self, task: Task, function: FunctionNode, arguments: dict[str, str]) -> str:
        given = {name: value for name, value in arguments.items() if name != "cache_policy"}
        # What `with_options` is not told stays as the first task has it.
        for name in ("retries", "timeout_seconds"):
            if name in self.first_options.get(function, ()):
                given.setdefault(name, "0")
        if task.kind.startswith("task"):
            first = self.decorated[function]
            return "\n".join(call_lines(f"{first}.with_options", given))
        callee = self._name(f"{task.names[0] if task.names else task.id}_task")
        lines = call_lines(f"{callee} = task", arguments, (function.name,), indent=0)
        self.pieces.setdefault(task.statement, []).extend([*lines, ""])
        return callee

    def _only_a_task(self, function: FunctionNode) -> bool:
        """Whether the one use of a function is as the callable of one task."""
        uses = [
            use
            for binding in self.module.names.bindings_of(function)
            if binding.kind == "function"
            for use in self.module.names.uses(binding)
        ]
        tasks = [task for dag in self.graph.dags for task in dag.tasks.values() if task.function is function]
        return len(uses) == 1 and len(tasks) == 1

    def _decorate(self, task: Task, function: FunctionNode, arguments: dict[str, str]) -> str:
        lines = call_lines("@task", arguments, indent=0)
        self.decorated[function] = function.name
        self.first_options[function] = arguments
        positions = self.source.positions
        if task.kind.startswith("task"):
            span = positions.span(function.decorator_list[0])
            start = self.source.utf8.rindex(b"@", 0, span.start)
            decorator = Span(start, span.end)
        else:
            row = function.lineno
            start = positions.offset(row, 0)
            decorator = Span(start, start)
        if self._inside_dag(function):
            self.hoisted[function] = "\n".join(lines)
            return function.name
        if function.col_offset:
            raise Blocked(f"the function `{function.name}` is defined inside other code", function)
        if task.kind.startswith("task"):
            text = "\n".join([*self.comments.inside(function.decorator_list[0]), *lines])
        else:
            text = "\n".join([*lines, ""])
        self.edits.append(Edit(decorator, text))
        return function.name

    def _inside_dag(self, function: FunctionNode) -> bool:
        return any(
            ancestor is dag.site or ancestor in dag.statements
            for ancestor in self.module.names.ancestors(function)
            for dag in self.graph.dags
        )

    def _check_callable(self, task: Task, function: FunctionNode, replaced: frozenset[str]) -> None:
        own = function.args
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function)):
            raise Blocked(f"the callable `{function.name}` is a generator", function)
        plain = [*own.posonlyargs, *own.args]
        given = {parameter.arg for parameter in plain[: len(task.positional)]} | set(task.keywords)
        defaulted = {p.arg for p in plain[len(plain) - len(own.defaults) :]} if own.defaults else set()
        defaulted |= {p.arg for p, default in zip(own.kwonlyargs, own.kw_defaults, strict=True) if default is not None}
        accepted = {parameter.arg for parameter in (*plain, *own.kwonlyargs)}
        for parameter in (*plain, *own.kwonlyargs):
            if parameter.arg in replaced:
                continue
            if parameter.arg in given:
                placed = parameter in plain[: len(task.positional)]
                if (task.kind.startswith("task") or placed) and parameter.arg in _CONTEXT:
                    raise Blocked(
                        f"`{parameter.arg}` is a name of Airflow's context, which it may not be given", parameter
                    )
                continue
            if parameter.arg in _CONTEXT:
                raise Blocked(
                    f"Airflow fills the parameter `{parameter.arg}` of `{function.name}` from its context", parameter
                )
            if parameter.arg not in defaulted:
                raise Blocked(f"the parameter `{parameter.arg}` of `{function.name}` is given nowhere", parameter)
        signature = [*plain, *([own.vararg] if own.vararg is not None else []), *own.kwonlyargs]
        for parameter in signature[len(plain) : len(task.positional)]:
            if parameter.arg in task.keywords or parameter.arg in _CONTEXT:
                raise Blocked(f"Airflow 2 takes a positional argument for `{parameter.arg}` and fails", parameter)
        if own.vararg is None and len(task.positional) > len(plain):
            raise Blocked(f"`{function.name}` takes fewer arguments than it is given", task.node)
        if own.kwarg is None:
            for name in task.keywords:
                if name not in accepted:
                    raise Blocked(f"`{function.name}` has no parameter `{name}`", task.node)
        elif own.kwarg.arg not in replaced:
            used = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == own.kwarg.arg]
            if used:
                raise Blocked(f"`{function.name}` uses Airflow's context", used[0])
        self._check_reachable(function, set())

    def _check_reachable(self, function: ast.AST, seen: set[ast.AST]) -> None:
        if function in seen:
            return
        seen.add(function)
        names = self.module.names
        body = [*function.body, function.args] if isinstance(function, FunctionNode) else [function]
        for part in body:
            for node in ast.walk(part):
                if isinstance(node, ast.Import | ast.ImportFrom) and _imports_airflow(node):
                    raise Blocked("a callable of a task imports Airflow", node)
                if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
                    continue
                for binding in names.lookup(node.id, node):
                    if binding.kind == "import" and _is_airflow(binding.target):
                        raise Blocked(f"`{node.id}` is Airflow's, and a callable of a task uses it", node)
                    if binding.scope is names.module and node.id in self.expressions.gone:
                        raise Blocked(f"`{node.id}` is a task or DAG, and a callable of a task uses it", node)
                    if binding.kind in ("function", "class") and isinstance(binding.node, FunctionNode | ast.ClassDef):
                        self._check_reachable(binding.node, seen)

    def _passed(self, value: Argument | Result) -> str | Task:
        if isinstance(value, Argument):
            return self.expressions.text(value)
        if value.key == MAPPED and value.task.mapped is not None:
            return self.expressions.text(value.task.mapped[1])
        if value.key != "return_value":
            raise Blocked(f"takes the key `{value.key}` of a result", value.node)
        return value.task

    def _mapped(self, task: Task) -> str:
        return task.mapped[0] if task.mapped is not None else ""

    def _emit_function(self, task: Task, options: dict[str, str], body: Body) -> None:
        name = self._name(self._own_name(task))
        self.imports.update({("prefect", "task"), _NO_CACHE, *body.imports})
        arguments = {**options, "cache_policy": "NO_CACHE"}
        lines = call_lines("@task", arguments, indent=0)
        keyword_async = "async " if body.is_async else ""
        lines.append(f"{keyword_async}def {name}({', '.join(body.parameters)}):")
        lines += [INDENT + line if line else "" for line in body.lines]
        if not self.blockers:
            self._check_shadowing(task, lines)
        self.pieces.setdefault(task.statement, []).extend([*lines, "", ""])
        passed: dict[str, str | Task] = {
            parameter: self._passed(result) for parameter, result in body.parameters.items()
        }
        mapped = self._mapped(task)
        if mapped:
            self.steps.append(Step(task, name, self._rule_of(task), (), passed, mapped))
        else:
            self.steps.append(Step(task, name, self._rule_of(task), tuple(passed.values()), {}))

    def _check_shadowing(self, task: Task, lines: list[str]) -> None:
        """A task's function must not use a name of its own where an argument means the module's."""
        function = ast.parse("\n".join(lines)).body[0]
        stored = {
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        stored |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        for argument in task.arguments.values():
            for node in ast.walk(argument.node):
                if isinstance(node, ast.Name) and node.id in stored:
                    raise Blocked(f"`{node.id}` is also a name that the task's function needs", node)

    # -- the flow ----------------------------------------------------------------

    def _flow_lines(self, dag: Dag, name: str, options: dict[str, str], order: list[Task]) -> list[str]:
        by_task = {step.task: step for step in self.steps}
        futures: dict[Task, str] = {}
        for task in order:
            step = by_task[task]
            base = task.names[0] if task.names else step.callee if step.callee.isidentifier() else task.id
            plural = "futures" if step.mapped else "future"
            futures[task] = self._name(f"{base.removesuffix('_future')}_{plural}")
        lines = call_lines("@flow", {**options, "log_prints": "True"}, indent=0)
        lines.append(f"def {name}():")
        docstring = _docstring(dag, self.source)
        if docstring:
            lines.append(INDENT + docstring)
        lines.append(_COMMENTS)
        body = flow_body([by_task[task] for task in order], futures)
        self.imports.update(body.imports)
        return [*lines, *(INDENT + line for line in body.lines)]

    def _own_name(self, task: Task) -> str:
        """The name that the code gives a task and no other one, else the task's id."""
        tasks = [other for dag in self.graph.dags for other in dag.tasks.values()]
        return next((name for name in task.names if sum(name in other.names for other in tasks) == 1), task.id)

    def _name(self, wanted: str) -> str:
        """A free name close to the wanted one."""
        base = re.sub(r"\W+", "_", wanted).strip("_") or "step"
        if base[0].isdigit():
            base = f"step_{base}"
        name = base
        number = 2
        while name in self.taken:
            name = f"{base}_{number}"
            number += 1
        self.taken.add(name)
        return name

    # -- putting it in place -----------------------------------------------------

    def _replace(self, dag: Dag, flow: list[str]) -> None:
        statements = self._dag_statements(dag)
        last = max(statements, key=lambda statement: self.source.positions.span(statement).end)
        texts = {statement: self._statement_text(statement, dag) for statement in statements}
        for statement, lines in texts.items():
            if statement is last:
                while lines and not lines[-1]:
                    lines.pop()
                lines.extend(["", ""] if lines else [])
                left = [INDENT + comment for comment in self.comments.left(dag)]
                at = flow.index(_COMMENTS)
                lines.extend([*flow[:at], *left, *flow[at + 1 :]])
            while lines and not lines[-1]:
                lines.pop()
            self._replace_statement(statement, _spaced(lines))

    def _dag_statements(self, dag: Dag) -> list[ast.stmt]:
        """The module's statements that build this DAG."""
        found = [
            statement
            for statement in self.module.tree.body
            if statement in self.graph.building and not (isinstance(statement, ast.If))
        ]
        if len(self.graph.dags) == 1:
            return [
                statement
                for statement in found
                if not (isinstance(statement, FunctionNode) and statement is not dag.function)
            ]
        own = {dag.site, *dag.statements}
        if any(
            statement not in own
            and not isinstance(statement, FunctionNode)
            and not any(statement is other.site or statement in other.statements for other in self.graph.dags)
            for statement in found
        ):
            self._block("several DAGs whose tasks are made outside their blocks are not converted", dag.maker)
        return [statement for statement in found if statement in own]

    def _statement_text(self, statement: ast.stmt, dag: Dag) -> list[str]:
        """What comes in place of a statement: kept code moved to module level, and task functions."""
        lines: list[str] = []
        if isinstance(statement, ast.With) or statement is dag.function:
            for inner in statement.body:
                lines += self._inner_text(inner, dag)
        else:
            lines += self._pieces_of(statement)
        return lines

    def _inner_text(self, statement: ast.stmt, dag: Dag) -> list[str]:
        from offramp.fixing.layout import dedented

        if isinstance(statement, ast.With):
            nested = [line for inner in statement.body for line in self._inner_text(inner, dag)]
            return [*self._pieces_of(statement), *nested]
        if isinstance(statement, FunctionNode):
            if self.module.dags.decorated(statement, ("task_group",)) is not None:
                return [line for inner in statement.body for line in self._inner_text(inner, dag)]
            decorator = self.hoisted.get(statement)
            if decorator is None and statement.decorator_list and self.module.dags.decorated(statement, _DECORATORS):
                # A task that no DAG calls runs nowhere; nothing is lost with it but its code.
                self._block(f"the task `{statement.name}` is never called", statement)
            before = self.comments.before(statement)
            self.comments.keep(statement)
            return [*before, *dedented(self.source, statement, decorator), "", ""]
        if isinstance(statement, ast.For):
            return [
                line for inner in ast.walk(statement) if isinstance(inner, ast.stmt) for line in self._pieces_of(inner)
            ]
        pieces = self._pieces_of(statement)
        if pieces:
            return pieces
        if self._moves(statement):
            before = self.comments.before(statement)
            self.comments.keep(statement)
            return [*before, *dedented(self.source, statement, None)]
        return []

    def _moves(self, statement: ast.stmt) -> bool:
        """Whether a statement of a DAG's body is plain code that has to stay."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return not _imports_airflow(statement) and not self._joins_imports(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            if statement not in self.graph.kept:
                return False
            self._check_kept(statement)
            return True
        return False

    def _joins_imports(self, statement: ast.Import | ast.ImportFrom) -> bool:
        """Put an import of the DAG's function to those of the file, where it is a plain one."""
        where, level = (statement.module or "", statement.level) if isinstance(statement, ast.ImportFrom) else ("", 0)
        plain = all(alias.asname is None and alias.name.isidentifier() for alias in statement.names)
        if not plain or level or where == "__future__":
            return False
        joined = {(where, alias.name) for alias in statement.names}
        self.imports |= joined
        self.joined |= joined
        return True

    def _pieces_of(self, statement: ast.stmt) -> list[str]:
        lines = self.pieces.get(statement, [])
        return [*self.comments.of(statement), *lines] if lines else []

    def _replace_statement(self, statement: ast.stmt, lines: list[str]) -> None:
        positions = self.source.positions
        start = min(
            [positions.offset(statement.lineno, 0)]
            + [positions.offset(decorator.lineno, 0) for decorator in getattr(statement, "decorator_list", ())]
        )
        end_row = statement.end_lineno or statement.lineno
        following = [other for other in self.module.tree.body if other.lineno == end_row and other is not statement]
        if following or statement.col_offset:
            self._block("shares its line with another statement", statement)
            return
        end = positions.offset(end_row + 1, 0) if end_row < positions.rows() else len(self.source.utf8)
        if lines:
            text = "\n".join(lines) + ("\n" if end < len(self.source.utf8) or self.source.utf8.endswith(b"\n") else "")
            before, gap = self._before(start)
            compound = lines[0].startswith(("@", "def ", "async def "))
            if compound and before and gap < 3 and not _last_line_is_comment(before):
                text = "\n" * (3 - gap) + text
            elif not compound and before and gap > 2:
                start = positions.offset(positions.row(len(before)) + 2, 0)
            self.edits.append(Edit(Span(start, end), text))
            return
        # Nothing comes in its place: of the blank lines before and after it, the larger number stays.
        row_end = end
        while end < len(self.source.utf8) and self.source.utf8[end : end + 1] in (b"\n", b"\r"):
            end += 1
        if end == len(self.source.utf8):
            row = positions.row(len(self.source.utf8[:start].rstrip()))
            start, row_end = min(start, positions.offset(row + 1, 0)), end
        before = self.source.utf8[:start]
        blank = before[len(before.rstrip()) :].count(b"\n") - 1
        self.edits.append(Edit(Span(start, end), "\n" * (self.source.utf8[row_end:end].count(b"\n") - max(blank, 0))))

    def _before(self, offset: int) -> tuple[bytes, int]:
        """The text that stays before an offset, without blank lines at its end, and the line ends after it."""
        text = self.source.utf8
        gap = 0
        while True:
            removed = next((edit for edit in self.edits if not edit.text and edit.span.end == offset), None)
            if removed is not None:
                offset = removed.span.start
            elif text[offset - 1 : offset] in (b"\n", b"\r", b" ", b"\t"):
                offset -= 1
                gap += text[offset : offset + 1] == b"\n"
            else:
                return text[:offset], gap

    def _serve(self) -> None:
        """``serve`` under ``__main__``, in place of a trailing ``dag.test()`` or at the end of the file."""
        try:
            self.flows = tuple(self._flow(dag) for dag in self.graph.dags)
            lines = self._serve_lines() if self.options.serves else []
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)
            return
        text = ['if __name__ == "__main__":', *(INDENT + line for line in lines)] if lines else []
        mains = [
            statement
            for statement in self.module.tree.body
            if isinstance(statement, ast.If) and statement in self.graph.building
        ]
        if len(mains) > 1:
            self._block("the file runs DAGs by hand in several places", mains[1])
        elif mains:
            self._replace_statement(mains[0], text)
        elif text:
            end = len(self.source.utf8)
            body = "\n".join(text)
            touching = next((edit for edit in self.edits if edit.span.end == end), None)
            if touching is not None:
                self.edits.remove(touching)
                self.edits.append(Edit(touching.span, f"{touching.text.rstrip()}\n\n\n{body}\n"))
            else:
                tail = "" if self.source.utf8.endswith(b"\n") else "\n"
                self.edits.append(Edit(Span(end, end), f"{tail}\n\n{body}\n"))

    def _flow(self, dag: Dag) -> Flow:
        """How a flow is deployed; Blocked for what only Python can say, where none is written for it."""
        entries = schedule(dag, self.expressions, self.options.versions).entries
        paused = self._plain(dag, "is_paused_upon_creation")
        limit = self._plain(dag, "max_active_runs")
        return Flow(
            dag.id,
            self.flow_names[dag],
            entries,
            self._tags(dag),
            paused if isinstance(paused, bool) else None,
            limit if isinstance(limit, int) else None,
        )

    def _plain(self, dag: Dag, name: str) -> object:
        argument = dag.arguments.get(name)
        known = self.expressions.constant(argument) if argument is not None else Constant(None)
        if known is None and argument is not None:
            self._needs_python(name, argument)
        return known.value if known is not None else None

    def _tags(self, dag: Dag) -> tuple[str, ...] | None:
        argument = dag.arguments.get("tags")
        if argument is None or self.expressions.constant(argument) == Constant(None):
            return ()
        items = self.module.values.single(argument.node)
        if isinstance(items, Items) and items.complete:
            known = [self.module.values.single(node) for node in items.nodes]
            tags = [value.value for value in known if isinstance(value, Constant) and isinstance(value.value, str)]
            # prefect.yaml is a template itself.
            if len(tags) == len(known) and (self.options.serves or not any("{{" in tag for tag in tags)):
                return tuple(tags)
        self._needs_python("tags", argument)
        return None

    def _needs_python(self, name: str, argument: Argument) -> None:
        if not self.options.serves:
            raise Blocked(f"`{name}` is not known here, and a prefect.yaml holds no Python", argument.node)

    def _serve_lines(self) -> list[str]:
        deployments = []
        for dag in self.graph.dags:
            arguments = {"name": repr_text(dag.id)}
            when = schedule(dag, self.expressions, self.options.versions)
            if when.text:
                arguments["schedule"] = when.text
                self.imports.update(when.imports)
            for name, target in (("tags", "tags"), ("is_paused_upon_creation", "paused")):
                given = dag.arguments.get(name)
                if given is not None and self.expressions.constant(given) != Constant(None):
                    arguments[target] = self.expressions.text(given)
            if "max_active_runs" in dag.arguments:
                name = "limit" if len(self.graph.dags) == 1 else "concurrency_limit"
                arguments[name] = self.expressions.text(dag.arguments["max_active_runs"])
            deployments.append((self.flow_names[dag], arguments))
        if len(deployments) == 1:
            name, arguments = deployments[0]
            return call_lines(f"{name}.serve", arguments)
        self.imports.add(("prefect", "serve"))
        lines = ["serve("]
        for name, arguments in deployments:
            inner = call_lines(f"{name}.to_deployment", arguments, indent=8)
            lines += [INDENT + line for line in inner]
            lines[-1] += ","
        return [*lines, ")"]

    def _imports(self) -> None:
        if self.needs_bash:
            self.imports.update({("", "subprocess"), ("tempfile", "TemporaryDirectory")})
            for binding in self.module.names.module.bindings.get("run_bash", []):
                if not self.expressions.goes(binding):
                    self._block("`run_bash` means something else here", binding.node or self.graph.dags[0].maker)
        helper = f"\n\n{_BASH_HELPER}" if self.needs_bash else ""
        for statement in self._default_args_statements():
            self._replace_statement(statement, self.comments.within(statement))
        for _, name in self.imports - self.joined:
            if name in self.expressions.local:
                self._block(
                    f"`{name}` would move to module level, where Prefect's import needs that name",
                    self.graph.dags[0].maker,
                )
        from offramp.fixing.imports import import_edits

        self.edits += import_edits(self.module, self.source, self.edits, frozenset(self.imports), after_imports=helper)


def sort_argument(
    expressions: Expressions,
    doubts: dict[str, ast.AST],
    row: Row | None,
    name: str,
    argument: Argument,
    options: dict[str, str],
    call: dict[str, tuple[Row, Argument]],
) -> None:
    """Put an argument where its row says: among the task's ``options``, the ``call``, or nowhere.

    Raises Blocked for one that has no row, or no equal.
    """
    if row is None:
        raise Blocked(f"no note has a row for the argument `{name}`", argument.node)
    known = expressions.constant(argument)
    unsafe = row.note.startswith("unsafe:")
    reason = f"`{name}`: {row.note.removeprefix('unsafe:').strip()}"
    if row.target == "dropped":
        if name == "start_date" and argument.origin != "default_args":
            raise Blocked("a task's own start_date is not followed", argument.node)
        if unsafe and not harmless(known, row, argument.node) and known != Constant(1):
            doubts[reason] = argument.node
    elif row.target in ("refused", "retried"):
        harms = not harmless(known, row, argument.node)
        if harms and (row.target == "refused" or "retries" in options):
            raise Blocked(reason, argument.node)
        if harms and unsafe:
            doubts[reason] = argument.node
    elif row.target == "selects":
        if name not in _UNDERSTOOD:
            raise Blocked(reason, argument.node)
    elif row.target == "task.timeout_seconds":
        if known is None or known.value is not None:
            options["timeout_seconds"] = expressions.seconds(argument)
            doubts[reason] = argument.node
    elif not row.target.startswith("task."):
        call[name] = (row, argument)


def _spaced(lines: list[str]) -> list[str]:
    """No more than two blank lines in a row."""
    return [line for index, line in enumerate(lines) if line or any(lines[max(0, index - 2) : index]) or index < 2]


def _reaches(source: Task, task: Task) -> bool:
    """Whether a failed ``source`` keeps ``task`` from running, by edges of all_success tasks."""
    waiting = [task]
    seen: set[Task] = set()
    while waiting:
        one = waiting.pop()
        if one in seen or "trigger_rule" in one.arguments:
            continue
        seen.add(one)
        if source in one.upstream:
            return True
        waiting.extend(one.upstream)
    return False


def _is_airflow(target: str) -> bool:
    return target.partition(".")[0] in ("airflow", "astronomer", "airflow_dbt")


def _imports_airflow(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and _is_airflow(node.module or "")
    return isinstance(node, ast.Import) and any(_is_airflow(alias.name) for alias in node.names)


def _first_line(text: str) -> str:
    return " ".join(text.split())[:120]


def _docstring(dag: Dag, source: Source) -> str:
    body = dag.function.body if dag.function is not None else []
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return source.segment(source.positions.span(first))
    return ""


def _last_line_is_comment(before: bytes) -> bool:
    return before.rpartition(b"\n")[2].lstrip().startswith(b"#")
