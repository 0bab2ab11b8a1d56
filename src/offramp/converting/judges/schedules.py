"""Judges schedules, and writes those that Prefect has an equal of as arguments of its ``serve``.

Airflow's presets and defaults are those of 2.10 and 3.3; ``serve(cron=…)`` carries no
time zone, so that a schedule object is written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

from offramp.converting.argument_text import Expressions
from offramp.converting.judges.judge import Doubt, Verdict, raised
from offramp.dags.graph import Argument, Dag
from offramp.knowledge.airflow_names import current_name
from offramp.model import Blocked
from offramp.python.values import Constant, Reference, Table
from offramp.reading.versions import Versions
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from offramp.converting.cases.case import Case

_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# What Airflow 2.10.5 and 3.3.2 (croniter 6.0 and 7.0) and Prefect 3.8.8 read alike in each field, whatever the case:
# a value, a name, what else stands for a day. `W`, `H` and `R` are not among them.
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAYS = "sun|mon|tue|wed|thu|fri|sat"
_FIELDS = (
    (r"[0-5]?\d", ""),
    (r"[01]?\d|2[0-3]", ""),
    (r"0?[1-9]|[12]\d|3[01]", "l"),
    (rf"0?[1-9]|1[0-2]|{_MONTHS}", ""),
    (rf"[0-7]|{_DAYS}", rf"l[0-7]|(?:[0-7]|{_DAYS})#[1-5]"),
)
_ANY_DAY = ("*", "?")
_UTC = ("datetime.timezone.utc", "datetime.UTC", "pendulum.UTC", "pytz.UTC", "pytz.utc")
_MOVING = ("pendulum.today", "pendulum.now", "pendulum.yesterday", "datetime.datetime.now", "datetime.datetime.today")
_ONCE = "`@once`: Airflow starts one run when the DAG is first switched on, a flow is started by hand"
_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


class Schedule(NamedTuple):
    """The value of ``schedule=``, empty for none, what it imports, and its entries in a prefect.yaml."""

    text: str
    imports: frozenset[tuple[str, str]]
    entries: tuple[tuple[str, str | int | float], ...] = ()


def schedule(dag: Dag, expressions: Expressions, versions: Versions) -> Schedule:
    """The schedule of a DAG. Raises Blocked, or adds doubts, where Prefect's would differ."""
    argument = dag.arguments.get("schedule") or dag.arguments.get("schedule_interval")
    if "schedule" in dag.arguments and "schedule_interval" in dag.arguments:
        raise Blocked("`schedule` and `schedule_interval` are both given", dag.maker)
    start = _start(dag, expressions)
    if argument is None:
        if versions.airflow.at_least((3,)) is not True:
            raise Blocked(
                "without a schedule the DAG runs daily on Airflow 2 and never on Airflow 3: "
                "set `airflow-version`, or write `schedule`",
                dag.maker,
            )
        return Schedule("", frozenset())
    known = expressions.constant(argument)
    if known is not None and known.value is None:
        return Schedule("", frozenset())
    if known == Constant("@once"):
        expressions.doubts[_ONCE] = argument.node
        return Schedule("", frozenset())
    _no_catchup(dag, expressions, versions)
    return _written(argument, start, expressions, versions)


def judge(case: Case, dag: Dag) -> Iterator[Verdict]:
    """Every reason why a DAG's schedule has no equal, as ``schedule`` gives only the first; and what may differ."""
    expressions, versions = case.expressions(), case.options.versions
    argument = dag.arguments.get("schedule") or dag.arguments.get("schedule_interval")
    steps: list[Callable[[], object]] = [lambda: schedule(dag, expressions, versions)]
    if argument is not None and expressions.constant(argument) not in (Constant(None), Constant("@once")):
        steps += [
            lambda: _no_catchup(dag, expressions, versions),
            lambda: _written(argument, _start(dag, expressions), expressions, versions),
        ]
    if "start_date" in dag.arguments:
        own = {task.arguments["start_date"] for task in dag.tasks.values() if "start_date" in task.arguments}
        steps += [partial(_past, start, expressions) for start in own]
    yield from dict.fromkeys(raised(steps))
    yield from (Doubt(reason, node) for reason, node in expressions.doubts.items())


