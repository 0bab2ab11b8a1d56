"""Fields of Airflow's templates, and the values that a flow has for them.

Read from real runs of Airflow 2.10 and 3.3. A value that comes with the run is taken
from Prefect's ``flow_run``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from offramp.converting.judges.rendered_text import holds_template, rendered_lines
from offramp.dags.graph import Argument, Task
from offramp.model import Blocker
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
_INSTANT = (
    r"(?:dag_run\.)?(logical_date|execution_date|data_interval_start|data_interval_end)"
    r"(?:\.(date|isoformat)\(\)|\.strftime\(\s*(['\"])([%\w :/.-]*%[%\w :/.-]*)\3\s*\)"
    r"|\s*\|\s*(ds|ds_nodash|ts|ts_nodash))?"
)
_PARAMETER = r"params(?:\.(\w+)|\[\s*(['\"])(\w+)\2\s*\])"
_LITERAL = r"'([^'\\]*)'|\"([^\"\\]*)\"|(0|[1-9][0-9]*)"
_OWN_PARAMS = frozenset(dir(dict)) | {"deserialize", "dump", "get_param", "serialize", "validate"}


# Reasons against a field, by whether Airflow is 3 or newer.
_INTERVAL: dict[bool | None, str] = {
    False: "in Airflow 2 `{}` is the start of the interval that has passed, which Prefect does not have",
    None: "`{}` is another moment in Airflow 2 than in Airflow 3: set `airflow-version`",
}


class Field(NamedTuple):
    """One replacement field of a template: the code that gives the same in a flow.

    ``longest`` is the length of what it gives where that has a limit, ``usual`` the value in a run that is given no
    values of its own, ``doubt`` why it may not be the same. With a ``problem`` there is no code.
    """

    code: str
    node: ast.AST
    longest: int | None = None
    usual: str | None = None
    doubt: str = ""
    problem: Blocker | None = None


# A text: pieces that stay, and fields between them.
Parts: TypeAlias = "tuple[str | Field, ...]"


def text_parts(case: Case, task: Task, argument: Argument) -> Mapping[ast.AST, Parts]:
    """The texts in an argument, by the expressions that they are."""
    filling = _Filling(case, task)
    found: dict[ast.AST, Parts] = {}
    for inner in _inside(case, argument, set()):
        known = case.constant(inner)
        if known is not None and isinstance(known.value, str):
            found[inner.node] = filling.parts(known.value, inner.node)
    return found


def context_field(case: Case, task: Task, name: str, node: ast.AST) -> Field:
    """The value that Airflow's context holds under a name of ``FROM_CONTEXT``."""
    field = _Filling(case, task).field(name, node, f"Airflow fills the parameter `{name}` from its context")
    assert isinstance(field, Field)
    return field


def entries_of(case: Case, node: ast.AST) -> ast.List | ast.Tuple | ast.Dict | None:
    """The display that an expression is, through names that are bound once."""
    behind: ast.AST | None = node
    for _ in range(_MOST_NAMES):
        behind = case.module.values.bound_once(behind) if isinstance(behind, ast.Name) else behind
    return behind if isinstance(behind, ast.List | ast.Tuple | ast.Dict) else None


def table_entries(case: Case, node: ast.AST) -> list[ast.expr]:
    """The values of a dict all of whose entries are known."""
    value = case.module.values.single(node) if isinstance(node, ast.expr) else None
    if not isinstance(value, Table) or not value.complete:
        return []
    return [entry for entry in value.entries.values() if entry is not None]


def _inside(case: Case, argument: Argument, seen: set[ast.AST]) -> Iterator[Argument]:
    """An argument, and what its displays hold, which are entered once however often they are named."""
    if argument.node in seen:
        return
    yield argument
    display = None if case.constant(argument) is not None else entries_of(case, argument.node)
    inner: list[ast.expr] = []
    if display is not None and display not in seen:
        inner = display.values if isinstance(display, ast.Dict) else display.elts
    seen.update(filter(None, (argument.node, display)))
    for entry in (*inner, *table_entries(case, argument.node)):
        yield from _inside(case, argument._replace(node=entry), seen)


