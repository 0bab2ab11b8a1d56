"""The recipe ``command``: a task that runs a command line, as a note's template has it, in a process of its own."""

from __future__ import annotations

import ast
import re
import shlex

from offramp.converting.recipes.body import Body, Job
from offramp.converting.recipes.filling import Filling
from offramp.converting.recipes.run_functions import RUN_COMMAND, RUN_COMMAND_IMPORTS, below_worker
from offramp.editing.text import INDENT, WIDTH, call_lines, operand, repr_text
from offramp.finding.dbt_core import by_name
from offramp.model import Blocked
from offramp.python.values import Constant, Reference

# Callables that never give None.
_MAKING_TEXT = ("os.path.", "pathlib.", "builtins.str")
_SETTING = r"(cwd|env)(\+?)=(\{\w+\??\})$"


def command(job: Job) -> Body:
    """The command line of the note's ``rewrite`` field as a list of arguments, without a shell.

    Each line of the template is left out where the value of a slot ``{name?}`` is absent, or that of ``{name:flag}`` is
    not true. ``{name:words}`` are the texts of a list, ``{name:json}`` is JSON, ``{runs}`` are the words that the
    note's ``runs`` field has for the class. The lines ``cwd={name?}`` and ``env={name?}`` (``env+=`` adds to the
    environment) say where and how it runs. Raises Blocked.
    """
    filling = Filling(job)
    lines: list[str] = []
    settings: dict[str, str] = {}
    for line in filling.chosen().lines:
        setting = re.match(_SETTING, line.strip())
        if setting is not None:
            _set(filling, setting[1], bool(setting[2]), setting[3], settings)
        elif words := _words(filling, line):
            unsure = _may_be_absent(filling, line)
            lines += [f"*([{', '.join(words)}] if {unsure} is not None else [])"] if unsure else words
    filling.imports |= RUN_COMMAND_IMPORTS
    text = f"[{', '.join(lines)}]"
    if len(text) > WIDTH - 2 * len(INDENT):
        text = "".join(["[\n", *(f"{INDENT}{line},\n" for line in lines), "]"])
    return filling.finished(call_lines(f"return {RUN_COMMAND}", settings, (text,)), helpers=(RUN_COMMAND,))


def _set(filling: Filling, name: str, adds: bool, slot: str, settings: dict[str, str]) -> None:
    argument = slot.strip("{?}")
    known = filling.job.known(argument)
    if slot.endswith("?}") and filling.is_absent(argument):
        filling.used.add(argument)
        if name == "cwd":
            reason = (
                f"without `{argument}` the command runs in the directory of Airflow's worker, here in that of the flow"
            )
            filling.job.expressions.doubts[reason] = filling.job.task.node
        return
    if name == "cwd" and known is not None and not str(known.value).startswith("/"):
        filling.job.expressions.doubts[below_worker(argument)] = filling.job.task.node
    value = filling.value(argument, "")
    settings[name] = f"{{**os.environ, **{value}}}" if adds else value


def _words(filling: Filling, line: str) -> list[str]:
    """The arguments that a line gives, as Python text; none where it is left out."""
    from offramp.knowledge.rewrites import SLOT

    for name, form in SLOT.findall(line):
        # An empty dict is JSON too.
        is_empty = ":json" not in form and filling.is_empty(name)
        is_left_out = form.endswith("?") and (filling.is_absent(name) or is_empty)
        if is_left_out or (form == ":flag" and not _is_on(filling, name)):
            filling.used.add(name)
            return []
    return [text for word in shlex.split(line) if (text := _word(filling, word))]


