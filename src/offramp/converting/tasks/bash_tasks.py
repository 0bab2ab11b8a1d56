"""Bash commands as tasks."""

from __future__ import annotations

import ast
import re

from offramp.converting.recipes.body import Body
from offramp.converting.tasks.arguments import trigger_rule
from offramp.converting.tasks.takers import below
from offramp.converting.tasks.task_plan import TaskPlan
from offramp.converting.tasks.written_tasks import Setting, with_rendered, written_task
from offramp.dags.graph import Argument
from offramp.editing.text import call_lines, operand, repr_text
from offramp.model import Blocked
from offramp.project.commands import calls_airflow
from offramp.python.values import Constant, Table

RUN_BASH = "run_bash"
_TEMPLATED = ("bash_command", "env", "cwd")
_FILES = (".sh", ".bash")
# Commands that never end with 99: dbt itself ends with 0, 1 or 2.
_NEVER_99 = r"(?:cd|date|dbt|echo|ls|pwd|sleep|true)\b[^;&|`$<>()\n]*"
_NEVER_99_TEXT = rf"{_NEVER_99}(?:(?:&&|\|\||;|\n)\s*{_NEVER_99})*"


def bash_task(setting: Setting) -> TaskPlan:
    """The plan of a BashOperator. Raises Blocked."""
    call = setting.arguments.call
    setting = with_rendered(setting, (call[name][1] for name in _TEMPLATED if name in call))
    body = _body(setting)
    _check_skip(setting, call["bash_command"][1])
    return written_task(setting, body)


def _body(setting: Setting) -> Body:
    call, expressions = setting.arguments.call, setting.expressions
    if "bash_command" not in call:
        raise Blocked("no `bash_command` is given", setting.task.node)
    if setting.task.results:
        raise Blocked("a command from another task's result is not converted", setting.task.node)
    command = _command(setting, call["bash_command"][1])
    if "output_encoding" in call:
        raise Blocked("`output_encoding` is not converted", call["output_encoding"][1].node)
    arguments = {}
    if "env" in call and expressions.constant(call["env"][1]) != Constant(None):
        arguments["env"] = _env(setting, call["env"][1])
    if "cwd" in call and expressions.constant(call["cwd"][1]) != Constant(None):
        cwd = call["cwd"][1]
        arguments["cwd"] = expressions.text(cwd, template=True)
        known = setting.case.constant(cwd)
        if known is not None and str(known.value).endswith(_FILES):
            raise Blocked("Airflow reads this `cwd` from a file, as a template", cwd.node)
    setting.notes.helpers.add(RUN_BASH)
    setting.notes.imports |= {("", "subprocess"), ("tempfile", "TemporaryDirectory")}
    return Body(tuple(call_lines(f"return {RUN_BASH}", arguments, (command,))))


def _command(setting: Setting, argument: Argument) -> str:
    """The command as Python text."""
    text = setting.expressions.text(argument, template=True)
    known = setting.case.constant(argument)
    if known is None or not isinstance(known.value, str):
        raise Blocked("the command is not known here: it may be a template", argument.node)
    if known.value.endswith(_FILES):
        raise Blocked("Airflow reads this command from a file, as a template", argument.node)
    if calls_airflow(known.value):
        raise Blocked("the command calls Airflow, which is not there once the DAG has left it", argument.node)
    if "AIRFLOW" in known.value:
        raise Blocked("the command uses Airflow's environment", argument.node)
    rendered = setting.expressions.constant(argument)
    if isinstance(argument.node, ast.Constant) and rendered is not None and "\n" not in known.value:
        return repr_text(str(rendered.value))
    return text


def _env(setting: Setting, given: Argument) -> str:
    """The environment as Python text."""
    env = setting.expressions.text(given, template=True)
    _check_no_files(setting, given)
    append = setting.task.arguments.get("append_env")
    known = setting.expressions.constant(append) if append is not None else Constant(False)
    if known is None:
        raise Blocked("`append_env` is not known here", append.node if append is not None else setting.task.node)
    if not known.value:
        return env
    literal = isinstance(given.node, ast.Dict) and env.startswith("{")
    if Constant(None) in setting.case.module.values.evaluate(given.node):
        env = f"{operand(env)} or {{}}"
    more = env[1:-1].strip().rstrip(",") if literal else f"**{operand(env)}"
    setting.notes.imports.add(("", "os"))
    return f"{{**os.environ, {more}}}"


def _check_no_files(setting: Setting, env: Argument) -> None:
    """Blocked for text that ends like the name of a template, which Airflow takes for one in ``env`` too."""
    values = setting.case.module.values
    table = values.single(env.node)
    for node in table.entries.values() if isinstance(table, Table) else [None]:
        value = values.single(node) if node is not None else None
        if isinstance(value, Constant):
            if isinstance(value.value, str) and value.value.endswith(_FILES):
                raise Blocked("Airflow reads this value of `env` from a file, as a template", node or env.node)
        else:
            setting.notes.doubts["Airflow reads a value of `env` that ends in .sh or .bash from a file"] = env.node


def _check_skip(setting: Setting, command: Argument) -> None:
    """Doubts a Bash task that may skip itself by exit code 99, where that does more than fail the flow."""
    task, doubts = setting.task, setting.notes.doubts
    given = task.arguments.get("skip_on_exit_code")
    code = setting.expressions.constant(given) if given is not None else Constant(99)
    if given is not None and code not in (Constant(None), Constant(99)):
        raise Blocked("`skip_on_exit_code`: Prefect has no skipped state", given.node)
    known = setting.expressions.constant(command)
    ends = known is not None and re.fullmatch(_NEVER_99_TEXT, str(known.value).strip())
    if ends or code == Constant(None):
        return
    if "retries" in setting.arguments.options:
        doubts["exit code 99 skips a Bash task in Airflow; with `retries` Prefect runs it again"] = command.node
    other = next((one for one in below(task) if trigger_rule(setting.case, one) != "all_success"), None)
    if other is not None:
        reason = (
            f"exit code 99 skips a Bash task in Airflow, where `{other.id}` below it has the trigger rule "
            f"`{trigger_rule(setting.case, other)}`; in Prefect the task fails"
        )
        doubts[reason] = command.node
