"""Says in sentences where a flow did something else than the DAG that it came from.

Equal means equal up to what no fix can remove and every rule's page states: keys that are null, the cause where the
user set none, further GETs, and prefect-dbt's repetition of a trigger request that dbt Cloud refuses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from equivalence.runs import Outcome

ENDED = {10, 20, 30}
STATES = {"success": "Completed", "failed": "Failed", "upstream_failed": "NotReady", "skipped": "Skipped"}
WORST = ("failed", "upstream_failed", "skipped", "success")
_DEFAULT_CAUSE = re.compile(r"Triggered via Apache Airflow by task '.*' in the .* DAG\.")
REPEATS = 4


def differences(
    airflow: Outcome, prefect: Outcome, merged: Mapping[str, str] | None = None, *, commands: bool = True
) -> list[str]:
    """What the flow did otherwise; empty where it did the same.

    ``merged`` names the Airflow tasks that are part of another one's task in the flow (``{"wait": "run"}``). Marks
    start with the full id of the task that makes them. Without ``commands`` what dbt's nodes did is compared alone,
    in all commands together, for what runs other commands on the two sides.
    """
    if airflow.error or prefect.error:
        sides = (("Airflow", airflow.error), ("Prefect", prefect.error))
        return [f"{side} did not run: {error}" for side, error in sides if error]
    return [
        *_requests(airflow, prefect),
        *_marks(airflow, prefect),
        *(_dbt_commands(airflow, prefect) if commands else ()),
        *_dbt_nodes(airflow, prefect, together=not commands),
        *_order(airflow, prefect),
        *_states(airflow, prefect, merged or {}),
    ]


def _requests(airflow: Outcome, prefect: Outcome) -> Iterator[str]:
    there, here = _writes(airflow), _writes(prefect)
    for path in dict.fromkeys([*there, *here]):
        wanted, got = there.get(path, []), here.get(path, [])
        if any(_DEFAULT_CAUSE.fullmatch(body.get("cause", "")) for body, _ in wanted):
            wanted, got = ([(_without_cause(body), refused) for body, refused in side] for side in (wanted, got))
        if got != wanted and got != [request for request in wanted for _ in range(REPEATS if request[1] else 1)]:
            yield f"{path}: Airflow sent {_told(wanted)}, Prefect {_told(got)}"


def _writes(outcome: Outcome) -> dict[str, list[tuple[dict[str, Any], bool]]]:
    """Bodies without nulls, and whether they were refused, of all requests but GETs, by method and path."""
    names = _run_names(outcome)
    found: dict[str, list[tuple[dict[str, Any], bool]]] = {}
    for record in outcome.recording:
        if record.get("method", "GET") != "GET":
            body = {key: value for key, value in (record["body"] or {}).items() if value is not None}
            path = _with_names(f"{record['method']} {record['path']}", names)
            found.setdefault(path, []).append((body, record["answered"] >= 400))
    return found


def _without_cause(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "cause"}


def _told(requests: list[tuple[dict[str, Any], bool]]) -> str:
    bodies = ", ".join(f"{body}{' (refused)' if refused else ''}" for body, refused in requests)
    return f"{len(requests)}: {bodies}" if requests else "none"


def _run_names(outcome: Outcome) -> dict[str, str]:
    """Run ids count on from case to case: name runs by their job and turn instead."""
    turns: Counter[int] = Counter()
    names: dict[str, str] = {}
    for record in outcome.recording:
        if record.get("method") == "POST" and "run" in record and str(record["run"]) not in names:
            turns[record["job"]] += 1
            names[str(record["run"])] = f"<run {turns[record['job']]} of job {record['job']}>"
    return names


def _with_names(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\d+", lambda number: names.get(number[0], number[0]), text)


def _marks(airflow: Outcome, prefect: Outcome) -> Iterator[str]:
    there, here = (
        Counter(_with_names(record["mark"], names) for record in side.recording if "mark" in record)
        for side, names in ((airflow, _run_names(airflow)), (prefect, _run_names(prefect)))
    )
    for mark in sorted(there | here):
        if there[mark] != here[mark]:
            yield f"`{mark}` happened {there[mark]} times with Airflow, {here[mark]} times with Prefect"


def _dbt_commands(airflow: Outcome, prefect: Outcome) -> Iterator[str]:
    there, here = (
        Counter(_told_command(record) for record in side.recording if "code" in record) for side in (airflow, prefect)
    )
    for command in sorted(there | here):
        if there[command] != here[command]:
            yield f"`{command}` ran {there[command]} times with Airflow, {here[command]} times with Prefect"


def _told_command(record: dict[str, Any]) -> str:
    environment = "".join(f"{name}={value} " for name, value in sorted(record["environment"].items()))
    return f"{environment}dbt {record['dbt']} in {record['directory']}: {record['code']}"


def _dbt_nodes(airflow: Outcome, prefect: Outcome, *, together: bool) -> Iterator[str]:
    """What dbt's nodes did otherwise, command by command, or ``together``: then nodes that were skipped are none."""
    there, here = (Counter(_told_nodes(side, together=together)) for side in (airflow, prefect))
    for nodes in sorted(there | here):
        if there[nodes] != here[nodes]:
            yield f"{nodes or 'no node'}: {there[nodes]} times with Airflow, {here[nodes]} times with Prefect"