def _may_be_absent(filling: Filling, line: str) -> str:
    """The value, as Python text, that decides when the flow runs whether a line is there; empty where it is there."""
    from offramp.knowledge.rewrites import SLOT

    expressions = filling.job.expressions
    for name, form in SLOT.findall(line):
        argument = filling.given(name) if form.endswith("?") and name not in filling.job.results else None
        if argument is None or expressions.constant(argument) is not None or argument.node in expressions.rendered:
            continue
        if not filling.is_container(name) and not _is_never_none(filling, expressions.bound(argument.node)):
            return operand(filling.value(name, ""))
    return ""


def _is_never_none(filling: Filling, node: ast.expr) -> bool:
    """Return whether an expression is a text, or a path, whatever it is."""
    values = filling.job.expressions.module.values
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        return True
    if isinstance(node, ast.Subscript):
        return values.single(node.value) == Reference("os.environ")
    if not isinstance(node, ast.Call):
        return False
    callee = values.single(node.func)
    path = callee.path if isinstance(callee, Reference) else ""
    with_default = path in {"os.getenv", "os.environ.get"} and len(node.args) > 1
    return (with_default and values.single(node.args[1]) != Constant(None)) or path.startswith(_MAKING_TEXT)


def _word(filling: Filling, word: str) -> str:
    from offramp.knowledge.rewrites import SLOT

    slot = SLOT.fullmatch(word)
    if slot is None:
        parts = SLOT.split(word)
        if len(parts) == 1:
            return repr_text(word)
        return _joined(filling, parts)
    name, form = slot[1], (slot[2] or "").rstrip("?")
    if form == ":flag":
        return ""
    if name == "runs":
        use = filling.job.task.use
        return ", ".join(map(repr_text, by_name(filling.note, "runs", use.path if use is not None else "").split()))
    if form == ":words":
        return _several(filling, name)
    if form == ":json":
        filling.imports.add(("", "json"))
        return f"json.dumps({filling.value(name, '')})"
    return _text(filling, name)


def _several(filling: Filling, name: str) -> str:
    """The texts of a list, one by one. Raises Blocked for what may be a text, which would be taken letter by letter."""
    argument = filling.given(name)
    if argument is not None and not filling.is_container(name):
        raise Blocked(f"`{name}` is not a list that is known here", argument.node)
    value = filling.value(name, "")
    is_display = argument is not None and isinstance(argument.node, ast.List | ast.Tuple) and value[0] in "[("
    return value[1:-1].strip().rstrip(",") if is_display else f"*{value}"


def _joined(filling: Filling, parts: list[str]) -> str:
    """A word of several ``parts``: text, and name and form of a slot, in turn."""
    texts: list[str] = []
    for at in range(0, len(parts), 3):
        texts += [repr_text(parts[at])] if parts[at] else []
        texts += [operand(_text(filling, parts[at + 1]))] if at + 1 < len(parts) else []
    try:
        return repr_text("".join(map(ast.literal_eval, texts)))
    except (ValueError, TypeError):
        return " + ".join(texts)


def _text(filling: Filling, name: str) -> str:
    """The value of a slot as a text, which is all that a command line takes."""
    given = filling.given(name)
    known = filling.job.expressions.constant(given) if given is not None else None
    if filling.is_container(name):
        raise Blocked(f"`{name}` is not a text", given.node if given is not None else filling.job.task.node)
    value = filling.value(name, "")
    if known is None and given is None and name not in filling.job.results:
        known = Constant(ast.literal_eval(value))
    if known is not None:
        return value if isinstance(known.value, str) else repr_text(str(known.value))
    is_text = given is not None and (given.node in filling.job.expressions.rendered or value.startswith(('f"', "f'")))
    return value if is_text else f"str({value})"


def _is_on(filling: Filling, name: str) -> bool:
    filling.used.add(name)
    argument = filling.given(name)
    if argument is None:
        row = filling.job.rows.get(name)
        return row is not None and row.when_absent == "True"
    known = filling.job.expressions.constant(argument)
    if known is None:
        raise Blocked(f"`{name}` is not known here, and decides what is run", argument.node)
    return known not in (Constant(None), Constant(False), Constant(""))