def _written(argument: Argument, start: _Start | None, expressions: Expressions, versions: Versions) -> Schedule:
    known = expressions.constant(argument)
    if known is None:
        return _interval(argument, start, expressions)
    if not isinstance(known.value, str):
        raise Blocked("is a schedule that is not followed", argument.node)
    written = _cron(known.value, argument, start, expressions)
    if start is not None and start.date is None:
        _lets_run(start, dict(written.entries)["cron"], argument, versions)
    return written


def _lets_run(start: _Start, cron: object, argument: Argument, versions: Versions) -> None:
    """Raise Blocked where no run begins because of a start_date that moves on."""
    fields = str(cron).split()
    period = 366 if fields[3] != "*" else 31 if fields[2] not in _ANY_DAY else 7 if fields[4] != "*" else 1
    if start.days < period and versions.airflow.at_least((3,)) is not True:
        raise Blocked(
            "on Airflow 2 a start_date that moves on lets no run begin unless it lies a whole period back",
            argument.node,
        )


def _interval(argument: Argument, start: _Start | None, expressions: Expressions) -> Schedule:
    try:
        seconds = expressions.seconds(argument)
    except Blocked:
        raise Blocked("is a schedule that Prefect has no exact equal of", argument.node) from None
    if start is None or start.date is None:
        raise Blocked("without a fixed start_date a timedelta counts from nowhere", argument.node)
    counted = "Airflow counts from the last run and from when the DAG was switched on, Prefect from start_date"
    expressions.doubts[f"a timedelta schedule: {counted}"] = argument.node
    date = start.date
    parts = [date.year, date.month, date.day, date.hour, date.minute, date.second]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    written = ", ".join(str(part) for part in parts)
    zone = "timezone.utc" if start.zone == "UTC" else f'ZoneInfo("{start.zone}")'
    imports = {("prefect.schedules", "Interval"), ("datetime", "datetime"), ("datetime", "timedelta")}
    imports.add(("datetime", "timezone") if start.zone == "UTC" else ("zoneinfo", "ZoneInfo"))
    return Schedule(
        f"Interval(timedelta(seconds={seconds}), anchor_date=datetime({written}, tzinfo={zone}))",
        frozenset(imports),
        (("interval", float(seconds)), ("anchor_date", date.isoformat()), ("timezone", start.zone)),
    )


def _cron(text: str, argument: Argument, start: _Start | None, expressions: Expressions) -> Schedule:
    cron = _PRESETS.get(text.strip().lower(), text)
    if cron.startswith("@"):
        raise Blocked(f"`{text}` has no equal in Prefect", argument.node)
    fields = cron.split()
    if len(fields) != 5 or not all(map(_is_understood, _FIELDS, fields)):
        raise Blocked("is a cron expression that Prefect may read otherwise", argument.node)
    if fields[2] not in _ANY_DAY and fields[4] != "*":
        raise Blocked("names days of the month and of the week, which cron readers combine in two ways", argument.node)
    if "/" in fields[2]:
        expressions.doubts[f"after February Prefect leaves out 1 March of `{cron}`, as croniter did before 7.0"] = (
            argument.node
        )
    zone = start.zone if start is not None else "UTC"
    if zone != "UTC" and _hours(fields[1]) & _changed_hours(zone):
        expressions.doubts[
            f"`{cron}` falls into the hour that {zone} leaves out or has twice when its clocks change: "
            "Airflow and Prefect then start other runs"
        ] = argument.node
    written = f'"{cron}"'
    if text == cron and not isinstance(argument.node, ast.Constant):
        written = expressions.text(argument)
    return Schedule(
        f'Cron({written}, timezone="{zone}")',
        frozenset({("prefect.schedules", "Cron")}),
        (("cron", cron), ("timezone", zone)),
    )


def _is_understood(known: tuple[str, str], field: str) -> bool:
    """Return whether a field is a list of values, ranges and steps, or of what else stands for a day."""
    if field == "*":
        return True  # most fields are, and patterns take long to compile
    value, other = known
    part = rf"(?:\*|(?:{value})(?:-(?:{value}))?)(?:/0*[1-9]\d*)?" + (f"|{other}" if other else "")
    if field == "?":
        return known is _FIELDS[2]
    return all(re.fullmatch(part, one.lower()) for one in field.split(","))


def _hours(field: str) -> set[int]:
    """The hours that a field of a cron expression names; all of them where it is not followed."""
    found: set[int] = set()
    try:
        for part in field.split(","):
            hours, _, step = part.partition("/")
            first, _, last = ("0-23" if hours == "*" else hours).partition("-")
            end = int(last or (23 if step else first))
            # A range that goes over midnight goes on after it.
            named = range(int(first), end + (1 if end >= int(first) else 25), int(step or 1))
            found.update(hour % 24 for hour in named)
    except ValueError:
        return set(range(24))
    return found