class _Filling:
    """The values that fill the templates of one task."""

    def __init__(self, case: Case, task: Task) -> None:
        self.case = case
        self._task = task
        self._airflow = case.options.versions.airflow
        self._given = case.parameters[task.dag]

    def parts(self, text: str, node: ast.AST) -> Parts:
        """The pieces and fields of a text."""
        found: list[str | Field] = []
        for place, piece in enumerate(re.split(_FIELD, rendered_lines(text))):
            if place % 2:
                found.append(self.field(piece, node))
            elif holds_template(piece):
                found.append(_none("is a template with a statement or a comment, which is not translated", node))
            else:
                found.append(piece)
        return tuple(found)

    def field(self, piece: str, node: ast.AST, what: str = "is a template") -> str | Field:
        """Return the text that fills a field, or the code that gives it when the flow runs."""
        expression = piece.strip()
        if match := re.fullmatch(_LITERAL, expression):
            return next(group for group in match.groups() if group is not None)
        owner, _, attribute = expression.rpartition(".")
        if attribute == "dag_id" and owner in ("dag", "dag_run", "task", "ti", "task_instance"):
            return self.case.ids[self._task.dag]
        if attribute == "task_id" and owner in ("task", "ti", "task_instance"):
            return self._task.id
        if match := re.fullmatch(_PARAMETER, expression):
            return self._parameter(match[1] or match[3], node)
        if attribute == "run_id" and owner in ("", "dag_run", "ti", "task_instance"):
            doubt = "`{{ run_id }}` becomes the id of the flow run, which has another form"
            return Field("flow_run.id", node, _LENGTH_OF_ID, doubt=doubt)
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
        return _none(f"is a template, and `{{{{ {_short(expression)} }}}}` has no exact equal in Prefect", node)

    def _parameter(self, name: str, node: ast.AST) -> Field:
        if "params" in self._task.arguments:
            return _none("is a template that takes a parameter, and the task has `params` of its own", node)
        if name in _OWN_PARAMS:
            return _none(f"is a template, and `{name}` of `params` may be a method of Airflow's own", node)
        if name not in self._given.defaults:
            return Field("", node, problem=self._given.problem(name, node))
        usual = str(self._given.defaults[name].value)
        return Field(f"flow_run.parameters['{name}']", node, usual=usual)

    def _instant(self, name: str, form: str, shown: str, node: ast.AST, what: str) -> Field:
        """A moment of the run that is the one for which Prefect scheduled the flow run."""
        newer = self._airflow.at_least((3,))
        schedule = self._task.dag.arguments.get("schedule") or self._task.dag.arguments.get("schedule_interval")
        by_hand_only = schedule is not None and self.case.constant(schedule) == Constant(None)
        if name == "execution_date" and newer is not False:
            return _none("is a template, and Airflow 3 has no `execution_date`", node)
        if not newer and not by_hand_only and name != "data_interval_end":
            return _none(f"{what}, and {_INTERVAL[newer].format(shown)}", node)
        doubt = "a run started by hand has the moment of its start, and cannot be told another"
        if not newer and not by_hand_only:
            doubt = "a run started by hand has the moment of its start, in Airflow 2 the end of the interval before it"
        elif not by_hand_only:
            doubt += "; `[scheduler] create_cron_data_intervals`, off unless configured, is taken to be off"
        return Field(f"{_SCHEDULED}{form}", node, _LONGEST_DATE, doubt=f"`{{{{ {shown} }}}}`: {doubt}")


def _none(reason: str, node: ast.AST) -> Field:
    return Field("", node, problem=Blocker(reason, node))


def _short(text: str) -> str:
    return " ".join(text.split())[:60]