def _told_nodes(outcome: Outcome, *, together: bool) -> Iterator[str]:
    for record in outcome.recording:
        if "nodes" in record and together:
            yield from (node for node in record["nodes"] if not node.endswith(" skipped"))
        elif "nodes" in record:
            yield ", ".join(record["nodes"])


def _order(airflow: Outcome, prefect: Outcome) -> Iterator[str]:
    """Wherever Airflow's graph orders two tasks, and one was over before the other began, so it must be here."""
    there, here = (_effects(side, airflow) for side in (airflow, prefect))
    for before in there:
        for after in _below(before, airflow.graph):
            if after not in there or before not in here or after not in here:
                continue
            if max(there[before]) < min(there[after]) and max(here[before]) > min(here[after]):
                yield f"`{before}` was over before `{after}` began with Airflow, but not with Prefect"


def _effects(outcome: Outcome, plan: Outcome) -> dict[str, list[int]]:
    """Where in the recording each task of ``plan`` did something that others can see."""
    effects: dict[str, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for place, record in enumerate(outcome.recording):
        if "mark" in record:
            effects.setdefault(record["mark"].split()[0], []).append(place)
        elif "dbt" in record or "nodes" in record:
            for task in _running(record, plan):
                effects.setdefault(task, []).append(place)
        elif record["method"] == "POST" and "job" in record:
            for task in _triggering(record["job"], plan):
                effects.setdefault(task, []).append(place)
        elif record.get("status") in ENDED:
            ends.setdefault(record["job"], []).append(place)
    for job, places in ends.items():
        waiting = [task for task in plan.jobs if plan.jobs[task] == job and task in plan.waiting]
        for task in waiting:
            # The first to wait sees the end first; who waits on the same run later may see it again.
            last = not any(other in waiting for other in _below(task, plan.graph))
            effects.setdefault(task, []).append(places[-1] if last else places[0])
    return effects


def _running(record: dict[str, Any], plan: Outcome) -> set[str]:
    """The task that does this with dbt; none where several do the same, for then nobody can tell."""
    what = "dbt" if "dbt" in record else "nodes"
    tasks = {other["task"] for other in plan.recording if what in other and other[what] == record[what]}
    return tasks if len(tasks) == 1 else set()


def _triggering(job: int, plan: Outcome) -> list[str]:
    tasks = [task for task in plan.jobs if plan.jobs[task] == job]
    return [task for task in tasks if not any(task in _below(other, plan.graph) for other in tasks)]


def _below(task: str, graph: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    todo = [task]
    while todo:
        for following in graph.get(todo.pop(), ()):
            if following not in found:
                found.add(following)
                todo.append(following)
    return found


def _states(airflow: Outcome, prefect: Outcome, merged: Mapping[str, str]) -> Iterator[str]:
    if STATES.get(airflow.state) != prefect.state:
        yield f"the run ended {airflow.state} with Airflow, {prefect.state} with Prefect"
    wanted: dict[str, list[str]] = {}
    for task, states in airflow.tasks.items():
        known = wanted.setdefault(merged.get(task, task), [])
        if task in merged or any(into == task for into in merged.values()):
            known[:] = [min([*known, *states], key=WORST.index)]
        else:
            known.extend(states)
    for task in dict.fromkeys([*wanted, *prefect.tasks]):
        expected = Counter(STATES.get(state, state) for state in wanted.get(task, []))
        got = Counter(prefect.tasks.get(task, []))
        # A skipped task is one that the flow never submits, or one that says so itself.
        if got - expected or set(expected - got) - {"Skipped"}:
            yield f"task `{task}` should have ended {_listed(expected)}, with Prefect it ended {_listed(got)}"


def _listed(states: Counter[str]) -> str:
    return ", ".join(sorted(states.elements())) or "nowhere (no run)"