@cache
def _changed_hours(zone: str) -> frozenset[int]:
    """The hours of the day that come twice or never in the next two years, when the zone's clocks change.

    ``croniter``, which Airflow asks, and Prefect's own reading of it differ in these (Airflow 2.10.5 and 3.3.2,
    Prefect 3.8.8). An unknown zone is taken to change at any hour.
    """
    from datetime import datetime, timedelta, timezone  # slow to load
    from zoneinfo import ZoneInfo

    try:
        local = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return frozenset(range(24))
    found: set[int] = set()
    quarter = timedelta(minutes=15)
    before = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    for _ in range(2 * 366):
        after = before + timedelta(days=1)
        if before.astimezone(local).utcoffset() != after.astimezone(local).utcoffset():
            walls = [(before + quarter * count).astimezone(local).replace(tzinfo=None) for count in range(4 * 24 + 1)]
            for wall, following in pairwise(walls):
                if following - wall != quarter:
                    first, last = sorted((wall + quarter, following))
                    found.update((first + quarter * count).hour for count in range(int((last - first) / quarter)))
        before = after
    return frozenset(found)


class _Start(NamedTuple):
    """The time zone of a start_date, and the date itself where it does not move.

    ``days`` are how many days a moving one lies back from today's midnight at least.
    """

    zone: str
    date: datetime | None = None
    days: float = 0


def _start(dag: Dag, expressions: Expressions) -> _Start | None:
    """The time zone of ``start_date``; Blocked for a date to come."""
    argument = dag.arguments.get("start_date")
    if argument is None and "default_args" in dag.arguments:
        table = expressions.module.values.single(dag.arguments["default_args"].node)
        node = table.entries.get("start_date") if isinstance(table, Table) else None
        argument = Argument(node, (), "default_args") if node is not None else None
    return _begin(argument, expressions) if argument is not None else None


def _past(argument: Argument, expressions: Expressions) -> None:
    """Blocked where a task's date, which its DAG does not have, may leave the task out of a run."""
    start = _begin(argument, expressions)
    if start is not None and start.date is None:
        raise Blocked("a start_date of tasks that moves on may leave them out of a run", argument.node)


def _begin(argument: Argument, expressions: Expressions) -> _Start | None:
    node = expressions.bound(argument.node)
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if _relative(node):
        return _moving(node, expressions)
    if not isinstance(node, ast.Call):
        raise Blocked("this start_date is not known here", argument.node)
    callee = expressions.module.values.single(node.func)
    path = callee.path if isinstance(callee, Reference) else ast.unparse(node.func)
    name = path.rpartition(".")[2]
    if name == "days_ago" and path.startswith("airflow."):
        days = expressions.module.values.single(node.args[0]) if len(node.args) == 1 and not node.keywords else None
        if not (isinstance(days, Constant) and isinstance(days.value, int) and days.value >= 0):
            raise Blocked("this start_date is not known here", argument.node)
        return _Start("UTC", None, days.value)
    if path in _MOVING:
        return _moving(node, expressions)
    if current_name(path) not in ("datetime.datetime", "pendulum.datetime", "airflow.sdk.timezone.datetime"):
        raise Blocked("this start_date is not known here", argument.node)
    return _fixed(node, expressions, argument)


def _fixed(node: ast.Call, expressions: Expressions, argument: Argument) -> _Start:
    values = expressions.module.values
    numbers: dict[str, int] = {}
    zone: ast.expr | None = None
    for part, inner in [*zip(_PARTS, node.args), *((keyword.arg or "", keyword.value) for keyword in node.keywords)]:  # noqa: B905
        if part in ("tz", "tzinfo"):
            zone = inner
            continue
        known = values.single(inner)
        if part not in _PARTS or not isinstance(known, Constant) or not isinstance(known.value, int):
            raise Blocked("this start_date is not known here", argument.node)
        numbers[part] = known.value
    from datetime import datetime  # slow to load

    try:
        date = datetime(**numbers)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise Blocked("this start_date is not known here", argument.node) from None
    if date > datetime.now():
        raise Blocked("a start_date still to come holds the DAG back, and nothing holds back a flow", argument.node)
    return _Start("UTC" if zone is None else _zone(zone, expressions), date)


