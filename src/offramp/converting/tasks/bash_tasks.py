"""Bash commands as tasks: of operators, and those that functions return."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from offramp.converting.argument_text import harmless
from offramp.converting.decisions import decided, told
from offramp.converting.recipes.body import Body
from offramp.converting.recipes.run_functions import RUN_BASH, RUN_COMMAND, RUN_COMMAND_IMPORTS, below_worker
from offramp.converting.tasks.arguments import trigger_rule
from offramp.converting.tasks.python_tasks import python_task
from offramp.converting.tasks.takers import below
from offramp.converting.tasks.task_plan import Form, TaskPlan
from offramp.converting.tasks.written_tasks import Setting, with_rendered, written_task
from offramp.dags.graph import Argument
from offramp.editing.text import call_lines, operand, repr_text
from offramp.finding.written_texts import texts_of
from offramp.model import Blocked, Edit, Span
from offramp.project.commands import calls_airflow
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Table
from offramp.shell.exit_codes import never_ends_with
from offramp.shell.parsing import UNKNOWN

_TEMPLATED = ("bash_command", "env", "cwd")
_FILES = (".sh", ".bash")
_TEMPLATE_MARKS = ("{{", "{%", "{#")
_SKIPS = 99
# Statements that do something when what is in them has ended, or failed.
_AROUND = (ast.With, ast.AsyncWith, ast.Try, getattr(ast, "TryStar", ast.Try))
# Variables that Airflow sets for each task; others of its name are set where it runs.
_OF_THE_TASK = "AIRFLOW_CTX_"


def bash_task(setting: Setting, decorated: Mapping[FunctionNode, Mapping[str, str]]) -> TaskPlan | None:
    """The plan of a BashOperator, or of a function under ``@task.bash``; None where that is not known. Raises Blocked.

    ``decorated`` are the functions that are tasks already, with their options.
    """
    call = setting.arguments.call
    setting = with_rendered(setting, (call[name][1] for name in _TEMPLATED if name in call))
    setting.notes.helpers |= {RUN_BASH, RUN_COMMAND}
    setting.notes.imports |= {*RUN_COMMAND_IMPORTS, ("", "shutil"), ("tempfile", "TemporaryDirectory")}
    if setting.task.decorated:
        return _returning_task(setting, decorated)
    if "bash_command" not in call:
        raise Blocked("no `bash_command` is given", setting.task.node)
    if setting.task.results:
        raise Blocked("a command from another task's result is not converted", setting.task.node)
    argument = call["bash_command"][1]
    command = _command(setting, argument)
    _check_skip(setting, [_whole_text(setting, argument)], argument.node)
    place = setting.task.use.callee if setting.task.use is not None else argument.node
    lost = [f"# {what[0].upper()}{what[1:]}" for what in decided(setting.case.module, setting.case.source, place)]
    lines = call_lines(f"return {RUN_BASH}", _where(setting), (command,))
    return written_task(setting, Body((*lost, *lines)))


# -- commands of operators -----------------------------------------------------------


def _command(setting: Setting, argument: Argument) -> str:
    """The command as Python text."""
    text = setting.expressions.text(argument, template=True)
    known = setting.case.constant(argument)
    if known is None:
        _check_parts(setting, argument)
        return text
    if not isinstance(known.value, str):
        raise Blocked("the command is not known here: it may be a template", argument.node)
    _check_command(setting, known.value, argument.node)
    rendered = setting.expressions.constant(argument)
    if isinstance(argument.node, ast.Constant) and rendered is not None and "\n" not in known.value:
        return repr_text(str(rendered.value))
    return text


def _check_parts(setting: Setting, argument: Argument) -> None:
    """Blocked for a command of which too little is known to tell it from a template, or the name of a file."""
    for text in texts_of(setting.case.module.values, argument.node):
        if text.endswith(UNKNOWN) or any(mark in text for mark in _TEMPLATE_MARKS):
            raise Blocked("the command is not known here: it may be a template", argument.node)
        _check_command(setting, text, argument.node)


def _whole_text(setting: Setting, argument: Argument) -> str:
    """The command as Bash gets it; unknown where a template gives parts of it."""
    known = setting.expressions.constant(argument)
    return str(known.value) if known is not None else UNKNOWN


def _check_command(setting: Setting, text: str, node: ast.AST) -> None:
    """Blocked for a command that Airflow reads from a file, or that needs Airflow; doubts one that needs a variable."""
    if text.endswith(_FILES):
        raise Blocked("Airflow reads this command from a file, as a template", node)
    if calls_airflow(text):
        raise Blocked("the command calls Airflow, which is not there once the DAG has left it", node)
    names = dict.fromkeys(re.findall(r"\bAIRFLOW_\w+", text))
    of_the_task = next((name for name in names if name.startswith(_OF_THE_TASK)), "")
    if of_the_task:
        raise Blocked(f"the command reads `{of_the_task}`, which Airflow sets for each task", node)
    if not names and "AIRFLOW" in text:
        raise Blocked("the command uses Airflow's environment", node)
    for name in names:
        setting.notes.doubts[f"the command reads `{name}`: set it where the flow runs"] = node


# -- commands that functions return ----------------------------------------------------


def _returning_task(setting: Setting, decorated: Mapping[FunctionNode, Mapping[str, str]]) -> TaskPlan | None:
    """The plan of a function whose result is the command: it runs it itself."""
    plan = python_task(setting, decorated)
    function = setting.task.function
    if plan is None or function is None:
        return plan
    if plan.form is not Form.DECORATED:
        raise Blocked(f"`{function.name}` is the function of several tasks, whose results are commands", function)
    where = _where(setting)
    _check_names(setting, function, {RUN_BASH, "os"} if "env" in where else {RUN_BASH})
    texts: list[str] = []
    edits: list[Edit] = []
    for value in _returned(setting, function):
        texts += _check_returned(setting, function, value)
        edits += _running(setting, value, where)
        edits += told(setting.case.module, setting.case.source, value)
    _check_skip(setting, texts, function)
    return plan._replace(edits=(*plan.edits, *edits))


def _returned(setting: Setting, function: FunctionNode) -> Sequence[ast.expr]:
    """The expressions that a function returns. Raises Blocked where it may return none, which fails in Airflow."""
    values, names = setting.case.module.values, setting.case.module.names
    returned = values.returns(function)
    for value in returned:
        around = itertools.takewhile(lambda one: one is not function, names.ancestors(value))
        if any(isinstance(one, _AROUND) for one in around):
            raise Blocked("this command would run inside of `with` or `try`, in Airflow it runs after them", value)
        if isinstance(value, ast.Tuple | ast.GeneratorExp):
            raise Blocked("a command is a text", value)
    bare = any(isinstance(node, ast.Return) and node.value is None for node in walk(function))
    if bare or values.is_generator(function) or not _always_returns(function.body):
        raise Blocked(f"`{function.name}` may return no command, which fails in Airflow", function)
    return returned


def _always_returns(body: Sequence[ast.stmt]) -> bool:
    """Return whether statements never come to their end."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=then, orelse=otherwise):
            return _always_returns(then) and _always_returns(otherwise)
    return False


