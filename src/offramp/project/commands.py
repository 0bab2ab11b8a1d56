"""Tells which commands call Airflow: lines for a shell, and programs that Python code starts; knows no files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from offramp.project.texts import WILD, texts
from offramp.python.evaluation import Values
from offramp.python.names import FunctionNode, Names
from offramp.python.programs import PARAMETERS, STARTERS
from offramp.python.values import Items, Made, Partial, Reference, Value

# What stands before a command that it runs. A folder that is called after Airflow is not a command.
_BEFORE = (
    r"(?:(?:command|do|else|env|exec|if|nice|nohup|setsid|stdbuf|sudo|then|time|timeout|until|while|xargs|!|\{"
    r"|(?:conda|hatch|pdm|pipenv|poetry|uv)\s+run)"
    r"(?:\s+-[ug]\s+\S+|\s+-(?![ug]\s)\S+)*(?:\s+\d\S*)?\s+|\w+=\S*\s+)*"
)
_CALLED = rf"(?:^|[;&|(`\n])\s*{_BEFORE}(?:[^\s;&|()`'\"]*/)?airflow(?:\s|$|[;&|)`])"
_BY_PYTHON = r"py\S*\s(?:[^;&|\n]*\s)?-m\s*airflow\b(?![-/])|py\S*\s.*?\b(?:import|from)\s+airflow\b(?![-/])"
_SHELL = r"(?:.*/)?(?:(?:ba|da|k|z|fi)?sh|su)"
_WRAPPERS = frozenset(
    "command conda env exec hatch nice nohup pdm pipenv poetry run setsid stdbuf sudo time timeout uv xargs".split()
)
_WITH_VALUE = frozenset({"-u", "-g", "--user", "--group"})


def calls_airflow(line: str) -> bool:
    """Return whether a shell's line calls Airflow's command, or Python with its code."""
    return bool(re.search(_CALLED, line) or re.search(_BY_PYTHON, line, re.DOTALL))


def commands_of_airflow(names: Names, values: Values) -> Iterator[ast.Call]:
    """The calls that start Airflow's command, or hand it to a function that others call."""
    for call in names.calls:
        places = [(0, one) for one in values.evaluate(call.func)]
        places += [(place + 1, one) for place, node in enumerate(call.args) for one in values.evaluate(node)]
        handed = (keyword.value for keyword in call.keywords if keyword.arg == "target")
        places += [(len(call.args), one) for node in handed for one in values.evaluate(node)]
        for place, callee in places:
            starter = STARTERS.get(_started_by(callee))
            if starter and any(map(_words_call_airflow, _commands(values, call, place + starter.program))):
                yield call
                break


def _started_by(callee: Value) -> str:
    while isinstance(callee, Partial | Made):
        callee = callee.callee
    return callee.path if isinstance(callee, Reference) else ""


def _commands(values: Values, call: ast.Call, position: int) -> Iterator[list[str]]:
    """The words of the programs that a call may start, of a line one."""
    keywords = [one.value for one in call.keywords if one.arg in PARAMETERS]
    single = [found for node in (*call.args[position:], *keywords) for found in _words(values, node)]
    yield from single
    yield [word for words in single for word in words]


def _words(values: Values, node: ast.expr) -> Iterator[list[str]]:
    for one in _given(values, node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in ("split", "join"):
            yield from _split_or_joined(values, one, one.func)
        elif isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add) and isinstance(one.left, ast.List | ast.BinOp):
            yield [word for part in (one.left, one.right) for words in _words(values, part) for word in words]
        elif items := [value for value in values.evaluate(one) if isinstance(value, Items)]:
            yield from ([(texts(values, item) or [WILD])[0] for item in found.nodes] for found in items)
        else:
            yield from ([text] for text in texts(values, one))


def _split_or_joined(values: Values, call: ast.Call, function: ast.Attribute) -> Iterator[list[str]]:
    """A line that is taken apart into words, or put together of them: still the line."""
    if function.attr == "join":
        between = "".join(texts(values, function.value)[:1])
        yield from ([between.join(words)] for node in call.args[:1] for words in _words(values, node))
    else:
        of_shell = Reference("shlex.split") in values.evaluate(function)
        yield from ([text] for text in texts(values, call.args[0] if of_shell and call.args else function.value))


def _given(values: Values, node: ast.expr) -> Iterator[ast.expr]:
    """An expression, or what the calls of its function give it."""
    yield node
    for binding in values.names.lookup(node.id, node) if isinstance(node, ast.Name) else ():
        if binding.kind == "parameter" and isinstance(binding.node, FunctionNode):
            plain = [one.arg for one in (*binding.node.args.posonlyargs, *binding.node.args.args)]
            place = plain.index(binding.name) if binding.name in plain else len(plain)
            for call in values.calls_of(binding.node):
                yield from (one.value for one in call.keywords if one.arg == binding.name)
                yield from call.args[place : place + 1]
        elif binding.kind == "value" and isinstance(binding.node, ast.Call | ast.BinOp):
            yield binding.node
        elif binding.kind == "augmented" and isinstance(binding.node, ast.AugAssign):
            yield binding.node.value


def _words_call_airflow(words: Sequence[str]) -> bool:
    """Return whether a program is Airflow's command, or a shell or Python that calls it."""
    if len(words) == 1:
        return calls_airflow(words[0])
    rest = list(words)
    while rest and (rest[0] in _WRAPPERS or re.fullmatch(r"\w+=.*|-\S*|\d\S*", rest[0], re.DOTALL)):
        del rest[: 2 if rest[0] in _WITH_VALUE else 1]
    if not rest:
        return False
    if rest[0].rpartition("/")[2] == "airflow":
        return True
    if re.fullmatch(_SHELL, rest[0]):
        lines = [line for option, line in pairwise(rest) if re.fullmatch(r"-[a-z]*c", option)]
        return any(map(calls_airflow, lines))
    if WILD in rest[0] or "py" in rest[0]:
        # Of options only those before the first other word are Python's own; a program that is not known may be Python.
        return calls_airflow(" ".join(["python", *rest[1:]])) if {"-m", "-c"} & set(rest) else False
    return False
