"""Judges the templates of a task's arguments, and writes what they render to as Python text.

Read from real runs of Airflow 2.10 and 3.3. A value that comes with the run is taken
from Prefect's ``flow_run``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from offramp.converting.argument_text import UNRENDERED, Expressions, Rendered
from offramp.converting.judges.rendered_text import holds_template, rendered_lines
from offramp.dags.graph import Argument, Task
from offramp.editing.text import operand, repr_text
from offramp.model import Blocked, Blocker
from offramp.python.values import Constant, Table
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case

RUNTIME = ("prefect.runtime", "flow_run")

# Patterns are compiled when first used: few tasks have templates.
_FIELD = r"(?s)\{\{(.*?)\}\}"
_SCHEDULED = "flow_run.scheduled_start_time"
_DATE, _DATE_DIGITS, _TIME, _TIME_DIGITS = ":%Y-%m-%d", ":%Y%m%d", ".isoformat()", ":%Y%m%dT%H%M%S"
_OF_LOGICAL_DATE = {"ds": _DATE, "ds_nodash": _DATE_DIGITS, "ts": _TIME, "ts_nodash": _TIME_DIGITS}
_LONGEST_DATE = 32
FROM_CONTEXT = frozenset({*_OF_LOGICAL_DATE, "run_id"})
_LENGTH_OF_ID = 36
_MOST_NAMES = 5
_LONGEST_WRITTEN = 100_000
_INSTANT = (
    r"(?:dag_run\.)?(logical_date|execution_date|data_interval_start|data_interval_end)"
    r"(?:\.(date|isoformat)\(\)|\.strftime\(\s*(['\"])([%\w :/.-]*%[%\w :/.-]*)\3\s*\)"
    r"|\s*\|\s*(ds|ds_nodash|ts|ts_nodash))?"
)
_PARAMETER = r"params(?:\.(\w+)|\[\s*(['\"])(\w+)\2\s*\])"
_LITERAL = r"'([^'\\]*)'|\"([^\"\\]*)\"|(0|[1-9][0-9]*)"
_OWN_PARAMS = frozenset(dir(dict)) | {"deserialize", "dump", "get_param", "serialize", "validate"}


# By whether Airflow is 3 or newer.
_INTERVAL: dict[bool | None, str] = {
    False: "in Airflow 2 `{}` is the start of the interval that has passed, which Prefect does not have",
    None: "`{}` is another moment in Airflow 2 than in Airflow 3: set `airflow-version`",
}


class _Field(NamedTuple):
    """One replacement field of an f-string, the length of what it gives where that has a limit, its usual value."""

    code: str
    longest: int | None = None
    usual: str | None = None


def rendering(
    case: Case, task: Task, arguments: Iterable[Argument], expressions: Expressions
) -> tuple[Expressions, list[Blocker]]:
    """The expressions of a task with what its templates render to, and what prevents that, argument by argument."""
    templates = Templates(case, task, expressions)
    problems: list[Blocker] = []
    for argument in arguments:
        try:
            templates.render(argument)
        except Blocked as blocked:  # noqa: PERF203 - every blocker is reported, not only the first
            problems.append(blocked.blocker)
            templates.rendered[argument.node] = UNRENDERED
    return templates.expressions, problems


class Templates:
    """Renders the templates of one task; ``rendered`` has what arguments render to."""

    def __init__(self, case: Case, task: Task, expressions: Expressions) -> None:
        self.task = task
        self.dag_id = case.ids[task.dag]
        self.versions = case.options.versions
        self.given = case.parameters[task.dag]
        self.rendered: dict[ast.AST, Rendered] = dict(expressions.rendered)
        self.expressions = expressions.with_rendered(self.rendered)
        self._whole: dict[ast.AST, Rendered | None] = {}
        self._asked: set[ast.AST] = set()

    def render(self, argument: Argument) -> None:
        """Note what an argument renders to, where it holds a template. Raises Blocked."""
        if argument.node in self._asked:
            return
        self._asked.add(argument.node)
        value = self.expressions.module.values.single(argument.node)
        if isinstance(value, Table) and value.complete:
            for node in value.entries.values():
                if node is not None:
                    self.render(argument._replace(node=node))
        rendered = self._rendered(argument)
        if rendered is not None:
            self.rendered[argument.node] = rendered

    def context(self, name: str, node: ast.AST) -> str:
        """The value that Airflow's context holds under a name of ``FROM_CONTEXT``, as text. Raises Blocked."""
        field = self._field(name, node, f"Airflow fills the parameter `{name}` from its context")
        assert isinstance(field, _Field)
        return f'f"{{{field.code}}}"'

    def _rendered(self, argument: Argument) -> Rendered | None:
        if argument.node in self.rendered:
            return self.rendered[argument.node]
        if argument.node not in self._whole:
            self._whole[argument.node] = self._of_parts(argument)
        found = self._whole[argument.node]
        if found is not None and len(found.text) > _LONGEST_WRITTEN:
            raise Blocked("is too long to be written out", argument.node)
        return found

    def _of_parts(self, argument: Argument) -> Rendered | None:
        known = self.expressions.constant(argument)
        if known is not None:
            return self._text(known.value, argument.node) if isinstance(known.value, str) else None
        node: ast.AST | None = argument.node
        for _ in range(_MOST_NAMES):
            node = self.expressions.module.values.bound_once(node) if isinstance(node, ast.Name) else node
        if not isinstance(node, ast.List | ast.Tuple | ast.Dict):
            return None
        entries = node.values if isinstance(node, ast.Dict) else node.elts
        parts = [argument._replace(node=entry) for entry in entries]
        inner = [self._rendered(part) for part in parts]
        if not any(one is not None for one in inner):
            return None
        if isinstance(argument.node, ast.Name):
            self.expressions.check_lasts(argument.node)
        texts = [
            one.text if one is not None else self.expressions.text(part, template=True)
            for one, part in zip(inner, parts, strict=True)
        ]
        if isinstance(node, ast.Dict):
            keys = [self.expressions.text(argument._replace(node=key)) if key is not None else "" for key in node.keys]
            texts = [f"{key}: {text}" if key else f"**{operand(text)}" for key, text in zip(keys, texts, strict=True)]
            return Rendered(f"{{{', '.join(texts)}}}")
        joined = ", ".join(texts)
        if isinstance(node, ast.List):
            return Rendered(f"[{joined}]")
        return Rendered(f"({joined},)" if len(texts) == 1 else f"({joined})")

    def _text(self, text: str, node: ast.AST) -> Rendered | None:
        """The text that a string renders to; None where that is the string itself."""
        parts: list[str | _Field] = []
        for place, piece in enumerate(re.split(_FIELD, rendered_lines(text))):
            if place % 2:
                parts.append(self._field(piece, node))
            elif holds_template(piece):
                raise Blocked("is a template with a statement or a comment, which is not translated", node)
            else:
                parts.append(piece)
        if all(isinstance(part, str) for part in parts):
            whole = "".join(part for part in parts if isinstance(part, str))
            return None if whole == text else Rendered(repr_text(whole), Constant(whole))
        longest: int | None = 0
        for part in parts:
            length = len(part) if isinstance(part, str) else part.longest
            longest = None if length is None or longest is None else longest + length
        written = "".join(_literal(part) if isinstance(part, str) else f"{{{part.code}}}" for part in parts)
        usual = [part if isinstance(part, str) else part.usual for part in parts]
        known = "".join(part for part in usual if part is not None) if None not in usual else None
        return Rendered(f'f"{written}"', longest=longest, usual=known)

    def _field(self, piece: str, node: ast.AST, what: str = "is a template") -> str | _Field:
        expression = piece.strip()
        if match := re.fullmatch(_LITERAL, expression):
            return next(group for group in match.groups() if group is not None)
        owner, _, attribute = expression.rpartition(".")
        if attribute == "dag_id" and owner in ("dag", "dag_run", "task", "ti", "task_instance"):
            return self.dag_id
        if attribute == "task_id" and owner in ("task", "ti", "task_instance"):
            return self.task.id
        if match := re.fullmatch(_PARAMETER, expression):
            return self._parameter(match[1] or match[3], node)
        if attribute == "run_id" and owner in ("", "dag_run", "ti", "task_instance"):
            self.expressions.doubts["`{{ run_id }}` becomes the id of the flow run, which has another form"] = node
            return _Field("flow_run.id", _LENGTH_OF_ID)
        if expression in _OF_LOGICAL_DATE:
            return self._instant("logical_date", _OF_LOGICAL_DATE[expression], expression, node, what)
        if match := re.fullmatch(_INSTANT, expression):
            name, method, _, pattern, filtered = match.groups()
            form = {"date": _DATE, "isoformat": _TIME, None: ".isoformat(' ')"}[method]
            if pattern is not None:
                form = f":{pattern}"
            elif filtered is not None:
                form = _OF_LOGICAL_DATE[filtered]
            return self._instant(name, form, name, node, what)
        raise Blocked(f"is a template, and `{{{{ {_short(expression)} }}}}` has no exact equal in Prefect", node)

    def _parameter(self, name: str, node: ast.AST) -> _Field:
        if "params" in self.task.arguments:
            raise Blocked("is a template that takes a parameter, and the task has `params` of its own", node)
        if name in _OWN_PARAMS:
            raise Blocked(f"is a template, and `{name}` of `params` may be a method of Airflow's own", node)
        if name not in self.given.defaults:
            problem = self.given.problem(name, node)
            raise Blocked(problem.reason, problem.node)
        return _Field(f"flow_run.parameters['{name}']", usual=str(self.given.defaults[name].value))

    def _instant(self, name: str, form: str, shown: str, node: ast.AST, what: str) -> _Field:
        """A moment of the run that is the one for which Prefect scheduled the flow run."""
        newer = self.versions.airflow.at_least((3,))
        argument = self.task.dag.arguments.get("schedule") or self.task.dag.arguments.get("schedule_interval")
        by_hand_only = argument is not None and self.expressions.constant(argument) == Constant(None)
        if name == "execution_date" and newer is not False:
            raise Blocked("is a template, and Airflow 3 has no `execution_date`", node)
        if not newer and not by_hand_only and name != "data_interval_end":
            raise Blocked(f"{what}, and {_INTERVAL[newer].format(shown)}", node)
        doubt = "a run started by hand has the moment of its start, and cannot be told another"
        if not newer and not by_hand_only:
            doubt = "a run started by hand has the moment of its start, in Airflow 2 the end of the interval before it"
        elif not by_hand_only:
            doubt += "; `[scheduler] create_cron_data_intervals`, off unless configured, is taken to be off"
        self.expressions.doubts[f"`{{{{ {shown} }}}}`: {doubt}"] = node
        return _Field(f"{_SCHEDULED}{form}", _LONGEST_DATE)


def _literal(text: str) -> str:
    """Text as it stands in an f-string in double quotes."""
    special = {'"': '\\"', "\\": "\\\\", "{": "{{", "}": "}}"}
    return "".join(special.get(one, one if one.isprintable() else repr(one)[1:-1]) for one in text)


def _short(text: str) -> str:
    return " ".join(text.split())[:60]