def _check_returned(setting: Setting, function: FunctionNode, value: ast.expr) -> list[str]:
    """The texts that a function may return here. Raises Blocked for those that Airflow would render otherwise."""
    texts = texts_of(setting.case.module.values, value)
    for text in texts:
        if not text.strip():
            raise Blocked(f"`{function.name}` may return no command, which fails in Airflow", value)
        if any(mark in text for mark in _TEMPLATE_MARKS):
            raise Blocked("Airflow renders this command as a template", value)
        if "\r" in text or text.endswith("\\\n"):
            raise Blocked("Airflow renders this command, and Jinja changes its line ends", value)
        _check_command(setting, text, value)
        if UNKNOWN in text:
            reason = f"Airflow renders what `{function.name}` returns as a template, and not all of it is known here"
            setting.notes.doubts[reason] = value
    return texts


def _running(setting: Setting, value: ast.expr, where: Mapping[str, str]) -> Iterator[Edit]:
    """The edits that have a returned command run."""
    source = setting.case.source
    span = source.positions.span(value)
    before, after = source.utf8[: span.start].rstrip(), source.utf8[span.end :].lstrip()
    # Parentheses around it are those of the call.
    enclosed = before.endswith(b"(") and after.startswith(b")")
    end = f", {', '.join(f'{name}={text}' for name, text in where.items())}" if where else ""
    start = source.utf8.rindex(b"(", 0, span.start) if enclosed else span.start
    yield Edit(Span(start, start), RUN_BASH + ("" if enclosed else "("))
    yield Edit(Span(span.end, span.end), end + ("" if enclosed else ")"))


