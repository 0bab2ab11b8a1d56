"""The words of a dbt command line, as Python text, of the arguments that become them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable

from offramp.converting.recipes.body import Job
from offramp.dags.graph import Argument
from offramp.editing.text import repr_text
from offramp.finding.configurations import member
from offramp.model import ArgumentRow, Blocked
from offramp.python.values import Constant, Items, Made, Reference, Table

# Options that only some of dbt's commands get, for Cosmos's other operators leave them out.
_OF_COMMANDS = {"--full-refresh": ("build", "run", "seed", "compile")}
# The options that say where dbt runs, which every command gets, and a runner as settings of its own.
PROJECT, PROFILES, PROFILE, TARGET = "--project-dir", "--profiles-dir", "--profile", "--target"
_WHERE = (PROJECT, PROFILES, PROFILE, TARGET)
_MACRO_ARGUMENTS = "--args"
_JSON = ("--vars", _MACRO_ARGUMENTS)
# The arguments of which Cosmos takes the items, so that of a text each letter is a selection of its own (1.15.1).
_LISTS = ("render_config.select", "render_config.exclude")
# The options that select nodes.
_SELECTING = re.compile(r"""f?["'](-[sm]|--(models?|select(or)?|exclude|(exclude-)?resource-types?))(=.*)?["']""")
_GETTING = (Reference("os.getenv"), Reference("os.environ.get"))


def line(job: Job, command: str) -> tuple[str, ...]:
    """The words of a command with the options that the arguments of a task become. Raises Blocked."""
    before: list[str] = []
    name_of_command = command.split(maxsplit=1)[0]
    own = [repr_text(word) for word in command.split()]
    behind: list[str] = []
    for name, row in job.rows.items():
        if name not in job.call or row.target in _WHERE:
            continue
        argument = job.call[name][1]
        if row.target == "dbt flags":
            (before if "global" in name else behind).extend(_flags(job, name, argument))
        elif row.target.startswith("dbt --"):
            before += _option(job, row, row.target.removeprefix("dbt "), argument)
        elif row.target.startswith("dbt "):
            own.append(text_of(job, argument))
        elif row.target.startswith("--") and name_of_command in _OF_COMMANDS.get(row.target, (name_of_command,)):
            given(job, row.target)
            behind += _option(job, row, row.target, argument)
    return (*before, *own, *behind)


def given(job: Job, target: str) -> tuple[str, Argument] | None:
    """The argument that becomes ``target``, with its name; None without one, or for None. Raises Blocked for two."""
    found = [
        (name, argument)
        for name, (row, argument) in job.call.items()
        if row.target == target and job.expressions.constant(argument) not in (Constant(None), Constant(""))
    ]
    if len(found) > 1:
        raise Blocked(f"`{found[0][0]}` and `{found[1][0]}` are both given", found[1][1].node)
    return found[0] if found else None


def text_of(job: Job, argument: Argument) -> str:
    """A text that an argument is: paths that are no texts become some."""
    known = job.expressions.constant(argument)
    text = job.expressions.text(argument, template=True)
    if known is not None:
        return text if isinstance(known.value, str) else repr_text(str(known.value))
    node = job.expressions.bound(argument.node)
    is_text = isinstance(node, ast.JoinedStr) or argument.node in job.expressions.rendered
    is_text = is_text or _reads_environment(job, node)
    return text if is_text else f"str({text})"


def member_of(job: Job, argument: Argument) -> str:
    """The name of the member of an enumeration that an argument is; empty where it is not known."""
    return member(job.expressions.module.values.evaluate(argument.node))


def options(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Options with their values, where they have one."""
    return tuple(word for option, value in pairs if value for word in (repr_text(option), value))


def _option(job: Job, row: ArgumentRow, option: str, argument: Argument) -> list[str]:
    known = job.expressions.constant(argument)
    if row.when_absent == "False":
        return _flag(row, option, known, argument)
    if known is not None and known.value in (None, ""):
        return []
    if option in _JSON:
        return _json(job, option, argument)
    if _is_list(job, argument):
        values = _several(job, row.name, argument)
        return [repr_text(option), *values] if values else []
    text = _known_text(job, argument)
    if row.name in _LISTS:
        raise Blocked(f"`{row.name}` has to be a list: Cosmos selects by each letter of a text", argument.node)
    return [repr_text(option), text]


def _flags(job: Job, name: str, argument: Argument) -> list[str]:
    """The options that are given as words. Raises Blocked for those that select nodes for each node's command."""
    words = _several(job, name, argument)
    selecting = next((word for word in words if _SELECTING.fullmatch(word)), None)
    if job.task.command and selecting is not None:
        raise Blocked(f"`{name}` gives {selecting} to every node's command, beside the node", argument.node)
    return words


def _known_text(job: Job, argument: Argument) -> str:
    """A text that cannot be a list or a dict. Raises Blocked for what may be one."""
    node = job.expressions.bound(argument.node)
    known = job.expressions.constant(argument) is not None or argument.node in job.expressions.rendered
    if not known and not isinstance(node, ast.JoinedStr) and not _reads_environment(job, node):
        raise Blocked("is not known here: it may be a text or something else", argument.node)
    return text_of(job, argument)


def _reads_environment(job: Job, node: ast.expr) -> bool:
    """Return whether an expression gives the text of a variable of the environment, or fails."""
    values = job.expressions.module.values
    if isinstance(node, ast.Subscript):
        return values.single(node.value) == Reference("os.environ")
    if isinstance(node, ast.Call) and values.single(node.func) in _GETTING:
        return len(node.args) > 1 and isinstance(values.single(node.args[1]), Constant)
    return False


def _flag(row: ArgumentRow, option: str, known: Constant | None, argument: Argument) -> list[str]:
    if known is None or not isinstance(known.value, bool | None):
        raise Blocked(f"`{row.name}` is not known here, and decides what is run", argument.node)
    return [repr_text(option)] if known.value else []


def _is_list(job: Job, argument: Argument) -> bool:
    return isinstance(job.expressions.module.values.single(argument.node), Items)


def _several(job: Job, name: str, argument: Argument) -> list[str]:
    """The texts of a list, one by one. Raises Blocked where not all are known."""
    value = job.expressions.module.values.single(argument.node)
    if value == Constant(None):
        return []
    if not isinstance(value, Items) or not value.complete or not value.ordered:
        raise Blocked(f"`{name}` is a list that is not known here", argument.node)
    return [_known_text(job, argument._replace(node=node)) for node in value.nodes]


def _json(job: Job, option: str, argument: Argument) -> list[str]:
    """The variables of dbt, or a macro's arguments: a dict as JSON, which is YAML too, or YAML as it is."""
    value = job.expressions.module.values.single(argument.node)
    if not isinstance(value, Table):
        if option == _MACRO_ARGUMENTS:
            problem = "`args` is not known to be a dict: Cosmos hands dbt a text as a quoted one, which dbt refuses"
            raise Blocked(problem, argument.node)
        return [repr_text(option), _known_text(job, argument)]
    if not value.complete or None in value.entries.values():
        raise Blocked(f"`{option}` of a dict that is not known here", argument.node)
    known = {
        key: job.expressions.constant(argument._replace(node=node))
        for key, node in value.entries.items()
        if node is not None
    }
    if not known:
        return []
    for key, constant in known.items():
        node = value.entries[key] or argument.node
        inner = job.expressions.module.values.single(node)
        if constant is not None and not isinstance(constant.value, str | int | float | bool | None):
            raise Blocked("is a value that JSON does not have", node)
        if constant is None and isinstance(inner, Reference | Made):
            raise Blocked("is a value that is not known here", node)
    if all(constant is not None for constant in known.values()):
        text = json.dumps({key: one.value for key, one in known.items() if one is not None})
        job.expressions.text(argument, template=True)
        return [repr_text(option), repr_text(text)]
    return [repr_text(option), f"json.dumps({job.expressions.text(argument, template=True)})"]