def _relative(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Call)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("add", "subtract")


def _moving(node: ast.expr, expressions: Expressions) -> _Start:
    """``pendulum.today("UTC").add(days=-1)``, ``datetime.now() - timedelta(days=1)`` and the like."""
    back: float | None = 0
    inner = node
    if isinstance(node, ast.BinOp):
        inner, back = node.left, _seconds_back(node.right, expressions)
    elif _relative(node):
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Attribute)
        inner, back = node.func.value, _days_back(node)
    callee = expressions.module.values.single(inner.func) if isinstance(inner, ast.Call) else None
    if back is None or back < 0 or not isinstance(inner, ast.Call) or not isinstance(callee, Reference):
        raise Blocked("this start_date is not known here", node)
    zone = [*inner.args, *(keyword.value for keyword in inner.keywords if keyword.arg in ("tz", "tzinfo"))]
    naive = callee.path.startswith("datetime.")
    if callee.path not in _MOVING or len(zone) > 1 or (not zone and not naive) or len(inner.keywords) > len(zone):
        raise Blocked("this start_date is not known here", node)
    # Airflow takes the machine's clock for UTC, of which it may be 14 hours ahead.
    back -= 14 / 24 if naive else 0
    if callee.path == "pendulum.yesterday":
        back += 1
    elif callee.path != "pendulum.today":
        if back <= 0:
            raise Blocked("a start_date that is always now may hold back every run", node)
        back = max(back - 1, 0)
    return _Start(_zone(zone[0], expressions) if zone else "UTC", None, back)


def _days_back(node: ast.Call) -> float | None:
    """The number of days that ``.add(days=…)`` or ``.subtract(days=…)`` goes back; None when not known."""
    assert isinstance(node.func, ast.Attribute)
    if node.args or len(node.keywords) != 1 or node.keywords[0].arg != "days":
        return None
    try:
        days = ast.literal_eval(node.keywords[0].value)
    except ValueError:
        return None
    if not isinstance(days, int):
        return None
    return -days if node.func.attr == "add" else days


def _seconds_back(node: ast.expr, expressions: Expressions) -> float | None:
    """The number of days that taking away a timedelta goes back; None when not known."""
    try:
        return float(expressions.seconds(Argument(node, (), "keyword"))) / 86400
    except Blocked:
        return None


def _zone(node: ast.expr, expressions: Expressions) -> str:
    zone = _zone_name(node, expressions)
    if zone.upper() == "UTC":
        return "UTC"
    if "/" not in zone:
        raise Blocked(f"the time zone `{zone}` may mean another one to Prefect", node)
    return zone


def _zone_name(node: ast.expr, expressions: Expressions) -> str:
    known = expressions.module.values.single(node)
    if isinstance(known, Constant) and isinstance(known.value, str):
        return known.value
    inner = expressions.bound(node)
    if isinstance(inner, ast.Call):
        callee = expressions.module.values.single(inner.func)
        argument = expressions.module.values.single(inner.args[0]) if len(inner.args) == 1 else None
        named = isinstance(callee, Reference) and callee.path in (
            "pendulum.timezone",
            "pendulum.tz.timezone",
            "pendulum.Timezone",
            "zoneinfo.ZoneInfo",
            "pytz.timezone",
        )
        if named and isinstance(argument, Constant) and isinstance(argument.value, str):
            return argument.value
    zone = expressions.module.values.single(inner)
    if isinstance(zone, Reference) and zone.path in _UTC:
        return "UTC"
    raise Blocked("the time zone of this start_date is not known here", node)


def _no_catchup(dag: Dag, expressions: Expressions, versions: Versions) -> None:
    argument = dag.arguments.get("catchup")
    if argument is not None:
        known = expressions.constant(argument)
        if known is None:
            raise Blocked("`catchup` is not known here", argument.node)
        if known.value:
            raise Blocked("`catchup=True` makes up for missed runs, which Prefect does not", argument.node)
        return
    old = "schedule_interval" in dag.arguments
    if old or versions.airflow.at_least((3,)) is False:
        raise Blocked("Airflow 2 makes up for missed runs unless `catchup=False` is written", dag.maker)
    if versions.airflow.at_least((3,)) is None:
        raise Blocked(
            "without `catchup`, Airflow 2 makes up for missed runs and Airflow 3 does not: "
            "set `airflow-version`, or write `catchup=False`",
            dag.maker,
        )