def _check_names(setting: Setting, function: FunctionNode, written: Collection[str]) -> None:
    """Blocked where an argument of the decorator, or a name that is written, is another one inside of the function."""
    own = setting.case.module.names.scopes[function].bindings
    taken = next((name for name in written if name in own), "")
    if taken:
        raise Blocked(f"`{taken}` is another name inside of `{function.name}`", function)
    call = setting.arguments.call
    for argument in (call[name][1] for name in ("env", "cwd") if name in call):
        for node in walk(argument.node):
            if isinstance(node, ast.Name) and node.id in own:
                raise Blocked(f"`{node.id}` is another name inside of `{function.name}`", node)


# -- where and how ---------------------------------------------------------------------


def _where(setting: Setting) -> dict[str, str]:
    """The environment and the directory, as Python text."""
    call, expressions = setting.arguments.call, setting.expressions
    if "output_encoding" in call:
        row, encoding = call["output_encoding"]
        if not harmless(expressions.constant(encoding), row, encoding.node):
            raise Blocked("`output_encoding` is not converted", encoding.node)
    found = {}
    if "env" in call and expressions.constant(call["env"][1]) != Constant(None):
        found["env"] = _env(setting, call["env"][1])
    if "cwd" in call and expressions.constant(call["cwd"][1]) != Constant(None):
        cwd = call["cwd"][1]
        found["cwd"] = expressions.text(cwd, template=True)
        known = setting.case.constant(cwd)
        if known is not None and str(known.value).endswith(_FILES):
            raise Blocked("Airflow reads this `cwd` from a file, as a template", cwd.node)
        if known is not None and not str(known.value).startswith("/"):
            setting.notes.doubts[below_worker("cwd")] = cwd.node
    return found


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


def _check_skip(setting: Setting, texts: list[str], node: ast.AST) -> None:
    """Doubts a Bash task that may skip itself by exit code 99, where that does more than fail the flow."""
    task, doubts = setting.task, setting.notes.doubts
    given = task.arguments.get("skip_on_exit_code")
    code = setting.expressions.constant(given) if given is not None else Constant(_SKIPS)
    if given is not None and code not in (Constant(None), Constant(_SKIPS)):
        raise Blocked("`skip_on_exit_code`: Prefect has no skipped state", given.node)
    programs = setting.case.options.programs
    if code == Constant(None) or all(UNKNOWN not in one and never_ends_with(one, _SKIPS, programs) for one in texts):
        return
    if "retries" in setting.arguments.options:
        doubts["exit code 99 skips a Bash task in Airflow; with `retries` Prefect runs it again"] = node
    other = next((one for one in below(task) if trigger_rule(setting.case, one) != "all_success"), None)
    if other is not None:
        reason = (
            f"exit code 99 skips a Bash task in Airflow, where `{other.id}` below it has the trigger rule "
            f"`{trigger_rule(setting.case, other)}`; in Prefect the task fails"
        )
        doubts[reason] = node
