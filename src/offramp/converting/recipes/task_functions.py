"""Every Airflow task as a function: what it is called with, how it is tried again, what it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from offramp.converting.expressions import UNRENDERED, Expressions, harmless
from offramp.converting.judges.returned import generators, is_generator
from offramp.converting.judges.sharing import copied, runs_again
from offramp.converting.judges.templates import FROM_CONTEXT, RUNTIME, Templates
from offramp.converting.printing import prints_to_unknown_files
from offramp.converting.recipes.body import Body, Job
from offramp.converting.recipes.conversion import Work, imports_airflow, is_airflow
from offramp.converting.recipes.flow_body import AFTER_SUCCESS, CHOICES, RULES, Step
from offramp.converting.recipes.registry import recipe_name, recipe_of
from offramp.dags.folding import fold
from offramp.dags.graph import MAPPED, Argument, Result, Task
from offramp.editing.text import INDENT, call_lines, operand, repr_text
from offramp.finding.places import header
from offramp.finding.suppress import ignored_with_reason
from offramp.finding.task_places import full_task_id
from offramp.finding.triggers import forgotten, run_flow
from offramp.knowledge.airflow_names import context_names
from offramp.model import Argument as Row
from offramp.model import Blocked, Blocker, Edit, Span
from offramp.project.commands import calls_airflow
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Reference, Table

if TYPE_CHECKING:
    from offramp.converting.recipes.pulled_results import Pulls

_PYTHON = ("python", *CHOICES)
# The arguments that choose a pattern and that a recipe looks at.
_UNDERSTOOD = frozenset(
    "trigger_rule wait_for_termination append_env multiple_outputs output_file_name latest_only status_filter "
    "ignore_downstream_trigger_rules skip_on_exit_code".split()
)
_TEMPLATED_IN_BASH = ("bash_command", "env", "cwd")
_BASH_FILES = (".sh", ".bash")
_NO_CACHE = ("prefect.cache_policies", "NO_CACHE")
# Commands that never end with 99: dbt itself ends with 0, 1 or 2.
_NEVER_99 = r"(?:cd|date|dbt|echo|ls|pwd|sleep|true)\b[^;&|`$<>()\n]*"
_NEVER_99_TEXT = rf"{_NEVER_99}(?:(?:&&|\|\||;|\n)\s*{_NEVER_99})*"


class TaskFunctions(Work):
    """Writes a function and a step for every task."""

    def _task(self, task: Task) -> None:
        note = self.module.rulebook.notes[task.kind]
        rows = self.module.rulebook.arguments(note)
        self.expressions.rendered = {}
        options: dict[str, str] = {"name": repr_text(task.id)}
        call: dict[str, tuple[Row, Argument]] = {}
        problems: list[Blocker] = []
        self._retries(task, rows, options, problems)
        for name, argument in task.arguments.items():
            if name in task.results or self._is_idle(task, name):
                continue
            try:
                sort_argument(self.expressions, self.doubts, rows.get(name), name, argument, options, call)
            except Blocked as blocked:
                problems.append(blocked.blocker)
        self._rule(task, problems)
        if task.mapped is not None and not (
            recipe_name(note) or note.code or (task.runs == "python" and task.decorated)
        ):
            problems.append(Blocker("a mapped task of this kind is not converted", task.node))
        try:
            self._write(task, options, call, rows, problems)
        except Blocked as blocked:
            problems.append(blocked.blocker)
        self.blockers.extend(problems)

    def _is_idle(self, task: Task, name: str) -> bool:
        """Whether an argument that Prefect has no equal of has no effect here, by others or by Airflow's version."""
        if name == "sla":
            return self.options.versions.airflow.at_least((3,)) is True
        switches = [task.arguments.get(f"email_on_{event}") for event in ("failure", "retry")]
        return name == "email" and all(
            switch is not None and self.expressions.constant(switch) == Constant(False) for switch in switches
        )

    def _write(
        self,
        task: Task,
        options: dict[str, str],
        call: dict[str, tuple[Row, Argument]],
        rows: Mapping[str, Row],
        problems: list[Blocker],
    ) -> None:
        note = self.module.rulebook.notes[task.kind]
        if recipe_name(note) or (note.code and not task.runs):
            self._by_recipe(task, options, call, rows, problems)
        elif task.runs == "empty":
            self._emit_function(task, options, Body(("pass",)))
        elif task.runs in _PYTHON:
            self._python(task, options, problems)
        elif task.runs == "bash" and not task.decorated:
            self._render(task, (call[name][1] for name in _TEMPLATED_IN_BASH if name in call), problems)
            body = self._bash(task, call)
            self._check_skip(task, call["bash_command"][1], tried_again="retries" in options)
            self._emit_function(task, options, body)
        else:
            why = _why_not(note.fields.get("prefect_pattern", ""))
            raise Blocked(f"`{task.kind}` is not converted{why}", task.node)

    def _render(self, task: Task, arguments: Iterable[Argument], problems: list[Blocker]) -> None:
        """Render the templates in arguments, each of which may be prevented."""
        templates = Templates(task, self.expressions, self.options.versions, self.parameters[task.dag])
        for argument in arguments:
            try:
                templates.render(argument)
            except Blocked as blocked:  # noqa: PERF203 - every blocker is reported, not only the first
                problems.append(blocked.blocker)
                self.expressions.rendered[argument.node] = UNRENDERED
        if any(rendered.constant is None for rendered in self.expressions.rendered.values()):
            self.imports.add(RUNTIME)

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
            problems.append(Blocker("`retries` is not a number", argument.node))
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
        if rule == "all_done" and task.taken:
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

    def _by_recipe(
        self,
        task: Task,
        options: dict[str, str],
        call: dict[str, tuple[Row, Argument]],
        rows: Mapping[str, Row],
        problems: list[Blocker],
    ) -> None:
        note = self.module.rulebook.notes[task.kind]
        recipe = recipe_of(note, self.options.pattern)
        if recipe is None:
            raise Blocked(f"the note of `{note.operator}` names no rewrite", task.node)
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
            problems,
        )
        templated = re.findall(r"\w+", note.fields.get("templates", ""))
        self._render(task, (argument for name, (_, argument) in call.items() if name in templated), problems)
        body = recipe(job)
        if not body.ended and not self._is_awaited(task):
            body = self._unwaited(task, body, problems)
        if not problems:
            self._emit_function(task, options, body)

    def _is_awaited(self, task: Task) -> bool:
        """Return whether one of the tasks that take the id of a task's run waits for the run, as far as is known."""
        takers = [other for other in task.dag.tasks.values() if any(one.task is task for one in other.taken)]
        takers += [other for other, pulled in self.pulls.items() if task in pulled.sources.values()]
        takers += self._pulled_from.get(task, [])
        if any(taker.use is not None and taker.use.role == "sensor" for taker in takers):
            return True
        assert task.use is not None
        return bool(takers) and run_flow(self.module).waited(task.use)

    def _unwaited(self, task: Task, body: Body, problems: list[Blocker]) -> Body:
        """The body of a task whose run nobody waits for, with the comment that decided so; without one, a problem."""
        assert task.use is not None
        callee = task.use.callee
        code = self.module.rulebook.code("fire-and-forget-run")
        statement = header(self.source, self.module.names.statement(callee), callee)
        reason = ignored_with_reason(self.source, code, self.source.positions.span(callee), statement)
        if not reason:
            ids = {full_task_id(one.module, one.use) for one in forgotten(self.module, task.use)}
            certain = task.id in ids or None in ids
            who = "nobody waits for this run" if certain else "whether anything waits for this run is not known"
            why = f"{who}: wait for it, or say why not: `# offramp: ignore[{code}] reason`"
            problems.append(Blocker(why, callee))
        self.unwaited.append(task.id)
        return body._replace(lines=(f"# Nobody waits for this run: {reason}", *body.lines))

    @cached_property
    def _pulled_from(self) -> dict[Task, list[Task]]:
        """The tasks whose run id others take by a template, each with those."""
        found: dict[Task, list[Task]] = {}
        for dag in self.graph.dags:
            for task in dag.tasks.values():
                for name in ("run_id", "job_id"):
                    argument = task.arguments.get(name)
                    source = self._pulled_task(task, argument) if argument is not None else None
                    if source is not None:
                        found.setdefault(source, []).append(task)
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
        template = re.fullmatch(r"\s*\{\{(.*)\}\}\s*", str(known.value)) if known is not None else None
        if template is None:
            return None
        from offramp.converting.recipes.pulled_results import pulled_by

        pull = pulled_by(template[1])
        if pull is None or pull.dag not in ("", task.dag.id):
            return None
        source = task.dag.tasks.get(pull.task)
        if pull.key == "return_value":
            return source
        triggers = source is not None and source.use is not None and source.use.role == "trigger"
        if pull.key != "job_run_id" or not triggers or self.options.versions.provider.at_least((4, 5)) is False:
            return None
        if self.options.versions.provider.at_least((4, 5)) is None:
            self.doubts["`job_run_id`: before provider 4.5 there is none, and the task fails"] = argument.node
        return source

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
        command = self.expressions.text(argument, template=True)
        known = fold(self.module, argument.node, dict(argument.loop))
        if known is None or not isinstance(known.value, str):
            raise Blocked("the command is not known here: it may be a template", argument.node)
        if known.value.endswith(_BASH_FILES):
            raise Blocked("Airflow reads this command from a file, as a template", argument.node)
        if calls_airflow(known.value):
            raise Blocked("the command calls Airflow, which is not there once the DAG has left it", argument.node)
        if "AIRFLOW" in known.value:
            raise Blocked("the command uses Airflow's environment", argument.node)
        rendered = self.expressions.constant(argument)
        arguments = {}
        if "output_encoding" in call:
            raise Blocked("`output_encoding` is not converted", call["output_encoding"][1].node)
        if "env" in call and self.expressions.constant(call["env"][1]) != Constant(None):
            env = self.expressions.text(call["env"][1], template=True)
            self._check_no_files(call["env"][1])
            append = task.arguments.get("append_env")
            known_append = self.expressions.constant(append) if append is not None else Constant(False)
            if known_append is None:
                raise Blocked("`append_env` is not known here", append.node if append is not None else task.node)
            if known_append.value:
                given = call["env"][1].node
                literal = isinstance(given, ast.Dict) and env.startswith("{")
                if Constant(None) in self.module.values.evaluate(given):
                    env = f"{operand(env)} or {{}}"
                more = env[1:-1].strip().rstrip(",") if literal else f"**{operand(env)}"
                arguments["env"] = f"{{**os.environ, {more}}}"
                self.imports.add(("", "os"))
            else:
                arguments["env"] = env
        if "cwd" in call and self.expressions.constant(call["cwd"][1]) != Constant(None):
            arguments["cwd"] = self.expressions.text(call["cwd"][1], template=True)
            known_cwd = fold(self.module, call["cwd"][1].node, dict(call["cwd"][1].loop))
            if known_cwd is not None and str(known_cwd.value).endswith(_BASH_FILES):
                raise Blocked("Airflow reads this `cwd` from a file, as a template", call["cwd"][1].node)
        self.needs_bash = True
        if isinstance(argument.node, ast.Constant) and rendered is not None and "\n" not in known.value:
            command = repr_text(str(rendered.value))
        return Body(tuple(call_lines("return run_bash", arguments, (command,))))

    def _check_skip(self, task: Task, command: Argument, *, tried_again: bool) -> None:
        """Doubts a Bash task that may skip itself by exit code 99, where that does more than fail the flow."""
        given = task.arguments.get("skip_on_exit_code")
        code = self.expressions.constant(given) if given is not None else Constant(99)
        if given is not None and code not in (Constant(None), Constant(99)):
            raise Blocked("`skip_on_exit_code`: Prefect has no skipped state", given.node)
        known = self.expressions.constant(command)
        ends = known is not None and re.fullmatch(_NEVER_99_TEXT, str(known.value).strip())
        if ends or code == Constant(None):
            return
        if tried_again:
            self.doubts["exit code 99 skips a Bash task in Airflow; with `retries` Prefect runs it again"] = (
                command.node
            )
        other = next((one for one in _below(task) if self._rule_of(one) != "all_success"), None)
        if other is not None:
            reason = (
                f"exit code 99 skips a Bash task in Airflow, where `{other.id}` below it has the trigger rule "
                f"`{self._rule_of(other)}`; in Prefect the task fails"
            )
            self.doubts[reason] = command.node

    def _python(self, task: Task, options: dict[str, str], problems: list[Blocker]) -> None:
        function = task.function
        if function is None and task.expression is None and not self.graph.blockers:
            raise Blocked("the callable is not known here", task.node)
        if prints_to_unknown_files(self.module, self.sharing.reached(task)):
            options["log_prints"] = "False"
        if task.expression is not None:
            self._emit_function(task, options, Body((f"return {self.expressions.text(task.expression)}",)))
        if function is None:
            return
        if isinstance(function, ast.AsyncFunctionDef):
            problems.append(Blocker("an async callable is not converted", task.node))
        pulled = self.pulls.get(task)
        replaced = pulled.replaced if pulled is not None else frozenset()
        filled = self._filled(task, function, pulled.texts if pulled is not None else (), problems)
        problems.extend(self._callable_blockers(task, function, replaced | filled.keys()))
        self._check_dropped(task, function, problems)
        given = [*task.positional, *task.keywords.values()]
        self._render(task, (value for value in given if isinstance(value, Argument)), problems)
        positional = [self._tried(value, problems) for value in task.positional]
        keywords = {**{name: self._tried(value, problems) for name, value in task.keywords.items()}, **filled}
        if pulled is not None:
            self._pull(task, function, pulled)
            keywords.update(pulled.sources)
        hooks = self.hooks.get(function)
        if hooks is not None:
            problems.extend(hooks.blockers)
            self.helpers |= hooks.helpers
            self.imports |= hooks.imports
        self.imports.update({("prefect", "task"), _NO_CACHE})
        arguments = {**options, "cache_policy": "NO_CACHE"}
        if function in self.decorated:
            callee = self._again(task, function, arguments)
        elif task.decorated or self._only_a_task(function):
            callee = self._decorate(task, function, arguments)
        else:
            callee = self._name(f"{function.name}_task")
            lines = call_lines(f"{callee} = task", arguments, (function.name,), indent=0)
            self.pieces.setdefault(task.statement, []).extend([*lines, ""])
        self.steps.append(Step(task, callee, self._rule_of(task), tuple(positional), keywords, self._mapped(task)))

    def _check_dropped(self, task: Task, function: FunctionNode, problems: list[Blocker]) -> None:
        """A result that Airflow is told not to keep, so that a generator is no failure, and never runs."""
        pushed = task.arguments.get("do_xcom_push")
        if pushed is None or self.expressions.constant(pushed) == Constant(True):
            return
        for node, certain in generators(self.module, function):
            if certain:
                reason = f"`{function.name}` returns a generator: Prefect makes a list of it, Airflow never runs it"
                problems.append(Blocker(reason, node))
            else:
                self.doubts[f"what `{function.name}` returns may be a generator, which Prefect makes a list of"] = node

    def _filled(
        self, task: Task, function: FunctionNode, added: Iterable[str], problems: list[Blocker]
    ) -> dict[str, str | Task]:
        """The parameters that take text from Airflow's context which Prefect has too, the ``added`` ones included."""
        own = function.args
        given = {parameter.arg for parameter in [*own.posonlyargs, *own.args][: len(task.positional)]}
        given |= task.keywords.keys()
        asked: dict[str, ast.AST] = {
            parameter.arg: parameter
            for parameter in (*own.args, *own.kwonlyargs)
            if parameter.arg in FROM_CONTEXT and parameter.arg not in given
        }
        templates = Templates(task, self.expressions, self.options.versions)
        filled: dict[str, str | Task] = {}
        for name, place in {**dict.fromkeys(added, function), **asked}.items():
            filled[name] = ""
            try:
                filled[name] = templates.context(name, place)
            except Blocked as blocked:
                problems.append(blocked.blocker)
        if filled:
            self.imports.add(RUNTIME)
        return filled

    def _pull(self, task: Task, function: FunctionNode, pulled: Pulls) -> None:
        if not self._only_a_task(function) and not task.decorated:
            raise Blocked(f"`{function.name}` uses Airflow's context, and other code uses the function", function)
        for source in pulled.sources.values():
            if not _reaches(source, task):
                raise Blocked(f"pulls the result of `{source.id}`, which no edge puts before it", function)
        if pulled.sources and self._rule_of(task) not in AFTER_SUCCESS:
            raise Blocked("pulls a result that may not be there, by its trigger rule", task.node)
        for source in pulled.sources.values():
            takers = [one for one in self.pulls.values() if source in one.sources.values()]
            if (len(takers) > 1 or runs_again(task)) and not self.sharing.gives_what_lasts(source):
                self.doubts[copied(source)] = function
        self.edits += pulled.edits

    def _again(self, task: Task, function: FunctionNode, arguments: dict[str, str]) -> str:
        given = {name: value for name, value in arguments.items() if name != "cache_policy"}
        # What `with_options` is not told stays as the first task has it.
        for name in ("retries", "timeout_seconds"):
            if name in self.first_options.get(function, ()):
                given.setdefault(name, "0")
        if task.decorated:
            first = self.decorated[function]
            return "\n".join(call_lines(f"{first}.with_options", given))
        callee = self._name(f"{task.names[0] if task.names else task.id}_task")
        lines = call_lines(f"{callee} = task", arguments, (function.name,), indent=0)
        self.pieces.setdefault(task.statement, []).extend([*lines, ""])
        return callee

    def _only_a_task(self, function: FunctionNode) -> bool:
        """Return whether the one use of a function is as the callable of one task."""
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
        if task.decorated:
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
        if task.decorated:
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

    def _callable_blockers(self, task: Task, function: FunctionNode, replaced: frozenset[str]) -> Iterator[Blocker]:
        """Yield what keeps a callable from being a task's function as it is."""
        own = function.args
        if is_generator(function):
            yield Blocker(f"the callable `{function.name}` is a generator", function)
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
                if (task.decorated or placed) and parameter.arg in context_names():
                    yield Blocker(
                        f"`{parameter.arg}` is a name of Airflow's context, which it may not be given", parameter
                    )
                continue
            if parameter.arg in context_names():
                yield Blocker(
                    f"Airflow fills the parameter `{parameter.arg}` of `{function.name}` from its context", parameter
                )
            elif parameter.arg not in defaulted:
                yield Blocker(f"the parameter `{parameter.arg}` of `{function.name}` is given nowhere", parameter)
        signature = [*plain, *([own.vararg] if own.vararg is not None else []), *own.kwonlyargs]
        for parameter in signature[len(plain) : len(task.positional)]:
            if parameter.arg in task.keywords or parameter.arg in context_names():
                yield Blocker(f"Airflow 2 takes a positional argument for `{parameter.arg}` and fails", parameter)
        if own.vararg is None and len(task.positional) > len(plain):
            yield Blocker(f"`{function.name}` takes fewer arguments than it is given", task.node)
        if own.kwarg is None:
            for name in task.keywords:
                if name not in accepted:
                    yield Blocker(f"`{function.name}` has no parameter `{name}`", task.node)
        elif own.kwarg.arg not in replaced:
            used = [node for node in walk(function) if isinstance(node, ast.Name) and node.id == own.kwarg.arg]
            if used:
                yield Blocker(f"`{function.name}` uses Airflow's context", used[0])
        yield from self._reached_blockers(function, set())

    def _reached_blockers(self, function: ast.AST, seen: set[ast.AST]) -> Iterator[Blocker]:
        if function in seen:
            return
        seen.add(function)
        names = self.module.names
        body = [*function.body, function.args] if isinstance(function, FunctionNode) else [function]
        for part in body:
            for node in walk(part):
                if isinstance(node, ast.Import | ast.ImportFrom) and imports_airflow(node):
                    yield Blocker("a callable of a task imports Airflow", node)
                if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
                    continue
                for binding in names.lookup(node.id, node):
                    if node in self.hook_names:
                        continue
                    if binding.kind == "import" and is_airflow(binding.target):
                        yield Blocker(f"`{node.id}` is Airflow's, and a callable of a task uses it", node)
                    if binding.scope is names.module and node.id in self.expressions.gone:
                        yield Blocker(f"`{node.id}` is a task or DAG, and a callable of a task uses it", node)
                    if binding.kind in ("function", "class") and isinstance(binding.node, FunctionNode | ast.ClassDef):
                        yield from self._reached_blockers(binding.node, seen)

    def _tried(self, value: Argument | Result, problems: list[Blocker]) -> str | Task:
        try:
            return self._passed(value)
        except Blocked as blocked:
            problems.append(blocked.blocker)
            return ""

    def _passed(self, value: Argument | Result) -> str | Task:
        if isinstance(value, Argument):
            return self.expressions.text(value, template=True)
        if value.key == MAPPED and value.task.mapped is not None:
            return self.expressions.text(value.task.mapped[1], template=True)
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
        stored = {node.id for node in walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        stored |= {node.arg for node in walk(function) if isinstance(node, ast.arg)}
        for argument in task.arguments.values():
            for node in walk(argument.node):
                if isinstance(node, ast.Name) and node.id in stored:
                    raise Blocked(f"`{node.id}` is also a name that the task's function needs", node)


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


def _reaches(source: Task, task: Task) -> bool:
    """Return whether a failed ``source`` keeps ``task`` from running, by edges of all_success tasks."""
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


def _below(task: Task) -> list[Task]:
    """The tasks that come after a task, directly or not, in order of creation."""
    found = {task}
    while more := {one for one in task.dag.tasks.values() if one not in found and not found.isdisjoint(one.upstream)}:
        found |= more
    return [one for one in task.dag.tasks.values() if one in found and one is not task]


def _why_not(pattern: str) -> str:
    """What a note says of an operator that is not converted: the sentence after those words, else its first one."""
    text = " ".join(pattern.split())
    _, _, told = text.rpartition("Not converted: ")
    sentence = re.split(r"\.(?: |$)", told or text)[0]
    return f": {sentence}" if sentence else ""
